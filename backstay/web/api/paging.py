"""Lists in pages: a limit, and an opaque cursor that says where the next page begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from backstay.web.api.bodies import unreadable_body
from backstay.web.api.fields import ID_MAX, RequestBody
from backstay.web.api.schemas import Page, UnreadableBody
from backstay.web.problems import ErrorPlace, Problem, invalid
from persistence.state import Unreadable

PAGE_ITEMS_DEFAULT = 100
PAGE_ITEMS_MAX = 500

R = TypeVar("R")
T = TypeVar("T")


class PageQuery(RequestBody):
    """Which part of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=PAGE_ITEMS_MAX)] = PAGE_ITEMS_DEFAULT
    cursor: Annotated[str | None, Field(max_length=400)] = None

    @property
    def after_name(self) -> str | None:
        """The name that the page begins behind; raises `Problem` for a cursor of another kind."""
        return None if self.cursor is None else _key_of(self.cursor)

    @property
    def before_number(self) -> int | None:
        """The number that the page begins below; raises `Problem` for a cursor of another kind."""
        if self.cursor is None:
            return None
        key = _key_of(self.cursor)
        if not (key.isascii() and key.isdecimal() and len(key) < 20 and int(key) <= ID_MAX):
            raise _unknown_cursor()
        return int(key)


def page_of(
    found: Sequence[T], limit: int, key_of: Callable[[T], str | int]
) -> tuple[Sequence[T], str | None]:
    """The first `limit` of what was found, and the next page's cursor if more was found."""
    items = found[:limit]
    return items, cursor_of(key_of(items[-1])) if len(found) > limit else None


class SalvagedPage(Page[T], Generic[T]):
    """A part of a list; `unreadable` are the rows of it that cannot be shown."""

    unreadable: list[UnreadableBody]


def salvaged_page(
    found: Sequence[R | Unreadable],
    limit: int,
    *,
    key_of: Callable[[R], int],
    body_of: Callable[[R], T],
) -> SalvagedPage[T]:
    """The page that begins with the rows found, of which one more than `limit` was asked for.

    Every row counts, shown or not: a page of nothing but broken rows leads on too.
    """
    rows, next_ = page_of(
        found, limit, lambda row: int(row.row) if isinstance(row, Unreadable) else key_of(row)
    )
    return SalvagedPage(
        items=[body_of(row) for row in rows if not isinstance(row, Unreadable)],
        next=next_,
        unreadable=[unreadable_body(row) for row in rows if isinstance(row, Unreadable)],
    )


def cursor_of(key: str | int) -> str:
    """The cursor of the page that begins behind a key."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def _key_of(cursor: str) -> str:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unknown_cursor() from None


def _unknown_cursor() -> Problem:
    detail = "it is not a cursor of this list: take `next` of the page before"
    return invalid(ErrorPlace(place="query.cursor", detail=detail))
