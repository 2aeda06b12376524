"""An event as a row of `events`."""

from persistence.event_codec import event_json
from persistence.rows.row import Row, in_order
from persistence.state import StoredEvent
from persistence.tables import EventRow
from trading.events import Event

_in_order = in_order(EventRow)


def event_row(event: Event, event_id: int, commit_id: int) -> Row:
    """An event as a row."""
    return _in_order(
        {
            "id": event_id,
            "kind": event.kind,
            "account": getattr(event, "account", None),
            "position_id": getattr(event, "position_id", None),
            "symbol": getattr(event, "symbol", None),
            "time": event.time_us,
            "commit_id": commit_id,
            "data": event_json(event),
        }
    )


def stored_event_from(row: EventRow, done_us: int) -> StoredEvent:
    """The stored event of a row, and when it was committed."""
    return StoredEvent(
        id=row.id,
        kind=row.kind,
        account=row.account,
        position_id=row.position_id,
        symbol=row.symbol,
        time_us=row.time,
        commit_id=row.commit_id,
        done_us=done_us,
        data=row.data,
    )
