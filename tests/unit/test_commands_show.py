"""What the commands print that show something, for people and for programs."""

import json
from typing import Any

import httpx
import pytest

from tests.unit.stub_service import ACCOUNT, CLOSED, POSITION, StubService, page

HEALTHY: dict[str, Any] = {
    "account": "demo", "status": "HEALTHY", "expected": "1000.00000000",
    "actual": "1000.00000000", "difference": "0.00000000", "first_divergent_entry": None,
    "checks": [{
        "name": "total", "expected": "1000.00000000", "actual": "1000.00000000",
        "difference": "0.00000000", "passed": True, "detail": None,
    }],
}  # fmt: skip
MISMATCH: dict[str, Any] = HEALTHY | {
    "account": "second", "status": "MISMATCH", "first_divergent_entry": 7,
    "checks": [HEALTHY["checks"][0] | {"passed": False, "detail": "entry 7 does not follow"}],
}  # fmt: skip
TRANSACTION: dict[str, Any] = {
    "number": 3, "time": "2026-01-31T12:30:00.000000Z", "account": "demo", "account_type": "demo",
    "transaction_type": "position_close", "amount": "-1.41500000",
    "balance_before": "975.00000000", "balance_after": "998.58500000",
    "total_change": "-1.41500000", "locked_change": "-25.00000000", "position_id": 12400,
    "description": "Closed LONG BTCUSDT: Stop-loss reached",
}  # fmt: skip
HISTORY: dict[str, Any] = {
    "position": CLOSED,
    "items": [
        {"id": 1, "time": "2026-01-31T11:59:59.000000Z", "kind": "rung_hit", "data": {},
         "done_at": "2026-01-31T12:00:00.000000Z",
         "text": "TP1 (+3%) hit at 98365, stop-loss 90725 -> 95500"},
    ],
    "pnl": {"gross": "-1.25000000", "entry_fee": "0.06500000", "exit_fee": "0.06200000",
            "spread": "0.02500000", "slippage": "0.01300000", "net": "-1.41500000"},
}  # fmt: skip
MARKETS = page(
    {"symbol": "BTCUSDT", "state": "LIVE", "last_price": "99000.5", "candidate": None,
     "last_price_time": "2026-01-31T12:00:00.000000Z", "age_seconds": 0.25},
    {"symbol": "ETHUSDT", "state": "QUARANTINED", "last_price": "3000", "candidate": "9000",
     "last_price_time": "2026-01-31T12:00:00.000000Z", "age_seconds": None},
)  # fmt: skip


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubService:
    """A service that answers what the test says."""
    return StubService(monkeypatch)


SHOWN: list[tuple[list[str], str, Any, list[str]]] = [
    (["positions"], "positions", page(POSITION), ["12401", "0.00026178", "+0.916252", "1 of 3"]),
    (["positions", "--status", "all"], "positions", page(POSITION, CLOSED),
     ["12400", "stop loss", "90725", "-1.415", "2 positions"]),
    (["wallet"], "accounts", page(ACCOUNT), ["demo", "1002.32225", "977.32225", "25.00"]),
    (["wallet", "demo"], "accounts/demo", ACCOUNT, ["demo", "1002.32225"]),
    (["wallet", "demo", "--transactions"], "accounts/demo/transactions", page(TRANSACTION),
     ["position_close", "-1.415", "998.585", "Closed LONG BTCUSDT: Stop-loss reached"]),
    (["history", "12400"], "positions/12400/history", HISTORY,
     ["2026-01-31 12:00:00", "TP1 (+3%) hit at 98365", "0.065", "-1.415"]),
    (["health", "demo"], "accounts/demo/health", HEALTHY, ["account demo: HEALTHY", "passed"]),
    (["markets"], "markets", MARKETS, ["99000.5", "0.2 s", "QUARANTINED", "9000"]),
]  # fmt: skip
CALLS = [" ".join(arguments) for arguments, *_ in SHOWN]


@pytest.mark.parametrize(("arguments", "path", "document", "words"), SHOWN, ids=CALLS)
def test_people_get_a_table(
    stub: StubService,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    path: str,
    document: Any,
    words: list[str],
) -> None:
    """The figures are in it, and a row is a line where the output is not a terminal."""
    stub.answers(f"GET {path}", document)
    assert stub.run(*arguments) == 0
    printed = capsys.readouterr().out
    assert [word for word in words if word not in printed] == []


@pytest.mark.parametrize(("arguments", "path", "document", "words"), SHOWN, ids=CALLS)
def test_programs_get_the_answer_as_it_is(
    stub: StubService,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    path: str,
    document: Any,
    words: list[str],
) -> None:
    """`--json` prints the API's document, nothing added, rounded or left out."""
    stub.answers(f"GET {path}", document)
    assert stub.run(*arguments, "--json") == 0
    assert json.loads(capsys.readouterr().out) == document


def test_positions_are_asked_for_by_account_state_and_symbol(stub: StubService) -> None:
    """What is chosen goes into the query; what is not chosen stays out of it."""
    stub.answers("GET positions", page())
    assert stub.run("positions") == 0
    assert stub.run("positions", "--status", "all") == 0
    assert (
        stub.run("positions", "--account", "a b", "--status", "closed", "--symbol", "btc-usdt") == 0
    )
    queries = [dict(request.url.params) for request in stub.requests]
    assert queries == [
        {"status": "OPEN", "limit": "100"},
        {"limit": "100"},
        {"account": "a b", "status": "CLOSED", "symbol": "btc-usdt", "limit": "100"},
    ]


def test_a_list_is_followed_page_by_page_up_to_the_limit(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """250 of 300: pages of 100, 100 and 50, in one document with the cursor of what follows."""
    for number in range(3):
        first = number * 100
        items = [POSITION | {"id": 1000 - first - index} for index in range(min(100, 250 - first))]
        stub.answers("GET positions", page(*items, following=f"c{number}"))
    assert stub.run("positions", "--limit", "250", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert [item["id"] for item in printed["items"]] == list(range(1000, 750, -1))
    assert printed["next"] == "c2"
    asked = [(r.url.params["limit"], r.url.params.get("cursor")) for r in stub.requests]
    assert asked == [("100", None), ("100", "c0"), ("50", "c1")]


def test_people_are_told_that_there_is_more(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list that was cut says so."""
    stub.answers("GET positions", page(POSITION, following="c"))
    assert stub.run("positions", "--limit", "1") == 0
    assert "there are more" in capsys.readouterr().out


def test_an_accounts_name_may_have_any_character(stub: StubService) -> None:
    """It is one part of the address."""
    stub.answers("GET accounts/a%20b%3F", ACCOUNT)
    assert stub.run("wallet", "a b?") == 0


def test_health_of_all_accounts_ends_with_1_on_any_mismatch(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every account is checked and shown; one that does not balance decides the exit code."""
    stub.answers("GET accounts", page(ACCOUNT, ACCOUNT | {"account": "second"}))
    stub.answers("GET accounts/demo/health", HEALTHY)
    stub.answers("GET accounts/second/health", MISMATCH)
    assert stub.run("health") == 1
    printed = capsys.readouterr().out
    assert "account demo: HEALTHY" in printed
    assert "account second: MISMATCH" in printed
    assert "entry 7 does not follow" in printed
    assert "number 7" in printed
    assert stub.run("health", "--json") == 1
    assert json.loads(capsys.readouterr().out) == page(HEALTHY, MISMATCH)


def test_text_from_outside_cannot_steer_the_terminal(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters are shown as escapes, and markup is only text."""
    entry = TRANSACTION | {"description": "[red]a\x1b[2Jb[/red]\nc"}
    stub.answers("GET accounts/demo/transactions", page(entry))
    assert stub.run("wallet", "demo", "--transactions") == 0
    assert "[red]a\\x1b[2Jb[/red] c" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["positions", "--watch", "--json"], "choose one"),
        (["positions", "--watch"], "the output is not one"),
        (["wallet", "--transactions"], "needs an account"),
        (["markets", "--url", "ftp://127.0.0.1"], "give one like http://127.0.0.1:8470"),
        (["markets", "--url", "http://[::1"], "give one like http://127.0.0.1:8470"),
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


def test_a_refusal_is_its_detail_on_one_line(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem document's detail, and exit code 2."""
    stub.refuses("GET accounts/other", 404, "there is no account other:\nopen it first")
    assert stub.run("wallet", "other") == 2
    error = capsys.readouterr().err
    assert error == "backstay: there is no account other: open it first\n"


def test_without_a_service_there_is_one_line_that_says_how_to_start_it(
    stub: StubService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, and the address that was asked, from the environment too."""
    monkeypatch.setenv("BACKSTAY_URL", "http://desk.example:9/")
    stub.gives("GET markets", httpx.ConnectError("refused"))
    assert stub.run("markets") == 3
    assert capsys.readouterr().err == (
        "backstay: no service answers at http://desk.example:9: start it with `backstay serve`\n"
    )
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (httpx.ReadTimeout("slow"), "gave no answer within 30 s"),
        (
            httpx.RemoteProtocolError("server disconnected"),
            "closed the connection before its answer",
        ),
    ],
)
def test_a_service_that_fails_ends_with_3(
    stub: StubService, capsys: pytest.CaptureFixture[str], error: Exception, text: str
) -> None:
    """Nothing is known then, and the line says how it failed."""
    stub.gives("GET markets", error)
    assert stub.run("markets") == 3
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(("status", "code"), [(200, 3), (404, 2), (500, 3), (302, 3)])
def test_an_address_of_something_else_is_named_as_such(
    stub: StubService, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    """An answer that is no document of Backstay's is an error that points at the address."""
    stub.gives("GET markets", httpx.Response(status, text="<html>"))
    assert stub.run("markets") == code
    assert (
        f"answered {status} and the answer is not one of Backstay's: check --url"
        in capsys.readouterr().err
    )


def test_the_token_comes_from_the_environment(
    stub: StubService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes with every call; without one none is sent."""
    stub.answers("GET markets", page())
    assert stub.run("markets") == 0
    monkeypatch.setenv("BACKSTAY_TOKEN", "bks_abc\n")
    assert stub.run("markets") == 0
    sent = [request.headers.get("Authorization") for request in stub.requests]
    assert sent == [None, "Bearer bks_abc"]


def test_a_broken_token_is_never_shown(
    stub: StubService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable alone."""
    monkeypatch.setenv("BACKSTAY_TOKEN", "bks_ä")
    assert stub.run("markets") == 2
    error = capsys.readouterr().err
    assert "BACKSTAY_TOKEN is not a token" in error
    assert "bks_ä" not in error
