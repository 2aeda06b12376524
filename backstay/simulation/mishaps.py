"""Mishaps of the owner and its database: kills, stops, freezes, outages, clocks."""

from collections.abc import Callable

from actors.desk.messages import OpenMarket
from actors.market.messages import RetireMarket
from backstay.simulation.dispatcher import Violation
from backstay.simulation.failures import Failures
from backstay.simulation.life import RENEW_SECONDS
from backstay.simulation.prices import Nobody
from backstay.simulation.setting import SYMBOLS
from backstay.simulation.world import World
from trading.times import SECOND_US


class Mishaps:
    """Draws what goes wrong, as often as the weather says; each returns a line that says what."""

    def __init__(self, world: World) -> None:
        """Begin without a mishap."""
        self.failures = Failures(world)
        self._world = world
        self._random = world.random

    def draw(self) -> Callable[[], str] | None:
        """What goes wrong in this step, if anything."""
        weather = self._world.weather
        # Drawn only where there are any: the histories of other weathers stay as they were.
        if weather.ruin and self._random.random() < weather.ruin:
            return self.ruin
        if weather.retire and self._random.random() < weather.retire:
            return self.retire_market
        for likelihood, mishap in (
            (weather.kill, self.kill),
            (weather.stop, self.stop),
            (weather.failure, self.fail),
            (weather.freeze, self.freeze),
            (weather.clock, self.set_clock),
            (weather.files, self.lose_files),
            (weather.database.stop, self.stop_database),
            (weather.database.cut, self.cut_connection),
            (weather.database.full, self.fill_disk),
        ):
            if self._random.random() < likelihood:
                return mishap
        return None

    def kill(self) -> str:
        """Everything is killed."""
        self._world.kill()
        return "everything is killed"

    def stop(self) -> str:
        """Everything is stopped in order."""
        self._world.stop()
        return "everything is stopped"

    def fail(self) -> str:
        """An actor is made to fail, or some that have to do with one another."""
        return f"made to fail: {self.failures.fail_someone()}"

    def ruin(self) -> str:
        """A position fails for good: whatever its lives are told, they raise."""
        return f"ruined: {self.failures.ruin_a_position()}"

    def retire_market(self) -> str:
        """An operator retires a market, unless one is to be made again."""
        world = self._world
        for symbol in SYMBOLS:
            if symbol not in world.system.directory.markets:
                world.system.tell(OpenMarket(symbol=symbol))
                return f"market {symbol} is made again"
        symbol = self._random.choice([*SYMBOLS])
        world.system.tell(RetireMarket(symbol=symbol, reply_to=Nobody()))
        return f"an operator retires market {symbol}"

    def freeze(self) -> str:
        """The owner's process stands still, as under a debugger or a machine that swaps."""
        return self._world.freeze(self._random.choice((0.5, 2, 4.5, 6, 12)))

    def set_clock(self) -> str:
        """The time of day is set: right, a little wrong, or wrong by up to more than a year."""
        seconds = self._random.choice((0, 0, 0.5, 3, 7, 3_600, 86_400 * 400))
        seconds *= self._random.choice((-1, 1))
        self._world.clock.set_wrong(round(seconds * SECOND_US))
        return f"the clock is set to {seconds} s from what is right"

    def lose_files(self) -> str:
        """The database's files are deleted or replaced; the operator ends the owner."""
        world, life = self._world, self._world.life
        life.connection.lose_files()
        world.requests.kill()
        world.advance(RENEW_SECONDS + 1)
        if world.life is life:
            if not life.system.published.damaged:
                raise Violation(f"owner {life.epoch} does not find out that its files are others")
            world.kill()
        return "the database's files become others under the owner"

    def stop_database(self) -> str:
        """The server is gone for some time."""
        seconds = self._random.choice((0.3, 2, 9))
        self._world.database.stop(seconds)
        return f"the database is gone for {seconds} s"

    def cut_connection(self) -> str:
        """The owner does not reach the database; a standby does."""
        seconds = self._random.choice((0.3, 3, 8))
        self._world.life.connection.cut(seconds)
        return f"the owner's connection is cut for {seconds} s"

    def fill_disk(self) -> str:
        """The disk is full for a while."""
        seconds = self._random.choice((1, 7))
        self._world.database.fill_disk(seconds)
        return f"the disk is full for {seconds} s"
