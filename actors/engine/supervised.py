"""An actor with an address, whose failure is reported to the Desk."""

from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType

from actors.engine.directory import Directory
from actors.engine.pooled import PooledActor


class ActorKind(StrEnum):
    """The kinds of actor; a closed set."""

    DESK = "desk"
    MARKET = "market"
    POSITION = "position"
    WALLET = "wallet"
    COMMITTER = "committer"
    AUDITOR = "auditor"
    SIGNALS = "signals"


ERROR_CHARS_MAX = 500


class ToldError(Exception):
    """An error whose text is complete and readable by people."""


def error_text(error: BaseException | None) -> str:
    """An error as one line that any log, terminal and database accepts."""
    text = str(error) if isinstance(error, ToldError) else f"{type(error).__name__}: {error}"
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return shown if len(shown) <= ERROR_CHARS_MAX else f"{shown[:ERROR_CHARS_MAX]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFailed:
    """An actor ended by an exception."""

    kind: str
    key: str | int
    error: str


class SupervisedActor(PooledActor):
    """The base of Backstay's actors: fail-stop, and reported to the Desk."""

    kind: ActorKind

    def __init__(self, directory: Directory, key: str | int) -> None:
        """`key` is what the actor answers for: a symbol, an account, a position's id."""
        super().__init__()
        self.directory = directory
        self.key = key

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Report the end to the Desk, which knows what to do about it."""
        self.directory.to_desk(
            ActorFailed(kind=self.kind, key=self.key, error=error_text(exception_value))
        )
