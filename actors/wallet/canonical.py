"""Requests as text: equal requests give equal text, whoever sends them and when."""

from decimal import Decimal
from functools import lru_cache

import msgspec

from actors.messages import OpenPosition
from trading.model import Ladder
from trading.money import plain, trimmed


def canonical_request(request: OpenPosition) -> str:
    """An open as text, without its key, its deadline and who asks."""
    amounts = [
        None if amount is None else _text(amount) for amount in (request.notional, request.quantity)
    ]
    fields = [request.symbol, request.side, *amounts, _canonical_ladder(request.ladder)]
    return msgspec.json.encode(fields).decode()


@lru_cache(maxsize=1024)
def _canonical_ladder(ladder: Ladder) -> msgspec.Raw:
    rungs = [
        [_text(rung.distance_pct), rung.stop, _text(rung.close_fraction)] for rung in ladder.rungs
    ]
    return msgspec.Raw(msgspec.json.encode([_text(ladder.stop_loss_pct), rungs]))


def _text(value: Decimal) -> str:
    return plain(trimmed(value))
