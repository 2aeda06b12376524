"""From `kill -9` of the owner to the first price that its standby accepts, beside the lease's rest.

Two real services on one PostgreSQL server, round after round: the owner is killed, the standby is
asked for a price and for /readyz until it takes them, and the killed one is started as its standby.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import psycopg2

from bench.figures import run, say, shortened
from harness.servers import PostgresServer
from harness.service_process import ServiceProcess

NAME = "failover"
LEASE_SECONDS = 5
GOAL_SECONDS = LEASE_SECONDS + 2.0
ROUNDS = 10
STEP_SECONDS = 0.01
STANDS_BY = "standby: waiting for the owner's lease"
LEFT = (
    "SELECT lease_seconds - extract(epoch FROM clock_timestamp() - renewed_at)::float8 FROM owner"
)


def bench(*, quick: bool) -> None:
    """Kill the owner and wait for its standby, in each round the other way round."""
    rounds = 1 if quick else ROUNDS
    lefts: list[float] = []
    prices: list[float] = []
    readies: list[float] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        database = stack.enter_context(PostgresServer()).new_database()
        env = {
            "BACKSTAY_DATABASE": database,
            "BACKSTAY_FEED": "none",
            "BACKSTAY_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        services = [ServiceProcess(folder, "--standby", env=env) for _ in range(2)]
        for service, begun in zip(services, ("ready after", STANDS_BY), strict=True):
            stack.enter_context(service).wait_for(begun)
        for number in range(rounds):
            owner, standby = services[number % 2], services[1 - number % 2]
            standby.wait_for(STANDS_BY)
            lefts.append(left(database))
            began = time.perf_counter()
            owner.kill()
            prices.append(time_when(accepting, standby) - began)
            readies.append(time_when(ready, standby) - began)
            owner.start()
    beyond = [price - rest for price, rest in zip(prices, lefts, strict=True)]
    say_seconds("from kill -9 to the first accepted price", prices, goal=GOAL_SECONDS)
    say_seconds("from kill -9 to /readyz", readies, goal=GOAL_SECONDS)
    say_seconds("left of the lease at kill -9", lefts)
    say_seconds("from the lease's end to the first accepted price", beyond)


def left(database: str) -> float:
    """The seconds that the owner's lease still runs, by the database's clock."""
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(LEFT)
        found = cursor.fetchone()
    assert found is not None
    return float(found[0])


def accepting(client: httpx.Client) -> bool:
    """Whether it accepts a price."""
    answer = client.post("/api/v1/prices", json={"symbol": "BTCUSDT", "price": "100"})
    return answer.is_success and answer.json()["items"][0]["result"] == "accepted"


def ready(client: httpx.Client) -> bool:
    """Whether it says that it is ready."""
    return client.get("/readyz").is_success


def time_when(holds: Callable[[httpx.Client], bool], standby: ServiceProcess) -> float:
    """The time, by `perf_counter`, at which a standby does so."""
    with standby.client() as client:
        while True:
            # A takeover ends the connections that stood until then.
            with suppress(httpx.TransportError):
                if holds(client):
                    return time.perf_counter()
            time.sleep(STEP_SECONDS)


def say_seconds(figure: str, seconds: list[float], **more: object) -> None:
    """Print the median, the shortest and the longest."""
    say(
        NAME,
        figure,
        median(seconds),
        "s",
        shortest=shortened(min(seconds)),
        longest=shortened(max(seconds)),
        rounds=len(seconds),
        **more,
    )


if __name__ == "__main__":
    run(bench, __doc__)
