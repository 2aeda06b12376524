"""Read every row that can be decoded, and name the others.

Only Backstay writes rows, so a row that cannot be decoded was changed by a person, a disk or
another program. It must not prevent reading its neighbours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from persistence.failures import is_undecodable
from persistence.state import Unreadable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table's rows: the column that orders and names them, and the column of their account.

    Rows of one key are read or left out together.
    """

    key: InstrumentedAttribute[Any]
    account: InstrumentedAttribute[Any] | None = None

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.key.class_.__tablename__)


def salvaged(
    session: Session, found: Select[*tuple[Any, ...]], decode: Callable[[Any], T], source: Source
) -> tuple[tuple[T, ...], tuple[Unreadable, ...]]:
    """The values of the rows that can be decoded, and the rows that cannot."""
    good: list[T] = []
    bad: list[Unreadable] = []
    for outcome in salvaged_in_order(session, found, decode, source):
        if isinstance(outcome, Unreadable):
            bad.append(outcome)
        else:
            good.append(outcome)
    return tuple(good), tuple(bad)


def salvaged_in_order(
    session: Session, found: Select[*tuple[Any, ...]], decode: Callable[[Any], T], source: Source
) -> tuple[T | Unreadable, ...]:
    """The same in the rows' order: each is decoded, or is named where it would have been.

    One query where all is well. Otherwise halves are read again, so that a broken row among n
    costs about 2 log n queries.
    """
    try:
        return tuple(map(decode, session.execute(found)))
    except Exception as error:
        if not is_undecodable(error):
            raise
    keys = tuple(dict.fromkeys(session.scalars(found.with_only_columns(source.key))))
    return tuple(_halved(session, found, decode, source, keys))


def _halved(
    session: Session,
    found: Select[*tuple[Any, ...]],
    decode: Callable[[Any], T],
    source: Source,
    keys: tuple[Any, ...],
) -> Iterator[T | Unreadable]:
    """Reads the rows of ordered keys, and where that fails each half of them."""
    if not keys:
        return
    ends = keys[0], keys[-1]  # ascending or descending, in the database's own order
    between = source.key.between(*ends) | source.key.between(*reversed(ends))
    try:
        # In a list first: if a row fails, no row of its half may be yielded.
        decoded = [decode(row) for row in session.execute(found.where(between))]
    except Exception as error:
        if not is_undecodable(error):
            raise
        if len(keys) == 1:
            yield _unreadable(session, source, keys[0], error)
            return
    else:
        yield from decoded
        return
    middle = len(keys) // 2
    yield from _halved(session, found, decode, source, keys[:middle])
    yield from _halved(session, found, decode, source, keys[middle:])


def _unreadable(session: Session, source: Source, key: Any, error: Exception) -> Unreadable:
    account = None
    if source.account is not None:
        try:
            account = session.scalar(select(source.account).where(source.key == key))
        except Exception as second:
            if not is_undecodable(second):
                raise
    text = " ".join(str(error).split())
    why = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Unreadable(account=account, table=source.table, row=str(key), why=why)
