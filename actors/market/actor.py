"""One symbol's prices: judged, numbered, and passed to the positions that they reach."""

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.supervised import ActorKind, SupervisedActor
from actors.market.denials import paused_by_network, quote_denial, unknown_candidate
from actors.market.events import MarketEvents
from actors.market.messages import (
    Arm,
    Disarm,
    HearPrices,
    JudgedPrice,
    MarketMessage,
    PriceQuoted,
    PricesHeard,
    PricesTaken,
    QuoteDenied,
    QuotePrice,
    ReleaseCandidate,
    ReleaseQuotes,
    RetireMarket,
    SetPause,
    TakePrices,
)
from actors.market.price_age import PriceAge
from actors.market.price_history import Accepted, PriceHistory
from actors.market.retirement import retire, retirement_denial
from actors.market.settings import MarketSettings
from actors.market.trigger_book import TriggerBook
from actors.market.verdicts import Verdicts, stamp_us
from actors.messages import Denied
from actors.position.messages import PriceReached
from actors.published import MarketPause, MarketStatus, Published
from trading.model import MarketPrice
from trading.price_guard import PriceGuard, Verdict


class MarketActor(SupervisedActor):
    """Guards a symbol's prices and tells each accepted one to the positions that it reaches.

    Accepted prices are numbered. A position that was told a price, because it reaches it or was
    asked for, is out of the trigger book until it arms again; the prices in between are kept, so
    that arming misses none of them.
    """

    kind = ActorKind.MARKET

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        symbol: str,
        *,
        published: Published,
        settings: MarketSettings | None = None,
        last: MarketPrice | None = None,
        pause: MarketPause | None = None,
        first_number: int = 0,
    ) -> None:
        """Start from a former life's last accepted price and pause, if any."""
        super().__init__(directory, symbol)
        self._clock = clock
        self._published = published
        self._symbol = symbol
        self._settings = settings or MarketSettings()
        self._guard = PriceGuard(
            self._settings.guard,
            last_price=last.price if last else None,
            last_time_us=last.time_us if last else None,
        )
        self._number = first_number
        self._age = PriceAge(clock, self._settings.price_age_seconds_max)
        self._pause = pause
        self._book = TriggerBook()
        self._history = PriceHistory()
        self._events = MarketEvents(directory, clock, symbol, self._guard)
        self._quoted: dict[int, str] = {}
        self._questions: dict[int, QuotePrice] = {}
        self._undelivered: dict[int, Accepted] = {}
        self._verdicts = Verdicts()
        self._retired = False
        self._publish()

    def on_receive(self, message: MarketMessage) -> None:
        """Handle one message."""
        match message:
            case TakePrices():
                self._take_all(message)
            case HearPrices():
                if self._pause is not None:
                    self._verdicts.hear_all(message.prices)
                    self._publish()
                self.directory.send(message.reply_to, PricesHeard())
            case Arm():
                self._arm(message)
            case Disarm():
                self._forget(message.position_id)
                self._book.disarm(message.position_id)
            case QuotePrice():
                self._on_quote(message)
            case ReleaseQuotes():
                self._release_quotes(message)
            case SetPause():
                self._set_pause(message.why)
            case ReleaseCandidate():
                self._release_candidate(message)
            case RetireMarket():
                self._retire(message)
            case _:
                assert_never(message)

    @property
    def accepted(self) -> int:
        """How many prices were accepted so far."""
        return self._verdicts.accepted

    def take(
        self,
        prices: Sequence[Decimal],
        times_us: Sequence[int | None],
        start: int,
        now_us: int,
        end: int,
    ) -> int:
        """Judge prices from `start` to before `end`, up to the first that reaches a position.

        Returns the index after it, or `end`. The replay lets every actor finish before it goes on;
        a mailbox goes on at once, and the history keeps what positions miss.
        """
        guard, book, history, verdicts = self._guard, self._book, self._history, self._verdicts
        judge, accepted, accepted_before = guard.judge, Verdict.ACCEPTED, verdicts.accepted
        low, high = book.low, book.high  # Positions arm between two calls of this.
        # Only where a time stop may fall due does a quiet price cost a third comparison.
        timed = book.due_us <= now_us + self._settings.guard.ahead_max_us
        for index in range(start, end):
            price = prices[index]
            had_candidate = guard.candidate
            verdict = judge(price, times_us[index], now_us)
            if verdict is not accepted or had_candidate is not None:
                time_us = times_us[index]
                self._events.note_quarantine(price, stamp_us(time_us, now_us), had_candidate)
                if verdict is not accepted:
                    self._refuse(verdict, price, time_us, now_us)
                    continue
            self._number += 1
            verdicts.accepted += 1
            if history:
                history.keep(self._number, price, guard.last_time_us, self._clock.monotonic_us())
            if price >= high or price <= low or (timed and guard.last_time_us >= book.due_us):
                self._age.renew()
                self._tell_reached(price, guard.last_time_us)
                return index + 1
        if verdicts.accepted > accepted_before:
            self._age.renew()
        return end

    def _set_pause(self, why: str | None) -> None:
        if why is not None:
            self._pause = self._events.paused(self._pause, why, self._clock.now_us())
            self._publish()
        elif self._pause is not None and not self._retired:
            self._events.resumed(self._pause, self._clock.now_us())
            self._pause = None
            self._age.forget()
            self._publish()

    def _take_all(self, message: TakePrices) -> None:
        now_us, count = self._clock.now_us(), len(message.prices)
        judged: list[JudgedPrice] = []
        if self._pause is not None:
            judged = self._verdicts.ignored(message, now_us, f"paused: {self._pause.why}")
        elif message.reply_to is None:
            index = 0
            while index < count:
                index = self.take(message.prices, message.times_us, index, now_us, count)
        else:
            judged = [self._judged(message, index, now_us) for index in range(count)]
        self._events.note_rebased(now_us)
        self._publish()
        if message.reply_to is not None:
            self.directory.send(message.reply_to, PricesTaken(judged=tuple(judged)))

    def _judged(self, message: TakePrices, index: int, now_us: int) -> JudgedPrice:
        """Take one price, and say what became of it."""
        before = self._verdicts.accepted
        self.take(message.prices, message.times_us, index, now_us, index + 1)
        price, time_us = message.prices[index], message.times_us[index]
        return self._verdicts.judged(self._guard, price, time_us, now_us, before=before)

    def _refuse(self, verdict: Verdict, price: Decimal, time_us: int | None, now_us: int) -> None:
        self._verdicts.refuse(verdict, price)
        if verdict is Verdict.REJECTED:
            why = self._guard.why(verdict, price, time_us, now_us)
            self._events.note_rejected(price, why, accepted=self._verdicts.accepted)

    def _tell_reached(self, price: Decimal, time_us: int) -> None:
        reached = Accepted(self._number, price, time_us, self._age.received_us)
        for position_id in self._book.take_reached(price, time_us):
            self._tell_hit(position_id, reached)

    def _tell_hit(self, position_id: int, reached: Accepted) -> None:
        hit = PriceReached(position_id=position_id, **reached._asdict())
        self._history.ask(position_id, reached.number, self.directory.positions.get(position_id))
        if not self.directory.to_position(position_id, hit):
            self._undelivered[position_id] = reached

    def _arm(self, message: Arm) -> None:
        """Look through the prices that the position has missed, then wait for its triggers."""
        position_id, after, triggers = message.position_id, message.after, message.triggers
        asked_at = self._history.asked_at(position_id)
        is_early = asked_at is not None and after is not None and after < asked_at
        if is_early or (after is None and self._history.was_told(position_id, message.sender)):
            # Sent before the position knew of the last price that it was told: it arms again.
            return
        self._book.disarm(position_id)
        self._quoted.pop(position_id, None)
        self._history.answer(position_id)
        undelivered = self._undelivered.pop(position_id, None)
        if undelivered is not None and triggers.reached_by(undelivered.price, undelivered.time_us):
            self._tell_hit(position_id, undelivered)
            return
        after = asked_at if after is None else after
        for missed in self._history.since(after) if after is not None else ():
            if triggers.reached_by(missed.price, missed.time_us):
                self._tell_hit(position_id, missed)
                return
        self._history.trim()
        self._book.arm(position_id, triggers)
        question = self._questions.pop(position_id, None)
        if question is not None:
            self._answer(question)

    def _forget(self, position_id: int) -> None:
        self._quoted.pop(position_id, None)
        self._undelivered.pop(position_id, None)
        self._questions.pop(position_id, None)
        self._history.answer(position_id)
        self._history.trim()

    def _release_quotes(self, message: ReleaseQuotes) -> None:
        for position_id, account in tuple(self._quoted.items()):
            if account == message.account and position_id not in message.opened:
                self._forget(position_id)

    def _on_quote(self, message: QuotePrice) -> None:
        """Quote a price; to a position once it is armed, and has judged every price before it."""
        if message.for_open or message.position_id in self._book:
            self._answer(message)
        else:
            self._questions[message.position_id] = message

    def _answer(self, message: QuotePrice) -> None:
        position_id, price = message.position_id, self._guard.last_price
        denial = quote_denial(self.status, self._clock.monotonic_us())
        if denial is not None and not (message.force and price is not None):
            self.directory.send(
                message.reply_to,
                QuoteDenied(position_id=position_id, denial=denial, question=message.question),
            )
            return
        assert price is not None, "a market without a price denies its quote"
        quote = PriceQuoted(
            position_id=position_id,
            symbol=self._symbol,
            price=price,
            time_us=self._guard.last_time_us,
            number=self._number,
            note=f"forced: {denial.text}" if denial else None,
            question=message.question,
        )
        # A sender that was restarted meanwhile asks again; a position has armed by then.
        if not self.directory.send(message.reply_to, quote):
            return
        if message.for_open:
            self._quoted[position_id] = message.account
        self._book.disarm(position_id)
        self._history.ask(position_id, self._number)

    def _release_candidate(self, message: ReleaseCandidate) -> None:
        had_candidate, price, denial = self._guard.candidate, message.price, None
        if self._pause is not None:
            denial = paused_by_network(self._symbol, self._pause)
        elif not self._guard.release(price, self._clock.now_us()):
            denial = unknown_candidate(self._symbol, price, had_candidate)
        if denial is not None:
            self.directory.send(message.reply_to, Denied(denial=denial))
            return
        time_us = self._guard.last_time_us
        self._events.note_quarantine(price, time_us, had_candidate)
        self._events.note_rebased(time_us)
        self._age.renew()
        self._number += 1
        self._verdicts.accepted += 1
        if self._history:
            self._history.keep(self._number, price, time_us, self._clock.monotonic_us())
        self._tell_reached(price, time_us)
        self._publish()
        self.directory.send(message.reply_to, self.status)

    def _retire(self, message: RetireMarket) -> None:
        """Go for good, unless something is open on this market or waits for its price."""
        undecided, armed = len(self._quoted) + len(self._questions), len(self._book)
        denial = retirement_denial(self._published, self._symbol, armed, undecided)
        if denial is None and self._pause is not None:
            denial = paused_by_network(self._symbol, self._pause)
        if denial is not None:
            self.directory.send(message.reply_to, Denied(denial=denial))
            return
        # What still waits in the mailbox is refused as by any market that is paused.
        now_us, self._retired = self._clock.now_us(), True
        self._pause = MarketPause(why="the market was retired", since_us=now_us)
        self._published.markets.pop(self._symbol, None)
        retire(self.directory, message, now_us)

    def _publish(self) -> None:
        if self._retired:
            return
        self._published.markets[self._symbol] = self.status

    @property
    def status(self) -> MarketStatus:
        """What it publishes."""
        guard, refused = self._guard, self._verdicts.refused
        last = None
        if guard.last_price is not None:
            last = MarketPrice(
                symbol=self._symbol, price=guard.last_price, time_us=guard.last_time_us
            )
        return MarketStatus(
            symbol=self._symbol,
            last=last,
            received_us=self._age.received_us,
            price_age_us_max=self._age.us_max,
            unheard_since=self._age.since,
            candidate=guard.candidate.price if guard.candidate else None,
            pause=self._pause,
            heard=self._verdicts.heard,
            accepted=self._verdicts.accepted,
            rejected=refused[Verdict.REJECTED],
            ignored=refused[Verdict.IGNORED],
            quarantined=refused[Verdict.QUARANTINED],
            rebased=guard.rebases,
            armed=len(self._book),
            due_us=self._book.due_us,
        )
