"""The command that compares the real actors with a model, under all simulated faults."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from backstay.service.exits import EXIT_MISMATCH

if TYPE_CHECKING:
    from rich.progress import TaskID

    from backstay.simulation.run import BrokenPromise, RunOutcome

STEPS = 360
COUNTS = ("steps", "messages", "positions", "lives", "kills", "takeovers", "failures", "faults")

app = typer.Typer()


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(min=0, help="The seed of the first history.")] = 0,
    steps: Annotated[int, typer.Option(min=0, help="The steps in one history.")] = STEPS,
    weather: Annotated[
        str | None,
        typer.Option(help="The likelihoods of faults; every weather in turn by default."),
    ] = None,
    until_failure: Annotated[
        bool, typer.Option("--until-failure", help="Go on with the next seed, until Ctrl-C.")
    ] = False,
    keep: Annotated[
        str | None, typer.Option(help="Only these steps of the seed, as 3,17,18.")
    ] = None,
) -> None:
    """Run the real actors through random faults, and check each commit and answer by a model.

    A broken promise ends it with the shortest history found that breaks one, and exit code 1.
    """
    from backstay.cli.terminal import stdout
    from backstay.simulation.run import BrokenPromise, simulate
    from backstay.simulation.weathers import WEATHERS

    if weather is not None and weather not in WEATHERS:
        raise ValueError(f"weather {weather!r} is unknown: give one of {', '.join(WEATHERS)}")
    numbers = range(1, steps + 1) if keep is None else _numbers(keep)
    totals: dict[str, list[RunOutcome]] = {name: [] for name in WEATHERS if weather in (None, name)}
    failure: BrokenPromise | None = None
    with _progress() as bar, _ctrl_c_between_steps() as heed:
        try:
            while failure is None:
                for name, outcomes in totals.items():
                    task = bar.add_task(f"seed {seed}, {name}", total=len(numbers))
                    stepped = partial(_stepped, bar, task, heed)
                    try:
                        outcomes.append(simulate(name, seed, numbers, stepped=stepped))
                    except BrokenPromise as broken:
                        failure = _shortened(broken, bar, heed)
                        break
                    finally:
                        bar.remove_task(task)
                if not until_failure:
                    break
                seed += 1
        except KeyboardInterrupt:
            bar.stop()
    _conclude(stdout(), totals, failure)


@contextmanager
def _ctrl_c_between_steps() -> Iterator[Callable[[], None]]:
    """Yield a function that raises KeyboardInterrupt between steps, after Ctrl-C.

    If Ctrl-C was raised in an actor, pykka would end the actor, and sound books would look broken.
    """
    asked = Event()
    former = signal.signal(signal.SIGINT, lambda *_: asked.set())

    def heed() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, former)


def _stepped(bar: Progress, task: "TaskID", heed: Callable[[], None]) -> None:
    bar.advance(task)
    heed()


def _numbers(keep: str) -> list[int]:
    try:
        return sorted({int(number) for number in keep.split(",")})
    except ValueError:
        raise ValueError(f"--keep {keep!r} is not a list of steps; give it like 3,17,18") from None


def _progress() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _shortened(broken: "BrokenPromise", bar: Progress, heed: Callable[[], None]) -> "BrokenPromise":
    from backstay.simulation.shrinking import shortened

    task = bar.add_task("a promise is broken; looking for the shortest history", total=None)

    def tried(left: int) -> None:
        bar.update(task, description=f"it breaks in {left} steps")
        heed()

    try:
        return shortened(broken, tried=tried)
    except KeyboardInterrupt:
        return broken


def _conclude(
    console: Console, totals: "dict[str, list[RunOutcome]]", failure: "BrokenPromise | None"
) -> None:
    from rich.table import Table

    title = "Simulated, no broken promise" if failure is None else "No broken promise before that"
    table = Table("weather", "seeds", *COUNTS, "notified", title=title)
    for name, outcomes in totals.items():
        counts = [sum(getattr(one, count) for one in outcomes) for count in COUNTS]
        told = sum(one.notifications for one in outcomes)
        table.add_row(name, str(len(outcomes)), *map(str, counts), str(told))
    console.print(table)
    if failure is not None:
        console.print(f"A promise is broken. Repeat it with\n    {failure.command}\n{failure}")
        raise typer.Exit(EXIT_MISMATCH)
