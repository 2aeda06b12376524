"""The doors through which exits are asked for, each in its own words: API, hook, command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

import httpx
import pytest

from backstay.web.backend import HookSettings
from tests.acceptance.api import API, AppClient, an_open
from tests.acceptance.house import SYMBOL
from tests.command_line import CommandLine

SECRET = "a-hook-secret-of-the-test"
HOOK = HookSettings(secret=SECRET, account="demo", notionals={"demo": Decimal(25)})
HOOK_ADDRESS = f"{API}/hooks/tradingview/{SECRET}"
SHORT_NAMES = {
    "stop_loss": "sl",
    "take_profits": "tp",
    "trailing": "trail",
    "close_after": "after",
    "take_profit_fill": "fill",
}
OPTIONS = {
    "stop_loss": "--stop-loss",
    "trailing": "--trail",
    "close_after": "--close-after",
    "take_profit_fill": "--take-profit-fill",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An open: its exits are fields with named parts, as in JSON."""

    side: str = "LONG"
    notional: str = "25"
    exits: Mapping[str, Any]

    @property
    def one_line(self) -> dict[str, str]:
        """The same exits, each in the one-line notation."""
        return {name: one_line(value) for name, value in self.exits.items()}


def one_line(value: Any) -> str:
    """A field of exits in the one-line notation."""
    match value:
        case {"distance": distance, "from": start, "step": step}:
            return f"{distance}/{step} from {start}"
        case []:
            return "none"
        case list():
            return ";".join(map(rung_line, value))
        case _:
            return str(value)


def rung_line(rung: str | Mapping[str, str]) -> str:
    """A take-profit in the one-line notation."""
    if isinstance(rung, str):
        return rung
    share = f"@{rung['close']}" if "close" in rung else ""
    stop = f">{rung['stop']}" if "stop" in rung else ""
    return f"{rung['at']}{share}{stop}"


class Door(Protocol):
    """One way to ask for an open; returns why it was refused, None where it was opened."""

    def __call__(self, asked: Asked) -> str | None: ...


def api_door(api: AppClient, _: CommandLine, asked: Asked) -> str | None:
    """JSON with named parts."""
    body = an_open(side=asked.side, notional=asked.notional, **asked.exits)
    return refusal_of(api.ask("POST", "/positions", body))


def one_line_door(api: AppClient, _: CommandLine, asked: Asked) -> str | None:
    """JSON with a line for each field."""
    body = an_open(side=asked.side, notional=asked.notional, **asked.one_line)
    return refusal_of(api.ask("POST", "/positions", body))


def hook_json_door(api: AppClient, _: CommandLine, asked: Asked) -> str | None:
    """An alert in JSON."""
    return _alert(api, json.dumps({**_alert_head(asked), **asked.exits}))


def hook_pairs_door(api: AppClient, _: CommandLine, asked: Asked) -> str | None:
    """An alert in pairs, with the short names."""
    named = {SHORT_NAMES.get(name, name): text for name, text in asked.one_line.items()}
    pairs = {**_alert_head(asked), **named}
    return _alert(api, " ".join(f"{name}={text}" for name, text in pairs.items()))


def command_line_door(_: AppClient, shell: CommandLine, asked: Asked) -> str | None:
    """`backstay open`."""
    options: list[str] = []
    for name, value in asked.exits.items():
        if name == "take_profits":
            for rung in map(rung_line, value) if value else ["none"]:
                options += ["--take-profit", rung]
        else:
            options += [OPTIONS[name], one_line(value)]
    size = ("--side", asked.side, "--notional", asked.notional)
    code, _out, error = shell.run("open", SYMBOL, *size, *options)
    assert code in (0, 2), error
    return error if code else None


DOORS = {
    "api": api_door,
    "one line": one_line_door,
    "hook, JSON": hook_json_door,
    "hook, pairs": hook_pairs_door,
    "command line": command_line_door,
}


def door_of(name: str, api: AppClient, shell: CommandLine, patch: pytest.MonkeyPatch) -> Door:
    """A door to an app; the command line is connected with it."""

    def carried(request: httpx.Request) -> httpx.Response:
        answer = api.ask_at(
            request.method,
            request.url.raw_path.decode(),
            content=request.content,
            headers={name: request.headers[name] for name in request.headers if name != "host"},
        )
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    patch.setattr(httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(carried)))
    return partial(DOORS[name], api, shell)


def refusal_of(answer: httpx.Response) -> str | None:
    """The detail of a problem document."""
    return None if answer.is_success else str(answer.json()["detail"])


def _alert_head(asked: Asked) -> dict[str, str]:
    action = {"LONG": "buy", "SHORT": "sell"}[asked.side]
    return {"action": action, "symbol": f"BINANCE:{SYMBOL}", "notional": asked.notional}


def _alert(api: AppClient, body: str) -> str | None:
    """Send an alert; where it is taken, its outcome says whether it was carried out."""
    answer = api.ask_at("POST", HOOK_ADDRESS, content=body)
    api.house.settle()
    if not answer.is_success:
        return refusal_of(answer)
    again = api.ask_at("POST", HOOK_ADDRESS, content=body).json()
    assert again["repeated"]
    return _told(api, again["signal_id"]) if again["status"] == "DENIED" else None


def _told(api: AppClient, signal_id: int) -> str:
    """The event that says what became of a signal."""
    texts: Sequence[str] = [text for text in api.told() if f"ignal {signal_id} " in text]
    return texts[-1]
