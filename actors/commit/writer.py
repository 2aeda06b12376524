"""The Committer's view of a store, and a guard against values that make the store fail."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol, assert_never

import structlog

from actors.commit.messages import (
    AccountRead,
    ChangeRead,
    FindSignals,
    PositionRead,
    ReadAccount,
    ReadChange,
    ReadFailed,
    ReadPosition,
    ReadSignals,
    SignalsFound,
    SignalsRead,
)
from actors.engine.supervised import error_text
from persistence.changes import Change, ChangeKey
from persistence.errors import RefusalKind, Refused, StoreError, Unavailable
from persistence.state import AccountState, PositionRecord
from trading.signals import Signal

log = structlog.get_logger(__name__)

Read = ReadPosition | ReadAccount | ReadChange | ReadSignals | FindSignals


ReadAnswer = PositionRead | AccountRead | ChangeRead | SignalsRead | SignalsFound | ReadFailed


class Writer(Protocol):
    """The Committer's view of a store; see `persistence.store.Store`."""

    def commit(
        self,
        changes: tuple[Change, ...],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        """Write changes in one transaction behind the fence."""
        ...

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        """Whether a transaction whose outcome is unknown was committed, behind the fence."""
        ...

    def renew(self, epoch: int) -> None:
        """Renew the owner's lease."""
        ...

    def load_account(self, account: str) -> AccountState | None:
        """An account as it is durable."""
        ...

    def read_position(self, position_id: int) -> PositionRecord | None:
        """A position as it is durable, with the times of its commits."""
        ...

    def read_change_key(self, account: str, key: str) -> ChangeKey | None:
        """The change made under an idempotency key; None if it made none, or opened a position."""
        ...

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        """The signals that are not finished, by id, and the highest id that was given out."""
        ...

    def signals_of(self, account: str, client_ids: Collection[str]) -> tuple[Signal, ...]:
        """The signals that an account got under a sender's own ids, oldest first."""
        ...

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        """An account's signals that were received at a time or later."""
        ...


class SafeWriter:
    """A writer that only answers or raises `StoreError`, whatever values it is given.

    No value from a client may end the Committer: an unexpected failure fails one change or one
    read alone.
    """

    def __init__(self, writer: Writer) -> None:
        """Guard this writer."""
        self._writer = writer

    def commit(
        self,
        changes: tuple[Change, ...],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        """See `Writer.commit`; any other failure becomes `Refused`."""
        try:
            self._writer.commit(
                changes,
                epoch=epoch,
                commit_id=commit_id,
                first_event_id=first_event_id,
                now_us=now_us,
            )
        except StoreError:
            raise
        except Exception as error:
            log.exception("changes could not be written", changes=len(changes))
            raise Refused(None, RefusalKind.UNEXPECTED, error_text(error)) from error

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        """See `Writer.was_committed`; any other failure becomes `Unavailable`."""
        with _unexpected_is_outage():
            return self._writer.was_committed(epoch=epoch, commit_id=commit_id)

    def renew(self, epoch: int) -> None:
        """See `Writer.renew`; any other failure becomes `Unavailable`."""
        with _unexpected_is_outage():
            self._writer.renew(epoch)

    def answer(self, read: Read) -> ReadAnswer:
        """The answer to a read, from the durable state."""
        try:
            return _answer_to(read, self._writer)
        except StoreError:
            raise
        except Exception as error:
            log.exception("rows could not be read", read=type(read).__name__)
            return ReadFailed(read=read, detail=error_text(error))


@contextmanager
def _unexpected_is_outage() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        log.exception("database failed unexpectedly")
        raise Unavailable(error_text(error)) from error


def _answer_to(read: Read, writer: Writer) -> ReadAnswer:
    match read:
        case ReadPosition():
            record = writer.read_position(read.position_id)
            return PositionRead(position_id=read.position_id, record=record, life=read.life)
        case ReadAccount():
            return AccountRead(account=read.account, state=writer.load_account(read.account))
        case ReadChange():
            change = writer.read_change_key(read.account, read.key)
            return ChangeRead(change=change, record=writer.read_position(read.position_id))
        case ReadSignals():
            unfinished, last_signal_id = writer.load_signals()
            return SignalsRead(unfinished=unfinished, last_signal_id=last_signal_id)
        case FindSignals():
            return SignalsFound(signals=_found(read, writer))
        case _:
            assert_never(read)


def _found(read: FindSignals, writer: Writer) -> tuple[Signal, ...]:
    of_ids = writer.signals_of(read.account, read.client_ids) if read.client_ids else ()
    if read.since_us is None:
        return of_ids
    return of_ids + writer.recent_signals(read.account, read.since_us)
