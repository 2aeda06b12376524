"""A position's row that cannot be read: lists answer the rest and name it, at every door."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backstay.web.api.paging import cursor_of
from tests.acceptance.api import AppClient, serving
from tests.acceptance.conftest import Log
from tests.acceptance.corruptions import unprotect
from tests.acceptance.house import House

REMEDY = "put back what was changed, or restore a backup"


@pytest.fixture
def five_closed(house: House, log: Log) -> House:
    """Positions 1 to 5, all closed."""
    log.failures_expected = True
    house.open_account(100)
    house.price(100)
    for position_id in range(1, 6):
        house.open(10)
        house.close(position_id)
    house.stop()
    unprotect(house.sql, house.url)
    return house


@pytest.fixture
def broken(five_closed: House, tmp_path: Path) -> Iterator[Callable[..., AppClient]]:
    """The same, served after statements broke rows of it."""
    opened: list[Any] = []

    def served(*statements: str) -> AppClient:
        five_closed.sql(*statements)
        opened.append(serving(five_closed.url, tmp_path))
        api: AppClient = opened[-1].__enter__()
        return api

    yield served
    for context in opened:
        context.__exit__(None, None, None)


BREAKS = {
    "ladder not JSON": "UPDATE positions SET ladder = 'junk' WHERE id = 3",
    "ladder with NaN": (
        'UPDATE positions SET ladder = \'{"stop_loss":"NaN%","take_profits":"none"}\' WHERE id = 3'
    ),
    "former ladder with NaN": (
        'UPDATE positions SET ladder = \'{"stop_loss_pct":"NaN","rungs":[]}\' WHERE id = 3'
    ),
    "take-profit of NaN": "UPDATE positions SET take_profit_prices = '[\"NaN\"]' WHERE id = 3",
    "fewer prices than rungs": "UPDATE positions SET take_profit_prices = '[]' WHERE id = 3",
    "more rungs hit than there are": "UPDATE positions SET rungs_hit = 9 WHERE id = 3",
}


@pytest.mark.parametrize("statement", BREAKS.values(), ids=BREAKS.keys())
def test_a_list_answers_the_rest_and_names_the_row_that_is_missing(
    broken: Callable[..., AppClient], statement: str
) -> None:
    """All positions, and the closed ones."""
    api = broken(statement)
    for query in ({}, {"status": "CLOSED"}):
        page = api.get("/positions", **query)
        assert [position["id"] for position in page["items"]] == [5, 4, 2, 1]
        (missing,) = page["unreadable"]
        assert (missing["table"], missing["row"], missing["account"]) == ("positions", "3", "demo")
        assert "row 3 of table positions cannot be read" in missing["detail"]
        assert REMEDY in missing["detail"]


@pytest.mark.parametrize("statement", BREAKS.values(), ids=BREAKS.keys())
def test_a_single_read_of_it_is_refused_with_the_row_and_the_remedy(
    broken: Callable[..., AppClient], statement: str
) -> None:
    """Its history too; its neighbours are shown."""
    api = broken(statement)
    for path in ("/positions/3", "/positions/3/history"):
        problem = api.problem("GET", path)
        assert (problem["status"], problem["type"].split(":")[-1]) == (503, "row-unreadable")
        assert "row 3 of table positions cannot be read" in problem["detail"]
        assert REMEDY in problem["detail"]
    assert api.get("/positions/4")["status"] == "CLOSED"


def test_a_change_of_it_with_a_key_is_refused_in_the_same_words(
    broken: Callable[..., AppClient],
) -> None:
    """Whose key it is stands in the row."""
    api = broken("UPDATE positions SET ladder = 'junk' WHERE id = 3")
    refused = api.problem("POST", "/positions/3/close", {}, headers={"Idempotency-Key": "k"})
    assert (refused["status"], REMEDY in refused["detail"]) == (503, True)


def test_pages_of_two_reach_every_row_past_broken_ones(broken: Callable[..., AppClient]) -> None:
    """A page whose rows are all broken shows none of them, and still leads on."""
    api = broken("UPDATE positions SET ladder = 'junk' WHERE id IN (2, 3)")
    shown, missing, cursor = [], [], None
    while True:
        where: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        page = api.get("/positions", limit=2, **where)
        shown.append([position["id"] for position in page["items"]])
        missing.append([row["row"] for row in page["unreadable"]])
        if (cursor := page["next"]) is None:
            break
    assert (shown, missing) == ([[5, 4], [], [1]], [[], ["3", "2"], []])


def test_sqlite_refuses_a_time_that_is_not_one(five_closed: House, tmp_path: Path) -> None:
    """An integer beyond every calendar would break the answer."""
    if not five_closed.url.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps times as times")
    five_closed.sql("UPDATE positions SET closed_at = 9000000000000000000 WHERE id = 3")
    with serving(five_closed.url, tmp_path) as api:
        (missing,) = api.get("/positions")["unreadable"]
        assert "9000000000000000000 microseconds since 1970 are not a time" in missing["detail"]


def test_a_ledger_answers_the_rest_and_its_file_is_refused(
    five_closed: House, tmp_path: Path
) -> None:
    """The list names the entry; a file that lacked it would look like the whole ledger."""
    if five_closed.url.startswith("sqlite"):
        constraints = ["PRAGMA ignore_check_constraints = ON"]
    else:
        constraints = [
            f"ALTER TABLE wallet_transactions DROP CONSTRAINT {name}"
            for (name,) in five_closed.sql(
                "SELECT conname FROM pg_constraint WHERE contype = 'c'"
                " AND conrelid = 'wallet_transactions'::regclass"
            )
        ]
    leap = "UPDATE wallet_transactions SET transaction_type = 'leap' WHERE number = 4"
    five_closed.sql(*constraints, leap)
    with serving(five_closed.url, tmp_path) as api:
        page = api.get("/accounts/demo/transactions", limit=5, cursor=cursor_of(7))
        assert [entry["number"] for entry in page["items"]] == [6, 5, 3, 2]
        (missing,) = page["unreadable"]
        assert (missing["row"], missing["account"]) == ("4", "demo")
        assert "row 4 of table wallet_transactions cannot be read" in missing["detail"]
        problem = api.problem("GET", "/accounts/demo/transactions.csv")
        assert (problem["status"], REMEDY in problem["detail"]) == (503, True)
