"""A running system with its HTTP API, as the service has them: in one process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from actors.engine.clock import SystemClock
from actors.market.messages import TakePrices
from actors.messages import Reply
from actors.wallet.messages import OpenDone
from backstay.service.http.server import WebServer, bound_socket, url_of
from backstay.web.access.access import Access
from backstay.web.app import create_app
from backstay.web.backend import Backend, Probe
from backstay.web.stream.event_stream import EventStream
from bench.desks import WAIT_SECONDS_MAX, Running, open_commands, running
from bench.latency import CloseListener
from harness.servers import PostgresServer
from persistence.store import Store
from trading.costs import DEFAULT_RATES


class Served:
    """Closes can be made in this process, and everything read at `url`.

    The first account and symbol are for the closes, the second ones for positions that stand.
    """

    def __init__(self, desk: Running, listener: CloseListener, url: str) -> None:
        self.url = url
        self._desk = desk
        self._listener = listener
        self._made = 0

    def stand(self, count: int) -> None:
        """Open positions that stay open."""
        account, symbol = self._desk.accounts[1], self._desk.symbols[1]
        self._price(symbol, 100)
        for number in range(count):
            self._open(account, symbol, f"standing-{number}")

    def closes(self, count: int) -> list[float]:
        """Open and close so many, one after another; the seconds from price to commit of each."""
        account, symbol = self._desk.accounts[0], self._desk.symbols[0]
        seconds = []
        for _ in range(count):
            self._price(symbol, 100)
            self._made += 1
            self._open(account, symbol, f"{self._made}")
            self._desk.settle()
            start = time.perf_counter()
            self._price(symbol, 111)
            seconds.append(self._listener.wait() - start)
            self._desk.settle()
        return seconds

    def paths(self) -> list[str]:
        """What a page or a bot reads again and again."""
        account = self._desk.accounts[1]
        standing = self._desk.system.published.version.by_account[account]
        return [
            f"/api/v1/accounts/{account}",
            f"/api/v1/positions?account={account}&status=OPEN",
            f"/api/v1/positions/{min(standing)}",
            "/api/v1/markets",
        ]

    def check(self) -> None:
        """Fail if something went wrong in between."""
        self._desk.check()

    def _price(self, symbol: str, price: int) -> None:
        message = TakePrices(prices=(Decimal(price),), times_us=(time.time_ns() // 1000,))
        self._desk.system.directory.to_market(symbol, message)

    def _open(self, account: str, symbol: str, key: str) -> None:
        opened = Reply()
        (command,) = open_commands(opened, account, [symbol], [key])
        self._desk.system.tell(command)
        answer = opened.get(WAIT_SECONDS_MAX)
        assert isinstance(answer, OpenDone), answer


@contextmanager
def served(*, standing: int) -> Iterator[Served]:
    """A system on a PostgreSQL server of its own, and its API on a port of the system's choice."""
    listener = CloseListener()
    with PostgresServer() as server, TemporaryDirectory() as folder:
        url = server.new_database()
        with (
            running(url, accounts=2, symbols=2, listeners={"closes": listener}) as desk,
            serving(desk, url, Path(folder)) as address,
        ):
            service = Served(desk, listener, address)
            service.stand(standing)
            yield service


@contextmanager
def serving(desk: Running, database_url: str, folder: Path) -> Iterator[str]:
    """The API of a running system, on a thread as in the service; yields its address."""
    system = desk.system
    reader = Store.reading(database_url)
    alive = Probe(ok=True, checks={})
    failures: list[str] = []
    bound = bound_socket("127.0.0.1", 0)
    backend = Backend(
        tell=system.tell,
        to_market=system.directory.to_market,
        to_signals=lambda _: False,
        note_refusal=lambda _: None,
        published=system.published,
        reader=reader,
        clock=SystemClock(),
        bound_symbols=dict,
        liveness=lambda: alive,
        readiness=lambda: alive,
        metrics=lambda: (b"", "text/plain"),
        access=Access(tokens_file=folder / "tokens.json"),
        events=EventStream(reader),
        rates=DEFAULT_RATES,
    )
    server = WebServer(create_app(backend), bound, failures.append)
    server.start()
    try:
        yield url_of(bound)
    finally:
        server.stop()
        reader.close()
        bound.close()
    assert not failures, failures
