"""Requests as text: equal requests give equal text, whoever sends them and when."""

from typing import Any

import msgspec

from actors.wallet.messages import OpenPosition
from persistence.ladder_codec import former_ladder
from trading.exits.notation import exits_text
from trading.money import plain, trimmed


def canonical_request(request: OpenPosition) -> str:
    """An open as text, without its account, its key, its deadline and who asks.

    Databases keep these texts: what changes them must go on reading the stored ones.
    """
    return msgspec.json.encode([*_asked(request), exits_text(request.exits)]).decode()


def is_same_request(stored: str | None, request: OpenPosition) -> bool:
    """Whether a stored text is of the same open.

    Texts from before levels could be prices have a whole ladder instead of what was said.
    """
    if stored is None or stored == canonical_request(request):
        return stored is not None
    *asked, ladder = msgspec.json.decode(stored)
    if not isinstance(ladder, list) or asked != _asked(request):
        return False
    try:
        return former_ladder(ladder) == request.exits.over()
    except ValueError:
        return False


def _asked(request: OpenPosition) -> list[Any]:
    amounts = (request.notional, request.quantity)
    texts = [None if amount is None else plain(trimmed(amount)) for amount in amounts]
    return [request.symbol, str(request.side), *texts]
