"""A row that cannot be read at a start takes its own account out, and no other."""

from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.engine.supervised import ActorKind
from actors.messages import Denied
from actors.position.messages import ClosePosition
from actors.wallet.messages import OpenAccount, TransferFunds
from backstay.cli.audit_report import audited
from harness.http_api import Api
from harness.service_process import ServiceProcess
from persistence.store import Store
from tests.acceptance.api import serving
from tests.acceptance.conftest import Log
from tests.acceptance.house import SYMBOL, House, run_sql, running
from trading.books import HealthStatus
from trading.model import CloseReason, DenialReason, PositionStatus

A_SIGNAL = (
    "INSERT INTO signals (id, account, symbol, action, received_at, digest, flat, status)"
    " SELECT 1, 'b', 'BTCUSDT', 'LEAP', opened_at, 'd', {false}, 'RECEIVED'"
    " FROM positions WHERE account = 'b'"
)
NOT_UTF8 = "CAST(x'ff' AS TEXT)"


def ladder_junk(url: str) -> list[str]:
    """A position whose ladder is not JSON."""
    return ["UPDATE positions SET ladder = 'junk' WHERE account = 'b'"]


def distance_impossible(url: str) -> list[str]:
    """A position whose ladder can be decoded, and has a distance that leads to no price."""
    ladder = (
        '{"stop_loss_pct":"5","rungs":[{"distance_pct":"1E999999","stop":"breakeven",'
        '"close_fraction":"1"}]}'
    )
    return [f"UPDATE positions SET ladder = '{ladder}' WHERE account = 'b'"]


def target_impossible(url: str) -> list[str]:
    """A position with a take-profit that no price can be compared with."""
    return ["UPDATE positions SET take_profit_prices = '[\"NaN\"]' WHERE account = 'b'"]


def trail_impossible(url: str) -> list[str]:
    """A position whose trail follows at a distance that is not a number."""
    ladder = '{"stop_loss":"5%","take_profits":"none","trailing":"NaN%/0.1% from entry"}'
    return [f"UPDATE positions SET ladder = '{ladder}' WHERE account = 'b'"]


def best_price_impossible(url: str) -> list[str]:
    """A position whose trail has followed a price that is not one."""
    broken = "'many'" if url.startswith("sqlite") else "'NaN'"
    return [f"UPDATE positions SET best_price = {broken} WHERE account = 'b'"]


def rates_impossible(url: str) -> list[str]:
    """An account whose own cost rates are not numbers."""
    rates = '{"fee":"NaN","spread":"0","slippage":"0"}'
    return [f"UPDATE accounts SET cost_rates = '{rates}' WHERE account = 'b'"]


def exits_impossible(url: str) -> list[str]:
    """An account whose default exits are not in the notation."""
    return ["""UPDATE accounts SET exits = '{"stop_loss":"NaN%"}' WHERE account = 'b'"""]


def side_unknown(url: str) -> list[str]:
    """A position of a side that there is not."""
    return [
        *_without_checks(url, "positions"),
        "UPDATE positions SET side = 'UP' WHERE account = 'b'",
    ]


def quantity_junk(url: str) -> list[str]:
    """A number that is none."""
    broken = "'many'" if url.startswith("sqlite") else "'NaN'"
    return [
        *_without_checks(url, "positions"),
        f"UPDATE positions SET open_quantity = {broken} WHERE account = 'b'",
    ]


def wallet_impossible(url: str) -> list[str]:
    """A wallet whose balance is not a number, or whose text is not text."""
    if url.startswith("sqlite"):
        return [f"UPDATE accounts SET account_type = {NOT_UTF8} WHERE account = 'b'"]
    return [
        *_without_checks(url, "accounts"),
        "UPDATE accounts SET total = 'NaN' WHERE account = 'b'",
    ]


def signal_unknown(url: str) -> list[str]:
    """A signal to go on with whose action there is not."""
    false = "0" if url.startswith("sqlite") else "FALSE"
    return [*_without_checks(url, "signals"), A_SIGNAL.format(false=false)]


def _without_checks(url: str, table: str) -> list[str]:
    if url.startswith("sqlite"):
        return ["PRAGMA ignore_check_constraints = ON"]
    return [
        f"""DO $$ DECLARE c text; BEGIN
        FOR c IN SELECT conname FROM pg_constraint
          WHERE conrelid = '{table}'::regclass AND contype = 'c'
        LOOP EXECUTE 'ALTER TABLE {table} DROP CONSTRAINT ' || c; END LOOP; END $$"""
    ]


BREAKS = [
    ladder_junk,
    distance_impossible,
    target_impossible,
    trail_impossible,
    best_price_impossible,
    rates_impossible,
    exits_impossible,
    side_unknown,
    quantity_junk,
    wallet_impossible,
    signal_unknown,
]
READABLE_NEVER = [each for each in BREAKS if each is not distance_impossible]
Break = Callable[[str], list[str]]


@pytest.fixture
def house(house: House, log: Log) -> House:
    """Accounts a, b and c, each with an open position on BTCUSDT."""
    log.failures_expected = True
    for account in "abc":
        house.open_account(100, account=account)
    house.price(100)
    for account in "abc":
        house.open(25, account=account)
    return house


def begun_again(house: House, *statements: str) -> House:
    """The same database after a stop, a hand and a start."""
    house.stop()
    house.sql(*statements)
    again = house.again()
    again.price(100)
    return again


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: each.__name__)
def test_an_account_with_a_broken_row_is_set_aside_and_the_others_serve(
    house: House, broken: Break
) -> None:
    """It is told durably with the row; others open and close; nothing of it is written over."""
    house = begun_again(house, *broken(house.url))
    try:
        (aside,) = house.system.published.standing_still()
        assert (aside.kind, aside.key) == (ActorKind.WALLET, "b")
        assert "cannot be read" in aside.why
        assert "restart the service" in aside.why
        (event,) = house.events("part_set_aside")
        assert event.account == "b"
        before = of_account_b(house)
        assert house.denied(25, account="b").reason is DenialReason.SET_ASIDE
        assert reason_of(house, transfer_to("b")) is DenialReason.SET_ASIDE
        assert reason_of(house, opening_of("b")) is DenialReason.SET_ASIDE
        assert house.open(25, account="a").status is PositionStatus.OPEN
        house.price(110)
        closed = house.position(3)
        assert closed.close_reason is CloseReason.TAKE_PROFIT
        assert house.check("c").status is HealthStatus.HEALTHY
        assert not house.system.fatal.future.done()
        assert of_account_b(house) == before
    finally:
        house.kill()


def test_its_positions_are_commanded_by_nobody(house: House) -> None:
    """The one with the broken row, and the sound one beside it, say why."""
    house.open(25, account="b")
    house = begun_again(house, "UPDATE positions SET ladder = 'junk' WHERE id = 2")
    try:
        beside = house.ask(lambda reply: ClosePosition(position_id=4, reply_to=reply)).denial
        assert beside.reason is DenialReason.SET_ASIDE
        assert "row 2 of table positions cannot be read" in beside.text
        broken = house.ask(lambda reply: ClosePosition(position_id=2, reply_to=reply)).denial
        assert "row cannot be read" in broken.text
    finally:
        house.kill()


def test_a_row_that_is_mended_serves_again_after_a_restart(house: House) -> None:
    """With its position guarded, and its books healthy."""
    (ladder,) = house.sql("SELECT ladder FROM positions WHERE id = 2")[0]
    house = begun_again(house, "UPDATE positions SET ladder = 'junk' WHERE id = 2")
    house = begun_again(house, f"UPDATE positions SET ladder = '{ladder}' WHERE id = 2")
    try:
        assert house.system.published.set_aside == {}
        house.price(110)
        assert house.position(2).close_reason is CloseReason.TAKE_PROFIT
        assert house.check("b").status is HealthStatus.HEALTHY
    finally:
        house.kill()


def test_a_market_with_a_broken_row_is_that_symbols_trouble(house: House) -> None:
    """Its price is not judged without the reference, nor written over; other symbols trade."""
    house.price(100, symbol="ETHUSDT")
    junk = "'junk'" if house.url.startswith("sqlite") else "'NaN'"
    house.stop()
    house.sql(
        *_without_checks(house.url, "markets"),
        f"UPDATE markets SET price = {junk} WHERE symbol = 'BTCUSDT'",
    )
    with running(house.url) as again:
        again.price(100, symbol="ETHUSDT")
        (aside,) = again.system.published.standing_still()
        assert (aside.kind, aside.key) == (ActorKind.MARKET, SYMBOL)
        assert again.denied(25, account="a").reason is DenialReason.SET_ASIDE
        assert again.open(25, account="a", symbol="ETHUSDT").status is PositionStatus.OPEN
        (price,) = again.sql("SELECT price FROM markets WHERE symbol = 'BTCUSDT'")[0]
        assert str(price).lower() in {"junk", "nan"}


def test_a_pause_that_cannot_be_read_is_in_force(house: House) -> None:
    """Its scope alone says whose opens it refuses."""
    if not house.url.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps no text that is not UTF-8, and no time that is none")
    house = begun_again(
        house,
        "INSERT INTO pauses (scope, account, reason, since) VALUES ('b', 'b', "
        f"{NOT_UTF8}, 1700000000000000)",
    )
    try:
        assert house.denied(25, account="b").reason is DenialReason.TRADING_PAUSED
        assert house.open(25, account="a").status is PositionStatus.OPEN
        assert house.system.published.set_aside == {}
    finally:
        house.kill()


def of_account_b(house: House) -> str:
    """Its rows, without their broken texts: versions and balances."""
    rows = [
        *house.sql("SELECT version, total, locked, entries FROM accounts WHERE account = 'b'"),
        *house.sql("SELECT id, version, ladder, side FROM positions WHERE account = 'b'"),
    ]
    return str(rows)  # NaN equals nothing, not even itself


def reason_of(house: House, command: Callable[[Any], Any]) -> DenialReason:
    """Why a command is denied."""
    answer = house.ask(command)
    assert isinstance(answer, Denied), answer
    return answer.denial.reason


def transfer_to(account: str) -> Callable[[Any], Any]:
    """A deposit."""
    return lambda reply: TransferFunds(
        account=account, amount=Decimal(1), reference="t", reply_to=reply
    )


def opening_of(account: str) -> Callable[[Any], Any]:
    """An account to open."""
    return lambda reply: OpenAccount(account=account, initial_balance=Decimal(1), reply_to=reply)


def test_the_api_says_why_an_account_is_not_served(house: House, tmp_path: Path) -> None:
    """503 with the row and the remedy at its doors; lists and other accounts are answered."""
    house.stop()
    house.sql(*wallet_impossible(house.url))
    with serving(house.url, tmp_path) as api:
        for path in ("/accounts/b", "/accounts/b/transactions", "/positions?account=b"):
            problem = api.problem("GET", path)
            assert (problem["status"], problem["type"].split(":")[-1]) == (503, "set-aside")
            assert "row b of table accounts cannot be read" in problem["detail"]
        for path, body in (("/positions/2/close", {}), ("/positions/close-all", {"account": "b"})):
            assert api.problem("POST", path, body)["status"] == 503
        key = {"Idempotency-Key": "k"}
        for method, path, body in (
            ("POST", "/positions/2/close", {"share": "50%"}),
            ("PATCH", "/positions/2", {"close_after": "4h"}),
        ):
            problem = api.problem(method, path, body, headers=key)
            assert (problem["status"], problem["type"].split(":")[-1]) == (503, "set-aside")
        assert [each["account"] for each in api.get("/accounts")["items"]] == ["a", "c"]
        assert {each["account"] for each in api.get("/positions", status="OPEN")["items"]} == {
            "a",
            "c",
        }


@pytest.mark.parametrize("broken", READABLE_NEVER, ids=lambda each: each.__name__)
def test_the_audit_names_the_row_and_goes_on(house: House, broken: Break) -> None:
    """Account b is in doubt, with what to do; a and c are healthy."""
    house.stop()
    house.sql(*broken(house.url))
    with closing(Store.reading(house.url)) as store:
        a, b, c, *_ = audited(store)
    assert (a["status"], b["status"], c["status"]) == ("HEALTHY", "MISMATCH", "HEALTHY")
    assert any("cannot be read" in found["text"] for found in b["findings"])
    assert b["to_do"] is not None


def test_the_service_starts_with_a_broken_row_and_serves_the_other_accounts(
    database_url: str, tmp_path: Path
) -> None:
    """Not ready, with the account named; opens and closes of the others work; b says why."""
    env = {"BACKSTAY_DATABASE": database_url}
    service = ServiceProcess(tmp_path, "--feed", "none", env=env, warm=True)
    with service, Api(service) as api:
        api.price(SYMBOL, "100")
        for account in "abc":
            api.open_account(account)
            api.open(account, SYMBOL)
    run_sql(database_url, "UPDATE positions SET ladder = 'junk' WHERE account = 'b'")
    with service, Api(service) as api:
        with service.client(60) as client:
            ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "account b" in ready.json()["checks"]["guards"]
        api.price(SYMBOL, "100")
        refused = api.open("b", SYMBOL, status=503)
        assert "of table positions cannot be read" in refused["detail"]
        opened = api.open("a", SYMBOL)
        assert api.close(opened["id"])["position"]["status"] == "CLOSED"
        assert api.health("c")["status"] == "HEALTHY"
