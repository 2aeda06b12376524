"""Where metrics come from: histograms, mailboxes that are looked at in turn, streams."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import mailboxes
from actors.engine.clock import VirtualClock
from actors.engine.directory import Directory
from actors.engine.pooled import PooledActor
from actors.engine.stats import Histogram
from actors.engine.supervised import ActorKind
from actors.mailboxes import Mailboxes
from actors.messages import Reply
from actors.published import Published, Version
from backstay.feeds.live.venue_feed import VenueFeed
from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.spelling import Listing
from tests.unit.streaming import Table, a_stream, run

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.sampled_from((0.0, 0.1, 0.5, 1.0, 9.0, 10.0, 11.0))))
def test_a_histogram_counts_each_value_once_where_it_belongs(values: list[float]) -> None:
    """A value at a bound is not above it, as Prometheus has it."""
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.observe(value)
    at_most = [sum(histogram.counts[: place + 1]) for place in range(len(BOUNDS))]
    assert at_most == [sum(value <= bound for value in values) for bound in BOUNDS]
    assert sum(histogram.counts) == len(values)
    assert histogram.total == pytest.approx(sum(values))


def test_every_position_s_mailbox_is_looked_at_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few each time; the deepest is found when it is its turn."""
    monkeypatch.setattr(mailboxes, "POSITIONS_LOOKED_AT", 2)
    directory = Directory()
    for position_id, depth in enumerate((1, 2, 0, 3, 1)):
        ref = directory.positions[position_id] = PooledActor().actor_ref
        for _ in range(depth):
            ref.tell("a message")
    look = Mailboxes(directory)
    found = [look.deepest()[ActorKind.POSITION] for _ in range(4)]
    assert found == [2, 3, 1, 2]
    assert look.deepest()[ActorKind.COMMITTER] == 0


def test_an_event_stream_knows_how_many_listen() -> None:
    """From the first line that a client gets until it leaves."""

    async def test() -> None:
        stream = a_stream(Table())
        clients = [stream.chunks(0, lambda: True) for _ in range(2)]
        counts = [stream.clients]
        for client in clients:
            await anext(client)
            counts.append(stream.clients)
        for client in clients:
            await client.aclose()
        assert [*counts, stream.clients] == [0, 1, 2, 0]

    run(test())


def test_an_exchange_s_prices_are_late_by_its_own_clock() -> None:
    """The newest of what came together; one from the future is not late."""
    listings = [Listing(symbol="BTCUSD", venue_symbol="BTC/USD")]
    directory = Directory()
    directory.markets["BTCUSD"] = Reply()
    clock = VirtualClock(10_000_000)
    feed = VenueFeed(VENUES["kraken"], listings, directory, Published(Version()), clock)
    feed.prices("BTC/USD", [Decimal(1), Decimal(2)], [5_000_000, 9_800_000])
    feed.prices("BTC/USD", [Decimal(3)], [10_400_000])
    delay = feed.status().delay
    assert delay is not None
    assert sum(delay.counts) == 2
    assert delay.total == pytest.approx(0.2)
