"""A repair as an operator makes it: over HTTP, by the command line, and under load."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.auditor.messages import RepairDone, RepairWallet
from actors.engine.dispatcher import PooledDispatcher
from actors.messages import Denied, Reply
from actors.wallet.messages import OpenDone
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from harness.http_api import Api, until
from harness.service_process import ServiceProcess
from tests.acceptance.api import AppClient, serving
from tests.acceptance.house import WITHIN, House, an_open, run_sql
from tests.command_line import CommandLine
from trading.books import HealthStatus
from trading.model import DenialReason

WRITTEN_BY_HAND = "UPDATE accounts SET total = total + 7 WHERE account = 'demo'"
PATH = "/accounts/demo/repair"
REASON = {"reason": "a script wrote it"}


def test_the_service_restores_a_row_that_was_changed_while_it_ran(
    database_url: str, tmp_path: Path, shell: CommandLine
) -> None:
    """Audit 1, repair 0, audit 0; the close that waited has the price that reached it."""
    env = {"BACKSTAY_DATABASE": database_url, "BACKSTAY_AUDIT_SECONDS": "1"}
    shell.enter(tmp_path, BACKSTAY_DATABASE=database_url)
    with (
        ServiceProcess(tmp_path, "--feed", "none", env=env, warm=True) as service,
        Api(service) as api,
    ):
        api.price("BTCUSDT", "100")
        position_id = api.open("demo", "BTCUSDT")["id"]
        run_sql(database_url, WRITTEN_BY_HAND)
        api.price("BTCUSDT", "110")
        api.price("BTCUSDT", "99")
        entries = api.items("/accounts/demo/transactions")
        code, told, _ = shell.run("audit")
        assert code == 1
        assert "backstay repair demo --apply --reason" in told
        url = ("--url", service.url)
        assert shell.run("repair", "demo", *url)[0] == 1
        done = shell.says("repair", "demo", "--apply", "--reason", "a script wrote it", *url)
        assert "Wallet of account demo: repaired" in done
        closed = api.until(position_id, lambda position: position["status"] == "CLOSED")
        assert closed["exit_price"] == "110"
        until(lambda: api.health("demo")["status"] == "HEALTHY")
        assert api.items("/accounts/demo/transactions")[-len(entries) :] == entries
        assert api.account("demo")["total_balance"] == "1002.32225000"
        assert api.open("demo", "BTCUSDT")["status"] == "OPEN"
        assert shell.says("repair", "demo", *url).startswith("Wallet of account demo: nothing")
        assert "Books of account demo: HEALTHY" in shell.says("audit")


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Any:
    """An account of 100 over a real database."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        yield api


def test_a_repair_over_http(api: AppClient) -> None:
    """What the row is and should be; then what it was and is; then nothing is to be done."""
    assert api.get(PATH)["status"] == "NOTHING_TO_REPAIR"
    assert api.problem("POST", PATH, REASON)["type"] == "urn:backstay:problem:nothing-to-repair"
    api.house.sql("UPDATE accounts SET initial_balance = 0, total = total + total")
    shown = api.get(PATH)
    assert (shown["status"], shown["first_divergent_entry"]) == ("REPAIRABLE", 1)
    fields = [
        ("initial_balance", "0.00000000", "100.00000000"),
        ("total_balance", "200.00000000", "100.00000000"),
        ("locked_balance", "0.00000000", "0.00000000"),
        ("available_balance", "200.00000000", "100.00000000"),
        ("entries", "1", "1"),
    ]
    assert [tuple(field.values()) for field in shown["fields"]] == fields
    done = api.post(PATH, REASON)
    assert (done["status"], done["detail"]) == ("REPAIRED", "a script wrote it")
    assert done["fields"] == shown["fields"]
    api.house.settle()
    assert api.get("/accounts/demo/health")["status"] == "HEALTHY"
    assert api.get("/accounts/demo")["total_balance"] == "100.00000000"


def test_a_repair_that_is_impossible_says_why(api: AppClient) -> None:
    """The last entry is gone: 409, with its number, and no field to write."""
    api.post("/accounts/demo/transfers", {"amount": "1", "reference": "r"})
    trigger = "wallet_transactions_no_delete"
    if not api.house.url.startswith("sqlite"):
        trigger = "wallet_transactions_append_only ON wallet_transactions"
    api.house.sql(f"DROP TRIGGER {trigger}", "DELETE FROM wallet_transactions WHERE number = 2")
    shown = api.get(PATH)
    assert (shown["status"], shown["first_divergent_entry"]) == ("IRREPARABLE", 2)
    assert shown["fields"] == []
    denied = api.problem("POST", PATH, REASON)
    assert denied["type"] == "urn:backstay:problem:repair-impossible"
    assert "entry 2 is missing" in denied["detail"]


def test_only_an_admin_repairs_and_says_why(api: AppClient) -> None:
    """A reader may look; a reason is a line of text."""
    assert api.problem("POST", PATH, {})["status"] == 422
    assert api.problem("POST", PATH, {"reason": ""})["status"] == 422
    assert api.problem("GET", "/accounts/nobody/repair")["status"] == 404
    assert api.problem("POST", "/accounts/nobody/repair", REASON)["status"] == 404
    token = TokenFile(api.tokens_file).create("looks", Scope.TRADE)
    headers = {"Authorization": f"Bearer {token}"}
    assert api.ask("GET", PATH, headers=headers).status_code == 200
    assert api.problem("POST", PATH, REASON, headers=headers)["status"] == 403


def test_a_repair_under_load_loses_and_doubles_nothing(
    a_house: Callable[..., House], shell: CommandLine
) -> None:
    """Opens by key go on meanwhile; each is there once or was denied, and the audit is clean."""
    house = a_house(dispatcher=PooledDispatcher())
    house.open_account(1_000_000)
    house.price(100)
    ended = threading.Event()
    opened: list[int] = []

    def trade() -> None:
        while not ended.is_set():
            reply = house.tell(partial(an_open, notional=1, key=f"key {len(opened)}"))
            if isinstance(answer := reply.get(WITHIN), OpenDone):
                opened.append(answer.position.position_id)

    trader = threading.Thread(target=trade)
    trader.start()
    try:
        for written in ("total = total + 7", "locked = 0", "entries = 1, initial_balance = 1"):
            before = len(opened)
            until(partial(more_than, opened, before))
            house.sql(f"UPDATE accounts SET {written}")
            until(partial(repaired, house))
        before = len(opened)
        until(partial(more_than, opened, before))
    finally:
        ended.set()
        trader.join()
    house.settle()
    assert house.check().status is HealthStatus.HEALTHY
    assert len(set(opened)) == len(opened)
    assert set(opened) == set(house.system.published.version.positions)
    assert len(house.events("wallet_repaired")) == 3
    shell.says("audit", "--database", house.url)


def more_than(found: list[int], count: int) -> bool:
    return len(found) > count


def repaired(house: House) -> bool:
    """Ask for a repair; what came between has it asked for again."""
    reply = house.tell(partial(a_repair, "demo"))
    answer = reply.get(WITHIN)
    if isinstance(answer, Denied):
        assert answer.denial.reason is DenialReason.WRITE_REFUSED, answer
    return isinstance(answer, RepairDone)


def a_repair(account: str, reply: Reply) -> RepairWallet:
    return RepairWallet(account=account, reason="a script wrote it", reply_to=reply)
