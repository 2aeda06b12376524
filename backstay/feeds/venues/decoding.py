"""Parts that the venues' decoders share: times, the order of trades, unknown frames."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Annotated

import msgspec

from backstay.feeds.venues.frames import Decoded, Trades, Unknown

# msgspec's errors (all of them ValueErrors, UnicodeDecodeError included), and the error of deep
# nesting.
UNREADABLE = (ValueError, RecursionError)

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

Row = tuple[int, str, Decimal, int | str]
"""A trade as it was read: time in microseconds, symbol, price, the venue's id."""

_KIND_CHARACTERS_MAX = 40


def trades_of(rows: Sequence[Row], *, snapshot: bool = False) -> list[Decoded]:
    """One `Trades` a symbol, oldest first; trades of the same time stay in the order given."""
    if len(rows) == 1:
        ((time_us, symbol, price, trade_id),) = rows
        return [
            Trades(
                symbol=symbol, prices=[price], times_us=[time_us], ids=[trade_id], snapshot=snapshot
            )
        ]
    found: dict[str, Trades] = {}
    for time_us, symbol, price, trade_id in sorted(rows, key=itemgetter(0)):
        if (trades := found.get(symbol)) is None:
            trades = found[symbol] = Trades(
                symbol=symbol, prices=[], times_us=[], ids=[], snapshot=snapshot
            )
        trades.prices.append(price)
        trades.times_us.append(time_us)
        trades.ids.append(trade_id)
    return list(found.values())


def parsed(frame: bytes) -> object:
    """The frame's JSON, or an `Unknown` if it is not JSON."""
    try:
        return msgspec.json.decode(frame)
    except UNREADABLE:
        return unknown("empty" if not frame else "unreadable")


def unknown(kind: object) -> Unknown:
    """An `Unknown` whose kind is short text, whatever the venue sent as its kind."""
    match kind:
        case Unknown():
            return kind
        case str() if kind.isprintable() and kind:
            return Unknown(kind=kind[:_KIND_CHARACTERS_MAX])
        case dict():
            return Unknown(kind="object")
        case list():
            return Unknown(kind="array")
    return Unknown(kind="value")
