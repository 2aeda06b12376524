"""PostgreSQL crashes, cuts, refuses to write, is slow or full, under load; the service stays up."""

import logging
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from harness.servers import PostgresServer
from persistence.transactions import WRITE_SECONDS_MAX
from tests.crashes.conftest import Serve, under_load
from tests.crashes.outage import TRUTHFUL, Watcher, metric
from tests.crashes.small_disk import small_disk

ROUNDS = 4
CUTS = 40
CUT_SECONDS = 0.15
SLOW_SECONDS = 20

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own, with fsync: it is there to be hurt."""
    with PostgresServer() as server:
        yield server


def execute(url: str, *statements: str) -> None:
    """Run statements outside of any transaction."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)


def cut_sessions(server: PostgresServer, url: str) -> None:
    """End every session in a database, from outside of it."""
    name = url.rpartition("/")[2]
    execute(
        server.url,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )


def test_a_server_that_crashes_again_and_again(
    server: PostgresServer, serve: Serve, tmp_path: Path, seed: int
) -> None:
    """Stopped immediately and started again: nothing is lost, and no restart is needed."""
    with under_load(serve, server.new_database(), tmp_path, seed) as (service, load):
        watcher = Watcher(service, load)
        for _ in range(ROUNDS):
            watcher.through(server.stop_immediately, server.start)
        log.info("stopped immediately: %s", watcher.times)


def test_connections_cut_again_and_again(
    server: PostgresServer, serve: Serve, tmp_path: Path, seed: int
) -> None:
    """In the middle of commits too, whose outcome is then looked up."""
    url = server.new_database()
    with under_load(serve, url, tmp_path, seed) as (service, load):
        for _ in range(CUTS):
            cut_sessions(server, url)
            load.wait(CUT_SECONDS)
        with service.client() as client:
            unknown = metric(client, "backstay_commit_failures_total", kind="unknown")
            failures = metric(client, "backstay_commit_failures_total")
            assert failures > 0
        load.journal.wait_acknowledged(20)
    log.info("%d cuts: %g commits failed, %g of unknown outcome", CUTS, failures, unknown)


@pytest.mark.parametrize("how", ["ALTER DATABASE {name}", "ALTER SYSTEM"])
def test_a_database_that_is_read_only_for_a_while(
    server: PostgresServer, serve: Serve, tmp_path: Path, seed: int, how: str
) -> None:
    """Set for new sessions, which then are cut; whoever sets it back cuts nothing."""
    url = server.new_database()
    alter = how.format(name=url.rpartition("/")[2])

    def begin() -> None:
        execute(server.url, f"{alter} SET default_transaction_read_only = on")
        execute(server.url, "SELECT pg_reload_conf()")
        cut_sessions(server, url)

    def end() -> None:
        execute(server.url, f"{alter} RESET default_transaction_read_only")
        execute(server.url, "SELECT pg_reload_conf()")

    with under_load(serve, url, tmp_path, seed) as (service, load):
        watcher = Watcher(service, load)
        for _ in range(2):
            watcher.through(begin, end)
        log.info("read-only by %s: %s", alter, watcher.times)


def test_a_tablespace_that_is_full(
    server: PostgresServer, serve: Serve, tmp_path: Path, seed: int
) -> None:
    """Only growing fails (53100): what fits into a page goes on, and the rest waits."""
    with small_disk(megabytes=64) as disk:
        space = disk.folder / "space"
        space.mkdir()
        server.give(space)
        execute(server.url, f"CREATE TABLESPACE small LOCATION '{space}'")
        url = server.new_database()
        execute(server.url, f"ALTER DATABASE {url.rpartition('/')[2]} SET TABLESPACE small")
        with under_load(serve, url, tmp_path, seed) as (service, load):
            watcher = Watcher(service, load)
            for _ in range(2):
                watcher.through(disk.fill, disk.free, seconds=6)
            log.info("a full tablespace: %s", watcher.times)
        execute(server.url, f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


def test_a_log_that_is_full(serve: Serve, tmp_path: Path, seed: int) -> None:
    """The server gives up (PANIC); with room, and started again, it has everything."""
    with small_disk(megabytes=160) as disk, PostgresServer(inside=disk.folder) as server:

        def begin() -> None:
            disk.fill()
            much = "SELECT pg_logical_emit_message(false, 'full', repeat('x', 1000000))"
            with suppress(psycopg2.OperationalError):
                for _ in range(200):
                    execute(server.url, much)
                raise AssertionError("the log of the server went on growing")

        def end() -> None:
            disk.free()
            server.stop()
            server.start()

        with under_load(serve, server.new_database(), tmp_path, seed) as (service, load):
            watcher = Watcher(service, load)
            for _ in range(2):
                watcher.through(begin, end)
            log.info("a full log of the server: %s", watcher.times)


@pytest.mark.parametrize("seconds", [0.4, 4])
def test_commits_that_are_slow(
    server: PostgresServer, serve: Serve, tmp_path: Path, seed: int, seconds: float
) -> None:
    """Late, and where an attempt's time is over looked up: each is done once all the same."""
    url = server.new_database()
    with under_load(serve, url, tmp_path, seed) as (service, load), service.client() as client:
        execute(
            url,
            slow_by(seconds),
            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON commits"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        commits = metric(client, "backstay_commit_seconds_count")
        failures = metric(client, "backstay_commit_failures_total")
        load.wait(SLOW_SECONDS)
        assert client.get("/healthz").status_code == 200
        execute(url, slow_by(0))
        load.journal.wait_acknowledged(20)
        commits = metric(client, "backstay_commit_seconds_count") - commits
        unknown = metric(client, "backstay_commit_failures_total", kind="unknown")
        failures = metric(client, "backstay_commit_failures_total") - failures
        assert bool(unknown) == (seconds > WRITE_SECONDS_MAX)
        assert failures == 0 or unknown
    silences = {why for each in load.journal.asked for why in each.silences}
    assert silences <= TRUTHFUL, silences
    log.info("commits of %s s: %g in time, %g of unknown outcome", seconds, commits, unknown)


def slow_by(seconds: float) -> str:
    """The function that a transaction waits in before it ends."""
    return (
        "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$"
    )
