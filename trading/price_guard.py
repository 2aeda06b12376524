"""Which prices may act: jump, age and quarantine.

A recorded fall of 74 % came in ticks of at most 18 %, so a price is judged against the last
accepted one, never against a minute's total. A jump beyond the bound is quarantined until
further prices near it, spread over time, confirm it, or a person releases it.

A price comes with its sender's time, or without one. One without a time gets our time of day, and
is neither too old nor too new. A sender's time is judged by our clock and by the last accepted
price's time. Where that time lies too far ahead of our clock, a clock was wrong when it was
accepted: it holds no price back, and the next accepted price begins the times anew.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from trading.money import EXACT, HUNDRED, PRICE_MAX, ZERO, is_price, plain, quotient, trimmed
from trading.times import SECOND_US, iso_time


class Verdict(StrEnum):
    """The guard's verdict on a price; only an accepted price may act."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class QuarantineOutcome(StrEnum):
    """The end of a candidate's quarantine."""

    CONFIRMED = "confirmed"
    RELEASED = "released"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """The guard's bounds.

    `jump_max` and `confirm_within` are fractions of a price; `confirm_count` further prices that
    span `confirm_span_us` microseconds confirm a candidate; a price may be stamped at most
    `ahead_max_us` microseconds ahead of our clock.
    """

    jump_max: Decimal = Decimal("0.5")
    confirm_within: Decimal = Decimal("0.05")
    confirm_count: int = 3
    confirm_span_us: int = SECOND_US
    ahead_max_us: int = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A quarantined price, and how far the prices after it confirm it."""

    price: Decimal
    time_us: int
    confirmations: int = 0
    confirmed_since_us: int | None = None


class PriceGuard:
    """One symbol's guard: feed it every price in order of arrival.

    It keeps the last accepted price, the candidate, and how the last quarantine ended; it reads no
    clock. `rebases` counts how often the times began anew, `has_rebased` says whether they did with
    the last accepted price, and `ahead_us` by how much the time before was ahead of our clock.
    """

    __slots__ = (
        "_ceiling",
        "_floor",
        "_settings",
        "ahead_us",
        "candidate",
        "has_rebased",
        "last_price",
        "last_time_us",
        "outcome",
        "rebases",
    )

    def __init__(
        self,
        settings: GuardSettings,
        *,
        last_price: Decimal | None = None,
        last_time_us: int | None = None,
    ) -> None:
        """Start from the last accepted price of the former life, or from none."""
        self._settings = settings
        self.candidate: Candidate | None = None
        self.outcome: QuarantineOutcome | None = None
        self.rebases = self.ahead_us = 0
        self.has_rebased = False
        self.last_price: Decimal | None = None
        self.last_time_us = -1 if last_time_us is None else last_time_us
        self._floor = ZERO
        self._ceiling = PRICE_MAX
        if last_price is not None:
            self._accept(last_price, self.last_time_us, self.last_time_us)

    def judge(self, price: Decimal, time_us: int | None, now_us: int) -> Verdict:
        """Judge a price with its sender's time, if it has one, at our time `now_us`.

        Rejects a value that is not a price (`trading.money.is_price`) and a price stamped too far
        ahead of our clock. Ignores a price older than the last accepted one.
        """
        # A price that repeats is usually the same object, and was found in order before.
        if price is not self.last_price and not is_price(price):
            return Verdict.REJECTED
        latest_us = now_us + self._settings.ahead_max_us
        if time_us is None:
            time_us = now_us
        elif time_us > latest_us:
            return Verdict.REJECTED
        elif time_us < self.last_time_us <= latest_us:
            return Verdict.IGNORED
        if self._floor <= price <= self._ceiling:
            if self.candidate is not None:
                self._end_quarantine(QuarantineOutcome.DROPPED)
            self._accept(price, time_us, latest_us)
            return Verdict.ACCEPTED
        return self._judge_jump(price, time_us, latest_us)

    def why(self, verdict: Verdict, price: Decimal, time_us: int | None, now_us: int) -> str:
        """The reason why the last judged price was not accepted."""
        assert verdict is not Verdict.ACCEPTED, "an accepted price needs no reason"
        bounds, last = self._settings, self.last_price
        match verdict:
            case Verdict.IGNORED:
                return f"older than the last accepted price of {iso_time(self.last_time_us)}"
            case Verdict.REJECTED if not is_price(price):
                return f"not a price: not above 0 and at most {PRICE_MAX}, with at most 18 decimals"
            case Verdict.REJECTED:
                assert time_us is not None, "a price without a sender's time is not ahead"
                return (
                    f"stamped {_seconds(time_us - now_us)} s ahead of our clock, "
                    f"at most {_seconds(bounds.ahead_max_us)} s are allowed"
                )
            case Verdict.QUARANTINED:
                assert last is not None, "the first price jumps from nothing"
                assert self.candidate is not None, "a quarantined price leaves a candidate"
                jump = quotient(EXACT.subtract(price, last).copy_abs(), last)
                return (
                    f"jumps {_percent(jump)} % from the last accepted {plain(last)}: "
                    f"{plain(self.candidate.price)} waits for {bounds.confirm_count} prices "
                    f"within {_percent(bounds.confirm_within)} % of it"
                )

    def why_rebased(self) -> str:
        """The reason why the times began anew, for people."""
        return (
            f"times begin anew: the last accepted price was stamped {_seconds(self.ahead_us)} s "
            "ahead of our clock, so a clock was wrong"
        )

    def release(self, price: Decimal, now_us: int) -> bool:
        """Accept the candidate by hand, if `price` is its price; returns whether it did."""
        if self.candidate is None or self.candidate.price != price:
            return False
        time_us = self.candidate.time_us
        self._end_quarantine(QuarantineOutcome.RELEASED)
        self._accept(price, time_us, now_us + self._settings.ahead_max_us)
        return True

    def _judge_jump(self, price: Decimal, time_us: int, latest_us: int) -> Verdict:
        candidate = self.candidate
        if candidate is None or not self._confirms(candidate, price):
            self.candidate = Candidate(price=price, time_us=time_us)
            return Verdict.QUARANTINED
        since_us = candidate.confirmed_since_us
        # A clock that was set back meanwhile begins the span anew.
        since_us = time_us if since_us is None else min(since_us, time_us)
        confirmations = candidate.confirmations + 1
        if (
            confirmations >= self._settings.confirm_count
            and time_us - since_us >= self._settings.confirm_span_us
        ):
            self._end_quarantine(QuarantineOutcome.CONFIRMED)
            self._accept(price, time_us, latest_us)
            return Verdict.ACCEPTED
        self.candidate = Candidate(
            price=candidate.price,
            time_us=candidate.time_us,
            confirmations=confirmations,
            confirmed_since_us=since_us,
        )
        return Verdict.QUARANTINED

    def _end_quarantine(self, outcome: QuarantineOutcome) -> None:
        self.candidate = None
        self.outcome = outcome

    def _confirms(self, candidate: Candidate, price: Decimal) -> bool:
        """Whether a price is near enough to a candidate to confirm it."""
        within = EXACT.multiply(candidate.price, self._settings.confirm_within)
        return EXACT.subtract(price, candidate.price).copy_abs() <= within

    def _accept(self, price: Decimal, time_us: int, latest_us: int) -> None:
        self.has_rebased = self.last_time_us > latest_us
        if self.has_rebased:
            self.rebases += 1
            self.ahead_us = self.last_time_us - latest_us + self._settings.ahead_max_us
        self.last_time_us = time_us
        unchanged = price == self.last_price
        self.last_price = price
        if unchanged:
            return
        jump = EXACT.multiply(price, self._settings.jump_max)
        self._floor = EXACT.subtract(price, jump)
        self._ceiling = min(EXACT.add(price, jump), PRICE_MAX)


def _seconds(time_us: int) -> int:
    """Microseconds as whole seconds, rounded up, so that a refused time never reads as allowed."""
    return -(-time_us // SECOND_US)


def _percent(fraction: Decimal) -> str:
    """A fraction as whole percents, rounded up."""
    percent = EXACT.multiply(fraction, HUNDRED)
    return plain(trimmed(percent.to_integral_value(ROUND_CEILING)))
