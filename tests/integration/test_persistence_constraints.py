"""What the database itself refuses, tried by hand."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from harness.servers import fresh_database
from persistence.store import Store
from persistence.tables import Table
from tests.integration.bookkeeper import DRIVER_ERRORS, Bookkeeper, by_hand

BOUND = 90_000_000_000
"""The largest amount; `{money:N}` in a statement becomes N in the engine's own units."""

POSITION_OPEN, POSITION_CLOSED = 1, 2


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cursor(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A hand's cursor on a database with an account, an open and a closed position."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('constraints') / 'backstay.db'}"
        else:
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_url")))
        with closing(Store.open(url)) as store:
            books = Bookkeeper.of(store)
            books.commit(books.opens_account(), books.opens_account("other"))
            books.commit(books.opens_position(POSITION_OPEN, key="first"))
            books.commit(books.opens_position(POSITION_CLOSED, key="second"))
            books.commit(books.reaches(POSITION_CLOSED, "110"))
        yield stack.enter_context(by_hand(url))


class Hand:
    """Runs statements by hand, in the engine's own units and notation."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.sqlite = type(cursor).__module__ == "sqlite3"

    def money(self, amount: str) -> str:
        """An amount with all 8 decimals, as the engine writes it."""
        return amount.replace(".", "") if self.sqlite else amount

    def price(self, price: str) -> str:
        return f"'{price}'" if self.sqlite else price

    def run(self, statement: str) -> None:
        self.cursor.execute(statement)

    def copy(self, table: str, where: str, **values: str) -> None:
        """Insert a copy of a row with some values replaced."""
        columns = Table.metadata.tables[table].columns.keys()
        selected = ", ".join(values.get(column, column) for column in columns)
        self.run(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {selected} FROM {table} "
            f"WHERE {where}"
        )


@pytest.fixture
def hand(cursor: Any) -> Hand:
    return Hand(cursor)


def refused(hand: Hand, statement: str, by: str) -> None:
    with pytest.raises(DRIVER_ERRORS, match=by):
        hand.run(statement)


OVER, UNDER = f"{BOUND}.00000001", f"-{BOUND}.00000001"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("total = {over}", "money_within_bound"),
        ("position_notional_max = {under}", "money_within_bound"),
        ("symbol_notional_max = {over}", "money_within_bound"),
        ("position_notional_min = {over}", "money_within_bound"),
        ("initial_balance = -1", "initial_balance_not_negative"),
        ("locked = -1", "available_not_negative"),
        ("locked = total + 1", "available_not_negative"),
        ("total = locked - 1", "available_not_negative"),
        ("version = 0", "version_from_one"),
        ("entries = 0", "version_from_one"),
    ],
)
def test_an_account_is_refused(hand: Hand, change: str, constraint: str) -> None:
    """Impossible balances, limits and versions are refused by the table itself."""
    change = change.format(over=hand.money(OVER), under=hand.money(UNDER))
    refused(hand, f"UPDATE accounts SET {change} WHERE account = 'demo'", constraint)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("gross_pnl = {over}", "money_within_bound"),
        ("gross_pnl = {under}", "money_within_bound"),
        ("hold = {over}", "money_within_bound"),
        ("entry_fee = {over}", "money_within_bound"),
        ("exit_fee = {under}", "money_within_bound"),
        ("spread = {over}", "money_within_bound"),
        ("slippage = {over}", "money_within_bound"),
        ("hold = -1", "hold_not_negative"),
        ("rungs_hit = -1", "rungs_hit_not_negative"),
        ("version = 0", "version_from_one"),
        ("side = 'UP'", "side_known"),
        ("status = 'HALF'", "status_known"),
        ("quantity = {zero}", "prices_in_range"),
        ("quantity = {negative}", "prices_in_range"),
        ("quantity = {nan}", "prices_in_range"),
        ("entry_price = {zero}", "prices_in_range"),
        ("stop_price = {negative}", "prices_in_range"),
        ("open_quantity = {negative}", "prices_in_range"),
        ("fee_rate = {negative}", "prices_in_range"),
        ("spread_rate = {negative}", "prices_in_range"),
        ("slippage_rate = {negative}", "prices_in_range"),
        ("status = 'CLOSED'", "closed_iff_exit_fixed"),
        ("close_reason = 'MANUAL'", "closed_iff_exit_fixed"),
        ("exit_price = {one}", "closed_iff_exit_fixed"),
        ("exit_time = entry_time", "closed_iff_exit_fixed"),
        ("closed_at = opened_at", "closed_iff_exit_fixed"),
    ],
)
def test_a_position_is_refused(hand: Hand, change: str, constraint: str) -> None:
    """Impossible prices, quantities and states are refused by the table itself."""
    change = change.format(
        over=hand.money(OVER),
        under=hand.money(UNDER),
        zero=hand.price("0"),
        one=hand.price("1"),
        negative=hand.price("-0.5"),
        nan="'NaN'",
    )
    refused(hand, f"UPDATE positions SET {change} WHERE id = {POSITION_OPEN}", constraint)


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("close_reason", "NULL", "closed_iff_exit_fixed"),
        ("exit_price", "NULL", "closed_iff_exit_fixed"),
        ("exit_time", "NULL", "closed_iff_exit_fixed"),
        ("closed_at", "NULL", "closed_iff_exit_fixed"),
        ("hold", "1", "closed_iff_exit_fixed"),
        ("open_quantity", "quantity", "closed_iff_exit_fixed"),
        ("close_reason", "'WHIM'", "close_reason_known"),
    ],
)
def test_a_closed_position_is_refused(hand: Hand, column: str, value: str, constraint: str) -> None:
    """What a close must say is there, and nothing of an open one."""
    values = {"id": "99", "idempotency_key": "NULL", column: value}
    with pytest.raises(DRIVER_ERRORS, match=constraint):
        hand.copy("positions", f"id = {POSITION_CLOSED}", **values)


def test_a_position_needs_its_account(hand: Hand) -> None:
    """No position hangs in the air."""
    values = {"id": "99", "idempotency_key": "NULL", "account": "'nobody'"}
    with pytest.raises(DRIVER_ERRORS, match=r"(?i)foreign key"):
        hand.copy("positions", f"id = {POSITION_OPEN}", **values)


def test_an_idempotency_key_is_taken_once_an_account(hand: Hand) -> None:
    """The same key opens nothing twice, whatever the program does."""
    with pytest.raises(DRIVER_ERRORS, match="idempotency_key"):
        hand.copy("positions", f"id = {POSITION_OPEN}", id="99")


def test_an_idempotency_key_belongs_to_its_account(hand: Hand) -> None:
    """Another account may use the same one."""
    hand.copy("positions", f"id = {POSITION_OPEN}", id="98", account="'other'")
    hand.run("DELETE FROM positions WHERE id = 98")


def test_positions_without_a_key_do_not_collide(hand: Hand) -> None:
    """Having none is not a key."""
    for position_id in ("96", "97"):
        hand.copy("positions", f"id = {POSITION_OPEN}", id=position_id, idempotency_key="NULL")
    hand.run("DELETE FROM positions WHERE id IN (96, 97)")


def test_closed_is_terminal(hand: Hand) -> None:
    """Not even a change of nothing is taken."""
    for change in ("stop_price = stop_price", "status = 'OPEN'", "version = version + 1"):
        refused(hand, f"UPDATE positions SET {change} WHERE id = {POSITION_CLOSED}", "terminal")


def test_a_position_with_entries_stays(hand: Hand) -> None:
    """Booked money keeps what it was booked for."""
    refused(hand, f"DELETE FROM positions WHERE id = {POSITION_OPEN}", r"(?i)foreign key")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"amount": "{over}"}, "money_within_bound"),
        ({"amount": "{under}"}, "money_within_bound"),
        (
            {
                "total_change": "{over}",
                "locked_change": "{over}",
                "balance_after": "balance_before",
            },
            "money_within_bound",
        ),
        (
            {
                "total_change": "0",
                "locked_change": "0",
                "balance_before": "{over}",
                "balance_after": "{over}",
            },
            "money_within_bound",
        ),
        ({"transaction_type": "'gift'"}, "transaction_type_known"),
        ({"number": "0"}, "number_from_one"),
        ({"balance_after": "balance_after + 1"}, "arithmetic"),
        ({"total_change": "total_change + 1"}, "arithmetic"),
        ({"locked_change": "locked_change + 1"}, "arithmetic"),
        (
            {
                "balance_before": "balance_before - {large}",
                "balance_after": "balance_after - {large}",
            },
            "balances_not_negative",
        ),
        ({"account": "'nobody'"}, "(?i)foreign key"),
        ({"position_id": "404"}, "(?i)foreign key"),
        ({"operation": "operation"}, "operation"),
    ],
)
def test_an_entry_is_refused(hand: Hand, values: dict[str, str], constraint: str) -> None:
    """Amounts, balances and types must fit one another."""
    units = {
        "over": hand.money(OVER),
        "under": hand.money(UNDER),
        "large": hand.money("5000.00000000"),
    }
    copied = {"number": "99", "operation": "'new'"}
    copied |= {column: value.format(**units) for column, value in values.items()}
    with pytest.raises(DRIVER_ERRORS, match=constraint):
        hand.copy("wallet_transactions", f"operation = 'open:{POSITION_OPEN}'", **copied)


def test_an_entrys_number_is_taken_once_an_account(hand: Hand) -> None:
    """An account's entries are counted without a repetition."""
    with pytest.raises(DRIVER_ERRORS, match=r"number|pk_wallet_transactions"):
        hand.copy("wallet_transactions", "operation = 'open:1'", operation="'new'")


def test_a_position_has_at_most_one_close_entry(hand: Hand) -> None:
    """Money is paid back once."""
    values = {"number": "99", "operation": "'new'"}
    with pytest.raises(DRIVER_ERRORS, match=r"position_id|ux_wallet_transactions_close"):
        hand.copy("wallet_transactions", "transaction_type = 'position_close'", **values)


@pytest.mark.parametrize("table", ["wallet_transactions", "events"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET commit_id = commit_id", "DELETE FROM {0}"])
def test_entries_and_events_are_only_appended(hand: Hand, table: str, statement: str) -> None:
    """Neither changed nor deleted: history stays."""
    refused(hand, statement.format(table), f"{table} is append-only")


@pytest.mark.parametrize(
    ("table", "why"),
    [("wallet_transactions", "append-only"), ("events", "append-only"), ("owner", "one row")],
)
def test_no_table_that_must_stay_is_truncated(hand: Hand, table: str, why: str) -> None:
    """The one statement that passes row triggers by is refused too."""
    if hand.sqlite:
        pytest.skip("SQLite knows no TRUNCATE")
    refused(hand, f"TRUNCATE {table}", why)


def test_an_event_id_begins_at_one_and_is_taken_once(hand: Hand) -> None:
    """What readers go on from cannot be ambiguous."""
    with pytest.raises(DRIVER_ERRORS, match="id_from_one"):
        hand.copy("events", "id = 1", id="0")
    with pytest.raises(DRIVER_ERRORS, match=r"events\.id|pk_events"):
        hand.copy("events", "id = 1")


def test_the_owner_table_holds_one_row(hand: Hand) -> None:
    """There is no second owner to mistake for the first."""
    with pytest.raises(DRIVER_ERRORS, match="one_row"):
        hand.copy("owner", "id = 1", id="2")
    with pytest.raises(DRIVER_ERRORS, match=r"owner\.id|pk_owner"):
        hand.copy("owner", "id = 1")
    refused(hand, "DELETE FROM owner", "one row")
    refused(hand, "UPDATE owner SET epoch = -1", "epoch_not_negative")
    refused(hand, "UPDATE owner SET lease_seconds = 0", "lease_positive")


def test_a_market_price_is_positive(hand: Hand) -> None:
    """A market at zero would close everything."""
    time = "0" if hand.sqlite else "now()"
    values = f"('X', {hand.price('0')}, {time})"
    refused(hand, f"INSERT INTO markets (symbol, price, time) VALUES {values}", "prices_in_range")


def test_sqlite_keeps_no_float_as_money(hand: Hand) -> None:
    """Its columns would take one without a word."""
    if not hand.sqlite:
        pytest.skip("PostgreSQL's NUMERIC is exact")
    refused(hand, "UPDATE accounts SET total = 1000.5", "cannot store REAL value in INTEGER")
