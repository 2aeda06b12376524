"""One seed's run: steps, checks, and a report that repeats it where it fails."""

import hashlib
import os
from collections import deque
from dataclasses import dataclass

from simulation.checks import check_settled
from simulation.predictions import Predictions
from simulation.steps import Steps
from simulation.world import Weather, World

REPORTED_STEPS = 30
REPORTED_MESSAGES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to; `digest` is of its whole history, steps and events."""

    steps: int
    messages: int
    positions: int
    kills: int
    failures: int
    faults: int
    digest: str


def simulate(name: str, weather: Weather, seed: int, count: int) -> Outcome:
    """Take so many steps in a weather, and check all the time.

    Raises:
        AssertionError: when a promise is broken, with what led to it and how to repeat it.
    """
    world = World(seed, weather)
    run = _Run(world, count)
    try:
        run.play()
    except Exception as error:
        raise AssertionError(run.report(name, error)) from error
    finally:
        world.close()
    return Outcome(
        steps=count,
        messages=world.messages + world.dispatcher.messages,
        positions=len(world.model.positions),
        kills=world.kills,
        failures=world.failures,
        faults=world.store.faults,
        digest=run.digest,
    )


class _Run:
    def __init__(self, world: World, steps: int) -> None:
        self._world = world
        self._steps = steps
        self._number = 0
        self._last: deque[str] = deque(maxlen=REPORTED_STEPS)
        self._hash = hashlib.sha256()
        self.digest = ""

    def play(self) -> None:
        world, script = self._world, Steps(self._world)
        world.store.failing = False
        script.first()
        self._settle()
        predictions = Predictions(world) if world.weather.is_calm else None
        for number in range(1, self._steps + 1):
            self._number = number
            self._note(script.take())
            if predictions is not None:
                predictions.check()
            self._go_on()
        self._number = self._steps + 1
        self._settle()
        for event in world.store.real.read_events(0, world.model.events):
            self._hash.update(repr(event).encode())
        self.digest = self._hash.hexdigest()

    def _go_on(self) -> None:
        """Let everybody finish, or go on in the middle."""
        world, drawn = self._world, self._world.random.random()
        if not world.weather.interleaved:
            world.run()
            if drawn < 0.2:
                self._settle()
        elif drawn < 0.3:
            return
        elif drawn < 0.75:
            world.run(world.random.randrange(20))
        elif drawn < 0.94:
            world.run()
        else:
            self._note("everybody settles")
            self._settle()

    def _settle(self) -> None:
        self._world.settle()
        check_settled(self._world)
        self._world.unsettle()

    def _note(self, what: str) -> None:
        line = f"{self._number}: {what}"
        self._last.append(line)
        self._hash.update(line.encode())

    def report(self, name: str, error: Exception) -> str:
        """What went wrong, where, and the command that repeats it."""
        messages = self._world.watcher.history[-REPORTED_MESSAGES:]
        return "\n".join(
            (
                f"{type(error).__name__}: {error}",
                f"in {name} weather, seed {self._world.seed}, step {self._number}; repeat it with",
                f"    BACKSTAY_SIM_SEED={self._world.seed} BACKSTAY_SIM_STEPS={self._steps} "
                f"python -m pytest tests/simulation -k 'promises and {name}'",
                "the last steps:",
                *(f"  {line}" for line in self._last),
                "the last messages:",
                *messages,
            )
        )


def seeds(count: int) -> list[int]:
    """The seeds to run: one that is asked for, or so many from the first on."""
    asked = os.environ.get("BACKSTAY_SIM_SEED")
    return [int(asked)] if asked else list(range(count))


def steps(count: int) -> int:
    """How many steps to take: as many as are asked for, or so many."""
    return int(os.environ.get("BACKSTAY_SIM_STEPS", count))
