"""TradingView's hook over HTTP: what its alerts do, and what nobody learns from it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from actors.signals.messages import TakeSignals
from backstay.web.access.access import FAILURES_PER_MINUTE
from backstay.web.backend import HookSettings
from backstay.web.hooks import routes
from backstay.web.hooks.refused_alerts import AlertRefusal
from backstay.web.hooks.routes import STORED_SECONDS_MAX
from harness.service_process import ServiceProcess
from tests.acceptance.api import API, AppClient, serving
from tests.acceptance.conftest import Log

SECRET = "a-hook-secret-of-the-test"
HOOK = HookSettings(secret=SECRET, account="demo", notionals={"demo": Decimal(25)})
PATH = f"{API}/hooks/tradingview/{SECRET}"
BUY = "action=buy symbol=BINANCE:BTCUSDT"


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """An account of 1000, a market at 100, and a hook."""
    with serving(database_url, tmp_path, hook=HOOK) as api:
        api.account("1000")
        api.price("100")
        yield api


@pytest.fixture
def hookless(tmp_path: Path) -> Iterator[AppClient]:
    """A service without a hook."""
    with serving("sqlite://", tmp_path) as api:
        yield api


def send(api: AppClient, body: Any, path: str = PATH) -> httpx.Response:
    """Send an alert as TradingView does, and let it be carried out."""
    how = {"json": body} if isinstance(body, dict) else {"content": body}
    response = api.ask_at("POST", path, **how)
    api.house.settle()
    return response


def refusals(log: Log) -> list[Any]:
    """The log's lines of refused alerts."""
    return [entry for entry in log.entries if entry["event"] == "alert refused"]


def positions(api: AppClient, status: str = "OPEN") -> list[tuple[str, str, str]]:
    items = api.get("/positions", status=status)["items"]
    return [(item["symbol"], item["side"], item["notional"]) for item in items]


def test_an_alert_that_reaches_nobody_is_refused_at_once(api: AppClient, log: Log) -> None:
    """Between two lives of who stores signals: nothing is done, so that it may be sent again."""
    backend = api.app.state.backend
    api.app.state.backend = replace(backend, to_signals=lambda _: False)
    response = send(api, BUY)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json()["type"] == "urn:backstay:problem:not-delivered"
    assert "alert refused" in log.lines
    api.app.state.backend = backend
    assert positions(api) == []


def test_alerts_turn_a_position_around_and_close_it(api: AppClient) -> None:
    """As JSON and as text, with an amount of their own or the account's."""
    first = send(api, {"action": "buy", "symbol": "BTCUSDT.P", "notional": "50", "id": "1"})
    assert first.status_code == 202
    notes = ["BTCUSDT.P is a perpetual: the prices of BTCUSDT guard it"]
    assert first.json() == {"signal_id": 1, "repeated": False, "status": "RECEIVED", "notes": notes}
    assert positions(api) == [("BTCUSDT", "LONG", "50.00000000")]
    send(api, "action: sell\nsymbol: BINANCE:BTCUSDT\nid: 2")
    assert positions(api) == [("BTCUSDT", "SHORT", "25.00000000")]
    send(api, {"action": "buy", "symbol": "BTCUSDT", "market_position": "flat", "id": "3"})
    assert positions(api) == []
    closed = api.get("/positions", status="CLOSED")["items"]
    texts = [item["text"] for item in api.get("/positions/1/history")["items"]]
    assert "opened at 100 by TradingView signal 1, " in texts[0]
    assert "Closed at 100, closed by TradingView signal 2: " in texts[-1]
    assert [item["close_note"] for item in closed] == [
        "TradingView signal 3",
        "TradingView signal 2",
    ]


def test_nobody_closes_in_a_signals_name(api: AppClient) -> None:
    """A position's history names the signals that acted, and no others."""
    position_id = api.open()["id"]
    body = {"note": "TradingView signal 1"}
    problem = api.problem("POST", f"/positions/{position_id}/close", body)
    assert problem["status"] == 422
    assert "are the hook's own" in problem["detail"]


def test_an_alert_that_comes_twice_is_answered_with_the_first(api: AppClient) -> None:
    """Which by then is finished."""
    send(api, BUY)
    again = send(api, BUY)
    assert again.status_code == 202
    assert again.json() == {"signal_id": 1, "repeated": True, "status": "DONE", "notes": []}
    assert len(positions(api)) == 1


@pytest.mark.parametrize("secret", ["wrong", SECRET[:-1], SECRET + "x", "%00", "%ED%A0%80", "ü"])
def test_a_wrong_secret_finds_nothing(api: AppClient, secret: str) -> None:
    """It is answered to the letter like an address that there is not."""
    wrong = send(api, BUY, f"{API}/hooks/tradingview/{secret}")
    unknown = send(api, BUY, f"{API}/hooks/no-such-hook")
    assert (wrong.status_code, wrong.json()) == (404, unknown.json())
    assert set(wrong.headers) == set(unknown.headers)
    assert positions(api) == []


def test_without_a_hook_there_is_nothing(hookless: AppClient) -> None:
    """Not even for an empty secret."""
    for secret in ("", SECRET, "%20"):
        path = f"{API}/hooks/tradingview/{secret}"
        assert hookless.ask_at("POST", path, content=BUY).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ("buy now", 422, "is not a key=value pair"),
        (f"{BUY} notional=-5", 422, "is not an amount above 0"),
        (f"{BUY} price={{{{close}}}}", 422, "TradingView has not replaced {{close}}"),
        (f"{BUY} account=other", 422, "hook_notionals has none for account other"),
        (f"{BUY} account=nobody notional=5", 404, "there is no account nobody"),
    ],
)
def test_a_refused_alert_says_why_to_its_sender_and_in_the_log(
    api: AppClient, log: Log, body: str, status: int, says: str
) -> None:
    """TradingView shows its users no answer: the log does."""
    api.account("100", account="other")
    response = send(api, body)
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert says in response.json()["detail"]
    (refused,) = refusals(log)
    assert says in refused["detail"]
    assert sum(api.app.state.backend.refused_alerts.counts.values()) == 1
    assert api.house.sql("SELECT * FROM signals") == []


def test_hundreds_of_alerts_at_a_bars_close_are_taken(
    database_url: str, tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From one address: all that come while the first one is stored cost one more commit."""
    count = 300
    with serving(database_url, tmp_path, faulty=True, hook=HOOK) as api:
        api.account("1000")
        gate = api.faults.open_gate = Event()
        told: list[TakeSignals] = []

        def to_signals(message: TakeSignals) -> bool:
            told.append(message)
            taken = api.house.system.directory.to_signals(message)
            if len(told) == count:
                gate.set()
            return taken

        api.app.state.backend = replace(api.app.state.backend, to_signals=to_signals)
        alerts = [f"action=close symbol=BTCUSDT id={number}" for number in range(count)]
        answers = api.ask_together("POST", PATH, alerts)
        assert Counter(answer.status_code for answer in answers) == {202: count}
        numbers = {answer.json()["signal_id"] for answer in answers}
        assert numbers == set(range(1, count + 1))
        received = "FROM events WHERE kind = 'signal_received'"
        assert api.house.sql(f"SELECT COUNT(DISTINCT commit_id), COUNT(*) {received}") == [
            (2, count)
        ]
        assert refusals(log) == []


def test_alerts_beyond_the_setting_are_refused_and_counted(tmp_path: Path, log: Log) -> None:
    """A sender that runs wild ends at the limit; each refusal is one line."""
    hook = replace(HOOK, alerts_per_minute=2)
    with serving("sqlite://", tmp_path, hook=hook) as api:
        api.account("1000")
        alerts = [f"action=close symbol=BTCUSDT id={number}" for number in range(3)]
        answers = [send(api, body) for body in alerts]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        (refused,) = refusals(log)
        assert (refused["reason"], refused["status"]) == ("too_many", 429)
        assert "hook_alerts_per_minute is 2" in refused["detail"]
        assert api.app.state.backend.refused_alerts.counts[AlertRefusal.TOO_MANY] == 1


def test_wrong_secrets_are_few_and_keep_the_right_one_from_nothing(
    api: AppClient, log: Log
) -> None:
    """Each is a line and a count; a good alert from the same address is taken."""
    guesses = [
        send(api, BUY, f"{API}/hooks/tradingview/guess-{number}").status_code
        for number in range(FAILURES_PER_MINUTE + 2)
    ]
    assert guesses == [404] * FAILURES_PER_MINUTE + [429, 429]
    assert send(api, BUY).status_code == 202
    reasons = [refused["reason"] for refused in refusals(log)]
    assert reasons == ["secret"] * FAILURES_PER_MINUTE + ["too_many"] * 2


def test_a_body_that_is_too_large_is_a_refused_alert(api: AppClient, log: Log) -> None:
    """What the gate refuses before the hook sees it is told the same way."""
    assert send(api, "x" * 300_000).status_code == 413
    (refused,) = refusals(log)
    assert (refused["reason"], refused["status"]) == ("body", 413)


def test_an_id_that_comes_again_with_another_body_is_carried_out(api: AppClient) -> None:
    """The close is not swallowed because its sender reused the id of its open."""
    send(api, {"action": "buy", "symbol": "BTCUSDT", "id": "X"})
    closing = send(api, {"action": "close", "symbol": "BTCUSDT", "id": "X"})
    assert closing.json()["repeated"] is False
    assert positions(api) == []


def test_a_batch_is_stored_whole_and_answered_in_its_order(api: AppClient) -> None:
    """Each alert has its own number; sent again, each is known."""
    batch = [
        {"action": "sell", "symbol": "BTCUSDT", "id": "1"},
        {"action": "buy", "symbol": "BTCUSDT", "id": "2", "contracts": "0.1"},
    ]
    first = api.ask_at("POST", PATH, json=batch)
    api.house.settle()
    assert first.status_code == 202
    assert [item["signal_id"] for item in first.json()] == [1, 2]
    assert [len(item["notes"]) for item in first.json()] == [0, 1]
    assert positions(api) == [("BTCUSDT", "LONG", "25.00000000")]
    again = api.ask_at("POST", PATH, json=batch)
    assert [item["repeated"] for item in again.json()] == [True, True]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"action": "go", "symbol": "BTCUSDT"}, "alert 2 of 2: action 'go' is unknown"),
        ({"action": "buy", "symbol": "BTCUSDT", "account": "other", "notional": 5}, "one account"),
    ],
)
def test_a_batch_with_one_wrong_alert_is_refused_whole(
    api: AppClient, wrong: dict[str, Any], says: str
) -> None:
    """Half a rebalance would be worse than none."""
    api.account("100", account="other")
    batch = [{"action": "buy", "symbol": "BTCUSDT"}, wrong]
    answer = api.ask_at("POST", PATH, json=batch)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert api.house.sql("SELECT * FROM signals") == []


def test_an_ignored_field_is_told_in_the_answer_and_the_log(api: AppClient, log: Log) -> None:
    """So that a misspelled field is found."""
    answer = send(api, f"{BUY} notionl=50 id=a")
    assert answer.status_code == 202
    (note,) = answer.json()["notes"]
    assert note.startswith("ignored: 'notionl'")
    assert [entry["detail"] for entry in log.entries if entry["event"] == "alert taken"] == [note]


def test_the_secret_is_in_no_log_line_and_no_answer(api: AppClient, log: Log) -> None:
    """Whether the alert is taken or not."""
    for body in (BUY, "nonsense", f"{BUY} account=nobody notional=5"):
        response = send(api, body)
        assert SECRET not in response.text + str(response.headers)
    api.ask_at("GET", PATH)
    assert SECRET not in "".join(map(str, [*log.entries, *log.lines]))
    own = [line for line in log.records if "httpx" not in line and "HTTP Request" not in line]
    assert SECRET not in "".join(own)
    assert SECRET not in repr(HOOK)


def test_an_alert_that_cannot_be_stored_is_answered_in_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TradingView hangs up after three; what was told is stored later, once."""
    monkeypatch.setattr(routes, "STORED_SECONDS_MAX", STORED_SECONDS_MAX)
    assert STORED_SECONDS_MAX == 1
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    with serving(url, tmp_path, faulty=True, hook=HOOK) as api:
        api.account("1000")
        api.price("100")
        api.faults.down = True
        response = api.ask_at("POST", PATH, content=f"{BUY} id=a")
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
        assert "was not stored within 1 s" in response.json()["detail"]
        api.faults.down = False
        answers = (send(api, f"{BUY} id=a") for _ in range(10))
        again = next(answer for answer in answers if answer.status_code == 202)
        assert again.json()["repeated"]
        assert len(positions(api)) == 1


def test_a_service_takes_alerts_and_keeps_its_secret(tmp_path: Path) -> None:
    """The real process: from its settings to its log; a restart knows what came before."""
    env = {
        "BACKSTAY_FEED": "none",
        "BACKSTAY_HOOK_SECRET": SECRET,
        "BACKSTAY_HOOK_NOTIONALS": "demo=25",
    }
    body = f"{BUY} id=a"
    with ServiceProcess(tmp_path, env=env, warm=True) as service:
        service.wait_ready()
        with service.client() as client:
            client.post(f"{API}/prices", json={"symbol": "BTCUSDT", "price": "100"})
            assert client.post(PATH, content=body).json()["signal_id"] == 1
            assert client.post(PATH, content="nonsense").status_code == 422
            assert client.post(PATH + "x", content=body).status_code == 404
        service.wait_for("Signal 1 done: opened 1")
        code, _ = service.stop()
        assert (code, SECRET in service.log) == (0, False)
        service.start().wait_ready()
        with service.client() as client:
            again = client.post(PATH, content=body).json()
        assert again == {"signal_id": 1, "repeated": True, "status": "DONE", "notes": []}
        assert SECRET not in service.log
