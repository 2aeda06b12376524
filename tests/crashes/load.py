"""A seeded load: clients that open, close, change and transfer, and one that posts prices.

Each client writes down what it asked, what it was told, and what was left unanswered.
"""

import itertools
import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from harness.http_api import Api
from harness.service_process import ServiceProcess

ACCOUNTS = ("demo", "second")
SYMBOLS = ("BTCUSDT", "ETHUSDT")
CLIENTS = 4
PRICE_SECONDS = 0.005
WITHIN_SECONDS = 60.0

CERTAINLY_NOT_DONE = ("deadline-passed", "not-delivered")
"""The problems that promise that nothing was done, and nothing will be."""

UNANSWERED = "no connection"
FAR = {
    "stop_loss": "25%",
    "take_profits": [{"at": "10%", "close": "50%"}, {"at": "20%", "close": "50%"}],
}
LADDERS: tuple[dict[str, Any], ...] = (
    {},
    {
        "stop_loss": "4%",
        "take_profits": [
            {"at": "1%", "close": "50%"},
            {"at": "2%", "close": "25%"},
            {"at": "4%", "close": "25%"},
        ],
    },
    FAR,
    {**FAR, "trailing": {"distance": "8%", "step": "0.5%"}},
    {**FAR, "close_after": "2s"},
)
"""The default one, one that the load's prices run through, one that they do not reach, and the same
with a trail that they reach at times, and with a time stop that they soon reach."""
OTHER_CHANGES: tuple[dict[str, Any], ...] = (
    {"take_profits": [{"at": "12%"}, {"at": "22%"}]},
    {"trailing": {"distance": "6%"}},
    {"trailing": "none", "close_after": "3h"},
)
"""Changes that are no tighter stop; `check_guarded` still closes by one price what they leave."""
SHARES = ("25%", "50%", "100%")


class Kind(Enum):
    """What a client asks for."""

    OPEN = "open"
    CLOSE = "close"
    PART = "part"
    CHANGE = "change"
    TRANSFER = "transfer"


@dataclass(eq=False)
class Asked:
    """A request that is to be done once, whose `name` is its key, reference or note.

    A part's is its key and its note.

    `done` is the answer that acknowledged it, `refused` the problem that ended it. `silences` are
    the problems, or the broken connections, of each time that it was left open.
    """

    kind: Kind
    account: str
    path: str
    body: dict[str, Any]
    name: str
    position_id: int | None = None
    done: Any = None
    refused: str | None = None
    silences: list[str] = field(default_factory=list)

    @property
    def is_unanswered(self) -> bool:
        """Whether nobody was told what became of it."""
        return self.done is None and self.refused is None

    @property
    def is_certainly_undone(self) -> bool:
        """Whether every answer so far promised that nothing was done."""
        promised = all(why in CERTAINLY_NOT_DONE for why in self.silences)
        return self.is_unanswered and bool(self.silences) and promised

    def send(self, api: Api) -> httpx.Response:
        """Ask for it, once more or for the first time, and write down how that went."""
        try:
            answer = self._ask(api)
        except httpx.TransportError:
            self.silences.append(UNANSWERED)
            raise
        if answer.is_success:
            self.done = self.done or answer.json()
        elif answer.status_code == 503:
            self.silences.append(problem_of(answer))
        else:
            assert self.kind is Kind.CHANGE, f"{self.kind} of {self.body} refused: {answer.text}"
            assert answer.status_code in (409, 422), answer.text
            self.refused = None if self.done else problem_of(answer)
        return answer

    def _ask(self, api: Api) -> httpx.Response:
        if self.kind is Kind.CHANGE:
            return api.change(self.path, self.body, key=self.name)
        has_key = self.kind in (Kind.OPEN, Kind.PART)
        return api.send(self.path, self.body, key=self.name if has_key else None)


def problem_of(answer: httpx.Response) -> str:
    """The last word of a problem's type."""
    return str(answer.json()["type"].rpartition(":")[2])


class Journal:
    """Everything that was asked, and every price that was posted."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: list[Asked] = []
        self.prices: dict[str, set[str]] = {symbol: set() for symbol in SYMBOLS}
        self._changed = threading.Condition()

    @property
    def acknowledged(self) -> int:
        """How many requests were acknowledged so far."""
        return sum(each.done is not None for each in tuple(self.asked))

    def send(self, asked: Asked, api: Api) -> None:
        """Write a request down, and ask for it."""
        self.asked.append(asked)
        asked.send(api)
        with self._changed:
            self._changed.notify_all()

    def wait_acknowledged(self, count: int) -> None:
        """Wait until so many more requests than now have been acknowledged."""
        wanted = self.acknowledged + count
        with self._changed:
            enough = self._changed.wait_for(lambda: self.acknowledged >= wanted, WITHIN_SECONDS)
        assert enough, f"only {self.acknowledged} of {wanted} requests were acknowledged"


class Load:
    """Runs its clients until it is left; what fails on a thread fails there.

    `mortal` says that the service may go away: whose connection breaks then ends. Where it may
    not, that fails the test.
    """

    def __init__(
        self, service: ServiceProcess, seed: str, *, mortal: bool, journal: Journal | None = None
    ) -> None:
        """Prepare clients whose requests are named after the seed."""
        self.journal = journal or Journal()
        self._service = service
        self._mortal = mortal
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS + 1, thread_name_prefix="load")
        self._jobs: list[Future[None]] = []
        self._users: list[_User] = [_Client(self.journal, seed, n) for n in range(CLIENTS)]
        self._users.append(_Prices(self.journal, seed, self._over, may_stop=mortal))

    def wait(self, seconds: float) -> None:
        """Let it go on for so long."""
        ended = self._over.wait(seconds)
        assert not ended, [job.exception() for job in self._jobs if job.done()]

    def __enter__(self) -> Self:
        self._jobs = [self._pool.submit(self._run, user) for user in self._users]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._pool.shutdown()
        for job in self._jobs:
            job.result()

    def _run(self, user: "_User") -> None:
        try:
            with Api(self._service) as api:
                while not self._over.is_set():
                    user.step(api)
        except httpx.TransportError:
            if not self._mortal:
                raise
        finally:
            # Without one of them it is no load any more.
            self._over.set()


class _User(Protocol):
    """Somebody who asks the service for one thing after the other."""

    def step(self, api: Api) -> None:
        """Ask for the next thing."""
        ...


class _Client:
    """One client of one account; it touches only positions that it has opened itself."""

    def __init__(self, journal: Journal, seed: str, number: int) -> None:
        self._journal = journal
        self._name = f"{seed}-{number}"
        self._chance = random.Random(self._name)
        self._account = ACCOUNTS[number % len(ACCOUNTS)]
        self._steps = itertools.count()
        self._opened: list[Any] = []

    def step(self, api: Api) -> None:
        """Ask for one thing, and remember the position that came of it."""
        asked = self._next(f"{self._name}-{next(self._steps)}")
        self._journal.send(asked, api)
        if asked.kind is Kind.OPEN and asked.done is not None:
            self._opened.append(asked.done)

    def _next(self, name: str) -> Asked:
        draw = self._chance.random()
        if draw < 0.1:
            amount = self._chance.choice((1, 1, -1)) * self._chance.randint(1, 500)
            body = {"amount": str(amount), "reference": name}
            path = f"/accounts/{self._account}/transfers"
            return Asked(Kind.TRANSFER, self._account, path, body, name)
        if draw < 0.2 and self._opened:
            position_id = self._opened.pop(self._chance.randrange(len(self._opened)))["id"]
            path = f"/positions/{position_id}/close"
            return Asked(Kind.CLOSE, self._account, path, {"note": name}, name, position_id)
        if draw < 0.35 and self._opened:
            position_id = self._chance.choice(self._opened)["id"]
            path = f"/positions/{position_id}/close"
            body = {"share": self._chance.choice(SHARES), "note": name}
            return Asked(Kind.PART, self._account, path, body, name, position_id)
        if draw < 0.5 and self._opened:
            return self._changed(self._chance.choice(self._opened), name)
        body = {
            "account": self._account,
            "symbol": self._chance.choice(SYMBOLS),
            "side": self._chance.choice(("LONG", "SHORT")),
            "notional": str(self._chance.randint(5, 50)),
            **self._chance.choice(LADDERS),
        }
        return Asked(Kind.OPEN, self._account, "/positions", body, name)

    def _changed(self, position: Any, name: str) -> Asked:
        """Ask for a stop that no other client asks for, or for another change."""
        stop, entry = float(position["stop_loss"]), float(position["entry_price"])
        body = {"stop_loss": f"{stop + (entry - stop) * self._chance.uniform(0.05, 0.6):.9f}"}
        if self._chance.random() < 0.5:
            body = self._chance.choice(OTHER_CHANGES)
        path = f"/positions/{position['id']}"
        return Asked(Kind.CHANGE, self._account, path, body, name, position["id"])


class _Prices:
    """Posts prices that reach stops and rungs."""

    def __init__(
        self, journal: Journal, seed: str, over: threading.Event, *, may_stop: bool
    ) -> None:
        self._journal = journal
        self._chance = random.Random(f"{seed}-prices")
        self._over = over
        self._may_stop = may_stop

    def step(self, api: Api) -> None:
        """Post one price of each symbol."""
        for symbol in SYMBOLS:
            price = f"{self._chance.uniform(94.5, 105.5):.4f}".rstrip("0").rstrip(".")
            self._journal.prices[symbol].add(price)
            answer = api.send("/prices", {"symbol": symbol, "price": price})
            refused = self._may_stop and answer.status_code == 503
            assert answer.is_success or refused, answer.text
        self._over.wait(PRICE_SECONDS)
