"""Which prices may act: jump, age and quarantine."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.money import PRICE_MAX
from trading.price_guard import GuardSettings, PriceGuard, QuarantineOutcome, Verdict

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000


def a_guard(last_price: str | None = "100", settings: GuardSettings | None = None) -> PriceGuard:
    """A guard that accepted this price at second 0."""
    return PriceGuard(
        settings or GuardSettings(),
        last_price=None if last_price is None else Decimal(last_price),
        last_time_us=None if last_price is None else START_US,
    )


def judge(guard: PriceGuard, price: str, at: float, *, ahead: float = 0) -> Verdict:
    """Judge a price stamped `at` seconds, which is `ahead` seconds ahead of our clock."""
    time_us = START_US + round(at * SECOND_US)
    return guard.judge(Decimal(price), time_us, time_us - round(ahead * SECOND_US))


def judge_all(guard: PriceGuard, *stamped: tuple[str, float]) -> list[Verdict]:
    return [judge(guard, price, at) for price, at in stamped]


Q, A = Verdict.QUARANTINED, Verdict.ACCEPTED


@pytest.mark.parametrize("first", [True, False], ids=["first price", "later price"])
@pytest.mark.parametrize(
    "price", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "0", "-0", "-1", "-0.00000001"]
)
def test_what_is_no_price_is_rejected(price: str, first: bool) -> None:
    """A price that is not finite or not positive is rejected and changes nothing."""
    guard = a_guard(None if first else "100")
    before = (guard.last_price, guard.last_time_us)
    assert judge(guard, price, 1) is Verdict.REJECTED
    assert (guard.last_price, guard.last_time_us, guard.candidate) == (*before, None)


def test_a_price_beyond_the_largest_is_rejected() -> None:
    """The largest price there may be is accepted, and one above it is rejected."""
    guard = a_guard(str(PRICE_MAX))
    assert judge(guard, str(PRICE_MAX), 1) is A
    assert judge(guard, f"{PRICE_MAX}.1", 1) is Verdict.REJECTED


def test_a_price_with_more_than_18_decimals_is_rejected() -> None:
    """A price keeps up to 18 decimals, and what has more is not a price."""
    assert judge(a_guard(), "100.000000000000000001", 1) is A
    assert judge(a_guard(), "100.0000000000000000001", 1) is Verdict.REJECTED


def test_what_is_no_price_is_rejected_even_when_it_is_old() -> None:
    """Rejection comes before age: an older price that is none counts as rejected."""
    assert judge(a_guard(), "NaN", -1) is Verdict.REJECTED
    assert judge(a_guard(), "-5", -1) is Verdict.REJECTED


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(5, A), (5.000001, Verdict.REJECTED), (60, Verdict.REJECTED), (-60, A)]
)
def test_a_price_from_the_future_is_rejected(ahead: float, verdict: Verdict) -> None:
    """A price stamped more than 5 s ahead of our clock is rejected."""
    assert judge(a_guard(), "101", 1, ahead=ahead) is verdict


def test_an_older_price_is_ignored() -> None:
    """A price older than the last accepted one is ignored and changes nothing."""
    guard = a_guard()
    assert judge(guard, "101", -0.000001) is Verdict.IGNORED
    assert (guard.last_price, guard.last_time_us) == (Decimal(100), START_US)


def test_a_price_of_the_same_time_is_accepted() -> None:
    """Several prices of one exchange time all count."""
    guard = a_guard()
    assert judge_all(guard, ("101", 0), ("102", 0)) == [A, A]
    assert guard.last_price == 102


def test_age_counts_from_an_unchanged_price_too() -> None:
    """A repeated price renews the time against which later ones are older."""
    guard = a_guard()
    assert judge_all(guard, ("100", 5), ("101", 4)) == [A, Verdict.IGNORED]


@pytest.mark.parametrize(
    ("price", "verdict"),
    [("150", A), ("150.00000001", Q), ("50", A), ("49.99999999", Q), ("100", A), ("1000", Q)],
)
def test_a_jump_of_more_than_half_is_quarantined(price: str, verdict: Verdict) -> None:
    """A move of exactly 50 % is accepted, of more it is quarantined."""
    guard = a_guard()
    assert judge(guard, price, 1) is verdict
    assert guard.last_price == (Decimal(price) if verdict is A else 100)
    assert (guard.candidate is not None) is (verdict is Q)


def test_the_first_price_is_accepted() -> None:
    """Without a reference any price is accepted."""
    guard = a_guard(None)
    assert judge(guard, "0.00000001", 1) is A
    assert judge(guard, "1", 2) is Q


def test_a_move_is_measured_from_the_last_accepted_price() -> None:
    """Large falls in small steps are accepted step by step."""
    guard = a_guard()
    assert judge_all(guard, ("60", 1), ("35", 2), ("20", 3), ("9", 4)) == [A, A, A, Q]


def test_three_further_prices_over_a_second_confirm() -> None:
    """Three further prices within 5 % that span a second confirm; the newest is the one judged."""
    guard = a_guard()
    assert judge_all(guard, ("200", 1), ("210", 2), ("190", 2.5), ("205", 3)) == [Q, Q, Q, A]
    assert (guard.last_price, guard.last_time_us) == (Decimal(205), START_US + 3 * SECOND_US)
    assert guard.candidate is None


def test_fewer_than_three_further_prices_do_not_confirm() -> None:
    """Two further prices do not confirm, however long they take."""
    assert judge_all(a_guard(), ("200", 1), ("200", 2), ("200", 1000)) == [Q, Q, Q]


def test_three_faster_prices_do_not_confirm_until_a_second_has_passed() -> None:
    """Further prices confirm once they span a full second, however many came before."""
    stamped = [("200", 1.0), ("200", 9.0), ("200", 9.5), ("200", 9.999999), ("200", 10.0)]
    assert judge_all(a_guard(), *stamped) == [Q, Q, Q, Q, A]


@pytest.mark.parametrize("near", ["210", "190"])
def test_a_price_exactly_5_percent_off_is_near(near: str) -> None:
    """Near means within 5 % of the candidate, the bound included."""
    guard = a_guard()
    judge_all(guard, ("200", 1), (near, 2))
    assert guard.candidate is not None
    assert (guard.candidate.price, guard.candidate.confirmations) == (Decimal(200), 1)


@pytest.mark.parametrize("far", ["210.01", "189.99", "40"])
def test_a_price_near_neither_becomes_the_candidate(far: str) -> None:
    """A price near neither the old range nor the candidate is the new candidate, from nothing."""
    guard = a_guard()
    judge_all(guard, ("200", 1), ("200", 2), ("200", 3), (far, 3))
    assert guard.candidate is not None
    assert (guard.candidate.price, guard.candidate.confirmations) == (Decimal(far), 0)
    assert guard.candidate.time_us == START_US + 3 * SECOND_US


def test_nearness_is_measured_from_the_candidate() -> None:
    """Prices that creep away from the candidate do not confirm it."""
    stamped = [("200", 1), ("209", 2), ("218", 3), ("227", 4), ("236", 5)]
    assert judge_all(a_guard(), *stamped) == [Q, Q, Q, Q, Q]


def test_a_price_near_the_old_range_drops_the_candidate() -> None:
    """A price within the old range is accepted, and what had confirmed the candidate is void."""
    guard = a_guard()
    assert judge_all(guard, ("200", 1), ("200", 2), ("200", 3), ("101", 4)) == [Q, Q, Q, A]
    assert guard.candidate is None
    assert judge_all(guard, ("200", 5), ("200", 6), ("200", 7), ("200", 8)) == [Q, Q, Q, A]


def test_a_price_near_both_drops_the_candidate() -> None:
    """149 is within 5 % of the candidate 151, and no jump from 100: nothing was confirmed."""
    guard = a_guard()
    assert judge_all(guard, ("151", 1), ("149", 2)) == [Q, A]
    assert guard.outcome is QuarantineOutcome.DROPPED


def test_refused_prices_neither_confirm_nor_drop_a_candidate() -> None:
    """Rejected and ignored prices leave the quarantine as it is."""
    guard = a_guard()
    judge(guard, "200", 1)
    before = guard.candidate
    judge(guard, "NaN", 2)
    judge(guard, "200", -1)
    judge(guard, "200", 2, ahead=6)
    assert guard.candidate == before


def test_an_operator_releases_a_candidate_by_naming_it() -> None:
    """The candidate becomes the reference at once when it is named, with its own time."""
    guard = a_guard()
    judge_all(guard, ("200", 1), ("201", 2))
    assert guard.release(Decimal("200.00"), START_US)
    assert (guard.last_price, guard.last_time_us) == (Decimal(200), START_US + SECOND_US)
    assert guard.candidate is None
    assert judge_all(guard, ("99", 2), ("101", 3)) == [Q, A]


@pytest.mark.parametrize("named", ["201", "100"])
def test_only_the_candidate_can_be_released(named: str) -> None:
    """Naming another price releases nothing."""
    guard = a_guard()
    judge_all(guard, ("200", 1), ("201", 2))
    assert not guard.release(Decimal(named), START_US)
    assert guard.last_price == 100
    assert guard.candidate is not None


def test_there_may_be_nothing_to_release() -> None:
    """Without a candidate a release does nothing."""
    assert not a_guard().release(Decimal(100), START_US)


def test_a_restart_keeps_the_reference() -> None:
    """A guard that starts from a former life's price judges age and jump against it."""
    before = a_guard(None)
    judge(before, "100", 7)
    after = PriceGuard(
        GuardSettings(), last_price=before.last_price, last_time_us=before.last_time_us
    )
    assert judge_all(after, ("100", 6), ("151", 8), ("149", 9)) == [Verdict.IGNORED, Q, A]


def test_every_bound_is_a_setting() -> None:
    """Jump, nearness, count, span and clock bound come from the settings."""
    settings = GuardSettings(
        jump_max=Decimal("0.1"),
        confirm_within=Decimal("0.01"),
        confirm_count=1,
        confirm_span_us=0,
        ahead_max_us=0,
    )
    guard = a_guard(settings=settings)
    assert judge_all(guard, ("110", 1), ("122", 2), ("124", 3), ("123", 4)) == [A, Q, Q, A]
    assert judge(guard, "123", 5, ahead=0.000001) is Verdict.REJECTED


Stamped = tuple[Decimal, int, int]


def plainly_judged(prices: list[Stamped]) -> list[Verdict]:
    """The guard as the design's sentences say it, from the whole history and nothing clever."""
    verdicts = []
    last: tuple[Decimal, int] | None = None
    quarantine: list[tuple[Decimal, int]] = []
    for price, time_us, now_us in prices:
        if not price.is_finite() or price <= 0 or time_us > now_us + 5_000_000:
            verdict = Verdict.REJECTED
        elif last is not None and time_us < last[1]:
            verdict = Verdict.IGNORED
        elif last is None or abs(price / last[0] - 1) * 100 <= 50:
            verdict = Verdict.ACCEPTED
        elif not quarantine or abs(price / quarantine[0][0] - 1) * 100 > 5:
            verdict = Verdict.QUARANTINED
            quarantine = [(price, time_us)]
        else:
            quarantine.append((price, time_us))
            further = quarantine[1:]
            confirmed = len(further) >= 3 and further[-1][1] - further[0][1] >= 1_000_000
            verdict = Verdict.ACCEPTED if confirmed else Verdict.QUARANTINED
        if verdict is Verdict.ACCEPTED:
            last = (price, time_us)
            quarantine = []
        verdicts.append(verdict)
    return verdicts


@st.composite
def histories(draw: st.DrawFn) -> list[Stamped]:
    """Prices in order of arrival that stay long enough near few levels to be confirmed."""
    levels = st.sampled_from(["100", "50", "49", "150", "151", "200", "210", "211", "190", "400"])
    odd = st.sampled_from(["NaN", "sNaN", "Infinity", "0", "-5"])
    prices = draw(st.lists(levels | levels | levels | odd, max_size=25))
    now_us, stamped = START_US, []
    for price in prices:
        now_us += draw(st.sampled_from([0, 250_000, 500_000, 1_000_000]))
        offset_us = draw(st.sampled_from([0, 0, 0, -250_000, -2_000_000, 5_000_000, 5_000_001]))
        stamped.append((Decimal(price), now_us + offset_us, now_us))
    return stamped


@given(histories())
def test_the_guard_does_what_the_design_says(prices: list[Stamped]) -> None:
    """Over any history the guard agrees with a plain model of the design's sentences."""
    guard = PriceGuard(GuardSettings())
    assert [guard.judge(*stamped) for stamped in prices] == plainly_judged(prices)


@given(histories())
def test_the_reference_is_the_last_accepted_price(prices: list[Stamped]) -> None:
    """Only an accepted price becomes the reference, and always does."""
    guard = PriceGuard(GuardSettings())
    for price, time_us, now_us in prices:
        before = (guard.last_price, guard.last_time_us)
        accepted = guard.judge(price, time_us, now_us) is Verdict.ACCEPTED
        assert (guard.last_price, guard.last_time_us) == ((price, time_us) if accepted else before)


def test_a_reason_never_reads_as_what_is_allowed() -> None:
    """Seconds and percents are rounded up: a little too much is not the bound itself."""
    guard = PriceGuard(GuardSettings(), last_price=Decimal(100), last_time_us=0)
    verdict = guard.judge(Decimal(100), 5_000_001, 0)
    assert guard.why(verdict, Decimal(100), 5_000_001, 0) == (
        "stamped 6 s ahead of our clock, at most 5 s are allowed"
    )
    verdict = guard.judge(Decimal("150.01"), 1, 1)
    assert guard.why(verdict, Decimal("150.01"), 1, 1) == (
        "jumps 51 % from the last accepted 100: 150.01 waits for 3 prices within 5 % of it"
    )
