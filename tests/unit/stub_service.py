"""A service that answers what a test gives it, and the command line that talks to it."""

import json
import sys
from collections import defaultdict
from functools import partial
from typing import Any

import httpx
import pytest

from backstay.cli.main import main

POSITION: dict[str, Any] = {
    "id": 12401, "account": "demo", "signal_id": "k1", "symbol": "BTCUSDT", "side": "LONG",
    "status": "OPEN", "quantity": "0.000261780104712041", "notional": "25.00000000",
    "entry_price": "95500.12345678", "entry_time": "2026-01-31T11:59:59.000000Z",
    "opened_at": "2026-01-31T12:00:00.000000Z", "exit_price": None, "exit_time": None,
    "closed_at": None, "close_reason": None, "close_note": None, "rungs_hit": 1,
    "stop_loss": "95500.12345678", "take_profit_prices": ["98365", "101230", "105050"],
    "next_take_profit": "101230", "mark_price": "99000.5", "unrealized_pnl": "0.91625200",
    "gross_pnl": "0.00000000", "costs": "0.00000000", "net_pnl": "0.00000000",
    "total_pnl": "0.91625200", "untargeted_fraction": "0",
}  # fmt: skip
CLOSED = POSITION | {
    "id": 12400, "status": "CLOSED", "close_reason": "STOP_LOSS", "exit_price": "90725",
    "exit_time": "2026-01-31T12:30:00.000000Z", "closed_at": "2026-01-31T12:30:00.000000Z",
    "close_note": None, "next_take_profit": None, "mark_price": None, "unrealized_pnl": None,
    "gross_pnl": "-1.25000000", "costs": "0.16500000", "net_pnl": "-1.41500000",
    "total_pnl": "-1.41500000",
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "account": "demo", "account_type": "demo", "currency": "USDT",
    "initial_balance": "1000.00000000", "total_balance": "1002.32225000",
    "locked_balance": "25.00000000", "used_balance": "25.00000000",
    "available_balance": "977.32225000", "unrealized_pnl": None, "equity": None,
    "open_positions": 1,
    "costs": {
        "own": None, "effective": {"fee": "0.26%", "spread": "0.1%", "slippage": "0.05%"},
    },
    "exits": {
        "own": {
            "stop_loss": "4%", "take_profits": None, "trailing": None, "close_after": None,
            "take_profit_fill": None,
        },
        "effective": {
            "stop_loss": "4%", "take_profits": "3%@0%>breakeven;6%@100%>previous",
            "trailing": "none", "close_after": "none", "take_profit_fill": "price",
        },
    },
}  # fmt: skip


class StubService:
    """What a service would answer to each call, in turn, the last answer again and again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self._monkeypatch = monkeypatch
        self._answers: defaultdict[str, list[httpx.Response | Exception]] = defaultdict(list)
        for name in ("BACKSTAY_TOKEN", "BACKSTAY_URL"):
            monkeypatch.delenv(name, raising=False)
        client = partial(httpx.Client, transport=httpx.MockTransport(self._answer))
        monkeypatch.setattr(httpx, "Client", client)
        monkeypatch.setattr("backstay.cli.client.sleep", self.waits.append)

    def answers(
        self, call: str, document: Any, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Answer a call such as `GET positions` with a document."""
        self._answers[call].append(httpx.Response(status, json=document, headers=headers))

    def refuses(self, call: str, status: int, detail: str, **headers: str) -> None:
        """Answer a call with a problem document."""
        problem = {"type": "urn:backstay:problem:x", "status": status, "detail": detail}
        self.answers(call, problem, status, {k.replace("_", "-"): v for k, v in headers.items()})

    def gives(self, call: str, answer: httpx.Response | Exception) -> None:
        """Answer a call with this, or fail with this error."""
        self._answers[call].append(answer)

    def body(self, number: int = -1) -> Any:
        """What a request carried."""
        return json.loads(self.requests[number].content)

    def run(self, *arguments: str) -> int:
        """Run the command line in this process; returns its exit code."""
        self._monkeypatch.setattr(sys, "argv", ["backstay", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return 0 if ended.value.code is None else int(ended.value.code)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.raw_path.decode().partition("?")[0]
        answers = self._answers[f"{request.method} {path.removeprefix('/api/v1/')}"]
        assert answers, f"nobody expected {request.method} {path}"
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        # A response that was read once cannot be given again.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def page(*items: Any, following: str | None = None) -> dict[str, Any]:
    """A part of a list."""
    return {"items": list(items), "next": following}
