"""What the engine counts of itself."""

from actors.engine.stats import EngineStats


def test_a_close_is_timed_from_its_price_to_its_commit() -> None:
    """In seconds, each close of a commit by itself."""
    stats = EngineStats()
    stats.closed((1_000_000, 2_500_000), 3_000_000)
    assert (sum(stats.close_seconds.counts), stats.close_seconds.total) == (2, 2.5)


def test_a_transaction_is_counted_with_its_seconds() -> None:
    """Its changes, and how long it took."""
    stats = EngineStats()
    stats.transaction(3, 250_000)
    assert (stats.commit_changes.total, stats.commit_seconds.total) == (3, 0.25)
