"""The events that a market publishes: pauses, quarantines, and rejected prices."""

from dataclasses import replace
from decimal import Decimal

from actors.commit.messages import CommitChange, Origin
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.published import MarketPause
from persistence.changes import Change
from trading.events.markets import (
    MarketPaused,
    MarketResumed,
    PriceQuarantined,
    PriceRejected,
    PriceTimesRebased,
    QuarantineEnded,
)
from trading.money import is_price
from trading.price_guard import Candidate, PriceGuard

MarketEvent = (
    MarketPaused
    | MarketResumed
    | PriceQuarantined
    | PriceRejected
    | PriceTimesRebased
    | QuarantineEnded
)

_PRICE_CHARS_MAX = 64
_REJECTED_US = 60_000_000


class MarketEvents:
    """Hands a symbol's events to the Committer, in order with everything else."""

    __slots__ = ("_clock", "_directory", "_guard", "_rebases", "_rejections", "_symbol")

    def __init__(self, directory: Directory, clock: Clock, symbol: str, guard: PriceGuard) -> None:
        """Begin without an event of this guard."""
        self._directory = directory
        self._clock = clock
        self._symbol = symbol
        self._guard = guard
        self._rebases = 0
        # When a rejection was told last, and in which row; what is not a price, and what is ahead
        # of our clock, are two reasons with a row each.
        self._rejections: dict[bool, tuple[int, int]] = {}

    def note_rejected(self, price: Decimal, why: str, *, accepted: int) -> None:
        """Tell of the first price in a row that is rejected for a reason.

        An accepted price ends the row: `accepted` counts them. At most once a minute for each
        reason: where our clock is slow by about what is allowed, every other price may be rejected,
        for hours.
        """
        reason, monotonic_us = is_price(price), self._clock.monotonic_us()
        if reason in self._rejections:
            told_us, told_at = self._rejections[reason]
            if accepted == told_at or monotonic_us - told_us < _REJECTED_US:
                return
        self._rejections[reason] = monotonic_us, accepted
        text = str(price)[:_PRICE_CHARS_MAX]
        now_us = self._clock.now_us()
        self._commit(PriceRejected(symbol=self._symbol, price=text, why=why, time_us=now_us))

    def note_rebased(self, time_us: int) -> None:
        """Tell that the times of prices began anew, if they have since this was asked last."""
        if self._guard.rebases == self._rebases:
            return
        self._rebases = self._guard.rebases
        self._commit(
            PriceTimesRebased(symbol=self._symbol, ahead_us=self._guard.ahead_us, time_us=time_us)
        )

    def paused(self, pause: MarketPause | None, why: str, now_us: int) -> MarketPause:
        """Tell of a pause that begins; one that lasts only gets another reason."""
        if pause is not None:
            return replace(pause, why=why)
        self._commit(MarketPaused(symbol=self._symbol, why=why, time_us=now_us))
        return MarketPause(why=why, since_us=now_us)

    def resumed(self, pause: MarketPause | None, now_us: int) -> None:
        """Tell of the end of a pause, if there was one."""
        if pause is not None:
            paused_us = max(0, now_us - pause.since_us)
            self._commit(MarketResumed(symbol=self._symbol, paused_us=paused_us, time_us=now_us))

    def note_quarantine(
        self, price: Decimal, time_us: int, had_candidate: Candidate | None
    ) -> None:
        """Tell of a quarantine that this price has begun or ended; not of another candidate."""
        candidate, last = self._guard.candidate, self._guard.last_price
        if had_candidate is None and candidate is not None and last is not None:
            self._commit(
                PriceQuarantined(symbol=self._symbol, price=price, last_price=last, time_us=time_us)
            )
        elif had_candidate is not None and candidate is None:
            assert self._guard.outcome is not None, "a quarantine that ended has its outcome"
            self._commit(
                QuarantineEnded(
                    symbol=self._symbol,
                    outcome=str(self._guard.outcome),
                    candidate=had_candidate.price,
                    price=price,
                    time_us=time_us,
                )
            )

    def _commit(self, event: MarketEvent) -> None:
        change = Change(account=None, events=(event,))
        self._directory.to_committer(CommitChange(origin=Origin.MARKET, change=change))
