"""A whole system on one seeded thread, over a database that fails, with its model beside it."""

import random
from collections import defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actors.base import PooledActor, actor_of
from actors.committer import CommitterActor
from actors.directory import Directory
from actors.messages import TakePrices
from actors.position import PositionActor
from actors.supervised import ActorKind, SupervisedActor
from actors.system import System, SystemSettings, UncommittedError
from simulation.clients import Client, command
from simulation.dispatcher import FailPoint, Killed, SimulatedDispatcher, Violation, When
from simulation.faulty_store import Committed, FaultRates, FaultyStore
from simulation.model import Model
from simulation.requests import PricesAsked, Request, Requests
from simulation.watching import ModelWatcher

START_US = 1_700_000_000_000_000
FAILURES_A_MINUTE_MAX = 6
SETTLE_SECONDS_MAX = 60
SETTINGS = SystemSettings(audit_seconds=10.0, renew_seconds=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What may go wrong, and how often: likelihoods in a step, besides those of the database.

    Without `interleaved` everybody finishes a step before the next one begins.
    """

    database: FaultRates = FaultRates()
    failure: float = 0.0
    kill: float = 0.0
    stop: float = 0.0
    interleaved: bool = True

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong, and one thing happens after another."""
        return self == Weather(interleaved=False)


class World:
    """The system with its database, its clients' requests and the model of both."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.seed = seed
        self.weather = weather
        self.random = random.Random(f"world {seed}")
        self.requests = Requests()
        self.model = Model(self.requests)
        self.store = FaultyStore(seed, weather.database)
        self.store.on_durable = self._durable
        self.lives = self.kills = self.failures = self.messages = 0
        self._failed_us: defaultdict[PooledActor | str, deque[int]] = defaultdict(deque)
        self._begin_life(START_US)

    @property
    def now_us(self) -> int:
        """The virtual time."""
        return self.dispatcher.clock.now_us()

    def close(self) -> None:
        """Close the database."""
        self.store.real.close()

    # --- Lives -------------------------------------------------------------------------------

    def kill(self) -> None:
        """End everything between two messages, and start again from what is durable."""
        self.kills += 1
        self._end_life(complete=False)

    def stop(self) -> None:
        """Stop in order.

        What the database does not take then is lost as in a kill, and said to be; so is what waits
        for an actor's next life.
        """
        self.dispatcher.forget_fail_points()
        lives = self.lives
        self.run()
        if lives != self.lives:
            return
        complete = not self.dispatcher.recovering
        try:
            self.system.stop()
        except (UncommittedError, Killed):
            complete = False
        self._end_life(complete=complete)

    def _begin_life(self, now_us: int) -> None:
        self.lives += 1
        epoch = self.model.epoch = self.store.next_life("simulation")
        self.dispatcher = SimulatedDispatcher(
            self.random.getrandbits(32), now_us, lambda: self.store.kill_wanted
        )
        self.watcher = ModelWatcher(self.model, self.dispatcher)
        self.dispatcher.watcher = self.watcher
        self.system = System(self.store, self.dispatcher, epoch=epoch, settings=SETTINGS)
        _observe_sends(self.system.directory, self.dispatcher)

    def _end_life(self, *, complete: bool) -> None:
        now_us = self.now_us + self.random.randrange(5_000_000)
        self.messages += self.dispatcher.messages
        self.requests.kill()
        for market in self.model.markets.values():
            market.events.clear()  # a deposed owner tells them no more
            market.paused = False
        self.model.coverage = {
            position_id: tracked.coverage for position_id, tracked in self.model.positions.items()
        }
        for tracked in self.model.open_positions():
            accepted = len(self.model.market(tracked.now.symbol).log)
            tracked.coverage.miss_from(accepted if complete else tracked.judged)
        self._begin_life(now_us)

    # --- Running -----------------------------------------------------------------------------

    def send(self, request: Request) -> None:
        """Tell the Desk what a client asks."""
        client = Client(request, self.model, self.dispatcher)
        self.system.tell(command(request, client))

    def tell_market(self, symbol: str, message: Any) -> bool:
        """Tell a market, if it is there."""
        return self.system.directory.to_market(symbol, message)

    def send_prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        """Tell a market prices as a client who wants to know what becomes of each."""
        request = PricesAsked(self.requests.next_serial(), symbol=symbol)
        client = Client(request, self.model, self.dispatcher)
        message = TakePrices(prices=prices, times_us=times_us, reply_to=client)
        if self.tell_market(symbol, message):
            self.requests.prices.append(request)

    def run(self, messages: int | None = None) -> None:
        """Run so many messages, or until nobody has any left."""
        try:
            while messages is None or messages > 0:
                if not self.dispatcher.run_one():
                    break
                messages = None if messages is None else messages - 1
        except Killed:
            self.kill()
        self._expect_no_fatal()

    def advance(self, seconds: float) -> None:
        """Let time pass, and everybody do what is due."""
        try:
            self.dispatcher.run_until_idle()
            self.dispatcher.advance(seconds)
        except Killed:
            self.kill()
        self._expect_no_fatal()

    def settle(self) -> None:
        """Let nothing fail any more, and give everybody the time to recover."""
        self.store.failing = False
        self.dispatcher.forget_fail_points()
        self.run()
        for _ in range(SETTLE_SECONDS_MAX):
            if not self.dispatcher.recovering:
                break
            self.advance(1.0)
        else:
            raise Violation(f"nothing fails any more, and yet it recovers: {SETTLE_SECONDS_MAX} s")
        self.run()

    def unsettle(self) -> None:
        """Let things go wrong again."""
        self.store.failing = True

    def fail_someone(self) -> str:
        """Let somebody raise at the next message; tells who."""
        if self.random.random() < 0.1:
            kind = self.random.choice((ActorKind.MARKET, ActorKind.WALLET, ActorKind.POSITION))
            self.dispatcher.fail_next_start(kind)
            return f"the next {kind} that starts"
        actors = [actor for actor in self._related() if self._may_fail(actor)]
        return ", ".join(self._fail(actor) for actor in actors) or "nobody"

    def _fail(self, actor: SupervisedActor) -> str:
        whens = [When.BEFORE, When.AFTER]
        if actor.kind is not ActorKind.MARKET:
            whens.append(When.DURING)
        when = self.random.choice(whens)
        self.dispatcher.fail_next(actor, FailPoint(when, self.random.randrange(3)))
        self._failed_us[f"{actor.kind} {actor.key}"].append(self.now_us)
        self.failures += 1
        return f"{actor.kind} {actor.key} {when} its next message"

    def _related(self) -> list[SupervisedActor]:
        """Somebody who is alive; or some of a position, its wallet and its market."""
        living = self.living()
        positions = [actor for actor in living if isinstance(actor, PositionActor)]
        if not positions or self.random.random() < 0.6:
            return [self.random.choice(living)] if living else []
        position = self.random.choice(positions)
        keys = (position.key, position._position.account, position._position.symbol)
        return [a for a in living if a.key in keys and self.random.random() < 0.7]

    def living(self) -> list[SupervisedActor]:
        """The actors that may be made to fail: all but the Desk and the Committer."""
        directory = self.system.directory
        recipients: list[Any] = [
            *directory.markets.values(),
            *directory.wallets.values(),
            *directory.positions.values(),
            directory.auditor,
        ]
        actors = [actor_of(ref) for ref in recipients if ref.is_alive()]
        return [actor for actor in actors if isinstance(actor, SupervisedActor)]

    @property
    def committer(self) -> CommitterActor:
        """The Committer itself."""
        return self.system._committer

    def _may_fail(self, actor: SupervisedActor) -> bool:
        recent = self._failed_us[f"{actor.kind} {actor.key}"]
        while recent and recent[0] < self.now_us - 60_000_000:
            recent.popleft()
        return len(recent) < FAILURES_A_MINUTE_MAX

    def _expect_no_fatal(self) -> None:
        fatal = self.system.fatal.future
        if fatal.done():
            raise Violation(f"the process would have ended: {fatal.result()}")

    def _durable(self, commit: Committed) -> None:
        try:
            self.model.committed(commit)
        except Violation as violation:
            self.dispatcher.violate(str(violation))


def _observe_sends(directory: Directory, dispatcher: SimulatedDispatcher) -> None:
    """Make every send known to the dispatcher, so that an actor can fail in its middle."""
    send = directory.send

    def observed(recipient: Any, message: Any) -> bool:
        dispatcher.sending(message)
        return send(recipient, message)

    directory.send = observed  # type: ignore[method-assign]
