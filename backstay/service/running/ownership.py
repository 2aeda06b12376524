"""Become the owner: a start waits until a dead owner's lease ends, a standby without end."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

import structlog

from actors.engine.clock import Clock
from persistence.errors import (
    Damaged,
    Deposed,
    Lease,
    Locked,
    OutcomeUnknown,
    OwnedElsewhere,
    Unavailable,
)
from trading.times import iso_time

log = structlog.get_logger("backstay")

ASK_AGAIN_SECONDS = 0.25
BEHIND_SECONDS = 0.01
"""How long after a lease's end to ask again."""

Wait = Callable[[float], bool]
"""Waits a number of seconds; True if the service was asked to stop meanwhile."""

T = TypeVar("T")


class Owned(Protocol):
    """The owned store; see `persistence.store.Store`."""

    def renew(self, epoch: int) -> None:
        """Renew the lease."""
        ...


class FileInUseError(Exception):
    """Another process uses the SQLite file: choose another file, or end that process."""


class OwnerLivesError(Exception):
    """Another process owns the database and lives: end it, or be its standby."""


class NoStandbyError(ValueError):
    """A standby was asked for on a database that cannot have one."""


class StopAskedError(Exception):
    """The service was asked to stop before it had started."""


@contextmanager
def keeping(store: Owned, epoch: int, every_seconds: float | None) -> Iterator[None]:
    """Renew a lease during a long step before the Committer starts; None never does.

    If the owner is deposed or the database is lost meanwhile, the Committer finds out.
    """
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every_seconds):
            try:
                store.renew(epoch)
            except (Unavailable, OutcomeUnknown) as error:
                log.warning("lease not renewed", error=str(error))
            except (Deposed, Damaged):
                return

    if every_seconds is not None:
        threading.Thread(target=keep, name="lease", daemon=True).start()
    try:
        yield
    finally:
        over.set()


class OwnerCandidate:
    """Asks for a database until it may be used; the database decides whether a lease is over.

    A former life that crashed leaves a lease that runs out. A lease that is renewed shows that its
    owner lives: a standby then goes on waiting, and any other start is refused.
    """

    def __init__(
        self, database: str, clock: Clock, *, standby: bool, wait: Wait, tell: Callable[[str], None]
    ) -> None:
        """`tell` is told on one line what the candidate waits for.

        Raises:
            NoStandbyError: if a standby is asked for on SQLite.
        """
        if standby and not database.startswith("postgresql"):
            raise NoStandbyError(
                "a standby needs PostgreSQL: one process may use a SQLite database, so start "
                "without --standby (setting standby), or name another database"
            )
        self._standby = standby
        self._wait = wait
        self._tell = tell
        self._owner: str | None = None
        self._lease: Lease | None = None
        self.database_away = False
        # The name is unique to this life: a container's next process often has the same id.
        host, now = socket.gethostname(), iso_time(clock.now_us())
        self.holder = f"backstay, process {os.getpid()} on {host}, started {now}"

    @property
    def state(self) -> str:
        """What it waits for, for people, without the database's address."""
        if self.database_away:
            return "the database is away, the log says why"
        return (
            f"the database is owned by {self._owner}" if self._owner else "it asks for the database"
        )

    def patiently(self, ask: Callable[[], T]) -> T:
        """Ask the database repeatedly, until no other owner's lease forbids its use.

        Raises:
            FileInUseError: if another process has the SQLite file. OwnerLivesError: if the owner
            lives, and this is not a standby. StopAskedError: if the service is asked to stop
            meanwhile. StoreError: if the first answer is that the database cannot be used. A start
            that already
                waits, and a standby in any case, waits through outages.
        """
        while True:
            pause = ASK_AGAIN_SECONDS
            try:
                answer = ask()
            except OwnedElsewhere as owned:
                self._database_back()
                pause = min(pause, self._heed(owned) + BEHIND_SECONDS)
            except (Unavailable, OutcomeUnknown) as error:
                if not self._standby and self._lease is None:
                    raise
                if isinstance(error, Locked):  # the owner's row is held: the database answers
                    self._database_back()
                else:
                    self._database_gone(error)
            else:
                self._database_back()
                self._owner = None
                return answer
            if self._wait(pause):
                raise StopAskedError

    def _heed(self, owned: OwnedElsewhere) -> float:
        """The seconds that the lease still runs; raises where the wait would have no end."""
        if owned.lease is None:
            raise FileInUseError(f"{owned}; one process may use a SQLite file") from None
        # Compare with the first look: a slow commit may be stamped before the last one.
        self._lease = self._lease or owned.lease
        if not self._standby and owned.lease.renewed_since(self._lease):
            raise OwnerLivesError(
                f"the database is owned by {owned.holder}, which is running: it renewed its lease "
                "meanwhile; stop it first, or start this one as its standby with --standby"
            ) from None
        if owned.holder != self._owner:
            self._owner = owned.holder
            waiting = "waiting for the former owner's lease"
            if self._standby:
                waiting = "standby: waiting for the owner's lease"
            log.warning(f"{waiting}, {owned.lease.seconds_left:.1f} s left", owner=owned.holder)
            self._tell(waiting)
        return owned.lease.seconds_left

    def _database_gone(self, error: Exception) -> None:
        if not self.database_away:
            log.warning("the database is away, waiting for it", error=str(error))
            self._tell("waiting for the database")
        self.database_away = True

    def _database_back(self) -> None:
        if self.database_away:
            log.info("database is back")
            self.database_away, self._owner = False, None
