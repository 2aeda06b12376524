"""From a price to the commit of the close that it causes, over one raw commit's p99.

At a light load: one position at a time, on the same server as the raw commits, in turn. The way
goes through market, position, wallet and Committer, and ends where a listener hears of it.
"""

import threading
import time
from contextlib import closing
from decimal import Decimal

import psycopg2

from actors.commit.messages import Announced
from actors.messages import Reply
from actors.wallet.messages import OpenDone
from bench.desks import WAIT_SECONDS_MAX, open_commands, running
from bench.figures import quantile, run, say
from harness.servers import PostgresServer
from trading.events.positions import PositionClosed

NAME = "latency"
GOAL = 3.0
WARM_UP = 20


def bench(*, quick: bool) -> None:
    """Measure a raw commit and a close in turn."""
    closes = 100 if quick else 2_000
    raw: list[float] = []
    ours: list[float] = []
    listener = CloseListener()
    with (
        PostgresServer() as server,
        closing(psycopg2.connect(server.new_database())) as connection,
        running(
            server.new_database(), accounts=1, symbols=1, listeners={"latency": listener}
        ) as desk,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE counter (id int PRIMARY KEY, value bigint)")
        cursor.execute("INSERT INTO counter VALUES (1, 0)")
        connection.commit()
        for number in range(closes + WARM_UP):
            start = time.perf_counter()
            cursor.execute("UPDATE counter SET value = value + 1 WHERE id = 1")
            connection.commit()
            raw.append(time.perf_counter() - start)
            desk.price(Decimal(100))
            opened = Reply()
            account, key = desk.accounts[0], f"{number}"
            (command,) = open_commands(opened, account, desk.symbols, [key])
            desk.system.tell(command)
            answer = opened.get(WAIT_SECONDS_MAX)
            assert isinstance(answer, OpenDone), answer
            desk.settle()
            start = time.perf_counter()
            desk.price(Decimal(111))
            ours.append(listener.wait() - start)
            desk.settle()
        desk.check()
    del raw[:WARM_UP], ours[:WARM_UP]
    for name, seconds in (("raw_commit", raw), ("price_to_commit", ours)):
        for share in (0.5, 0.99):
            milliseconds = quantile(seconds, share) * 1000
            say(NAME, f"{name}_p{share * 100:g}", milliseconds, "ms", samples=closes)
    for share in (0.5, 0.99):
        ratio = quantile(ours, share) / quantile(raw, 0.99)
        goal = {"goal": GOAL} if share == 0.99 else {}
        say(NAME, f"p{share * 100:g}_over_raw_p99", ratio, "ratio", samples=closes, **goal)


class CloseListener:
    """Notes when it hears that a close is committed."""

    def __init__(self) -> None:
        self._heard = threading.Event()
        self._at = 0.0

    def __call__(self, message: Announced) -> None:
        """Look for a close."""
        if any(
            isinstance(event, PositionClosed)
            for change in message.changes
            for event in change.events
        ):
            self._at = time.perf_counter()
            self._heard.set()

    def wait(self) -> float:
        """Wait for the next close, and return when it was heard of."""
        assert self._heard.wait(WAIT_SECONDS_MAX), "the close is not committed"
        self._heard.clear()
        return self._at


if __name__ == "__main__":
    run(bench, __doc__)
