"""How long a session waits before it tries again."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.venues.backoff import Backoff


@given(seed=st.integers(), failures=st.integers(min_value=0, max_value=3_000))
def test_every_wait_is_below_its_doubling_ceiling_and_the_cap(seed: int, failures: int) -> None:
    """However long a venue is away, it is asked about twice a minute."""
    backoff = Backoff(1.0, 30.0, Random(seed))
    waits = [backoff.next_seconds() for _ in range(failures)]
    ceilings = [1.0, 2.0, 4.0, 8.0, 16.0] + [30.0] * failures
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=False))


def test_waits_differ_between_clients() -> None:
    """Who lost a venue at the same moment does not come back at the same moment."""
    waits = {Backoff(1.0, 30.0, Random(seed)).next_seconds() for seed in range(100)}
    assert len(waits) == 100


def test_a_success_makes_the_next_wait_short_again() -> None:
    """One bad night does not slow the next reconnection down."""
    backoff = Backoff(1.0, 30.0, Random(1))
    for _ in range(20):
        backoff.next_seconds()
    backoff.reset()
    assert backoff.next_seconds() <= 1.0
