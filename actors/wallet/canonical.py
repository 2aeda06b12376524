"""Requests as text: equal requests give equal text, whoever sends them and when."""

import msgspec

from actors.wallet.messages import OpenPosition
from persistence.ladder_codec import ladder_values
from trading.money import plain, trimmed


def canonical_request(request: OpenPosition) -> str:
    """An open as text, without its account, its key, its deadline and who asks.

    Databases keep these texts: what changes them changes the stored ones in a migration.
    """
    amounts = [
        None if amount is None else plain(trimmed(amount))
        for amount in (request.notional, request.quantity)
    ]
    asked = [request.symbol, request.side, *amounts, ladder_values(request.ladder)]
    return msgspec.json.encode(asked).decode()
