"""Notifications of the real service: killed between delivery and confirmation, and at a stop."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.service_process import STOP_SECONDS_MAX, ServiceProcess
from tests.command_line import CommandLine
from tests.conftest import POSTGRESQL_IS_SLOW
from tests.webhook import Mood, Webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with Webhook() as webhook:
        yield webhook


def telling(hook: Webhook, folder: Path, **env: str) -> ServiceProcess:
    """A service that tells the hook, on SQLite unless told otherwise."""
    told = {"BACKSTAY_FEED": "none", "BACKSTAY_NOTIFY_URLS": hook.url}
    return ServiceProcess(folder, env={**told, **env}, warm=True)


def give_prices(client: httpx.Client, *prices: str) -> None:
    """Give prices of BTCUSDT by the API."""
    for price in prices:
        answer = client.post("/api/v1/prices", json={"symbol": "BTCUSDT", "price": price})
        assert answer.json()["items"][0]["result"] == "accepted", answer.text


def open_one(client: httpx.Client) -> None:
    """Open a LONG of 25 USDT."""
    body = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "25"}
    answer = client.post("/api/v1/positions", json=body)
    assert answer.status_code == 201, answer.text


def said(hook: Webhook) -> list[str]:
    """The lines that the hook has, shortened."""
    return [line.partition("): ")[2].partition(",")[0] for line in hook.lines]


@POSTGRESQL_IS_SLOW
def test_a_kill_between_delivery_and_confirmation_repeats_one_message(
    hook: Webhook, tmp_path: Path, database_url: str
) -> None:
    """`kill -9` loses nothing: after the restart the last message comes again, then the next."""
    settings = {"BACKSTAY_DATABASE": database_url, "BACKSTAY_LEASE_SECONDS": "2"}
    service = telling(hook, tmp_path, **settings)
    with service, service.wait_ready().client() as client:
        give_prices(client, "100")
        open_one(client)
        give_prices(client, "103")
        hook.wait_for_line("TP1")
        hook.before_answer = service.kill
        give_prices(client, "106")
        hook.wait_for_line("TP2")
        service.wait_ended()
    hook.before_answer = lambda: None
    with service, service.wait_ready().client() as client:
        hook.wait_for(lambda: len(hook.lines) == 3)
        give_prices(client, "110")
        hook.wait_for_line("TP3")
        hook.wait_for_line("Closed")
        assert hook.url.partition("?")[0] not in service.log
        assert service.stop()[0] == 0
    told = said(hook)
    assert told[:3] == ["TP1 (+3%) hit at 103", "TP2 (+6%) hit at 106", "TP2 (+6%) hit at 106"]
    assert told[3:] == ["TP3 (+10%) hit at 110", "Closed at 110"]


@pytest.mark.slow
def test_a_target_that_hangs_does_not_hold_the_stop_up(hook: Webhook, tmp_path: Path) -> None:
    """The stop has its five seconds, and the message comes after the next start."""
    hook.mood = Mood.HANGS
    service = telling(hook, tmp_path)
    with service, service.wait_ready().client() as client:
        client.post("/api/v1/trading/pause", json={"reason": "lunch"})
        hook.wait_for(lambda: hook.attempts >= 1)
        code, seconds = service.stop()
        assert code == 0
        assert seconds < STOP_SECONDS_MAX
    hook.mood = Mood.TAKES
    with service:
        hook.wait_for_line("Opens of all accounts are refused: lunch")
    assert len(hook.lines) == 1


def test_a_test_message_says_of_each_target_whether_it_came(
    shell: CommandLine, hook: Webhook
) -> None:
    """Exit code 3 where one failed; secrets are not printed."""
    with Webhook(Mood.REFUSES) as deaf:
        shell.enter(Path.cwd(), BACKSTAY_NOTIFY_URLS=hook.url)
        assert "arrived" in shell.says("notify", "test")
        shell.enter(Path.cwd(), BACKSTAY_NOTIFY_URLS=f"{hook.url}, {deaf.url}")
        code, out, _ = shell.run("notify", "test")
    assert code == 3
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["arrived", "failed:"]
    assert "503" in out
    assert "secret" not in out
    assert [message["title"] for message in hook.messages] == ["Backstay: test"] * 2


def test_without_a_target_there_is_nothing_to_test(shell: CommandLine) -> None:
    """Exit code 2, and the setting is named."""
    code, _, error = shell.run("notify", "test")
    assert code == 2
    assert "set notify_urls" in error
