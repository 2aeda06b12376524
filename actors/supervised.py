"""An actor with an address, whose death the Desk hears of."""

from enum import StrEnum
from types import TracebackType

from actors.base import PooledActor
from actors.directory import Directory
from actors.protocol import ActorFailed


class ActorKind(StrEnum):
    """The kinds of actor; a closed set."""

    DESK = "desk"
    MARKET = "market"
    POSITION = "position"
    WALLET = "wallet"
    COMMITTER = "committer"
    AUDITOR = "auditor"
    SIGNALS = "signals"


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
            ActorFailed(kind=self.kind, key=self.key, error=repr(exception_value))
        )
