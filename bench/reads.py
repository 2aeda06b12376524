"""What 100 reads/s over HTTP cost the commits of closes: the p99 with them over that without.

The way from a price to the commit, as in `latency`, while another process reads accounts, position
lists, single positions and markets from the service's own app. Rounds without and with reads take
turns in one run.
"""

import http.client
import itertools
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import urlsplit

from bench.figures import note, quantile, run, say, say_ratio
from bench.served import Served, served

NAME = "reads"
GOAL = 1.2
READS_PER_SECOND = 100
STANDING = 20
"""Open positions that no price reaches, for the lists to have something to say."""

WAIT_SECONDS_MAX = 60.0


def bench(*, quick: bool) -> None:
    """Measure closes without and with reads in turn."""
    rounds, closes = (2, 100) if quick else (11, 600)
    without: list[float] = []
    with_reads: list[float] = []
    with served(standing=STANDING) as service, reading(service) as reader:
        service.closes(closes)
        for _ in range(rounds):
            without.append(quantile(service.closes(closes), 0.99))
            reader.go()
            with_reads.append(quantile(service.closes(closes), 0.99))
            reader.rest()
        service.check()
        latencies, seconds = reader.figures()
    for name, p99s in (("without_reads", without), ("with_reads", with_reads)):
        middle = quantile(p99s, 0.5) * 1000
        say(NAME, f"close_p99_{name}", middle, "ms", rounds=rounds, closes=closes)
    say_ratio(NAME, "p99_with_over_without", with_reads, without, goal=GOAL)
    say(NAME, "reads_per_second", len(latencies) / seconds, "1/s", wanted=READS_PER_SECOND)
    for share in (0.5, 0.99):
        milliseconds = quantile(latencies, share) * 1000
        say(NAME, f"read_p{share * 100:g}", milliseconds, "ms", samples=len(latencies))
    if quick:
        note(NAME, "a p99 of so few closes is about its slowest one")


class Reader:
    """Another process that reads while it may."""

    def __init__(self, going: Event, resting: Event, stopping: Event, found: "Queue[Any]") -> None:
        self._going = going
        self._resting = resting
        self._stopping = stopping
        self._found = found

    def go(self) -> None:
        """Begin to read."""
        self._resting.clear()
        self._going.set()

    def rest(self) -> None:
        """Read no more until the next `go`."""
        self._going.clear()
        assert self._resting.wait(WAIT_SECONDS_MAX), "the reader does not come to rest"

    def figures(self) -> tuple[list[float], float]:
        """How long each read took, and the seconds in which all of them were made."""
        self._stopping.set()
        self._going.set()
        latencies, seconds = self._found.get(timeout=WAIT_SECONDS_MAX)
        return latencies, seconds


@contextmanager
def reading(service: Served) -> Iterator[Reader]:
    """A reader that rests."""
    context = multiprocessing.get_context("spawn")
    going, resting, stopping = context.Event(), context.Event(), context.Event()
    found = context.Queue()
    process = context.Process(
        target=read,
        args=(service.url, service.paths(), going, resting, stopping, found),
        daemon=True,
    )
    process.start()
    try:
        yield Reader(going, resting, stopping, found)
        process.join(WAIT_SECONDS_MAX)
    finally:
        process.kill()
        process.join()


def read(
    url: str,
    paths: Sequence[str],
    going: Event,
    resting: Event,
    stopping: Event,
    found: "Queue[Any]",
) -> None:
    """Read at an even pace while it goes; a read that comes late is not made up for."""
    host = urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=WAIT_SECONDS_MAX)
    turns = itertools.cycle(paths)
    latencies: list[float] = []
    seconds = 0.0
    while going.wait() and not stopping.is_set():
        start = due = time.perf_counter()
        while going.is_set():
            due = max(due + 1 / READS_PER_SECOND, time.perf_counter())
            began = time.perf_counter()
            connection.request("GET", next(turns))
            response = connection.getresponse()
            body = response.read()
            latencies.append(time.perf_counter() - began)
            assert response.status == http.HTTPStatus.OK, body
            json.loads(body)
            time.sleep(max(0.0, due - time.perf_counter()))
        seconds += time.perf_counter() - start
        # While the reader rests the server would hang up.
        connection.close()
        resting.set()
    found.put((latencies, seconds))


if __name__ == "__main__":
    run(bench, __doc__)
