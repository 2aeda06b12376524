"""Whether this process may write the database, as the Committer has learned it."""

from enum import StrEnum
from types import MappingProxyType

import structlog

from actors.denials import database_damaged, deposed
from actors.engine.machine import Machine
from actors.published import Published
from persistence.errors import Damaged, Deposed

log = structlog.get_logger(__name__)


class OwnerState(StrEnum):
    """An owner's standing with its database."""

    WRITING = "WRITING"
    AWAY = "AWAY"
    DAMAGED = "DAMAGED"
    DEPOSED = "DEPOSED"


class OwnerStep(StrEnum):
    """The events that change an owner's state."""

    ANSWERED = "the database takes or refuses a commit"
    FAILED = "a commit or a renewal fails"
    FILES_LOST = "the database's files are not those that were written"
    TAKEN_OVER = "another owner or an earlier state is there"


OWNER = Machine(
    name="an owner",
    start=OwnerState.WRITING,
    moves=MappingProxyType(
        {
            (OwnerState.WRITING, OwnerStep.ANSWERED): OwnerState.WRITING,
            (OwnerState.WRITING, OwnerStep.FAILED): OwnerState.AWAY,
            (OwnerState.AWAY, OwnerStep.FAILED): OwnerState.AWAY,
            (OwnerState.AWAY, OwnerStep.ANSWERED): OwnerState.WRITING,
            (OwnerState.WRITING, OwnerStep.FILES_LOST): OwnerState.DAMAGED,
            (OwnerState.AWAY, OwnerStep.FILES_LOST): OwnerState.DAMAGED,
            (OwnerState.WRITING, OwnerStep.TAKEN_OVER): OwnerState.DEPOSED,
            (OwnerState.AWAY, OwnerStep.TAKEN_OVER): OwnerState.DEPOSED,
            # A renewal that was already due may still ask the database.
            (OwnerState.DAMAGED, OwnerStep.FAILED): OwnerState.DAMAGED,
            (OwnerState.DAMAGED, OwnerStep.FILES_LOST): OwnerState.DAMAGED,
            (OwnerState.DAMAGED, OwnerStep.TAKEN_OVER): OwnerState.DEPOSED,
            (OwnerState.DEPOSED, OwnerStep.FAILED): OwnerState.DEPOSED,
            (OwnerState.DEPOSED, OwnerStep.FILES_LOST): OwnerState.DEPOSED,
            (OwnerState.DEPOSED, OwnerStep.TAKEN_OVER): OwnerState.DEPOSED,
        }
    ),
)
"""No move leads from the last two states back to writing: only a new process writes again."""


class Ownership:
    """The Committer's standing with its database; publishes the reason while it does not write."""

    __slots__ = ("_published", "_state")

    def __init__(self, published: Published) -> None:
        """Begin as the owner that the database has accepted."""
        self._published = published
        self._state = OWNER.start

    @property
    def ended(self) -> bool:
        """Whether this process never writes again."""
        return self._state in (OwnerState.DAMAGED, OwnerState.DEPOSED)

    @property
    def is_away(self) -> bool:
        """Whether an outage lasts."""
        return self._state is OwnerState.AWAY

    def failed(self, why: str) -> None:
        """Note that the database failed a request; the Committer retries it."""
        self._state = OWNER.after(self._state, OwnerStep.FAILED)
        self._published.database_away = why

    def answered(self, failures: int) -> None:
        """Note that the database answered a commit; an outage is over after `failures` failures."""
        if self.is_away:
            log.info("database is back", failures=failures)
        self._state = OWNER.after(self._state, OwnerStep.ANSWERED)
        self._published.database_away = None

    def end(self, error: Deposed | Damaged) -> None:
        """Stop all writing: the database has another owner, an earlier state or other files."""
        if isinstance(error, Deposed):
            self._state = OWNER.after(self._state, OwnerStep.TAKEN_OVER)
            self._published.ended = deposed()
            return
        if not self.ended:
            # The process keeps running: a new process could begin with an empty database.
            log.error(str(error))
            self._published.ended, self._published.database_away = database_damaged(), str(error)
        self._state = OWNER.after(self._state, OwnerStep.FILES_LOST)
