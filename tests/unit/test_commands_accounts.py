"""What an operator's commands send, and how the command line words what goes wrong."""

import json

import httpx
import pytest

from tests.unit.stub_service import ACCOUNT, StubService

TRANSFER = {"account": "demo", "reference": "r-1", "amount": "12.50000000", "repeated": False}
MARKET = {
    "symbol": "BTCUSDT", "state": "LIVE", "last_price": "60000", "age_seconds": "0.5",
    "candidate": None,
}  # fmt: skip


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubService:
    """A service that answers what the test says."""
    return StubService(monkeypatch)


def test_an_account_is_opened_with_its_limits(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the limits that are given are sent; numbers stay the strings that were typed."""
    stub.answers("POST accounts", ACCOUNT, 201)
    assert stub.run("account", "open", "second", "--balance", "500") == 0
    least = {
        "account": "second", "initial_balance": "500", "account_type": "demo", "currency": "USDT",
    }  # fmt: skip
    assert stub.body() == least
    assert "977.32" in capsys.readouterr().out
    assert stub.run(
        "account", "open", "second", "--balance", "500", "--type", "live", "--currency", "EUR",
        "--open-positions-max", "5", "--position-notional-max", "100.0",
        "--position-notional-min", "1", "--symbol-notional-max", "200", "--json",
    ) == 0  # fmt: skip
    assert stub.body() == least | {
        "account_type": "live", "currency": "EUR",
        "limits": {
            "open_positions_max": 5, "position_notional_max": "100.0",
            "position_notional_min": "1", "symbol_notional_max": "200",
        },
    }  # fmt: skip
    assert json.loads(capsys.readouterr().out) == ACCOUNT


def test_a_transfer_is_booked_under_a_reference(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The given one or a new one, which is printed; below zero it is a withdrawal."""
    stub.answers("POST accounts/demo/transfers", TRANSFER)
    stub.answers("POST accounts/demo/transfers", TRANSFER | {"amount": "-7", "repeated": True})
    assert stub.run("transfer", "demo", "12.5", "--reference", "r-1") == 0
    assert stub.body() == {"amount": "12.5", "reference": "r-1"}
    assert capsys.readouterr().out == "12.50 deposited in account demo, reference r-1\n"
    assert stub.run("transfer", "demo", "-7") == 0
    assert stub.body()["amount"] == "-7"
    assert stub.body()["reference"]
    told = capsys.readouterr().out
    assert told == ("7.00 withdrawn from account demo, reference r-1; it was already booked\n")


def test_a_transfer_without_an_answer_names_its_reference(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """With it the same is booked once, whatever became of the first."""
    stub.gives("POST accounts/demo/transfers", httpx.ReadTimeout("slow"))
    assert stub.run("transfer", "demo", "5") == 3
    assert f"given again with --reference {stub.body()['reference']!r}" in capsys.readouterr().err


def test_a_quarantined_price_is_released(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its value; the market as it is then comes back."""
    stub.answers("POST markets/BTCUSDT/release", MARKET)
    assert stub.run("release", "BTCUSDT", "60000") == 0
    assert stub.body() == {"price": "60000"}
    assert "LIVE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("token", "text"), [("", "asks for a token"), ("bks_old", "does not know this token")]
)
def test_a_missing_token_is_told_of_in_the_command_line_s_terms(
    stub: StubService,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    text: str,
) -> None:
    """Which variable to set, and how to get a token: nobody types headers here."""
    monkeypatch.setenv("BACKSTAY_TOKEN", token)
    stub.refuses("GET markets", 401, "no token given: send `Authorization: Bearer TOKEN`")
    assert stub.run("markets") == 2
    error = capsys.readouterr().err
    advice = "set BACKSTAY_TOKEN to a token of the service (`backstay token create`)"
    assert error == f"backstay: the service at http://127.0.0.1:8470 {text}: {advice}\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["sail"], "No such command 'sail': `backstay --help` says"),
        (["open"], "Missing argument 'symbol': `backstay open --help` says"),
        (["positions", "--nope"], "No such option: --nope: `backstay positions --help` says"),
        (["positions", "--status", "x"], "'x' is not one of 'open', 'closed', 'all': `backstay"),
        (["close", "abc"], "Invalid value for '[ID]': write a whole number, such as 100: `back"),
        (["positions", "--limit", "0"], "Invalid value for '--limit': write at least 1: `back"),
        (["transfer", "demo", "1", "--to", "x"], "`backstay transfer --help` says"),
    ],
)
def test_a_command_of_the_wrong_form_is_one_line(
    stub: StubService, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    """Without boxes, with where to read on, and exit code 2."""
    assert stub.run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("backstay: ")
    assert text in error
    assert error.count("\n") == 1


def test_no_command_at_all_shows_the_help(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, as for every command that is not complete; nothing is said twice."""
    assert stub.run() == 2
    printed = capsys.readouterr()
    assert "Usage: backstay" in printed.out
    assert printed.err == ""


REPAIRABLE = {
    "account": "demo", "status": "REPAIRABLE", "detail": "total: expected 100, is 100.18",
    "first_divergent_entry": 4,
    "fields": [
        {"name": "total_balance", "actual": "100.18000000", "expected": "100.00000000"},
        {"name": "entries", "actual": "4", "expected": "4"},
    ],
}  # fmt: skip
NOTHING = REPAIRABLE | {"status": "NOTHING_TO_REPAIR", "detail": None, "fields": []}
IRREPARABLE = NOTHING | {"status": "IRREPARABLE", "detail": "chain: entry 4: it follows entry 2"}
APPLY = ["--apply", "--reason", "a script wrote it"]


def test_a_repair_is_shown_and_nothing_is_written(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each figure as it is and as it should be, and the command that restores it; 1."""
    stub.answers("GET accounts/demo/repair", REPAIRABLE)
    assert stub.run("repair", "demo") == 1
    told = capsys.readouterr().out
    assert "Wallet of account demo: repairable" in told
    assert "total balance  100.18  100" in told
    assert "backstay repair demo --apply --reason" in told
    assert [request.method for request in stub.requests] == ["GET"]


def test_a_repair_is_applied_with_its_reason(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 once the row is restored; programs get the service's document."""
    repaired = REPAIRABLE | {"status": "REPAIRED", "detail": "a script wrote it"}
    stub.answers("GET accounts/demo/repair", REPAIRABLE)
    stub.answers("POST accounts/demo/repair", repaired)
    assert stub.run("repair", "demo", *APPLY, "--json") == 0
    assert stub.body() == {"reason": "a script wrote it"}
    assert json.loads(capsys.readouterr().out) == repaired


@pytest.mark.parametrize(("found", "code"), [(NOTHING, 0), (IRREPARABLE, 1)])
def test_what_needs_no_repair_or_has_none_is_left_alone(
    stub: StubService, capsys: pytest.CaptureFixture[str], found: dict[str, object], code: int
) -> None:
    """Nothing is asked for, and a mismatch that stays is 1."""
    stub.answers("GET accounts/demo/repair", found)
    assert stub.run("repair", "demo", *APPLY) == code
    assert ("restore a backup" in capsys.readouterr().out) == (code == 1)
    assert [request.method for request in stub.requests] == ["GET"]


def test_a_row_that_changed_meanwhile_is_not_restored(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service says what to do; 2, as of every refusal."""
    stub.answers("GET accounts/demo/repair", REPAIRABLE)
    stub.refuses("POST accounts/demo/repair", 409, "account demo was not repaired; ask again")
    assert stub.run("repair", "demo", *APPLY) == 2
    assert "ask again" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--apply"], ["--reason", "why"]])
def test_a_repair_needs_its_reason_and_a_reason_its_repair(
    stub: StubService, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """Nothing is asked of the service."""
    assert stub.run("repair", "demo", *options) == 2
    assert "--apply and --reason go together" in capsys.readouterr().err
    assert stub.requests == []


def test_an_account_s_terms_are_shown(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with the one that sets it: the account or the service."""
    stub.answers("GET accounts/demo", ACCOUNT)
    assert stub.run("account", "costs", "demo") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "fee 0.26% the service" in told
    assert stub.run("account", "exits", "demo") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "stop loss 4% the account" in told
    assert "take profits 3%@0%>breakeven;6%@100%>previous the service" in told
    assert stub.run("account", "exits", "demo", "--json") == 0
    assert json.loads(capsys.readouterr().out) == ACCOUNT


def test_an_account_s_terms_are_set_as_they_are_typed(stub: StubService) -> None:
    """Only what is given is sent: it replaces what the account had of its own."""
    stub.answers("PUT accounts/demo/costs", ACCOUNT)
    stub.answers("PUT accounts/demo/exits", ACCOUNT)
    rates = ("--fee", "0.1%", "--spread", "0%", "--slippage", "0.05%")
    assert stub.run("account", "costs", "demo", *rates) == 0
    assert stub.body() == {"fee": "0.1%", "spread": "0%", "slippage": "0.05%"}
    assert stub.run(
        "account", "exits", "demo", "--stop-loss", "4%", "--take-profit", "3%@50%",
        "--take-profit", "6%", "--trail", "2% from rung 1", "--close-after", "2d",
        "--take-profit-fill", "level",
    ) == 0  # fmt: skip
    assert stub.body() == {
        "stop_loss": "4%", "take_profits": ["3%@50%", "6%"], "trailing": "2% from rung 1",
        "close_after": "2d", "take_profit_fill": "level",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["costs", "exits"])
def test_an_account_s_terms_are_given_up(
    stub: StubService, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """`--reset` sends an empty body, and goes with no other option."""
    stub.answers(f"PUT accounts/demo/{kind}", ACCOUNT)
    assert stub.run("account", kind, "demo", "--reset") == 0
    assert stub.body() == {}
    other = ("--fee", "1%") if kind == "costs" else ("--stop-loss", "4%")
    assert stub.run("account", kind, "demo", "--reset", *other) == 2
    assert "leave out the other options" in capsys.readouterr().err
    assert len(stub.requests) == 1
