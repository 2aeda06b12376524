"""A failing seed is told by the shortest history that can be found, which anybody can repeat."""

import signal

import pytest

from actors.commit.actor import CommitterActor
from actors.commit.inbox import CommitterMessage
from backstay.simulation.run import BrokenPromise, simulate
from backstay.simulation.shrinking import shortened
from tests.command_line import CommandLine
from tests.simulation.planted_in_actors import hold_is_released_twice

STEPS = 60
SHORT = 8


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line."""
    return CommandLine(monkeypatch, capsys)


def first_failure(weather: str) -> BrokenPromise:
    """The first seed of a weather that fails."""
    for seed in range(10):
        try:
            simulate(weather, seed, STEPS)
        except BrokenPromise as failure:
            return failure
    raise AssertionError("the planted bug is not found")


def test_a_failure_is_shortened_to_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open and what closes it: the other steps are left out, and it fails all the same."""
    hold_is_released_twice(monkeypatch)
    failure = shortened(first_failure("busy"))
    assert len(failure.taken) <= SHORT
    with pytest.raises(BrokenPromise):
        simulate(failure.weather, failure.seed, failure.taken)
    for step in failure.taken:
        simulate(failure.weather, failure.seed, [n for n in failure.taken if n != step])


def test_the_time_for_shortening_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found until then is told."""
    hold_is_released_twice(monkeypatch)
    failure = first_failure("busy")
    assert shortened(failure, seconds_max=0) is failure


def test_the_command_tells_how_to_repeat_what_it_finds(
    shell: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, the broken promise, the steps, and a command line that breaks it again."""
    hold_is_released_twice(monkeypatch)
    code, told, _ = shell.run("simulate", "--weather", "busy", "--steps", "40", "--until-failure")
    line = next(line for line in told.splitlines() if "backstay simulate --seed" in line)
    assert code == 1
    code, again, _ = shell.run(*line.split()[1:])
    assert code == 1
    assert "Violation: " in again


def test_the_command_says_what_was_tried(shell: CommandLine) -> None:
    """Every weather in turn, with counts; exit code 0."""
    code, told, _ = shell.run("simulate", "--steps", "5")
    assert code == 0
    for weather in ("calm", "owners", "everything"):
        assert weather in told


def test_ctrl_c_ends_it_between_two_steps(
    shell: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come inside of an actor, which it does not end: what is told is what was tried."""
    received = CommitterActor.on_receive

    def pressed(self: CommitterActor, message: CommitterMessage) -> None:
        signal.raise_signal(signal.SIGINT)
        received(self, message)

    monkeypatch.setattr(CommitterActor, "on_receive", pressed)
    code, told, _ = shell.run("simulate", "--weather", "calm", "--steps", "50", "--until-failure")
    assert code == 0, told
    assert "Simulated, no broken promise" in told


def test_a_weather_that_is_not_there_is_refused(shell: CommandLine) -> None:
    """With the ones that are."""
    code, _, told = shell.run("simulate", "--weather", "sunny")
    assert code == 2
    assert "weather 'sunny' is unknown: give one of calm, busy" in told
