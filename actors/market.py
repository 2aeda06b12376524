"""One symbol's prices: the guard, their numbers, and who is concerned."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from actors.clock import Clock
from actors.directory import Directory
from actors.messages import (
    MarketReported,
    PauseMarket,
    ReleaseCandidate,
    ReportMarket,
    ResumeMarket,
    TakePrices,
)
from actors.price_age import PriceAge
from actors.price_history import PriceHistory
from actors.protocol import (
    Arm,
    CommitChange,
    Disarm,
    PriceQuoted,
    PriceReached,
    QuoteDenied,
    QuotePrice,
    ReleaseQuote,
    ReleaseQuotes,
)
from actors.supervised import ActorKind, SupervisedActor
from actors.trigger_book import TriggerBook
from persistence.changes import Change
from trading.events import PriceQuarantined, QuarantineEnded
from trading.model import Denial, DenialReason, MarketPrice
from trading.money import plain
from trading.price_guard import Candidate, GuardSettings, PriceGuard, Verdict

MarketMessage = (
    TakePrices
    | QuotePrice
    | ReleaseQuote
    | ReleaseQuotes
    | Arm
    | Disarm
    | PauseMarket
    | ResumeMarket
    | ReleaseCandidate
    | ReportMarket
)


class MarketState(StrEnum):
    """Whether a market's price may be acted on, and why not."""

    LIVE = "LIVE"
    STALE = "STALE"
    QUARANTINED = "QUARANTINED"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettings:
    """The guard's bounds, and the age in seconds from which a price is stale."""

    guard: GuardSettings = GuardSettings()
    price_age_seconds_max: int = 60


class MarketActor(SupervisedActor):
    """Guards a symbol's prices and tells each accepted one to the positions that it reaches.

    Accepted prices are numbered. A position that was told a price is out of the trigger book
    until it arms again; the prices in between are kept, so that arming misses none of them.
    """

    kind = ActorKind.MARKET

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        symbol: str,
        *,
        settings: MarketSettings | None = None,
        last: MarketPrice | None = None,
        first_number: int = 0,
    ) -> None:
        """Start from the last accepted price of a former life, or from none."""
        super().__init__(directory, symbol)
        self._clock = clock
        self._symbol = symbol
        self._settings = settings or MarketSettings()
        self._guard = PriceGuard(
            self._settings.guard,
            last_price=last.price if last else None,
            last_time_us=last.time_us if last else None,
        )
        self._number = first_number
        self._age = PriceAge(clock, self._settings.price_age_seconds_max)
        self._paused = False
        self._book = TriggerBook()
        self._history = PriceHistory()
        self._quoted: dict[int, str] = {}
        self._closes_waiting: dict[int, QuotePrice] = {}
        self._undelivered: dict[int, PriceReached] = {}
        self._accepted = 0
        self._refused = {Verdict.REJECTED: 0, Verdict.IGNORED: 0, Verdict.QUARANTINED: 0}

    def on_receive(self, message: MarketMessage) -> None:
        """Handle one message."""
        match message:
            case TakePrices():
                self._take_all(message)
            case Arm():
                self._arm(message)
            case Disarm():
                self._forget(message.position_id)
                self._book.disarm(message.position_id)
            case QuotePrice():
                self._on_quote(message)
            case ReleaseQuote():
                if message.position_id in self._quoted:
                    self._forget(message.position_id)
            case ReleaseQuotes():
                self._release_quotes(message)
            case PauseMarket():
                self._paused = True
            case ResumeMarket():
                self._paused = False
            case ReleaseCandidate():
                self._release_candidate(message)
            case ReportMarket():
                self.directory.send(message.reply_to, self._report())
            case _:
                assert_never(message)

    @property
    def accepted(self) -> int:
        """How many prices were accepted so far."""
        return self._accepted

    def take(
        self,
        prices: Sequence[Decimal],
        times_us: Sequence[int],
        start: int,
        now_us: int,
        end: int,
    ) -> int:
        """Judge prices from `start` to before `end`, up to the first that reaches a position.

        Returns the index after it, or `end`. The replay lets everybody finish before it goes on;
        a mailbox goes on at once, and the history keeps what positions miss.
        """
        judge, book, history = self._guard.judge, self._book, self._history
        accepted, accepted_before = Verdict.ACCEPTED, self._accepted
        for index in range(start, end):
            price = prices[index]
            had_candidate = self._guard.candidate
            verdict = judge(price, times_us[index], now_us)
            if verdict is not accepted or had_candidate is not None:
                self._note_quarantine(price, times_us[index], had_candidate)
                if verdict is not accepted:
                    self._refused[verdict] += 1
                    continue
            self._number += 1
            self._accepted += 1
            if history:
                history.keep(self._number, price, times_us[index])
            if price >= book.high or price <= book.low:
                self._age.renew()
                self._tell_reached(price, times_us[index])
                return index + 1
        if self._accepted > accepted_before:
            self._age.renew()
        return end

    def _take_all(self, message: TakePrices) -> None:
        if self._paused:
            self._refused[Verdict.IGNORED] += len(message.prices)
            return
        now_us = self._clock.now_us()
        index, end = 0, len(message.prices)
        while index < end:
            index = self.take(message.prices, message.times_us, index, now_us, end)

    def _tell_reached(self, price: Decimal, time_us: int) -> None:
        for position_id in self._book.take_reached(price):
            self._tell_hit(position_id, self._number, price, time_us)

    def _tell_hit(self, position_id: int, number: int, price: Decimal, time_us: int) -> None:
        hit = PriceReached(position_id=position_id, price=price, time_us=time_us, number=number)
        self._history.ask(position_id, number)
        if not self.directory.to_position(position_id, hit):
            self._undelivered[position_id] = hit

    def _arm(self, message: Arm) -> None:
        """Look through the prices that the position has missed, then wait for its triggers."""
        position_id, after, triggers = message.position_id, message.after, message.triggers
        asked_at = self._history.asked_at(position_id)
        if after is not None and asked_at is not None and after < asked_at:
            # Sent before the position has judged its last hit: it arms again when it has.
            return
        self._book.disarm(position_id)
        self._quoted.pop(position_id, None)
        self._history.answer(position_id)
        undelivered = self._undelivered.pop(position_id, None)
        if undelivered is not None and triggers.reached_by(undelivered.price):
            hit = undelivered
            self._tell_hit(position_id, hit.number, hit.price, hit.time_us)
            return
        after = asked_at if after is None else after
        for number, price, time_us in self._history.since(after) if after is not None else ():
            if triggers.reached_by(price):
                self._tell_hit(position_id, number, price, time_us)
                return
        self._history.trim()
        self._book.arm(position_id, triggers)
        close = self._closes_waiting.pop(position_id, None)
        if close is not None:
            self.directory.send(close.reply_to, self._quote(close))

    def _forget(self, position_id: int) -> None:
        self._quoted.pop(position_id, None)
        self._undelivered.pop(position_id, None)
        self._closes_waiting.pop(position_id, None)
        self._history.answer(position_id)
        self._history.trim()

    def _release_quotes(self, message: ReleaseQuotes) -> None:
        for position_id, account in tuple(self._quoted.items()):
            if account == message.account and position_id not in message.opened:
                self._forget(position_id)

    def _on_quote(self, message: QuotePrice) -> None:
        """Quote a price; to close at, once the position has judged every price before it."""
        if message.position_id in self._history and not message.for_open:
            self._closes_waiting[message.position_id] = message
        else:
            self.directory.send(message.reply_to, self._quote(message))

    def _quote(self, message: QuotePrice) -> PriceQuoted | QuoteDenied:
        denial = self._quote_denial()
        price = self._guard.last_price
        if denial is not None and not (message.force and price is not None):
            return QuoteDenied(position_id=message.position_id, denial=denial)
        assert price is not None, "a market without a price denies its quote"
        if message.for_open:
            self._quoted[message.position_id] = message.account
            self._history.ask(message.position_id, self._number)
        return PriceQuoted(
            position_id=message.position_id,
            symbol=self._symbol,
            price=price,
            time_us=self._guard.last_time_us,
            number=self._number,
            note=f"forced: {denial.text}" if denial else None,
        )

    def _quote_denial(self) -> Denial | None:
        symbol, last = self._symbol, self._guard.last_price
        if last is None:
            reason = DenialReason.PRICE_UNKNOWN
            text = f"no price of {symbol} has been accepted yet"
        elif self._paused:
            reason = DenialReason.PAUSED_BY_NETWORK
            text = f"{symbol} is paused: its venue's connection is down"
        elif self._guard.candidate is not None:
            reason = DenialReason.MARKET_QUARANTINED
            text = (
                f"{symbol} is quarantined: a price of {plain(self._guard.candidate.price)} "
                f"waits against the last accepted {plain(last)}"
            )
        elif self._age.is_stale:
            reason = DenialReason.PRICE_STALE
            text = f"{symbol} is stale: {self._age}"
        else:
            return None
        return Denial(reason=reason, text=text)

    def _release_candidate(self, message: ReleaseCandidate) -> None:
        had_candidate = self._guard.candidate
        if self._guard.release(message.price):
            assert self._guard.last_price is not None
            self._note_quarantine(
                message.price, self._guard.last_time_us, had_candidate, "released"
            )
            self._age.renew()
            self._number += 1
            self._accepted += 1
            if self._history:
                self._history.keep(self._number, message.price, self._guard.last_time_us)
            self._tell_reached(message.price, self._guard.last_time_us)
        self.directory.send(message.reply_to, self._report())

    def _note_quarantine(
        self,
        price: Decimal,
        time_us: int,
        had_candidate: Candidate | None,
        outcome: str | None = None,
    ) -> None:
        """Make the beginning and the end of a quarantine known; changes of candidate are not."""
        last = self._guard.last_price
        if had_candidate is None and self._guard.candidate is not None and last is not None:
            self._commit_event(
                PriceQuarantined(symbol=self._symbol, price=price, last_price=last, time_us=time_us)
            )
        elif had_candidate is not None and self._guard.candidate is None:
            confirmed = self._guard.confirms(had_candidate, price)
            self._commit_event(
                QuarantineEnded(
                    symbol=self._symbol,
                    outcome=outcome or ("confirmed" if confirmed else "dropped"),
                    candidate=had_candidate.price,
                    price=price,
                    time_us=time_us,
                )
            )

    def _commit_event(self, event: PriceQuarantined | QuarantineEnded) -> None:
        change = Change(account=None, wallet_before=None, wallet_after=None, events=(event,))
        self.directory.to_committer(CommitChange(change_id=0, change=change, reply_to=None))

    def _report(self) -> MarketReported:
        guard = self._guard
        if self._paused:
            state = MarketState.PAUSED
        elif guard.candidate is not None:
            state = MarketState.QUARANTINED
        else:
            state = MarketState.STALE if self._age.is_stale else MarketState.LIVE
        last = None
        if guard.last_price is not None:
            last = MarketPrice(
                symbol=self._symbol, price=guard.last_price, time_us=guard.last_time_us
            )
        return MarketReported(
            symbol=self._symbol,
            state=state,
            last=last,
            candidate=guard.candidate.price if guard.candidate else None,
            accepted=self._accepted,
            rejected=self._refused[Verdict.REJECTED],
            ignored=self._refused[Verdict.IGNORED],
            quarantined=self._refused[Verdict.QUARANTINED],
            armed=len(self._book),
        )
