"""After a failover to a replica that lacks the last commits: an owner stops, and begins anew."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from actors.desk.actor import FatalError
from persistence.errors import Behind, Deposed
from persistence.store import Store
from tests.acceptance.conftest import Log
from tests.acceptance.house import House, running
from trading.books import HealthStatus
from trading.model import DenialReason

TABLES = (
    "accounts",
    "positions",
    "wallet_transactions",
    "events",
    "commits",
    "markets",
    "owner",
)


@pytest.fixture
def house(postgres_database: str, log: Log) -> Iterator[House]:
    """A service on PostgreSQL with one position, whose replica stops following here."""
    log.failures_expected = True
    with running(postgres_database) as house:
        house.open_account(100)
        house.price(100)
        house.open(25)
        copies = (f"CREATE TABLE replica.{it} AS TABLE public.{it}" for it in TABLES)
        run(house, "DROP SCHEMA IF EXISTS replica CASCADE", "CREATE SCHEMA replica", *copies)
        yield house


def run(house: House, *statements: str) -> None:
    with closing(psycopg2.connect(house.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


def fail_over(house: House) -> None:
    """Put the replica's state in the place of what was committed since."""
    every = ", ".join(TABLES)
    run(
        house,
        f"TRUNCATE {every} CASCADE",
        *(f"INSERT INTO {it} TABLE replica.{it}" for it in TABLES),
    )


def test_an_owner_writes_nothing_to_a_database_that_is_behind_it(house: House) -> None:
    """Its next commit finds that its last one is gone; nothing gets numbers of its own."""
    house.open(10)
    fail_over(house)
    before = house.sql("SELECT id FROM events ORDER BY id")
    denial = house.denied(10)
    assert denial.reason is DenialReason.DEPOSED
    error = house.system.fatal.get(0)
    assert isinstance(error, FatalError)
    assert "the database lacks commits" in str(error)
    house.system.drain()
    assert house.sql("SELECT id FROM events ORDER BY id") == before


def test_the_next_life_begins_from_what_is_durable(house: House) -> None:
    """No event is missing, the books balance, and it trades on."""
    house.open(10)
    fail_over(house)
    house.denied(10)
    house.kill()
    with running(house.url) as again:
        again.price(100)
        assert again.open(10).position_id == 2
        assert again.check().status is HealthStatus.HEALTHY
        assert again.store.divergences() == ()


def test_an_owner_that_is_idle_finds_out_by_its_renewal(house: House) -> None:
    """Nobody need trade for it."""
    house.open(10)
    house.store.renew(house.epoch)
    fail_over(house)
    with pytest.raises(Behind):
        house.store.renew(house.epoch)


def test_a_replica_that_lacks_the_owner_itself_is_behind_too(house: House) -> None:
    """Nobody has deposed it: it is told what has happened."""
    run(house, "UPDATE replica.owner SET epoch = epoch - 1")
    fail_over(house)
    with pytest.raises(Behind):
        house.store.renew(house.epoch)


def test_another_owner_is_no_earlier_state(postgres_database: str) -> None:
    """Who was deposed is told that, whatever has become of its commits."""
    with closing(Store.open(postgres_database)) as store:
        epoch = store.acquire("first")
        store.release(epoch)
        store.acquire("second")
        with pytest.raises(Deposed) as deposed:
            store.renew(epoch)
        assert not isinstance(deposed.value, Behind)
