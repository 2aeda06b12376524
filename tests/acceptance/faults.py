"""A database, or a handler, that fails when a test wants it to."""

from collections.abc import Callable, Collection, Generator, Sequence
from threading import Event
from typing import Any

from persistence.changes import Change, ChangeKey
from persistence.errors import OutcomeUnknown, Unavailable
from persistence.state import AccountState, Books, PositionRecord, State
from persistence.store import Store
from trading.signals import Signal


class FaultyStore:
    """A store in front of the real one.

    While `down`, every write and read fails. `lose_answers` counts the next commits whose answer
    is lost: they are carried out or not as `carried_out` says. A commit waits for `open_gate`
    where it is given, and sets `at_gate` when it is there.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.down = False
        self.lose_answers = 0
        self.carried_out = True
        self.tries = 0
        self.at_gate = Event()
        self.open_gate: Event | None = None

    def commit(self, changes: Sequence[Change], **numbers: Any) -> None:
        self.tries += 1
        if self.open_gate is not None:
            self.at_gate.set()
            assert self.open_gate.wait(60)
        self.fail_if_down()
        if self.lose_answers > 0:
            self.lose_answers -= 1
            if self.carried_out:
                self._store.commit(changes, **numbers)
            raise OutcomeUnknown("the connection broke during COMMIT")
        self._store.commit(changes, **numbers)

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        self.fail_if_down()
        return self._store.was_committed(epoch=epoch, commit_id=commit_id)

    def renew(self, epoch: int) -> None:
        self.fail_if_down()
        self._store.renew(epoch)

    def load_account(self, account: str) -> AccountState | None:
        self.fail_if_down()
        return self._store.load_account(account)

    def read_position(self, position_id: int) -> PositionRecord | None:
        self.fail_if_down()
        return self._store.read_position(position_id)

    def read_change_key(self, account: str, key: str) -> ChangeKey | None:
        self.fail_if_down()
        return self._store.read_change_key(account, key)

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        self.fail_if_down()
        return self._store.load_signals()

    def signals_of(self, account: str, client_ids: Collection[str]) -> tuple[Signal, ...]:
        self.fail_if_down()
        return self._store.signals_of(account, client_ids)

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        self.fail_if_down()
        return self._store.recent_signals(account, since_us)

    def load_state(self) -> State:
        return self._store.load_state()

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        self.fail_if_down()
        return self._store.book_pages(account, after_entry=after_entry)

    def accounts(self) -> tuple[str, ...]:
        self.fail_if_down()
        return self._store.accounts()

    def fail_if_down(self) -> None:
        if self.down:
            raise Unavailable("no route to the database")


class FaultError(Exception):
    """Raised by a test inside an actor."""


class Fails:
    """Stands in for a function and raises the first times that it is called."""

    def __init__(self, really: Callable[..., Any], times: int = 1, *, after: bool = False) -> None:
        self._really = really
        self._after = after
        self.left = times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.left == 0:
            return self._really(*args, **kwargs)
        self.left -= 1
        if self._after:
            self._really(*args, **kwargs)
        raise FaultError("injected")


Inject = Callable[..., Fails]
