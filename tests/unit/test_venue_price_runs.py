"""Each trade's price once, in runs of a symbol."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.venues.frames import Trades
from backstay.feeds.venues.price_runs import PriceRuns, RecentIds


def trades(*ids: int, symbol: str = "BTC/USD", snapshot: bool = False) -> Trades:
    """Trades whose price and time are their id."""
    return Trades(
        symbol=symbol,
        prices=[Decimal(one) for one in ids],
        times_us=list(ids),
        ids=list(ids),
        snapshot=snapshot,
    )


def handed_over(runs: PriceRuns) -> dict[str, list[int]]:
    """The times of each symbol's run."""
    taken: dict[str, list[int]] = {}

    def receive(symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        assert prices == [Decimal(time_us) for time_us in times_us]
        taken[symbol] = times_us

    runs.hand_over(receive)
    return taken


@given(ids=st.lists(st.lists(st.integers(0, 30), max_size=5), max_size=20))
def test_each_trade_is_handed_over_once_in_the_order_of_arrival(ids: list[list[int]]) -> None:
    """A price that a venue repeats is no second price."""
    runs = PriceRuns()
    for group in ids:
        runs.take(trades(*group))
    arrived = list(dict.fromkeys(one for group in ids for one in group))
    assert runs.count == len(arrived)
    assert handed_over(runs).get("BTC/USD", []) == arrived
    assert runs.count == 0
    assert handed_over(runs) == {}


def test_symbols_are_handed_over_apart() -> None:
    """One venue's ids count within a symbol."""
    runs = PriceRuns()
    runs.take(trades(1, 2))
    runs.take(trades(1, symbol="ETH/USD"))
    runs.take(trades(3))
    assert handed_over(runs) == {"BTC/USD": [1, 2, 3], "ETH/USD": [1]}


def test_a_run_that_is_not_taken_costs_no_other_symbol_its_own() -> None:
    """Whoever takes prices may fail; the runs that it was not given yet are still there."""
    runs = PriceRuns()
    runs.take(trades(1))
    runs.take(trades(2, 3, symbol="ETH/USD"))

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runs.hand_over(fail)
    assert runs.count == 2
    assert handed_over(runs) == {"ETH/USD": [2, 3]}


def test_the_newest_of_a_snapshot_counts_though_it_was_seen() -> None:
    """That nothing was traded since is news: the price is the present one."""
    runs = PriceRuns()
    runs.take(trades(1, 2))
    handed_over(runs)
    runs.take_newest(trades(1, 2))
    assert handed_over(runs) == {"BTC/USD": [2]}


def test_of_a_snapshot_the_newest_is_taken_and_the_others_are_never() -> None:
    """What is past acts on nobody, also if it comes again."""
    runs = PriceRuns()
    runs.take_newest(trades(1, 2, 3))
    runs.take(trades(1, 2, 3, 4))
    runs.take_newest(trades())
    assert handed_over(runs) == {"BTC/USD": [3, 4]}


@given(ids=st.lists(st.integers(0, 10)), count_max=st.integers(1, 5))
def test_the_ids_that_came_last_are_known_and_no_more(ids: list[int], count_max: int) -> None:
    """Memory is bounded however long a session lasts."""
    recent, known = RecentIds(count_max), list[int]()
    for one in ids:
        assert recent.add(one) == (one not in known)
        if one not in known:
            known = [*known, one][-count_max:]
