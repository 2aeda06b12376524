"""Accounts over HTTP: balances, transfers, ledgers."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.messages import Reply
from actors.wallet.messages import TransferFunds
from tests.acceptance.api import AppClient, serving


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """An empty house."""
    with serving(database_url, tmp_path) as api:
        yield api


def a_deposit(reference: str, reply: Reply) -> TransferFunds:
    """A command that brings 0.01."""
    return TransferFunds(
        account="demo", amount=Decimal("0.01"), reference=reference, reply_to=reply
    )


def test_an_account_is_opened_once(api: AppClient) -> None:
    """201, then 200 for the same request, then 409 for another."""
    body = {"account": "demo", "initial_balance": "1000", "limits": {"open_positions_max": 3}}
    first = api.ask("POST", "/accounts", body)
    again = api.ask("POST", "/accounts", {**body, "initial_balance": "1000.00"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == api.get("/accounts/demo")
    other = api.problem("POST", "/accounts", {**body, "initial_balance": "999"})
    assert (other["status"], other["type"]) == (409, "urn:backstay:problem:account-exists")


def test_balances_are_strings_and_equity_follows_the_market(api: AppClient) -> None:
    """Total, locked, used, available; what open positions would earn, and the sum of both."""
    api.account("100")
    api.price("100")
    api.open(notional="25")
    api.open(notional="10", side="SHORT")
    api.price("102")
    account = api.get("/accounts/demo")
    del account["costs"], account["exits"]
    assert account == {
        "account": "demo",
        "account_type": "demo",
        "currency": "USDT",
        "initial_balance": "100.00000000",
        "total_balance": "100.00000000",
        "locked_balance": "35.00000000",
        "used_balance": "35.00000000",
        "available_balance": "65.00000000",
        "unrealized_pnl": "0.30000000",
        "equity": "100.30000000",
        "open_positions": 2,
    }


def test_accounts_come_in_pages_by_name(api: AppClient) -> None:
    """Each once, whatever their names are."""
    names = ["Zoë", "b", "a", "a b"]
    for name in names:
        api.account("1", account=name)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/accounts", limit=3, **cursor)
        seen += [item["account"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == sorted(names)
    assert api.get("/accounts/Zo%C3%AB")["account"] == "Zoë"


def test_a_transfer_is_booked_once_by_its_reference(api: AppClient) -> None:
    """A deposit, a withdrawal, one that is too much; a reference that means something else."""
    api.account("100")
    path = "/accounts/demo/transfers"
    deposit = {"amount": "50.5", "reference": "r-1"}
    assert api.post(path, deposit) == {
        "account": "demo",
        "reference": "r-1",
        "amount": "50.50000000",
        "repeated": False,
    }
    assert api.post(path, deposit)["repeated"] is True
    assert api.get("/accounts/demo")["total_balance"] == "150.50000000"
    conflict = api.problem("POST", path, {"amount": "1", "reference": "r-1"})
    assert conflict["type"] == "urn:backstay:problem:key-conflict"
    api.post(path, {"amount": "-50.5", "reference": "r-2"})
    too_much = api.problem("POST", path, {"amount": "-100.01", "reference": "r-3"})
    assert too_much["type"] == "urn:backstay:problem:insufficient-balance"
    assert too_much["detail"] == (
        "withdrawal of 100.01 USDT refused: available 100.00 USDT in account demo"
    )


def test_the_ledger_comes_in_pages_and_whole_as_csv(api: AppClient) -> None:
    """The newest entry first, in the specification's words; both say the same."""
    api.account("100")
    api.price("100")
    position_id = api.open()["id"]
    api.post(f"/positions/{position_id}/close")
    for number in range(3):
        api.post("/accounts/demo/transfers", {"amount": "1", "reference": f'"{number}", a'})
    entries: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/accounts/demo/transactions", limit=4, **cursor)
        entries += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [entry["number"] for entry in entries] == [6, 5, 4, 3, 2, 1]
    assert entries[4]["transaction_type"] == "position_open"
    assert entries[4]["amount"] == "-25.00000000"
    assert entries[4]["balance_after"] == "75.00000000"
    response = api.ask("GET", "/accounts/demo/transactions.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    as_text = [
        {name: "" if value is None else str(value) for name, value in entry.items()}
        for entry in entries
    ]
    assert rows == as_text


def test_a_spreadsheet_finds_no_formula_in_the_csv(api: AppClient) -> None:
    """Text that begins like one gets an apostrophe; amounts below zero stay numbers."""
    api.account("100", "=1+1", account_type="=cmd|' /C calc'!A0")
    transfer = {"amount": "-1", "reference": "x"}
    api.post("/accounts/=1+1/transfers", transfer)

    text = api.ask("GET", "/accounts/=1+1/transactions.csv").text

    rows = list(csv.DictReader(io.StringIO(text)))
    cells = [cell for row in rows for cell in row.values()]
    assert "'=cmd|' /C calc'!A0" in cells
    assert {"-1.00000000"} <= set(cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_a_long_ledger_is_whole_as_csv(api: AppClient) -> None:
    """It is read in parts; none is missing or doubled."""
    api.account("100")
    for number in range(600):  # beside the API, which would take long
        api.house.tell(partial(a_deposit, f"r-{number}"))
    api.house.settle()
    text = api.ask("GET", "/accounts/demo/transactions.csv").text
    numbers = [int(row["number"]) for row in csv.DictReader(io.StringIO(text))]
    assert numbers == list(range(601, 0, -1))
