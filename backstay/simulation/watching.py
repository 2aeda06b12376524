"""Tells the model what the actors have really handled, and which of it was lost with them."""

import re
from collections import deque
from typing import Any

from actors.engine.pooled import PooledActor
from actors.engine.supervised import SupervisedActor
from actors.market.actor import MarketActor
from actors.market.messages import (
    Arm,
    PriceQuoted,
    QuoteDenied,
    ReleaseCandidate,
    RetireMarket,
    SetPause,
    TakePrices,
)
from actors.position.actor import PositionActor
from actors.position.messages import ClosePosition, PriceReached
from actors.signals.actor import SignalActor
from actors.wallet.messages import OpenPosition
from backstay.simulation.clients import Client
from backstay.simulation.dispatcher import SimulatedDispatcher, Violation, Watcher, When, name_of
from backstay.simulation.model import Model
from backstay.simulation.model_market import ModelMarket, Quote
from backstay.simulation.model_tracking import Coverage

MESSAGE_CHARS = 300
HISTORY_MESSAGES = 40


class ModelWatcher(Watcher):
    """Follows one system's actors; a new one follows the next system."""

    def __init__(self, model: Model, dispatcher: SimulatedDispatcher) -> None:
        self._model = model
        self._dispatcher = dispatcher
        self._versions_at_end: dict[int, int] = {}
        self._markets: dict[str, MarketActor] = {}
        self.failures: list[tuple[int, str, str | int]] = []
        self.history: deque[str] = deque(maxlen=HISTORY_MESSAGES)
        for market in model.markets.values():
            market.lives.clear()

    def started(self, actor: PooledActor) -> None:
        """An actor's life begins."""
        if isinstance(actor, MarketActor):
            self._market_started(actor)
        elif isinstance(actor, PositionActor):
            self._position_started(actor)

    def handled(self, actor: PooledActor, message: Any) -> None:
        """An actor has handled a message."""
        self._note(actor, message)
        # One that was retired takes what was sent to it before its end; the model has the next one.
        if isinstance(actor, MarketActor) and self._markets[str(actor.key)] is actor:
            self._market_handled(actor, message)

    def sending(self, actor: PooledActor, message: Any) -> None:
        """An actor is about to send something."""
        if isinstance(actor, MarketActor):
            market = self._model.market(str(actor.key))
            if isinstance(message, PriceQuoted):
                self._quoted(market, message)
            elif isinstance(message, QuoteDenied):
                self._quote_denied(market, message)
        elif isinstance(actor, SignalActor) and isinstance(message, OpenPosition | ClosePosition):
            self._signal_asks(actor, message)

    def failing(self, actor: PooledActor, message: Any, when: When) -> None:
        """An actor's life ends by an exception."""
        self._note(actor, message, f" fails {when}")
        assert isinstance(actor, SupervisedActor)
        self.failures.append((self._model.requests.next_serial(), actor.kind, actor.key))
        if isinstance(actor, MarketActor):
            self._market_failing(actor)
        elif isinstance(actor, PositionActor):
            self._position_failing(actor, message, when)

    # --- Markets -----------------------------------------------------------------------------

    def _market_started(self, actor: MarketActor) -> None:
        market = self._model.market(str(actor.key))
        self._markets[market.symbol] = actor
        guard = actor._guard
        last = None if guard.last_price is None else (guard.last_price, guard.last_time_us)
        # After a failure it goes by what it has published, after a stop or kill by the database.
        expected = market.committed
        if market.lives:
            expected = None if market.retired else market.last
        paused = market.paused and not market.retired
        if (last, actor._pause is not None) != (expected, paused):
            self._dispatcher.violate(f"{name_of(actor)} starts from {last}: {market}")
        market.begin_life(actor._number, last)

    def _market_handled(self, actor: MarketActor, message: Any) -> None:
        market = self._model.market(str(actor.key))
        now_us = self._dispatcher.clock.now_us()
        steady_us = self._dispatcher.clock.monotonic_us()
        match message:
            case TakePrices():
                rebased_before = market.rebased
                verdicts = market.take(
                    list(message.prices), list(message.times_us), now_us, steady_us
                )
                self._expect_same_guard(actor, market)
                self._expect_told(message, verdicts, is_rebased=market.rebased > rebased_before)
            case SetPause(why=None):
                market.resume(now_us)
            case SetPause():
                market.pause(now_us)
            case RetireMarket() if actor._retired and not market.retired:
                market.retire(now_us)
                for tracked in self._model.guarded_positions():
                    if tracked.now.symbol == market.symbol:
                        self._dispatcher.violate(f"{message} is retired under {tracked.now}")
            case ReleaseCandidate():
                market.release(message.price, now_us, steady_us)
                self._expect_same_guard(actor, market)
            case Arm():
                self._coverage(message.position_id, market.symbol).armed(len(market.log))

    def _quoted(self, market: ModelMarket, quote: PriceQuoted) -> None:
        denial = market.denial(self._dispatcher.clock.monotonic_us())
        expected = (market.last, market.number, denial is None)
        actual = ((quote.price, quote.time_us), quote.number, quote.note is None)
        if actual != expected:
            self._dispatcher.violate(f"{quote} is quoted, must be {expected} ({denial})")
        self._coverage(quote.position_id, market.symbol).quotes.append(
            Quote(quote.price, quote.time_us, len(market.log), denial is None)
        )

    def _quote_denied(self, market: ModelMarket, message: QuoteDenied) -> None:
        denial = market.denial(self._dispatcher.clock.monotonic_us())
        if message.denial.reason != denial:
            self._dispatcher.violate(f"{message} is denied, must be {denial}")

    def _market_failing(self, actor: MarketActor) -> None:
        """A position with an open hit or stamp may miss later prices; all may until armed.

        A hit that could not be delivered, for its position had ended too, is lost with the market.
        """
        market = self._model.market(str(actor.key))
        unanswered = actor._history._unanswered
        for position_id, hit in actor._undelivered.items():
            self._coverage(position_id, market.symbol).lost.add(
                market.accepted_until(hit.number) - 1
            )
        for position_id, coverage in self._model.coverage.items():
            if coverage.symbol == market.symbol:
                begin = len(market.log)
                if position_id in unanswered:
                    begin = market.accepted_until(unanswered[position_id])
                coverage.miss_from(begin)

    def _expect_told(self, message: TakePrices, verdicts: list[str], *, is_rebased: bool) -> None:
        """Each sender that asked for verdicts has them, with a reason where one is due."""
        if not isinstance(message.reply_to, Client):
            return
        taken = message.reply_to.request.answer
        told = [str(judged.verdict) for judged in taken.judged] if taken is not None else None
        reasons = len(verdicts) - verdicts.count("accepted") + is_rebased
        if told != verdicts or sum(judged.why is not None for judged in taken.judged) != reasons:
            self._dispatcher.violate(f"{message} is answered with {taken}, must be {verdicts}")

    def _expect_same_guard(self, actor: MarketActor, market: ModelMarket) -> None:
        guard = actor._guard
        last = None if guard.last_price is None else (guard.last_price, guard.last_time_us)
        candidate = None if guard.candidate is None else guard.candidate.price
        expected = None if market.candidate is None else market.candidate[0]
        if (actor._number, last, candidate) != (market.number, market.last, expected):
            self._dispatcher.violate(
                f"{name_of(actor)} has price {actor._number}, {last}, candidate {candidate}; "
                f"must have {market.number}, {market.last}, {expected}"
            )

    # --- Signals -----------------------------------------------------------------------------

    def _signal_asks(self, actor: SignalActor, message: OpenPosition | ClosePosition) -> None:
        assert actor._run is not None, "a signal that asks is in hand"
        try:
            self._model.signals.expect_turn(actor._run.signal.signal_id, message)
        except Violation as violation:
            self._dispatcher.violate(str(violation))

    # --- Positions ---------------------------------------------------------------------------

    def _position_started(self, actor: PositionActor) -> None:
        position = actor._position
        position_id = position.position_id
        tracked = self._model.positions.get(position_id)
        if tracked is None or tracked.versions[tracked.now.version] != position:
            self._dispatcher.violate(
                f"{name_of(actor)} starts from {position}, which is not what is durable: {tracked}"
            )
            return
        if position.version < self._versions_at_end.get(position_id, 0):
            # What it had run ahead was lost with its wallet: it begins again where it arms.
            arms_on_their_way = sum(
                1
                for envelope in self._mailbox(self._markets[position.symbol])
                if isinstance(envelope.message, Arm) and envelope.message.position_id == position_id
            )
            tracked.coverage.miss_from(tracked.judged, arms_on_their_way)

    def _position_failing(self, actor: PositionActor, message: Any, when: When) -> None:
        position = actor._position
        self._versions_at_end[position.position_id] = position.version
        market = self._model.market(position.symbol)
        lost = [envelope.message for envelope in self._mailbox(actor)]
        if when is not When.AFTER:
            lost.append(message)
        self._coverage(position.position_id, market.symbol).lost.update(
            market.accepted_until(hit.number) - 1 for hit in lost if isinstance(hit, PriceReached)
        )

    def _coverage(self, position_id: int, symbol: str) -> Coverage:
        return self._model.coverage.setdefault(position_id, Coverage(symbol))

    def _mailbox(self, actor: PooledActor) -> list[Any]:
        return actor.actor_inbox.queued()

    def _note(self, actor: PooledActor, message: Any, what: str = "") -> None:
        self.history.append(f"  {name_of(actor)}{what}: {shortened(repr(message))[:MESSAGE_CHARS]}")


def shortened(text: str) -> str:
    """Values without their types, positions and wallets by their versions."""
    text = re.sub(r"Decimal\('([^']*)'\)|<\w+\.\w+: '([^']*)'>", r"\1\2", text)
    return re.sub(r"\b(Position|Wallet)\((.{40}).*?(version=\d+).*?\)", r"\1(\2... \3)", text)
