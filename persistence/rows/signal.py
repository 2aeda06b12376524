"""A signal from outside as a row of `signals`."""

from persistence.ladder_codec import exits_from_json, exits_json
from persistence.rows.row import Row, in_order, money_units_or_none, price_text_or_none
from persistence.tables import SignalRow
from trading.exits.exits import NOTHING_SAID
from trading.signals import Signal, SignalAction, SignalStatus

_in_order = in_order(SignalRow)


def signal_row(signal: Signal) -> Row:
    """A signal as a row."""
    return _in_order(
        {
            "id": signal.signal_id,
            "account": signal.account,
            "symbol": signal.symbol,
            "action": signal.action.value,
            "received_at": signal.received_us,
            "digest": signal.digest,
            "flat": signal.flat,
            "notional": money_units_or_none(signal.notional),
            "client_id": signal.client_id,
            "sent_at": signal.sent_us,
            "status": signal.status.value,
            "outcome": signal.outcome,
            "finished_at": signal.finished_us,
            "exits": "" if signal.exits == NOTHING_SAID else exits_json(signal.exits),
            "share": price_text_or_none(signal.share),
        }
    )


def signal_from(row: SignalRow) -> Signal:
    """The signal of a row."""
    return Signal(
        signal_id=row.id,
        account=row.account,
        symbol=row.symbol,
        action=SignalAction(row.action),
        received_us=row.received_at,
        digest=row.digest,
        flat=bool(row.flat),
        notional=row.notional,
        client_id=row.client_id,
        sent_us=row.sent_at,
        status=SignalStatus(row.status),
        outcome=row.outcome,
        finished_us=row.finished_at,
        exits=exits_from_json(row.exits) if row.exits else NOTHING_SAID,
        share=row.share,
    )
