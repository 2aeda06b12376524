"""The health check finds what was tampered with, says so, and lets nothing be opened on it."""

import json
from collections.abc import Callable, MutableMapping
from decimal import Decimal
from typing import Any

import pytest

from actors.auditor.messages import CheckHealth
from actors.position.messages import ClosePosition
from actors.system import UncommittedError
from tests.acceptance.conftest import Log
from tests.acceptance.house import WITHIN, House, Number, running
from trading.books import HealthReport
from trading.model import CloseReason, DenialReason, PositionStatus


@pytest.fixture
def house(house: House) -> House:
    """Two accounts of 100 that have each closed one position of 25 and have another open."""
    trade(house, "demo", "other")
    return house


def trade(house: House, *accounts: str) -> None:
    for account in accounts:
        house.open_account(100, account=account)
    house.price(100)
    for account in accounts:
        house.open(25, account=account)
    house.price(110)
    house.price(100)
    for account in accounts:
        house.open(25, account=account)


def units(house: House, amount: Number) -> str:
    """An amount as the database writes money."""
    scale = 10**8 if house.url.startswith("sqlite") else 1
    return str(Decimal(amount) * scale)


def unprotect_entries(house: House) -> None:
    """Drop the triggers that keep entries append-only."""
    if house.url.startswith("sqlite"):
        for change in ("update", "delete"):
            house.sql(f"DROP TRIGGER wallet_transactions_no_{change}")
    else:
        house.sql("DROP TRIGGER wallet_transactions_append_only ON wallet_transactions")


def move_balance(house: House, amount: Number, account: str = "demo") -> None:
    house.sql(
        f"UPDATE accounts SET total = total + {units(house, amount)} WHERE account = '{account}'"
    )


def changed_balance(house: House, account: str) -> None:
    move_balance(house, "0.18", account)


def missing_entry(house: House, account: str) -> None:
    house.sql(f"DELETE FROM wallet_transactions WHERE account = '{account}' AND number = 3")


def missing_last_entry(house: House, account: str) -> None:
    house.sql(f"DELETE FROM wallet_transactions WHERE account = '{account}' AND number = 4")


def changed_entry(house: House, account: str) -> None:
    one = units(house, 1)
    house.sql(
        f"UPDATE wallet_transactions SET amount = amount + {one},"
        f" total_change = total_change + {one}, balance_after = balance_after + {one}"
        f" WHERE account = '{account}' AND number = 3"
    )


def changed_amount(house: House, account: str) -> None:
    house.sql(
        f"UPDATE wallet_transactions SET amount = amount - {units(house, 1)}"
        f" WHERE account = '{account}' AND number = 2"
    )


def hold_without_position(house: House, account: str) -> None:
    zero = "'0'" if house.url.startswith("sqlite") else "0"
    house.sql(
        "UPDATE positions SET status = 'CLOSED', close_reason = 'MANUAL', exit_price = '1',"
        " exit_time = opened_at, closed_at = opened_at, hold = 0,"
        f" open_quantity = {zero} WHERE account = '{account}' AND status = 'OPEN'"
    )


def changed_hold(house: House, account: str) -> None:
    house.sql(
        f"UPDATE positions SET hold = hold + {units(house, 1)}"
        f" WHERE account = '{account}' AND status = 'OPEN'"
    )


def memory_unlike_the_database(house: House, account: str) -> None:
    """Rewrite the account's whole history, so that the database agrees with itself."""
    one = units(house, 1)
    house.sql(
        f"UPDATE accounts SET total = total + {one}, initial_balance = initial_balance + {one}"
        f" WHERE account = '{account}'",
        f"UPDATE wallet_transactions SET amount = amount + {one},"
        f" total_change = total_change + {one}, balance_after = balance_after + {one}"
        f" WHERE account = '{account}' AND number = 1",
        f"UPDATE wallet_transactions SET balance_before = balance_before + {one},"
        f" balance_after = balance_after + {one} WHERE account = '{account}' AND number > 1",
    )


TAMPERINGS = [
    (changed_balance, {"total", "chain", "memory"}, 4),
    (missing_entry, {"total", "locked", "used", "chain"}, 3),
    (missing_last_entry, {"locked", "used", "chain"}, 4),
    (changed_entry, {"total", "chain"}, 4),
    (changed_amount, {"chain"}, 2),
    (hold_without_position, {"used"}, 4),
    (changed_hold, {"used"}, 4),
    (memory_unlike_the_database, {"memory"}, None),
]


def test_a_tampering_is_found_reported_and_stops_opens(database_url: str, log: Log) -> None:
    """The checks that fail, the first divergent entry, an event, a line, and refused opens."""
    with running(database_url) as house:
        trade(house, "untouched", *[tamper.__name__ for tamper, *_ in TAMPERINGS])
        unprotect_entries(house)
        for tamper, failed, first in TAMPERINGS:
            account = tamper.__name__
            assert house.check(account).failed_checks == ()
            tamper(house, account)
            report = house.check(account)
            assert (account, set(report.failed_checks)) == (account, failed)
            assert (account, report.first_divergent_entry) == (account, first)
            assert_reported(house, report, log)
            denial = house.denied(1, account=account)
            assert denial.reason is DenialReason.BOOKS_MISMATCH
            assert all(name in denial.text for name in failed)
        assert house.open(1, account="untouched").hold == 1
        assert house.check("untouched").failed_checks == ()


def assert_reported(house: House, report: HealthReport, log: Log) -> None:
    (event,) = [e for e in house.events("health_mismatch_found") if e.account == report.account]
    told = json.loads(event.data)
    assert set(told["failed_checks"]) == set(report.failed_checks)
    assert told["first_divergent_entry"] == report.first_divergent_entry
    (line,) = [e for e in failures(log) if e["account"] == report.account]
    assert line["log_level"] == "error"
    assert line["status"] == "MISMATCH"
    assert Decimal(line["difference"]) == report.difference
    assert Decimal(line["actual"]) - Decimal(line["expected"]) == report.difference


def failures(log: Log) -> list[MutableMapping[str, Any]]:
    return [e for e in log.entries if e["event"] == "⚠ Wallet health check FAILED"]


def test_a_changed_balance_is_told_as_in_the_specification(house: House, log: Log) -> None:
    """Status, expected, actual and difference, as the specification's example has them."""
    move_balance(house, "0.18")
    house.check()
    (line,) = failures(log)
    assert (line["expected"], line["actual"]) == ("102.32225000", "102.50225000")
    assert line["difference"] == "0.18000000"


def test_a_mismatch_is_reported_once(house: House) -> None:
    """Further checks fail, and do not repeat the event."""
    move_balance(house, "0.18")
    for _ in range(3):
        assert house.check().failed_checks
    assert len(house.events("health_mismatch_found")) == 1


def test_after_the_repair_a_check_allows_opens_again(house: House) -> None:
    """An event says so, and only then."""
    move_balance(house, "0.18")
    house.check()
    move_balance(house, "-0.18")
    assert house.denied(1).reason is DenialReason.BOOKS_MISMATCH
    assert house.check().failed_checks == ()
    assert house.open(1).account == "demo"
    assert [event.account for event in house.events("health_restored")] == ["demo"]


def test_guarding_goes_on_while_opens_are_refused(house: House) -> None:
    """A changed entry does not keep a position from its take-profit."""
    unprotect_entries(house)
    changed_amount(house, "demo")
    house.check()
    house.price(110)
    assert house.position(3).status is PositionStatus.CLOSED
    assert house.wallet().locked == 0


def test_a_wallet_that_was_changed_by_hand_halts_and_overwrites_nothing(
    house: House, log: Log
) -> None:
    """The next commit is refused; the hand's figure stands, and opens and transfers are denied."""
    move_balance(house, "0.18")
    changed = house.sql("SELECT * FROM accounts WHERE account = 'demo'")
    house.price(110)
    assert house.sql("SELECT * FROM accounts WHERE account = 'demo'") == changed
    assert house.position(3).status is PositionStatus.OPEN
    assert "wallet halted" in log.lines
    assert len(house.events("health_mismatch_found")) == 1
    assert house.denied(1).reason is DenialReason.BOOKS_MISMATCH
    assert house.open(25, account="other").account == "other"


def test_a_halted_wallets_closes_settle_after_the_repair(house: House) -> None:
    """At the price that reached them, and everybody who waits hears of it."""
    move_balance(house, "0.18")
    house.price(110)
    waiting = house.tell(lambda reply: ClosePosition(position_id=3, reply_to=reply))
    house.price(90)
    assert not waiting.future.done()
    move_balance(house, "-0.18")
    assert house.check().failed_checks == ()
    position = house.position(3)
    assert position.close_reason is CloseReason.TAKE_PROFIT
    assert position.exit_price == 110
    assert waiting.get(0).already_closed
    assert house.wallet().total == 100 + 2 * Decimal("2.32225")
    assert house.check().failed_checks == ()


def test_a_restart_on_a_changed_balance_builds_nothing_on_it(
    a_house: Callable[..., House], log: Log
) -> None:
    """The wallet halts with the first check; after the repair it begins anew, and settles."""
    log.failures_expected = True
    former = a_house()
    trade(former, "demo")
    former.stop()
    move_balance(former, "0.18")
    house = a_house()
    assert house.check().failed_checks == ("total", "chain")
    entries = len(house.entries())
    house.price(110)
    assert len(house.entries()) == entries
    assert house.position(2).status is PositionStatus.OPEN
    move_balance(house, "-0.18")
    house.check()
    house.settle()
    assert house.check().failed_checks == ()
    assert house.position(2).exit_price == 110
    assert house.wallet().total == 100 + 2 * Decimal("2.32225")
    house.open(25)


def test_a_stop_tells_of_the_closes_that_a_halted_wallet_keeps(house: House) -> None:
    """They are nowhere but in its memory; whoever stops the system must hear of it."""
    move_balance(house, "0.18")
    house.price(110)
    with pytest.raises(UncommittedError, match="position 3: rung_hit"):
        house.system.stop(WITHIN)


def test_the_auditor_finds_it_by_itself(a_house: Callable[..., House]) -> None:
    """Within its interval, in virtual time, and once more after the repair."""
    house = a_house(audit_seconds=10)
    house.open_account(100)
    house.price(100)
    house.open(25)
    house.advance(25)
    move_balance(house, "0.18")
    house.advance(11)
    assert len(house.events("health_mismatch_found")) == 1
    move_balance(house, "-0.18")
    house.advance(11)
    assert len(house.events("health_restored")) == 1


def test_an_old_entry_is_found_by_the_next_full_check(a_house: Callable[..., House]) -> None:
    """Rounds in between read new entries only; every sixtieth reads them all."""
    house = a_house(audit_seconds=10)
    house.open_account(100)
    house.advance(15)
    change_opening_amount(house)
    house.advance(10)
    assert house.events("health_mismatch_found") == ()
    house.advance(600)
    (event,) = house.events("health_mismatch_found")
    assert json.loads(event.data)["first_divergent_entry"] == 1


def change_opening_amount(house: House) -> None:
    unprotect_entries(house)
    house.sql(
        f"UPDATE wallet_transactions SET amount = amount + {units(house, 1)} WHERE number = 1"
    )


def test_all_accounts_are_checked_where_none_is_named(memory_house: House, log: Log) -> None:
    """One line each."""
    trade(memory_house, "demo", "other")
    memory_house.system.tell(CheckHealth())
    memory_house.settle()
    assert len([line for line in log.lines if "health check PASSED" in line]) == 2
