"""A number that no column can hold is refused, and never rounded to one that it can."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from persistence.errors import RefusalKind, Refused
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper


@pytest.fixture
def books(database_url: str) -> Iterator[Bookkeeper]:
    """An account, to write what cannot be written."""
    with closing(Store.open(database_url)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        yield keeper


@pytest.mark.parametrize(
    "amount", ["90000000000.00000001", "-1E+30", "0.000000001", "NaN", "Infinity"]
)
def test_an_amount_that_no_column_can_hold_is_refused(books: Bookkeeper, amount: str) -> None:
    """Too large or too fine for money, it is never rounded."""
    change = books.opens_position(1)
    entry = replace(change.entries[0], amount=Decimal(amount))
    with pytest.raises(Refused) as refused:
        books.commit(replace(change, entries=(entry,)))
    assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.CONSTRAINT)


@pytest.mark.parametrize("price", ["1E-19", "NaN", "Infinity", "1E+20", "-1", "0"])
def test_a_price_that_no_column_can_hold_is_refused(books: Bookkeeper, price: str) -> None:
    """Too large or too fine for a price, it is never rounded."""
    change = books.opens_position(1)
    position = replace(change.positions[0], stop_price=Decimal(price))
    with pytest.raises(Refused) as refused:
        books.commit(replace(change, positions=(position,)))
    assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.CONSTRAINT)


def test_a_number_beyond_64_bits_is_refused(books: Bookkeeper) -> None:
    """The driver's error becomes a refusal like any other."""
    change = books.opens_position(1 << 63)
    with pytest.raises(Refused) as refused:
        books.commit(change)
    assert refused.value.kind is RefusalKind.CONSTRAINT
