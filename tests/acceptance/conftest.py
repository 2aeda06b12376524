"""Every acceptance test reads the whole log, and leaves nothing running."""

import logging
from collections.abc import Callable, Iterator, MutableMapping
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from actors.engine.dispatcher import PooledDispatcher
from backstay.web.hooks import routes
from tests.acceptance.faults import Fails, Inject
from tests.acceptance.house import House, running
from tests.acceptance.rivals import Rivals
from tests.command_line import CommandLine

FORBIDDEN = "not bound to a Session"


@pytest.fixture(autouse=True)
def patient_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook gives the database a minute, not its second: machines that test are busy."""
    monkeypatch.setattr(routes, "STORED_SECONDS_MAX", 60.0)


class Log(logging.Handler):
    """All that was logged: by structlog, as dictionaries, and by the standard library, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[MutableMapping[str, Any]] = []
        self.records: list[str] = []
        self.failures_expected = False

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))

    @property
    def lines(self) -> list[str]:
        """The lines for people, without their fields."""
        return [entry["event"] for entry in self.entries]

    def level_of(self, line: str) -> str:
        """At which level a line was logged."""
        return str(next(e["log_level"] for e in self.entries if e["event"] == line))


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    """The whole log; no test may leave the specification's session error, or a hidden failure."""
    handler = Log()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with capture_logs([merge_contextvars]) as handler.entries:
            yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    everything = [*handler.records, *map(str, handler.entries)]
    assert not [line for line in everything if FORBIDDEN in line]
    unhandled = [line for line in handler.records if "Unhandled exception" in line]
    assert handler.failures_expected or not unhandled, unhandled


@pytest.fixture
def a_house(database_url: str) -> Iterator[Callable[..., House]]:
    """A maker of houses over one empty database; the former one ends before the next begins."""
    houses: list[House] = []

    def make(**settings: Any) -> House:
        if houses:
            houses[-1].kill()
        houses.append(House(database_url, **settings))
        return houses[-1]

    yield make
    if houses:
        houses[-1].kill()


@pytest.fixture
def house(a_house: Callable[..., House]) -> House:
    """A system on the test's own thread, over an empty database."""
    return a_house()


@pytest.fixture
def memory_house() -> Iterator[House]:
    """A system over a database in memory, for what no database has a say in."""
    with running("sqlite://") as house:
        yield house


@pytest.fixture
def busy_house(a_house: Callable[..., House]) -> House:
    """A system on its own threads, over an empty database."""
    return a_house(dispatcher=PooledDispatcher())


@pytest.fixture
def inject(monkeypatch: pytest.MonkeyPatch) -> Inject:
    """Makes a function of a module, or a method of an actor, fail."""

    def inject(owner: Any, name: str, times: int = 1, *, after: bool = False) -> Fails:
        really = getattr(owner, name)
        fault = Fails(really, times, after=after)

        @wraps(really)  # a function, so that it binds where it stands for a method
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return fault(*args, **kwargs)

        monkeypatch.setattr(owner, name, stand_in)
        return fault

    return inject


@pytest.fixture
def rivals(tmp_path: Path, postgres_database: str) -> Iterator[Rivals]:
    """Services that want one empty PostgreSQL database."""
    with Rivals(tmp_path, postgres_database) as rivals:
        yield rivals


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line, in a folder of its own and without settings."""
    shell = CommandLine(monkeypatch, capsys)
    shell.enter(tmp_path)
    return shell
