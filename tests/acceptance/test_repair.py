"""Whatever is spoiled is found by the audit, and a wallet's row is restored from its ledger."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

import pytest

from actors.auditor.messages import CheckHealth, HealthChecked, RepairDone, RepairWallet
from actors.messages import Denied, Reply
from actors.wallet.messages import OpenAccount
from backstay.web.api.bodies import repair_body
from tests.acceptance.corruptions import CORRUPTIONS, OF_THE_ROW, Corruption, unprotect
from tests.acceptance.house import House, amounts, an_open, balances, run_sql
from tests.command_line import CommandLine
from trading.model import DenialReason, PositionStatus
from trading.repair import Irreparable, Repair


def trade(house: House, *accounts: str) -> None:
    """Each account closes a position of 25 at 110 and opens another at 100."""
    at_once(house, *(partial(an_account, account) for account in accounts))
    house.price(100)
    at_once(house, *(partial(an_open, account=account) for account in accounts))
    house.price(110, 100)
    at_once(house, *(partial(an_open, account=account) for account in accounts))


def at_once(house: House, *commands: Callable[[Reply], Any]) -> None:
    """Give commands that share few transactions, and wait for them all."""
    for command in commands:
        house.tell(command)
    house.settle()


def an_account(account: str, reply: Reply) -> OpenAccount:
    return OpenAccount(account=account, initial_balance=Decimal(100), reply_to=reply)


def corrupt(url: str, corruptions: dict[str, Corruption]) -> None:
    """Spoil each account as it is called."""
    run_sql(
        url,
        *chain.from_iterable(
            corruption.statements(url, account) for account, corruption in corruptions.items()
        ),
    )


def audit(shell: CommandLine, url: str) -> tuple[int, dict[str | None, Any]]:
    """The exit code, and what is said by account."""
    code, told, error = shell.run("audit", "--json", "--database", url)
    assert error == ""
    return code, {document["account"]: document for document in json.loads(told)}


def repair(house: House, account: str) -> RepairDone | Denied:
    """Have a row restored, and everybody come to rest."""
    answer = house.ask(
        lambda reply: RepairWallet(account=account, reason="a test wrote it", reply_to=reply)
    )
    assert isinstance(answer, RepairDone | Denied)
    return answer


def proposed(house: House, account: str) -> HealthChecked:
    """What a health check says is to be done about an account's row."""
    answer = house.ask(lambda reply: CheckHealth(account=account, reply_to=reply))
    assert isinstance(answer, HealthChecked)
    return answer


def unprotected(house: House, *accounts: str) -> House:
    """A house whose accounts have traded, and whose database takes any SQL."""
    trade(house, *accounts)
    unprotect(house.sql, house.url)
    return house


@pytest.fixture
def spoiled(a_house: Callable[..., House]) -> House:
    """A database in which every account is spoiled in another way, before its system starts."""
    house = unprotected(a_house(), "untouched", *CORRUPTIONS)
    house.stop()
    corrupt(house.url, CORRUPTIONS)
    return a_house()


def test_the_audit_finds_each_corruption_and_names_the_entry(
    spoiled: House, shell: CommandLine
) -> None:
    """Exit 1; a sentence that names the entry, and what to do about it."""
    code, told = audit(shell, spoiled.url)
    assert code == 1
    for account, corruption in CORRUPTIONS.items():
        findings = told[account]["findings"]
        assert told[account]["status"] == "MISMATCH", account
        assert any(corruption.says in found["text"] for found in findings), (account, findings)
        entries = {found["entry"]["number"] for found in findings if found["entry"]}
        assert corruption.entry in entries, (account, findings)
        advice = "backstay repair" if account in OF_THE_ROW else "restore a backup"
        assert advice in told[account]["to_do"], account
    assert told["untouched"]["status"] == "HEALTHY"
    assert told["untouched"]["findings"] == []
    of_nobody = [found["text"] for found in told[None]["findings"]]
    assert any("are missing" in text for text in of_nobody), of_nobody


def test_a_repair_proposes_the_exact_row_or_says_why_not(spoiled: House) -> None:
    """Only the figures that are wrong differ; where no row helps, nothing is written."""
    for account, corruption in CORRUPTIONS.items():
        checked = proposed(spoiled, account)
        if corruption.restored:
            assert isinstance(checked.repair, Repair), (account, checked)
            fields = repair_body(checked).fields
            changed = {one.name: one.expected for one in fields if one.actual != one.expected}
            changed.pop("available_balance", None)
            assert changed == corruption.restored, account
        elif corruption.why_not is not None:
            assert isinstance(checked.repair, Irreparable), (account, checked)
            assert corruption.why_not in checked.repair.why, (account, checked.repair)
            assert_denied(spoiled, account, DenialReason.REPAIR_IMPOSSIBLE)
        else:
            assert checked.repair is None, (account, checked)
            assert_denied(spoiled, account, DenialReason.NOTHING_TO_REPAIR)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_repair_restores_the_row_and_nothing_else(
    a_house: Callable[..., House], shell: CommandLine, restarts: bool
) -> None:
    """The audit is clean, entries are as they were, and a close that waited has its price."""
    house = unprotected(a_house(), *OF_THE_ROW)
    corrupt(house.url, OF_THE_ROW)
    if restarts:
        house.stop()
        house = a_house()
        for account in OF_THE_ROW:
            assert house.check(account).failed_checks
    before = {account: house.entries(account) for account in OF_THE_ROW}
    house.price(110, 90)
    for account in OF_THE_ROW:
        assert house.entries(account) == before[account], account
        assert isinstance(repair(house, account), RepairDone), account
        assert_mended(house, account)
        assert house.entries(account)[:4] == before[account], account
    house.price(100)
    for account in OF_THE_ROW:
        assert house.open(1, account=account).hold == 1
    code, told = audit(shell, house.url)
    assert (code, [one["findings"] for one in told.values()]) == (0, [[]] * len(OF_THE_ROW))


def assert_mended(house: House, account: str) -> None:
    """Its last position closed at the price that reached it first, and events tell of the rest."""
    assert house.check(account).failed_checks == (), account
    closed = house.position(last_position(house, account))
    assert closed.status is PositionStatus.CLOSED, account
    assert closed.exit_price == 110, account
    total = 100 + 2 * Decimal("2.32225")
    assert balances(house.wallet(account)) == amounts(total, 0, total)
    kinds = [event.kind for event in house.events() if event.account == account]
    told = [kind for kind in kinds if kind.startswith(("health", "wallet"))]
    assert told == ["health_mismatch_found", "wallet_repaired", "health_restored"], account
    (event,) = [e for e in house.events("wallet_repaired") if e.account == account]
    assert json.loads(event.data)["reason"] == "a test wrote it"


def assert_denied(house: House, account: str, reason: DenialReason) -> None:
    before = house.rows()
    answer = repair(house, account)
    assert isinstance(answer, Denied), account
    assert answer.denial.reason is reason, account
    assert house.rows() == before, account


def last_position(house: House, account: str) -> int:
    ((found,),) = house.sql(f"SELECT MAX(id) FROM positions WHERE account = '{account}'")
    assert isinstance(found, int)
    return found
