"""A Committer over a writer that does as the test says."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from actors.commit.actor import CommitterActor
from actors.commit.messages import CommitChange, Origin, Started
from actors.probe import TestProbe
from actors.published import Published
from persistence.changes import Change, ChangeKey
from persistence.errors import RefusalKind, Refused, Unavailable
from persistence.state import AccountState, PositionRecord
from tests.protocol.stage import ACCOUNT, Stage
from tests.unit.accounts import a_position, a_record
from trading.events.accounts import HealthRestored
from trading.signals import Signal

POSITION = a_position()
REFUSED = Refused(ACCOUNT, RefusalKind.CONSTRAINT, "available is negative")
GONE = Unavailable("no route")
EVENT = HealthRestored(account=ACCOUNT, time_us=1)


@dataclass
class Writer:
    """Notes what it is asked; raises, one call after another, what `failures` holds."""

    failures: deque[Exception | None] = field(default_factory=deque)
    commits: list[tuple[int, int, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    committed: set[int] = field(default_factory=set)
    recent: tuple[Signal, ...] = ()
    refuses: Callable[[Sequence[Change]], bool] = lambda _changes: False

    def commit(
        self,
        changes: tuple[Change, ...],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        self._ask(f"commit {commit_id} of {len(changes)}")
        if self.refuses(changes):
            raise REFUSED
        self.commits.append((commit_id, len(changes), first_event_id))

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        self._ask(f"was {commit_id} committed")
        return commit_id in self.committed

    def renew(self, epoch: int) -> None:
        self._ask(f"renew {epoch}")

    def read_change_key(self, account: str, key: str) -> ChangeKey | None:
        self._ask(f"read key {key} of {account}")
        return None

    def load_account(self, account: str) -> AccountState | None:
        self._ask(f"read {account}")
        return None

    def read_position(self, position_id: int) -> PositionRecord | None:
        self._ask(f"read {position_id}")
        return a_record(POSITION)

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        self._ask("read signals")
        return (), 17

    def signals_of(self, account: str, client_ids: Collection[str]) -> tuple[Signal, ...]:
        self._ask(f"find {sorted(client_ids)} of {account}")
        return ()

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        self._ask(f"recent of {account} since {since_us}")
        return self.recent

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise failure


def a_committer(
    stage: Stage, writer: Writer, published: Published, *, renew_seconds: float | None = None
) -> CommitterActor:
    """One that goes on after commit 10 and event 100 of epoch 3."""
    return CommitterActor(
        stage.directory,
        stage.dispatcher,
        writer,
        published,
        epoch=3,
        last_commit_id=10,
        last_event_id=100,
        renew_seconds=renew_seconds,
    )


def a_change(
    reply_to: TestProbe | None,
    change_id: int = 1,
    *,
    events: int = 1,
    opens: bool = False,
    deadline_us: int | None = None,
) -> CommitChange:
    return CommitChange(
        origin=Origin.SERVICE,
        change_id=change_id,
        change=Change(
            account=ACCOUNT,
            events=(EVENT,) * events,
            positions=(POSITION,) if opens else (),
        ),
        reply_to=reply_to,
        started=(Started(position=POSITION, after=7),) if opens else (),
        deadline_us=deadline_us,
    )
