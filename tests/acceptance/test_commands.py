"""The commands that talk to a service, against the real process."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.command_line import CommandLine

BARE = {"BACKSTAY_FEED": "none"}
"""Prices come by the API alone."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A running service for all tests that neither end nor close it; each has its own symbol."""
    with ServiceProcess(tmp_path_factory.mktemp("service"), env=BARE, warm=True) as service:
        yield service.wait_ready()


@pytest.fixture(scope="module")
def api(service: ServiceProcess) -> Iterator[Api]:
    """What gives that service its prices."""
    with Api(service) as api:
        yield api


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A running service of this test's own."""
    with ServiceProcess(tmp_path, env=BARE, warm=True) as service:
        yield service.wait_ready()


@pytest.fixture
def shell(shell: CommandLine, request: pytest.FixtureRequest, tmp_path: Path) -> CommandLine:
    """The command line, with the address of the test's service in the environment."""
    name = "own_service" if "own_service" in request.fixturenames else "service"
    service: ServiceProcess = request.getfixturevalue(name)
    # A proxy to the world is none to this machine's own services.
    shell.enter(tmp_path, BACKSTAY_URL=service.url, HTTP_PROXY="http://127.0.0.1:9")
    return shell


def test_a_position_from_open_to_history(api: Api, shell: CommandLine) -> None:
    """Opened, seen through three rungs, and told of, with the wallet and the books."""
    api.open_account("trader", "1000")
    api.price("BTCUSDT", "100")
    opened = shell.document(
        "open", "btc-usdt", "--side", "long", "--notional", "25", "--account", "trader"
    )
    assert (opened["symbol"], opened["quantity"]) == ("BTCUSDT", "0.25")
    number = str(opened["id"])
    assert number in shell.says("positions").split()
    for price in ("103", "106", "110"):
        api.price("BTCUSDT", price)
    api.until(opened["id"], lambda it: it["status"] == "CLOSED")
    told = shell.says("history", number)
    assert told.index("TP1") < told.index("TP2") < told.index("TP3")
    assert "+2.32225" in told
    assert "0 positions" in shell.says("positions", "--account", "trader")
    assert "take profit" in shell.says("positions", "--status", "closed", "--account", "trader")
    assert "1002.32225" in shell.says("wallet", "trader")
    entries = shell.document("wallet", "trader", "--transactions")["items"]
    assert [entry["number"] for entry in entries] == [3, 2, 1]
    assert shell.says("health", "trader") in shell.says("health")
    assert "LIVE" in shell.says("markets")


def test_the_same_key_opens_once(api: Api, shell: CommandLine) -> None:
    """A command that is given again tells of the first one's position."""
    api.price("ETHUSDT", "100")
    command = ("open", "ETHUSDT", "--side", "short", "--quantity", "0.1", "--key", "k")
    first = shell.document(*command, "--take-profit", "98@50%", "--take-profit", "4%")
    again = shell.document(*command, "--take-profit", "98@50%", "--take-profit", "4%")
    assert first["id"] == again["id"]
    assert first["take_profit_prices"] == ["98", "96"]
    code, _, error = shell.run(*command)
    assert code == 2
    assert "used for another request" in error


def test_positions_are_changed_and_closed(api: Api, shell: CommandLine) -> None:
    """By its id, in parts, and all at once; what is refused says why."""
    api.price("SOLUSDT", "100")
    command = ("open", "SOLUSDT", "--side", "long", "--notional", "25")
    ids = [str(shell.document(*command)["id"]) for _ in range(3)]
    changed = shell.document(
        "change", ids[0], "--stop-loss", "99.5", "--take-profit", "104@50%", "--trail", "2%",
        "--close-after", "4h",
    )  # fmt: skip
    assert (changed["stop_loss"], changed["asked"]["take_profits"]) == (
        "99.5",
        "104@50%>breakeven",
    )
    assert (changed["asked"]["trailing"], changed["asked"]["close_after"]) == (
        "2%/0.1% from entry",
        "4h",
    )
    code, _, error = shell.run("change", ids[0], "--stop-loss", "90")
    assert code == 2
    assert "only tightens" in error
    half = ("close", ids[0], "--share", "50%", "--key", "half")
    assert shell.document(*half)["position"]["open_quantity"] == "0.125"
    assert shell.document(*half)["position"]["open_quantity"] == "0.125"
    code, _, error = shell.run("close", ids[0], "--quantity", "0.1", "--key", "half")
    assert code == 2
    assert "used for another request" in error
    closed = shell.document("close", ids[0], "--note", "news")
    assert closed["position"]["close_note"] == "news"
    assert "already closed" in shell.says("close", ids[0])
    both = shell.document("close", "--all", "--symbol", "solusdt", "--yes")
    assert sorted(str(position["id"]) for position in both["closed"]) == sorted(ids[1:])


def test_an_account_s_terms_are_those_of_its_next_opens(api: Api, shell: CommandLine) -> None:
    """Set, seen, taken by an open, and given up."""
    api.open_account("frugal")
    api.price("ADAUSDT", "100")
    shell.says("account", "costs", "frugal", "--fee", "0.1%", "--spread", "0%", "--slippage", "0%")
    told = shell.says("account", "exits", "frugal", "--stop-loss", "4%", "--take-profit", "8%")
    assert "8%@100%>breakeven" in told
    command = ("open", "ADAUSDT", "--side", "long", "--notional", "25", "--account", "frugal")
    opened = shell.document(*command)
    assert (opened["stop_loss"], opened["take_profit_prices"]) == ("96", ["108"])
    closed = shell.document("close", str(opened["id"]))
    assert closed["position"]["costs"] == "0.05000000"
    given_up = shell.document("account", "exits", "frugal", "--reset")
    assert given_up["exits"]["effective"]["stop_loss"] == "5%"
    code, _, error = shell.run("account", "costs", "frugal", "--fee", "20%")
    assert code == 2
    assert "spread and slippage not given" in error


def test_a_pause_refuses_opens_until_it_ends(api: Api, shell: CommandLine) -> None:
    """Of all accounts, and of one."""
    api.price("XRPUSDT", "100")
    command = ("open", "XRPUSDT", "--side", "long", "--notional", "25")
    assert "all accounts are refused: audit" in shell.says("pause", "audit")
    code, _, error = shell.run(*command)
    assert code == 2
    assert "audit" in error
    assert "all accounts are allowed" in shell.says("resume", "done")
    assert "account demo are refused" in shell.says("pause", "check", "--account", "demo")
    assert shell.run(*command)[0] == 2
    assert "account demo are allowed" in shell.says("resume", "done", "--account", "demo")
    shell.says(*command)


def test_a_list_longer_than_a_page_is_listed_whole(api: Api, shell: CommandLine) -> None:
    """101 transactions come in two pages, and in one document."""
    api.open_account("saver")
    for number in range(101):
        api.post("/accounts/saver/transfers", {"amount": "1", "reference": f"r{number}"})
    whole = shell.document("wallet", "saver", "--transactions", "--limit", "1000")
    assert [entry["number"] for entry in whole["items"]] == list(range(102, 0, -1))
    assert whole["next"] is None
    part = shell.document("wallet", "saver", "--transactions", "--limit", "101")
    assert len(part["items"]) == 101
    assert part["next"] is not None


def test_a_stopped_service_is_said_to_be_away(
    own_service: ServiceProcess, shell: CommandLine
) -> None:
    """Exit code 3, and what to do; the same for every command."""
    url = own_service.url
    assert own_service.stop()[0] == 0
    for command in (["positions"], ["open", "X", "--side", "long", "--notional", "1"]):
        code, out, error = shell.run(*command)
        assert (code, out) == (3, "")
        assert error.startswith(f"backstay: no service answers at {url}: start it with")


def test_a_token_is_needed_where_there_are_some(
    own_service: ServiceProcess, shell: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one a command is refused; a token that only reads opens nothing."""
    file = str(tmp_path / "backstay-tokens.json")
    token = shell.run("token", "create", "reader", "--tokens-file", file)[1].split()[-1]
    assert httpx.get(f"{own_service.url}/api/v1/markets", trust_env=False).status_code == 401
    assert shell.run("markets")[0] == 2
    monkeypatch.setenv("BACKSTAY_TOKEN", token)
    shell.says("markets")
    code, _, error = shell.run("pause", "audit")
    assert code == 2
    assert token not in error
