"""One seed's run: its steps, the checks, and a report that repeats it where it fails."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from actors.market import price_history
from backstay.simulation.alerts import finish_signals
from backstay.simulation.checks import check_settled
from backstay.simulation.predictions import Predictions
from backstay.simulation.steps import Steps
from backstay.simulation.watching import shortened
from backstay.simulation.weathers import WEATHERS
from backstay.simulation.world import World

REPORTED_STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """The outcome of a run; `digest` covers its whole history, steps and events."""

    steps: int
    messages: int
    positions: int
    lives: int
    kills: int
    takeovers: int
    failures: int
    faults: int
    notifications: int
    digest: str


class BrokenPromise(AssertionError):
    """A promise was broken at a step of a seed; the text says what led to it."""

    def __init__(
        self, error: Exception, *, weather: str, seed: int, taken: Sequence[int], told: str
    ) -> None:
        """`taken` are the numbers of the steps that were taken, `told` is the history in words."""
        self.kind = type(error).__name__
        self.weather = weather
        self.seed = seed
        self.taken = tuple(taken)
        super().__init__(f"{self.kind}: {shortened(str(error))}\n{told}")

    @property
    def command(self) -> str:
        """What repeats it."""
        whole = self.taken == tuple(range(1, len(self.taken) + 1))
        keep = "" if whole else f" --keep {','.join(map(str, self.taken))}"
        steps = f" --steps {len(self.taken)}" if whole else ""
        return f"backstay simulate --seed {self.seed} --weather {self.weather}{steps}{keep}"


def simulate(
    weather: str,
    seed: int,
    steps: int | Sequence[int],
    *,
    stepped: Callable[[], object] = lambda: None,
) -> RunOutcome:
    """Take so many steps in a weather, or only these of a seed, and check all the time.

    `stepped` is told of each step.

    Raises:
        BrokenPromise: with what led to it and how to repeat it.
    """
    with _arranged():
        world = World(seed, WEATHERS[weather])
        numbers = range(1, steps + 1) if isinstance(steps, int) else steps
        run = _Run(world, numbers)
        try:
            run.play(stepped)
        except Exception as error:
            raise BrokenPromise(
                error, weather=weather, seed=seed, taken=run.taken, told=run.told()
            ) from error
        finally:
            world.close()
    return RunOutcome(
        steps=len(numbers),
        messages=world.messages + world.dispatcher.messages,
        positions=len(world.model.positions),
        lives=world.lives,
        kills=world.kills,
        takeovers=world.takeovers,
        failures=run.script.mishaps.failures.count,
        faults=world.faults + world.life.connection.faults,
        notifications=len(world.phone.told),
        digest=run.digest,
    )


class _Run:
    def __init__(self, world: World, numbers: Sequence[int]) -> None:
        self.script = Steps(world)
        self.taken: list[int] = []
        self.digest = ""
        self._world = world
        self._numbers = numbers
        self._lines: list[str] = []

    def play(self, stepped: Callable[[], object]) -> None:
        world, script = self._world, self.script
        script.first()
        self._settle()
        predictions = Predictions(world) if world.weather.is_calm else None
        for number in self._numbers:
            world.begin_step(number)
            self.taken.append(number)
            self._note(number, script.take())
            if predictions is not None:
                predictions.check()
            self._go_on(number)
            stepped()
        finish_signals(world)
        self._settle()
        self.digest = self._digest()

    def _go_on(self, number: int) -> None:
        """Let every actor finish, or go on in the middle."""
        world, drawn = self._world, self._world.random.random()
        if not world.weather.interleaved:
            world.run()
            if drawn < 0.1:
                self._settle()
        elif drawn < 0.3:
            return
        elif drawn < 0.75:
            world.run(world.random.randrange(20))
        elif drawn < 0.94:
            world.run()
        else:
            self._note(number, "everybody settles")
            self._settle()

    def _settle(self) -> None:
        self._world.settle()
        check_settled(self._world)
        self._world.unsettle()

    def _note(self, number: int, what: str) -> None:
        self._lines.append(f"{number}: {what}")

    def _digest(self) -> str:
        history = hashlib.sha256()
        for line in self._lines:
            history.update(line.encode())
        for event in self._world.database.real.read_events(0, self._world.model.events):
            history.update(repr(event).encode())
        return history.hexdigest()

    def told(self) -> str:
        """The last steps and messages, for people."""
        messages = self._world.watcher.history
        return "\n".join(
            (
                "the steps, or the last of them:",
                *(f"  {line}" for line in self._lines[-REPORTED_STEPS:]),
                "the last messages:",
                *messages,
            )
        )


@contextmanager
def _arranged() -> Iterator[None]:
    """Run without a log; markets forget at once what no actor can ask for, so that losses show."""
    logging_before, trim_before = structlog.get_config(), price_history._TRIM_MIN
    pykka_log = logging.getLogger("pykka")
    disabled_before = pykka_log.disabled
    # Thousands of injected failures are not worth a line each.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    pykka_log.disabled = True
    price_history._TRIM_MIN = 0
    try:
        yield
    finally:
        price_history._TRIM_MIN = trim_before
        pykka_log.disabled = disabled_before
        structlog.configure(**logging_before)
