"""A client of the service's API, for programs that ask and tell it everything over HTTP."""

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from harness.service_process import ServiceProcess

PREFIX = "/api/v1"
WITHIN_SECONDS = 60.0
STEP_SECONDS = 0.01

T = TypeVar("T")


class Api:
    """One connection's calls; an answer of another status than the expected one fails the test."""

    def __init__(self, service: ServiceProcess, token: str | None = None) -> None:
        self._client = service.client(WITHIN_SECONDS)
        if token is not None:
            self._client.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str | int) -> Any:
        """What a path shows."""
        return self._answer(self._client.get(PREFIX + path, params=query), 200)

    def text(self, address: str) -> str:
        """What any address of the service shows, as text."""
        return self._client.get(address).raise_for_status().text

    def send(self, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
        """A command's answer, whatever it is."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._client.post(PREFIX + path, json=body, headers=headers)

    def change(self, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
        """A change's answer, whatever it is."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._client.patch(PREFIX + path, json=body, headers=headers)

    def post(self, path: str, body: Any, status: int = 200, *, key: str | None = None) -> Any:
        """What a command is answered with."""
        return self._answer(self.send(path, body, key=key), status)

    def items(self, path: str, **query: str | int) -> list[Any]:
        """A whole list, page by page."""
        page = self.get(path, **query)
        found = list(page["items"])
        while page["next"] is not None:
            page = self.get(path, cursor=page["next"], **query)
            found += page["items"]
        return found

    def open_account(self, account: str, balance: str = "100") -> Any:
        """Open an account."""
        return self.post("/accounts", {"account": account, "initial_balance": balance}, 201)

    def account(self, account: str) -> Any:
        """An account's balances."""
        return self.get(f"/accounts/{account}")

    def health(self, account: str) -> Any:
        """A health check that is made now."""
        return self.get(f"/accounts/{account}/health")

    def price(self, symbol: str, price: str) -> Any:
        """What becomes of a price."""
        (result,) = self.post("/prices", {"symbol": symbol, "price": price})["items"]
        return result

    def open(
        self,
        account: str,
        symbol: str,
        notional: str = "25",
        side: str = "LONG",
        *,
        status: int = 201,
        key: str | None = None,
    ) -> Any:
        """Open a position, or be refused with a status."""
        body = {"account": account, "symbol": symbol, "side": side, "notional": notional}
        return self.post("/positions", body, status, key=key)

    def position(self, position_id: int) -> Any:
        """A position as the last commit left it."""
        return self.get(f"/positions/{position_id}")

    def close(self, position_id: int) -> Any:
        """Close a position by hand."""
        return self.post(f"/positions/{position_id}/close", {})

    def until(self, position_id: int, holds: Callable[[Any], bool]) -> Any:
        """A position, once what its prices do to it is committed."""
        return until(lambda: self.position(position_id), holds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    @staticmethod
    def _answer(response: httpx.Response, status: int) -> Any:
        assert response.status_code == status, f"{response.request.url}: {response.text}"
        return response.json()


def until(
    look: Callable[[], T], holds: Callable[[T], bool] = bool, seconds: float = WITHIN_SECONDS
) -> T:
    """What there is to see once it is as it should be.

    It is looked at in steps: who asks without a pause keeps the service from getting there.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        pause.wait(STEP_SECONDS)
    return seen


def settled(api: Api, account: str) -> Any:
    """An account's health, once everything that its last prices caused is committed."""
    seen: list[Any] = [None]

    def look() -> bool:
        seen.append((api.health(account), api.account(account)))
        return bool(seen[-1] == seen[-2])

    until(look)
    return seen[-1][0]


def balances(account: Any) -> tuple[Decimal, ...]:
    """Total, locked, used and available; used and locked are the same money seen twice."""
    names = ("total_balance", "locked_balance", "used_balance", "available_balance")
    return tuple(Decimal(account[name]) for name in names)
