"""What the commands send that change something, and how they end."""

import io
import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.unit.stub_service import CLOSED, POSITION, StubService

OPEN = ["open", "BTCUSDT", "--side", "long", "--notional", "25"]
TRADING: dict[str, Any] = {"paused": False, "reason": None, "since": None, "accounts": {}}
PAUSE = {"reason": "audit", "since": "2026-01-31T12:00:00.000000Z"}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubService:
    """A service that answers what the test says."""
    return StubService(monkeypatch)


class Terminal(io.StringIO):
    """A standard input that a person types into."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_an_open_sends_what_is_given_and_a_key_of_its_own(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The least: account demo, and no ladder, so that the service's defaults hold."""
    stub.answers("POST positions", POSITION, 201)
    assert stub.run(*OPEN) == 0
    assert stub.run(*OPEN) == 0
    assert stub.body() == {
        "account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "25",
    }  # fmt: skip
    first, second = (UUID(request.headers["Idempotency-Key"]) for request in stub.requests)
    assert first != second
    assert "12401" in capsys.readouterr().out


def test_an_open_may_have_its_own_ladder_and_key(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was typed is sent as it is: the service reads the notation."""
    stub.answers("POST positions", POSITION, 201)
    assert stub.run(
        "open", "btc-usdt", "--side", "SHORT", "--quantity", "0.10", "--account", "second",
        "--stop-loss", "2.50%", "--take-profit", "65000@40%>breakeven", "--take-profit", "3%",
        "--trail", "2%/0.5% from rung 2", "--close-after", "4h", "--take-profit-fill", "level",
        "--key", "k-1", "--json",
    ) == 0  # fmt: skip
    assert stub.body() == {
        "account": "second", "symbol": "btc-usdt", "side": "SHORT", "quantity": "0.10",
        "stop_loss": "2.50%", "take_profits": ["65000@40%>breakeven", "3%"],
        "trailing": "2%/0.5% from rung 2", "close_after": "4h", "take_profit_fill": "level",
    }  # fmt: skip
    assert stub.requests[0].headers["Idempotency-Key"] == "k-1"
    assert json.loads(capsys.readouterr().out) == POSITION


def test_an_open_may_say_that_there_is_none(stub: StubService) -> None:
    """`none` is sent, so that neither the account's exits nor the default stand in."""
    stub.answers("POST positions", POSITION, 201)
    assert stub.run(*OPEN, "--take-profit", "None", "--trail", "2%", "--stop-loss", "none") == 0
    sent = stub.body()
    assert (sent["stop_loss"], sent["take_profits"], sent["trailing"]) == ("none", "none", "2%")
    assert not {"close_after", "take_profit_fill"} & set(sent)


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadError("broken")])
def test_an_open_without_an_answer_is_sent_once_more_with_the_same_key(
    stub: StubService, error: Exception
) -> None:
    """So it is opened once, whatever became of the first."""
    stub.gives("POST positions", error)
    stub.answers("POST positions", POSITION, 200)
    assert stub.run(*OPEN) == 0
    first, second = stub.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.content == second.content


@pytest.mark.parametrize(("after", "waited"), [("2", 2), ("3600", 5), ("soon", 1)])
def test_an_open_waits_as_long_as_the_service_asks_within_reason(
    stub: StubService, after: str, waited: int
) -> None:
    """`Retry-After` in seconds, at most five."""
    stub.refuses("POST positions", 503, "not in time", Retry_After=after)
    stub.answers("POST positions", POSITION, 201)
    assert stub.run(*OPEN) == 0
    assert stub.waits == [waited]


def test_an_open_that_is_never_answered_tells_how_to_learn_its_outcome(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3 after the second try, with the key to ask again with."""
    stub.refuses("POST positions", 503, "the open was not committed in time")
    assert stub.run(*OPEN) == 3
    assert len(stub.requests) == 2
    key = stub.requests[0].headers["Idempotency-Key"]
    error = capsys.readouterr().err
    assert error == (
        "backstay: the open was not committed in time; to learn whether it opened, run: "
        f"backstay open BTCUSDT --side long --notional 25 --key {key}\n"
    )


def test_an_open_that_waited_in_vain_is_not_made_to_wait_again(
    stub: StubService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call, and one sentence without the API's own advice; a key that was given is kept."""
    detail = "open of X was not answered within 6 s: send it again with the same Idempotency-Key"
    monkeypatch.setattr("backstay.cli.client.monotonic", iter([0.0, 6.0, 0.0]).__next__)
    stub.refuses("POST positions", 503, detail)
    stub.gives("POST positions", httpx.ReadTimeout("slow"))
    assert stub.run(*OPEN, "--key", "k-1") == 3
    assert capsys.readouterr().err == (
        "backstay: open of X was not answered within 6 s; to learn whether it opened, run: "
        "backstay open BTCUSDT --side long --notional 25 --key k-1\n"
    )
    assert stub.run(*OPEN) == 3
    assert "gave no answer within 30 s; to learn whether it opened" in capsys.readouterr().err
    assert len(stub.requests) == 2
    assert stub.waits == []


def test_an_open_that_certainly_is_not_made_asks_nobody_to_look(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """No service was reached: the line says how to start one, and no more."""
    stub.gives("POST positions", httpx.ConnectError("refused"))
    assert stub.run(*OPEN) == 3
    assert capsys.readouterr().err.endswith("start it with `backstay serve`\n")


def test_a_denied_open_is_not_sent_again(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal is an answer: exit code 2 with its text."""
    stub.refuses("POST positions", 422, "position of 25.00 USDT refused: available 12.40 USDT")
    assert stub.run(*OPEN) == 2
    assert len(stub.requests) == 1
    assert "available 12.40 USDT" in capsys.readouterr().err


def test_a_close_sends_its_note(stub: StubService, capsys: pytest.CaptureFixture[str]) -> None:
    """And tells whether it had been closed before."""
    stub.answers("POST positions/12400/close", {"position": CLOSED, "already_closed": False})
    stub.answers("POST positions/12400/close", {"position": CLOSED, "already_closed": True})
    assert stub.run("close", "12400", "--note", "news") == 0
    assert stub.body() == {"note": "news"}
    first = capsys.readouterr().out
    assert stub.run("close", "12400") == 0
    assert stub.body() == {}
    second = capsys.readouterr().out
    assert "12400" in first
    assert "it was already closed" not in first
    assert "it was already closed" in second


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--share", "50%"], {"share": "50%"}),
        (["--quantity", "0.10", "--note", "news"], {"quantity": "0.10", "note": "news"}),
    ],
)
def test_a_part_is_closed_once(stub: StubService, options: list[str], body: dict[str, str]) -> None:
    """Each command has a key of its own, so that a call without an answer is sent again safely."""
    call = "POST positions/12401/close"
    stub.gives(call, httpx.ReadError("broken"))
    stub.answers(call, {"position": POSITION, "already_closed": False})
    assert stub.run("close", "12401", *options) == 0
    assert stub.body(0) == stub.body(1) == body
    first, second = (request.headers["Idempotency-Key"] for request in stub.requests)
    assert first == second
    assert stub.run("close", "12401", *options, "--key", "k-1") == 0
    assert stub.requests[2].headers["Idempotency-Key"] == "k-1"


def test_a_close_prints_the_answer_for_programs(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` is the API's document."""
    answer = {"position": CLOSED, "already_closed": True}
    stub.answers("POST positions/12400/close", answer)
    assert stub.run("close", "12400", "--json") == 0
    assert json.loads(capsys.readouterr().out) == answer


def test_close_all_asks_on_a_terminal(
    stub: StubService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anything but a yes sends nothing."""
    stub.answers("POST positions/close-all", {"closed": [CLOSED], "denied": [], "pending": []})
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert stub.run("close", "--all") == 1
    assert "Close all open positions of all accounts?" in capsys.readouterr().err
    assert stub.requests == []
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert stub.run("close", "--all", "--account", "demo", "--symbol", "BTCUSDT") == 0
    assert "Close all open BTCUSDT positions of account demo?" in capsys.readouterr().err
    assert stub.body() == {"account": "demo", "symbol": "BTCUSDT", "force": False}


def test_close_all_without_a_terminal_needs_a_yes(
    stub: StubService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that means it says so."""
    stub.answers("POST positions/close-all", {"closed": [], "denied": [], "pending": []})
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert stub.run("close", "--all") == 2
    assert "give --yes" in capsys.readouterr().err
    assert stub.run("close", "--all", "--force", "--yes") == 0
    assert stub.body() == {"account": None, "symbol": None, "force": True}


@pytest.mark.parametrize(
    ("denied", "pending", "code"),
    [([{"id": 3, "problem": {"detail": "price is stale"}}], [4], 2), ([], [4], 3)],
)
def test_what_close_all_left_open_is_listed_and_no_success(
    stub: StubService,
    capsys: pytest.CaptureFixture[str],
    denied: list[Any],
    pending: list[int],
    code: int,
) -> None:
    """Closed ones, denied ones with their reason, unanswered ones."""
    answer = {"closed": [CLOSED], "denied": denied, "pending": pending}
    stub.answers("POST positions/close-all", answer)
    assert stub.run("close", "--all", "--yes") == code
    printed = capsys.readouterr().out
    assert "12400" in printed
    assert "not answered yet" in printed
    assert ("price is stale" in printed) is bool(denied)
    assert stub.run("close", "--all", "--yes", "--json") == code
    assert json.loads(capsys.readouterr().out) == answer


def test_a_stop_is_tightened(stub: StubService, capsys: pytest.CaptureFixture[str]) -> None:
    """The position with its new stop-loss comes back."""
    stub.answers("PATCH positions/12401", POSITION | {"stop_loss": "96000.5"})
    assert stub.run("change", "12401", "--stop-loss", "96000.5") == 0
    assert stub.body() == {"stop_loss": "96000.5"}
    assert "96000.5" in capsys.readouterr().out
    assert stub.run("change", "12401", "--stop-loss", "96000.5", "--json") == 0
    assert json.loads(capsys.readouterr().out)["stop_loss"] == "96000.5"


def test_a_change_sends_what_is_given_and_a_key(stub: StubService) -> None:
    """What is left out stays; the key is a new one, or the one that is given."""
    stub.answers("PATCH positions/12401", POSITION)
    assert stub.run(
        "change", "12401", "--take-profit", "66000@30%", "--take-profit", "10%",
        "--trail", "600 from 65000", "--close-after", "none",
    ) == 0  # fmt: skip
    assert stub.body() == {
        "take_profits": ["66000@30%", "10%"], "trailing": "600 from 65000", "close_after": "none",
    }  # fmt: skip
    assert UUID(stub.requests[0].headers["Idempotency-Key"])
    assert stub.run("change", "12401", "--take-profit", "none", "--key", "k-1") == 0
    assert stub.body() == {"take_profits": "none"}
    assert stub.requests[1].headers["Idempotency-Key"] == "k-1"


def test_a_refused_change_is_told_in_the_services_words(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and no second call."""
    stub.refuses("PATCH positions/12401", 422, "stop-loss not moved to 90: it only tightens")
    assert stub.run("change", "12401", "--stop-loss", "90") == 2
    assert "stop-loss not moved to 90" in capsys.readouterr().err
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "answer", "line"),
    [
        (["pause", "audit"], TRADING | {"paused": True, "reason": "audit"},
         "opens of all accounts are refused: audit"),
        (["pause", "audit", "--account", "demo"], TRADING | {"accounts": {"demo": PAUSE}},
         "opens of account demo are refused: audit"),
        (["resume", "done"], TRADING, "opens of all accounts are allowed"),
        (["resume", "done", "--account", "demo"], TRADING, "opens of account demo are allowed"),
        (["resume", "done", "--account", "demo"], TRADING | {"paused": True, "reason": "news"},
         "opens of all accounts are refused: news"),
    ],
)  # fmt: skip
def test_a_pause_and_its_end_say_what_holds_now(
    stub: StubService,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    answer: dict[str, Any],
    line: str,
) -> None:
    """The line tells of opens as the service answered, not as was asked."""
    stub.answers(f"POST trading/{arguments[0]}", answer)
    assert stub.run(*arguments) == 0
    assert capsys.readouterr().out == line + "\n"
    account = arguments[3] if len(arguments) > 2 else None
    assert stub.body() == {"account": account, "reason": arguments[1]}
    assert stub.run(*arguments, "--json") == 0
    assert json.loads(capsys.readouterr().out) == answer


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["open", "BTCUSDT", "--side", "long"], "either --notional or --quantity"),
        ([*OPEN, "--quantity", "1"], "either --notional or --quantity"),
        (["open", "X", "--side", "long", "--notional", "1e"], "--notional '1e' is not a number"),
        (["open", "X", "--side", "long", "--quantity", "NaN"], "--quantity 'NaN' is not a number"),
        ([*OPEN, "--take-profit-pcts", "3,6"], "No such option: --take-profit-pcts"),
        ([*OPEN, "--key", "two words"], "--key 'two words' is not a key"),
        ([*OPEN, "--key", ""], "--key '' is not a key"),
        (["close"], "either the id of a position or --all"),
        (["close", "7", "--all"], "either the id of a position or --all"),
        (["close", "7", "--symbol", "BTCUSDT"], "choose among --all"),
        (["close", "7", "--force"], "choose among --all"),
        (["close", "--all", "--yes", "--note", "x"], "belong to one position"),
        (["close", "--all", "--yes", "--share", "50%"], "belong to one position"),
        (["close", "--all", "--yes", "--quantity", "1"], "belong to one position"),
        (["close", "--all", "--yes", "--key", "k"], "belong to one position"),
        (["change", "7"], "nothing to change: give --stop-loss, --take-profit, --trail or"),
        (["change", "7", "--stop-loss", "1", "--key", "two words"], "--key 'two words' is not a"),
        (["tighten", "7", "100"], "No such command 'tighten'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_call(
    stub: StubService, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    """One line with what to give instead, and exit code 2."""
    assert stub.run(*arguments) == 2
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1
    assert stub.requests == []
