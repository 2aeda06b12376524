"""Binance spot: combined streams, one `<symbol>@trade` a symbol.

https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from backstay.feeds.venues.decoding import UNREADABLE, Milliseconds, parsed, trades_of, unknown
from backstay.feeds.venues.frames import Decoded, GoingAway, Subscribed, SubscriptionRefused
from backstay.feeds.venues.venue import QUIET_SECONDS, Venue


class _Trade(msgspec.Struct, gc=False, tag_field="e", tag="trade"):
    s: str
    t: int
    p: Decimal
    T: Milliseconds


class _Combined(msgspec.Struct, gc=False):
    data: _Trade


_COMBINED = msgspec.json.Decoder(_Combined)


def decode(frame: bytes) -> Sequence[Decoded]:
    """The contents of a frame; raises nothing."""
    try:
        trade = _COMBINED.decode(frame).data
    except UNREADABLE:
        return [_other(frame)]
    return trades_of([(trade.T * 1000, trade.s, trade.p, trade.t)])


def _other(frame: bytes) -> Decoded:
    match message := parsed(frame):
        case {"result": None, "id": _}:
            return Subscribed(symbol=None)
        case {"error": {"msg": str(why)}} | {"code": _, "msg": str(why)}:
            # The errors that the venue documents are all about a request's form.
            return SubscriptionRefused(symbol=None, why=why)
        case {"e": "serverShutdown"} | {"data": {"e": "serverShutdown"}}:
            return GoingAway(why="Binance sent serverShutdown")
        case {"data": {"e": "trade"}}:
            return unknown("odd trade")
        case {"data": {"e": str(kind)}}:
            return unknown(kind)
        case {"stream": str(stream)}:
            return unknown(stream.partition("@")[2] or stream)
    return unknown(message)


def _subscribe(symbols: Sequence[str]) -> list[str]:
    if not symbols:
        return []
    streams = [f"{symbol.lower()}@trade" for symbol in symbols]
    message = {"method": "SUBSCRIBE", "params": streams, "id": 1}
    return [msgspec.json.encode(message).decode()]


BINANCE = Venue(
    name="binance",
    url="wss://stream.binance.com:9443/stream",
    decode=decode,
    spell=lambda base, quote: base + quote,
    subscribe=_subscribe,
    # A ping frame comes every 20 s, whatever the market does: two are missing by then.
    silence_seconds=45.0,
    quiet_seconds=QUIET_SECONDS,
    # The venue ends a connection after 24 hours.
    renew_seconds=23 * 3600.0,
    # 5 a second are allowed, and pongs count.
    messages_per_second=4.0,
    # 300 connections in 5 minutes are allowed.
    connect_seconds_min=2.0,
)
