"""What the price guard makes of clocks that were wrong: ours, and a sender's."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.price_guard import GuardSettings, PriceGuard, Verdict

NOW_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
A = Verdict.ACCEPTED


def guard_of(last_at: float) -> PriceGuard:
    """A guard whose last price, 100, was stamped so many seconds from now."""
    return PriceGuard(
        GuardSettings(),
        last_price=Decimal(100),
        last_time_us=NOW_US + round(last_at * SECOND_US),
    )


def judge(guard: PriceGuard, price: str, at: float | None) -> Verdict:
    """Judge a price that its sender has stamped so many seconds from now, or not at all."""
    time_us = None if at is None else NOW_US + round(at * SECOND_US)
    return guard.judge(Decimal(price), time_us, NOW_US)


@given(st.integers(-(10**9), 10**9))
def test_a_price_without_a_time_is_never_too_old_or_too_new(last_at: int) -> None:
    """Whatever the last price was stamped with; its time is ours."""
    guard = guard_of(last_at)
    assert judge(guard, "101", None) is A
    assert guard.last_time_us == NOW_US


@pytest.mark.parametrize(
    ("last_at", "verdict"), [(4, Verdict.IGNORED), (5, Verdict.IGNORED), (5.000001, A), (3_600, A)]
)
def test_a_last_time_that_no_right_clock_can_have_seen_holds_nothing_back(
    last_at: float, verdict: Verdict
) -> None:
    """Up to 5 s ahead a sender's clock may be; beyond that a clock was wrong."""
    assert judge(guard_of(last_at), "101", 0) is verdict


def test_times_that_begin_anew_are_counted_once() -> None:
    """What comes after the first one is judged by its time as ever."""
    guard = guard_of(3_600)
    assert [judge(guard, "101", 0), judge(guard, "102", -1), judge(guard, "103", None)] == [
        A,
        Verdict.IGNORED,
        A,
    ]
    assert (guard.rebases, guard.ahead_us) == (1, 3_600 * SECOND_US)


def test_a_price_that_is_not_accepted_begins_no_times_anew() -> None:
    """One that jumps waits, as ever, and the next accepted one begins them."""
    guard = guard_of(3_600)
    assert judge(guard, "200", 0) is Verdict.QUARANTINED
    assert guard.rebases == 0
    assert judge(guard, "101", 0) is A
    assert guard.rebases == 1


def test_a_quarantine_outlives_a_clock_that_is_set_back() -> None:
    """The second that confirmations must span begins anew, and ends a second later."""
    guard = guard_of(0)
    times_us = [NOW_US + 3_600 * SECOND_US] * 2 + [NOW_US, NOW_US + SECOND_US]
    verdicts = [guard.judge(Decimal(200), None, now_us) for now_us in times_us]
    assert verdicts == [Verdict.QUARANTINED] * 3 + [A]


def test_a_candidate_is_released_with_its_own_time() -> None:
    """Also where the last accepted price was stamped by a clock that was ahead."""
    guard = guard_of(3_600)
    judge(guard, "200", None)
    assert guard.release(Decimal(200), NOW_US)
    assert (guard.last_time_us, guard.rebases) == (NOW_US, 1)


@pytest.mark.parametrize(("last_at", "rebases"), [(-60, 0), (0, 0), (5, 0), (5.000001, 1)])
def test_a_release_begins_times_anew_only_where_a_clock_was_wrong(
    last_at: float, rebases: int
) -> None:
    """By the same bound as a price that is accepted at once."""
    guard = guard_of(last_at)
    assert judge(guard, "200", 5) is Verdict.QUARANTINED
    assert guard.release(Decimal(200), NOW_US)
    assert (guard.rebases, guard.has_rebased) == (rebases, rebases == 1)
