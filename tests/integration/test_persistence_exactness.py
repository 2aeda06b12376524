"""No digit is lost or made up on the way into a database and back."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, literal, select, text

from persistence.columns import Money, Price, Timestamp, exact_sum
from persistence.store import Store
from tests.integration.bookkeeper import NOW_US, Bookkeeper, market, position_in
from trading.model import CostRates, Costs, Limits
from trading.money import AMOUNT_MAX, plain

MONEY_EXTREMES = ["90000000000", "-90000000000", "0.00000001", "-0.00000001", "0"]
PRICE_EXTREMES = ["1000000000000", "0.000000000000000001", "999999999999.999999999999999999", "1"]
TIME_EXTREMES = [0, -1, 1, NOW_US, 253_402_300_799_999_999]

money = st.decimals(-AMOUNT_MAX, AMOUNT_MAX, places=8)
prices = st.decimals(Decimal("1E-18"), Decimal(10) ** 12, places=18).filter(bool)
an_outside_world = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    return Bookkeeper.of(store)


def read_back(store: Store, value: object, column: type[Money | Price | Timestamp]) -> object:
    """A value through a column of a type: written, read, compared by the database itself."""
    table = Table("scratch", MetaData(), Column("value", column))
    with store._transactions.transaction() as session:
        connection = session.connection()
        table.create(connection)
        connection.execute(table.insert().values(value=value))
        found = connection.execute(
            select(table.c.value).where(table.c.value == literal(value, column()))
        ).scalar_one()
        table.drop(connection)
    return found


@pytest.mark.parametrize("amount", MONEY_EXTREMES)
def test_extreme_money_comes_back_with_8_decimals(store: Store, amount: str) -> None:
    """The largest, the smallest and the negative, digit by digit."""
    found = read_back(store, Decimal(amount), Money)
    assert found == Decimal(amount)
    assert plain(found) == f"{Decimal(amount):.8f}"  # type: ignore[arg-type]


@pytest.mark.parametrize("price", PRICE_EXTREMES)
def test_extreme_prices_come_back_in_plain_notation(store: Store, price: str) -> None:
    """No exponent comes out, however small or large."""
    found = read_back(store, Decimal(price), Price)
    assert found == Decimal(price)
    assert str(found) in {price, str(Decimal(price))}


@pytest.mark.parametrize("time_us", TIME_EXTREMES)
def test_times_come_back_to_the_microsecond(store: Store, time_us: int) -> None:
    """None is rounded by a float on its way."""
    assert read_back(store, time_us, Timestamp) == time_us


@an_outside_world
@given(amounts=st.lists(money.map(abs), min_size=3, max_size=3))
def test_any_wallet_comes_back_equal(books: Bookkeeper, amounts: list[Decimal]) -> None:
    """Balances and limits of any size survive the database."""
    locked, total, initial = sorted(amounts)
    name = f"account{books.last_commit_id}"
    change = books.opens_account(name, str(initial), Limits(symbol_notional_max=locked))
    assert change.wallet_after is not None
    wallet = replace(change.wallet_after, locked=locked, total=total)
    books.commit(replace(change, wallet_after=wallet))
    loaded = books.store.load_account(name)
    assert loaded is not None
    assert loaded.wallet == wallet


@an_outside_world
@given(
    price=prices,
    quantity=prices,
    stop=prices,
    hold=money.map(abs),
    gross=money,
    costs=st.lists(money, min_size=4, max_size=4),
    rates=st.lists(prices, min_size=3, max_size=3),
    levels=st.lists(prices, min_size=3, max_size=3),
)
def test_any_position_comes_back_equal_and_prints_alike(
    books: Bookkeeper,
    price: Decimal,
    quantity: Decimal,
    stop: Decimal,
    hold: Decimal,
    gross: Decimal,
    costs: list[Decimal],
    rates: list[Decimal],
    levels: list[Decimal],
) -> None:
    """Every number of it survives, down to how it prints."""
    if books.store.is_empty():
        books.commit(books.opens_account())
    change = books.opens_position(books.last_commit_id, quantity="0.0001")
    position = replace(
        change.positions[0],
        entry_price=price,
        quantity=quantity,
        open_quantity=quantity,
        stop_price=stop,
        hold=hold,
        gross_pnl=gross,
        costs=Costs(
            **dict(zip(("entry_fee", "exit_fee", "spread", "slippage"), costs, strict=True))
        ),
        rates=CostRates(**dict(zip(("fee", "spread", "slippage"), rates, strict=True))),
        take_profit_prices=tuple(levels),
    )
    books.commit(replace(change, positions=(position,)))
    loaded = position_in(books.store, position.position_id)
    assert loaded == position
    assert loaded is not None
    for name in ("entry_price", "quantity", "stop_price"):
        canonical = plain(getattr(position, name)).rstrip("0").rstrip(".")
        assert plain(getattr(loaded, name)) == canonical
    assert plain(loaded.hold) == plain(hold)


@an_outside_world
@given(price=prices)
def test_any_market_price_comes_back_equal(books: Bookkeeper, price: Decimal) -> None:
    """Within a price's range there is none that the database changes."""
    change = market("BTCUSDT", str(price))
    books.commit(change)
    assert books.store.load_state().markets == change.markets


@an_outside_world
@given(amounts=st.lists(money, max_size=8))
def test_any_amounts_sum_exactly(store: Store, amounts: list[Decimal]) -> None:
    """The database's sum is Python's, to the last digit."""
    table = Table("amounts", MetaData(), Column("amount", Money))
    with store._transactions.transaction() as session:
        connection = session.connection()
        table.create(connection)
        if amounts:
            connection.execute(table.insert(), [{"amount": amount} for amount in amounts])
        found = connection.execute(select(exact_sum(table.c.amount))).scalar_one()
        table.drop(connection)
    assert found == sum(amounts, Decimal(0))


@pytest.mark.parametrize("amount", ["90000000000", "-89999999999.99999999"])
def test_a_million_amounts_sum_exactly(store: Store, amount: str) -> None:
    """No float and no overflow creeps in on the way."""
    table = Table("amounts", MetaData(), Column("amount", Money))
    million = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
        "INSERT INTO amounts SELECT amount FROM amounts, n"
    )
    with store._transactions.transaction(seconds_max=None) as session:
        connection = session.connection()
        table.create(connection)
        connection.execute(table.insert().values(amount=Decimal(amount)))
        connection.execute(text(million))
        found = connection.execute(select(exact_sum(table.c.amount))).scalar_one()
        table.drop(connection)
    assert found == Decimal(amount) * 1_000_001


def test_both_engines_write_the_same_events_and_load_the_same_values(
    postgres_database: str,
) -> None:
    """Byte by byte: a move from one to the other changes nothing."""
    lives = []
    for url in ("sqlite://", postgres_database):
        with closing(Store.open(url)) as store:
            books = Bookkeeper.of(store)
            ids = count(1)
            books.commit(books.opens_account(balance="1000.50"))
            for quantity, price in (("0.10", "123.4500"), ("3", "0.00012"), ("1E-3", "1E+3")):
                position_id = next(ids)
                books.commit(
                    books.opens_position(position_id, quantity=quantity, entry_price=price)
                )
            books.commit(books.reaches(1, "136.0"), books.reaches(2, "0.000125"))
            entries = store.read_books("demo", after_entry=0)
            assert entries is not None
            lives.append(
                (repr(store.load_state()), repr(store.read_events(0, 99)), repr(entries.entries))
            )
    assert lives[0] == lives[1]
