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


def test_an_open_may_have_its_own_exits_and_key(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is the text that was typed: the service reads the notation."""
    stub.answers("POST positions", POSITION, 201)
    assert stub.run(
        "open", "btc-usdt", "--side", "SHORT", "--quantity", "0.10", "--account", "second",
        "--stop-loss", "62800", "--take-profit", "61000@40%>keep", "--take-profit", "3%",
        "--trail", "2%/0.5% from rung 1", "--close-after", "4h", "--take-profit-fill", "level",
        "--key", "k-1", "--json",
    ) == 0  # fmt: skip
    assert stub.body() == {
        "account": "second", "symbol": "btc-usdt", "side": "SHORT", "quantity": "0.10",
        "stop_loss": "62800", "take_profits": ["61000@40%>keep", "3%"],
        "trailing": "2%/0.5% from rung 1", "close_after": "4h", "take_profit_fill": "level",
    }  # fmt: skip
    assert stub.requests[0].headers["Idempotency-Key"] == "k-1"
    assert json.loads(capsys.readouterr().out) == POSITION


def test_an_open_may_say_that_it_has_none(stub: StubService) -> None:
    """`none` reaches the service as a word, so that no default stands in."""
    stub.answers("POST positions", POSITION, 201)
    none = ("--stop-loss", "none", "--take-profit", "None", "--trail", "2%")
    assert stub.run(*OPEN, *none) == 0
    asked = stub.body()
    assert (asked["stop_loss"], asked["take_profits"], asked["trailing"]) == ("none", "none", "2%")


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
    assert "already closed" not in first
    assert "already closed" in second


def test_a_part_is_closed_once_however_often_it_is_sent(stub: StubService) -> None:
    """A share or a quantity, under a key of its own or a given one; a lost answer is asked for."""
    answer = {"position": POSITION, "already_closed": False}
    stub.gives("POST positions/12401/close", httpx.ReadError("broken"))
    stub.answers("POST positions/12401/close", answer)
    assert stub.run("close", "12401", "--share", "50%") == 0
    first, second = stub.requests
    assert stub.body() == {"share": "50%"}
    UUID(first.headers["Idempotency-Key"])
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert stub.run("close", "12401", "--quantity", "0.001", "--key", "k-2") == 0
    assert stub.body() == {"quantity": "0.001"}
    assert stub.requests[-1].headers["Idempotency-Key"] == "k-2"


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


def test_a_position_is_changed(stub: StubService, capsys: pytest.CaptureFixture[str]) -> None:
    """What is given is sent, under a key; the position with its new stop-loss comes back."""
    stub.answers("PATCH positions/12401", POSITION | {"stop_loss": "96000.5"})
    assert stub.run("change", "12401", "--stop-loss", "96000.5") == 0
    assert stub.body() == {"stop_loss": "96000.5"}
    UUID(stub.requests[0].headers["Idempotency-Key"])
    assert "96000.5" in capsys.readouterr().out
    assert stub.run(
        "change", "12401", "--take-profit", "none", "--trail", "none", "--close-after", "2h",
        "--key", "k-3", "--json",
    ) == 0  # fmt: skip
    assert stub.body() == {"take_profits": "none", "trailing": "none", "close_after": "2h"}
    assert stub.requests[1].headers["Idempotency-Key"] == "k-3"
    assert json.loads(capsys.readouterr().out)["stop_loss"] == "96000.5"


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
        ([*OPEN, "--take-profit-pcts", "3,6"], "Possible options: --take-profit"),
        ([*OPEN, "--stop-loss-pct", "5"], "Possible options: --stop-loss"),
        ([*OPEN, "--key", "two words"], "--key 'two words' is not a key"),
        ([*OPEN, "--key", ""], "--key '' is not a key"),
        (["close"], "either the id of a position or --all"),
        (["close", "7", "--all"], "either the id of a position or --all"),
        (["close", "7", "--symbol", "BTCUSDT"], "choose among --all"),
        (["close", "7", "--force"], "choose among --all"),
        (["close", "--all", "--yes", "--note", "x"], "belong to one position"),
        (["close", "--all", "--yes", "--share", "50%"], "belong to one position"),
        (["close", "--all", "--yes", "--key", "k"], "belong to one position"),
        (["change", "7"], "nothing to change: give --stop-loss, --take-profit, --trail"),
        (["change", "7", "--stop-loss", "5", "--key", "a b"], "--key 'a b' is not a key"),
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
