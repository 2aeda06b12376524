"""What the engine counts of itself."""

from actors.engine.stats import EngineStats
from persistence.changes import Change
from tests.unit.accounts import a_position, walked
from trading.ladder import closed
from trading.model import CloseReason


def test_a_close_is_timed_from_its_price_to_its_commit() -> None:
    """Once, in seconds; a close by hand waits for people and is not counted."""
    stats, position = EngineStats(), a_position()
    by_hand = closed(position, position.entry_price, 1, reason=CloseReason.MANUAL)
    for events in (walked(position, 110).events, by_hand.events):
        stats.closing(position.position_id, 1_000_000)
        stats.committed([Change(account="demo", events=events)], 3_000_000)
        stats.committed([Change(account="demo", events=events)], 9_000_000)
    assert (sum(stats.close_seconds.counts), stats.close_seconds.total) == (1, 2.0)


def test_a_transaction_is_counted_with_its_seconds() -> None:
    """Its changes, and how long it took."""
    stats = EngineStats()
    stats.transaction(3, 250_000)
    assert (stats.commit_changes.total, stats.commit_seconds.total) == (3, 0.25)
