"""A whole service on one seeded thread, over a database that fails, with its model beside it.

One life owns the database. In some weathers a standby asks for it all the time, and takes over
when the owner's lease has run out; a deposed owner goes on until it finds out.
"""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from actors.commit.actor import CommitterActor
from actors.desk.messages import OpenMarket
from actors.engine.clock import VirtualClock
from actors.market.messages import TakePrices
from actors.system import System, UncommittedError
from backstay.simulation.asked import Requests
from backstay.simulation.clients import Client, command
from backstay.simulation.connection import OwnerConnection
from backstay.simulation.database import Committed, SharedDatabase
from backstay.simulation.dispatcher import Killed, SimulatedDispatcher, Violation
from backstay.simulation.life import RENEW_SECONDS, Life
from backstay.simulation.model import Model
from backstay.simulation.phone import Phone
from backstay.simulation.requests import PricesAsked, Request
from backstay.simulation.setting import SYMBOLS
from backstay.simulation.watching import ModelWatcher
from backstay.simulation.weather import Weather
from persistence.errors import OwnedElsewhere, Unavailable

START_US = 1_700_000_000_000_000
SETTLE_SECONDS_MAX = 60
ASK_SECONDS = 0.5
"""How often a standby asks for the database."""


class World:
    """The service with its database, its clients' requests and the model of both."""

    def __init__(self, seed: int, weather: Weather) -> None:
        """Begin with an empty database, and its first owner."""
        self.seed = seed
        self.weather = weather
        self.random = random.Random()
        self._chance = random.Random()
        self._order = random.Random()
        self.begin_step(0)
        self.clock = VirtualClock(START_US)
        self.requests = Requests()
        self.model = Model(self.requests)
        self.phone = Phone()
        self.database = SharedDatabase(self.clock)
        self.database.on_durable = self._durable
        self.violations: list[str] = []
        self.ghosts: list[Life] = []
        self.lives = self.kills = self.takeovers = self.messages = self.faults = 0
        self._begin_life(self._acquired())

    @property
    def now_us(self) -> int:
        """The virtual time, which only moves forward."""
        return self.clock.monotonic_us()

    @property
    def day_us(self) -> int:
        """The time of day by the clock of the service's machine, which may be wrong."""
        return self.clock.now_us()

    @property
    def dispatcher(self) -> SimulatedDispatcher:
        """The owner's dispatcher."""
        return self.life.dispatcher

    @property
    def system(self) -> System:
        """The owner's actors."""
        return self.life.system

    @property
    def watcher(self) -> ModelWatcher:
        """Who follows the owner's actors."""
        return self.life.watcher

    @property
    def committer(self) -> CommitterActor:
        """The owner's Committer itself."""
        return self.system._committer

    def begin_step(self, number: int) -> None:
        """Draw from here on what belongs to this step, whatever was drawn before.

        So that a step does the same when others are left out.
        """
        for name in ("random", "_chance", "_order"):
            getattr(self, name).seed(f"{name} {self.seed} {number}")

    def close(self) -> None:
        """Close the database."""
        self.database.real.close()

    # --- Lives -------------------------------------------------------------------------------

    def kill(self) -> None:
        """End the owner between two messages; the next one waits until its lease is over."""
        self.kills += 1
        self._succeed(self._acquired(), complete=False)

    def stop(self) -> None:
        """Stop the owner in order.

        What the database does not take then is lost as in a kill, and said to be; so is what waits
        for an actor's next life.
        """
        self.dispatcher.forget_fail_points()
        life = self.life
        self.run()
        if life is not self.life:
            return
        complete = not self.dispatcher.recovering
        try:
            self.system.stop()
        except (UncommittedError, Killed):
            complete = False
        if life in self.ghosts:
            self.ghosts.remove(life)  # deposed while it stopped: it has ended, whatever it knew
        if life is not self.life:
            return
        try:
            self.database.expect_there()
            self.database.release(life.epoch)
        except Unavailable:
            complete = False
        self._succeed(self._acquired(), complete=complete)

    def freeze(self, seconds: float) -> str:
        """The owner's process is stopped for so long, as by SIGSTOP: its clock goes on."""
        lives = self.lives
        self.pass_time(seconds)
        return f"the owner is frozen for {seconds} s" + (
            " and deposed" if lives != self.lives else ""
        )

    def let_ghost_go_on(self, ghost: Life, messages: int) -> None:
        """Run a deposed owner that does not know it: nothing that it does may be durable."""
        try:
            ghost.dispatcher.catch_up()
            for _ in range(messages):
                if not ghost.dispatcher.run_one():
                    break
        except Killed:
            self.ghosts.remove(ghost)
            return
        if ghost.has_found_out:
            self.ghosts.remove(ghost)

    def ask(self) -> bool:
        """A standby asks for the database; tells whether it has become the owner."""
        try:
            epoch = self.database.acquire(f"life {self.lives + 1}")
        except (OwnedElsewhere, Unavailable):
            return False
        self.takeovers += 1
        self.life.depose()
        self.ghosts.append(self.life)
        self._succeed(epoch, complete=False)
        return True

    def _acquired(self) -> int:
        """Become the owner if no other one is running; the world's time goes on meanwhile."""
        while True:
            try:
                return self.database.acquire(f"life {self.lives + 1}")
            except (OwnedElsewhere, Unavailable):
                self.clock.advance_to(self.now_us + round(ASK_SECONDS * 1_000_000))

    def _succeed(self, epoch: int, *, complete: bool) -> None:
        """Begin the next life; of one that was not `complete`, what was not durable is lost."""
        self.messages += self.dispatcher.messages
        self.faults += self.life.connection.faults
        self.requests.kill()
        for market in self.model.markets.values():
            market.events.clear()  # a deposed owner tells them no more
            market.paused = False
        self.model.coverage = {id_: its.coverage for id_, its in self.model.positions.items()}
        for tracked in self.model.open_positions():
            log = self.model.market(tracked.now.symbol).log
            if complete and tracked.now.position_id not in self.model.ruined:
                tracked.expect_nothing_missed(log, len(log))
            tracked.begin_life(len(log))
        self.model.ruined.clear()
        self._begin_life(epoch)

    def _begin_life(self, epoch: int) -> None:
        self.lives += 1
        self.model.epoch = epoch
        failing, self.database.failing = self.database.failing, False
        connection = OwnerConnection(self.database, self.weather.database, self._chance, self)
        self.life = Life(
            epoch=epoch,
            connection=connection,
            clock=self.clock,
            order=self._order,
            model=self.model,
            violations=self.violations,
            phone=self.phone,
        )
        self.database.failing = failing
        # The feeds start last, and open the markets of which nothing was durable yet.
        for symbol in SYMBOLS:
            self.system.tell(OpenMarket(symbol=symbol))

    # --- While an owner waits for the database ------------------------------------------------

    def while_it_waits(self) -> None:
        """Other threads of the owner go on, and time passes."""
        dispatcher = self.life.dispatcher
        for _ in range(self._chance.randrange(12)):
            dispatcher.run_one()
        self.pass_time(self._chance.choice((0.01, 0.1, 0.6, 2.5)))

    def while_it_is_frozen(self, locked_seconds: float) -> None:
        """The owner stands still in the middle of its call, at first with its row locked."""
        self.clock.advance_to(self.now_us + round(locked_seconds * 1_000_000))
        self.pass_time(self._chance.choice((0.5, 3, 7)))

    # --- Running -----------------------------------------------------------------------------

    def send(self, request: Request, life: Life | None = None) -> None:
        """Tell an owner's Desk what a client asks."""
        asked = life or self.life
        request.dead = asked.is_deposed
        client = Client(request, self.model, asked.dispatcher)
        asked.system.tell(command(request, client))

    def tell_market(self, symbol: str, message: Any) -> bool:
        """Tell a market, if it is there."""
        return self.system.directory.to_market(symbol, message)

    def send_prices(
        self, symbol: str, prices: list[Decimal], times_us: Sequence[int | None]
    ) -> None:
        """Tell a market prices as a client who wants to know what becomes of each."""
        request = PricesAsked(self.requests.next_serial(), symbol=symbol)
        client = Client(request, self.model, self.dispatcher)
        message = TakePrices(prices=prices, times_us=times_us, reply_to=client)
        if self.tell_market(symbol, message):
            self.requests.prices.append(request)

    def run(self, messages: int | None = None) -> None:
        """Run so many messages, or until no actor has any left."""
        try:
            while messages is None or messages > 0:
                if not self.dispatcher.run_one():
                    break
                messages = None if messages is None else messages - 1
        except Killed:
            self.kill()
        self._expect_no_fatal()

    def pass_time(self, seconds: float) -> None:
        """Let time pass while messages wait and no timer is told; a standby asks meanwhile."""
        end_us = self.now_us + round(seconds * 1_000_000)
        while self.now_us < end_us:
            self.clock.advance_to(min(end_us, self.now_us + round(ASK_SECONDS * 1_000_000)))
            if self.weather.standby and self.database.failing:
                self.ask()

    def advance(self, seconds: float) -> None:
        """Let time pass, and every actor do what is due."""
        end_us = self.now_us + round(seconds * 1_000_000)
        try:
            self.dispatcher.run_until_idle()
            while self.now_us < end_us:
                self.dispatcher.advance(min(1.0, (end_us - self.now_us) / 1_000_000))
                if self.weather.standby and self.database.failing:
                    self.ask()
        except Killed:
            self.kill()
        self._expect_no_fatal()

    def settle(self) -> None:
        """Stop all failures, and give every actor the time to recover, or to find out."""
        self.database.failing = False
        self.dispatcher.forget_fail_points()
        self.run()
        for _ in range(SETTLE_SECONDS_MAX):
            if not self.dispatcher.recovering:
                break
            self.advance(1.0)
        else:
            raise Violation(f"nothing fails any more, and yet it recovers: {SETTLE_SECONDS_MAX} s")
        self._let_ghosts_find_out()
        self.run()
        self._tell_phone_everything()

    def unsettle(self) -> None:
        """Let things go wrong again."""
        self.database.failing = True

    def _let_ghosts_find_out(self) -> None:
        if not self.ghosts:
            return
        self.advance(RENEW_SECONDS)
        for ghost in tuple(self.ghosts):
            ghost.dispatcher.forget_fail_points()
            ghost.dispatcher.catch_up()
            ghost.dispatcher.run_until_idle()
            if not ghost.has_found_out:
                raise Violation(f"owner {ghost.epoch} was deposed and does not find out")
            self.ghosts.remove(ghost)

    def _tell_phone_everything(self) -> None:
        said = ""
        while not said.endswith("everything"):
            said = self.life.tell_phone(arrives=True)
            self.run()

    def _expect_no_fatal(self) -> None:
        if self.life.has_found_out:
            raise Violation(f"the process would have ended: {self.system.fatal.get(0)}")

    def _durable(self, commit: Committed) -> None:
        try:
            self.model.committed(commit)
        except Violation as violation:
            self.violations.append(str(violation))
