"""Events as sentences for people."""

import json

from backstay.formats import amount_text
from backstay.web.api.schemas import HistoryItem, PnlBody
from persistence.event_codec import event_of
from persistence.state import StoredEvent
from trading.events.words import words_of
from trading.model import Position
from trading.times import iso_time


def history_item(event: StoredEvent) -> HistoryItem:
    """An event as it was stored, with its sentence."""
    words = words_of(event_of(event))
    return HistoryItem(
        id=event.id,
        time=iso_time(event.time_us),
        done_at=iso_time(event.done_us),
        kind=event.kind,
        text=words.sentence,
        gravity=words.gravity.name.lower(),
        data=json.loads(event.data),
    )


def pnl_body(position: Position) -> PnlBody:
    """The PnL breakdown of a position's closed parts."""
    costs = position.costs
    return PnlBody(
        gross=amount_text(position.gross_pnl),
        entry_fee=amount_text(costs.entry_fee),
        exit_fee=amount_text(costs.exit_fee),
        spread=amount_text(costs.spread),
        slippage=amount_text(costs.slippage),
        net=amount_text(position.net_pnl),
    )
