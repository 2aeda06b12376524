"""The commands that talk to a service, against the real process."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.cli import main
from tests.acceptance.http_api import Api
from tests.service_process import ServiceProcess


class CommandLine:
    """Commands in this process, to a running service; each tells its exit code and its output."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """A command's exit code, standard output and standard error."""
        self._monkeypatch.setattr(sys, "argv", ["backstay", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def says(self, *arguments: str) -> str:
        """What a command prints that succeeds."""
        code, out, err = self.run(*arguments)
        assert (code, err) == (0, "")
        return out

    def document(self, *arguments: str) -> Any:
        """What a command that succeeds prints for programs."""
        return json.loads(self.says(*arguments, "--json"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A running service whose prices come by the API alone."""
    with ServiceProcess(tmp_path, env={"BACKSTAY_FEED": "none"}) as service:
        yield service.wait_ready()


@pytest.fixture
def shell(
    service: ServiceProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line, with the service's address in the environment."""
    monkeypatch.setenv("BACKSTAY_URL", service.url)
    monkeypatch.delenv("BACKSTAY_TOKEN", raising=False)
    # A proxy to the world is none to this machine's own services.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    return CommandLine(monkeypatch, capsys)


def test_a_position_from_open_to_history(service: ServiceProcess, shell: CommandLine) -> None:
    """Opened, seen through three rungs, and told of, with the wallet and the books."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
        opened = shell.document("open", "btc-usdt", "--side", "long", "--notional", "25")
        assert (opened["symbol"], opened["quantity"]) == ("BTCUSDT", "0.25")
        number = str(opened["id"])
        assert number in shell.says("positions").split()
        for price in ("103", "106", "110"):
            api.price("BTCUSDT", price)
        api.until(opened["id"], lambda it: it["status"] == "CLOSED")
    told = shell.says("history", number)
    assert told.index("TP1") < told.index("TP2") < told.index("TP3")
    assert "+2.32225" in told
    assert "0 positions" in shell.says("positions")
    assert "take profit" in shell.says("positions", "--status", "closed", "--account", "demo")
    assert "1002.32225" in shell.says("wallet", "demo")
    entries = shell.document("wallet", "demo", "--transactions")["items"]
    assert [entry["number"] for entry in entries] == [3, 2, 1]
    assert shell.says("health") == shell.says("health", "demo")
    assert "LIVE" in shell.says("markets")


def test_the_same_key_opens_once(service: ServiceProcess, shell: CommandLine) -> None:
    """A command that is given again tells of the first one's position."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
    command = ("open", "BTCUSDT", "--side", "short", "--quantity", "0.1", "--key", "k")
    first = shell.document(*command, "--take-profit-pcts", "2;4", "--close-fractions", "0.5;0.5")
    again = shell.document(*command, "--take-profit-pcts", "2;4", "--close-fractions", "0.5;0.5")
    assert first["id"] == again["id"]
    assert first["take_profit_prices"] == ["98", "96"]
    code, _, error = shell.run(*command)
    assert code == 2
    assert "used for another request" in error


def test_a_stop_is_tightened_and_positions_are_closed(
    service: ServiceProcess, shell: CommandLine
) -> None:
    """By its id, and all at once; what is refused says why."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
    command = ("open", "BTCUSDT", "--side", "long", "--notional", "25")
    ids = [str(shell.document(*command)["id"]) for _ in range(3)]
    assert shell.document("tighten", ids[0], "99.5")["stop_loss"] == "99.5"
    code, _, error = shell.run("tighten", ids[0], "90")
    assert code == 2
    assert "only tightens" in error
    closed = shell.document("close", ids[0], "--note", "news")
    assert closed["position"]["close_note"] == "news"
    assert "closed before" in shell.says("close", ids[0])
    both = shell.document("close", "--all", "--symbol", "btcusdt", "--yes")
    assert sorted(str(position["id"]) for position in both["closed"]) == sorted(ids[1:])


def test_a_pause_refuses_opens_until_it_ends(service: ServiceProcess, shell: CommandLine) -> None:
    """Of all accounts, and of one."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
    command = ("open", "BTCUSDT", "--side", "long", "--notional", "25")
    assert "all accounts are refused: audit" in shell.says("pause", "audit")
    code, _, error = shell.run(*command)
    assert code == 2
    assert "audit" in error
    assert "all accounts are allowed" in shell.says("resume", "done")
    assert "account demo are refused" in shell.says("pause", "check", "--account", "demo")
    assert shell.run(*command)[0] == 2
    assert "account demo are allowed" in shell.says("resume", "done", "--account", "demo")
    shell.says(*command)


def test_a_list_longer_than_a_page_is_listed_whole(
    service: ServiceProcess, shell: CommandLine
) -> None:
    """101 transactions come in two pages, and in one document."""
    with Api(service) as api:
        for number in range(101):
            api.post("/accounts/demo/transfers", {"amount": "1", "reference": f"r{number}"})
    whole = shell.document("wallet", "demo", "--transactions", "--limit", "1000")
    assert [entry["number"] for entry in whole["items"]] == list(range(102, 0, -1))
    assert whole["next"] is None
    part = shell.document("wallet", "demo", "--transactions", "--limit", "101")
    assert len(part["items"]) == 101
    assert part["next"] is not None


def test_a_stopped_service_is_said_to_be_away(service: ServiceProcess, shell: CommandLine) -> None:
    """Exit code 3, and what to do; the same for every command."""
    url = service.url
    assert service.stop()[0] == 0
    for command in (["positions"], ["open", "X", "--side", "long", "--notional", "1"]):
        code, out, error = shell.run(*command)
        assert (code, out) == (3, "")
        assert error.startswith(f"backstay: no service answers at {url}: start it with")


def test_a_token_is_needed_where_there_are_some(
    service: ServiceProcess, shell: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one a command is refused; a token that only reads opens nothing."""
    file = str(tmp_path / "backstay-tokens.json")
    token = shell.run("token", "create", "reader", "--tokens-file", file)[1].split()[-1]
    assert httpx.get(f"{service.url}/api/v1/markets", trust_env=False).status_code == 401
    assert shell.run("markets")[0] == 2
    monkeypatch.setenv("BACKSTAY_TOKEN", token)
    shell.says("markets")
    code, _, error = shell.run("pause", "audit")
    assert code == 2
    assert token not in error
