"""Taking over on PostgreSQL: what asking costs, and what a newer version may do."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from actors.engine.clock import SystemClock
from backstay.service.running.ownership import (
    OwnerCandidate,
    OwnerLivesError,
    StopAskedError,
    keeping,
)
from harness.http_api import until
from persistence import schema
from persistence.errors import Deposed, Lease, Locked, OwnedElsewhere, SchemaTooNew, Unavailable
from persistence.store import Store
from tests.integration.bookkeeper import rows
from tests.integration.test_persistence_owner import age_lease
from tests.integration.test_persistence_schema import of_the_first_revision

OWNER = "SELECT epoch, holder, renewed_at, released FROM owner"
REVISION = "SELECT version_num FROM alembic_version"


@pytest.fixture
def former(postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that a former version has opened; whoever opens next is of this version."""
    of_the_first_revision(monkeypatch)
    with closing(Store.open(postgres_database)) as store:
        store.acquire("former", lease_seconds=600)
        monkeypatch.undo()
        yield store


@contextmanager
def locked_row(url: str) -> Iterator[None]:
    """Inside, the owner's row is held, as by a commit that is under way."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT epoch FROM owner FOR UPDATE")
        yield


def test_asking_waits_for_no_commit_and_writes_nothing(postgres_database: str) -> None:
    """Who holds the row is not even noticed: the answer comes from a plain read."""
    with closing(Store.open(postgres_database)) as owner:
        owner.acquire("owner", lease_seconds=600)
    before = rows(postgres_database, OWNER)
    with (
        locked_row(postgres_database),
        closing(Store.open(postgres_database)) as rival,
        pytest.raises(OwnedElsewhere),
    ):
        rival.acquire("rival")
    assert rows(postgres_database, OWNER) == before


def test_a_renewed_lease_is_told_from_one_that_only_runs(postgres_database: str) -> None:
    """Two looks say whether the owner lives, without any clock of ours."""
    with (
        closing(Store.open(postgres_database)) as owner,
        closing(Store.open(postgres_database)) as rival,
    ):
        epoch = owner.acquire("owner", lease_seconds=600)
        looks = []
        for _ in range(2):
            with pytest.raises(OwnedElsewhere) as refused:
                rival.acquire("rival")
            looks.append(refused.value.lease)
        owner.renew(epoch)
        with pytest.raises(OwnedElsewhere) as refused:
            rival.acquire("rival")
    first, second, third = *looks, refused.value.lease
    assert first
    assert second
    assert third
    assert not second.renewed_since(first)
    assert third.renewed_since(second)


def lease_of_the_owner(rival: Store) -> Lease:
    """The lease that keeps a rival away."""
    with pytest.raises(OwnedElsewhere) as refused:
        rival.acquire("rival")
    assert refused.value.lease is not None
    return refused.value.lease


def test_a_renewal_that_a_killed_owner_had_begun_is_no_sign_of_life(postgres_database: str) -> None:
    """Its server process may finish the commit long after it: the renewal is from before."""
    with (
        closing(Store.open(postgres_database)) as owner,
        closing(Store.open(postgres_database)) as rival,
    ):
        owner.acquire("owner", lease_seconds=600)
        with closing(psycopg2.connect(postgres_database)) as orphan, orphan.cursor() as cursor:
            cursor.execute("UPDATE owner SET renewed_at = clock_timestamp()")
            before = lease_of_the_owner(rival)
            orphan.commit()
        after = lease_of_the_owner(rival)
    assert after.renewed_at_us > before.renewed_at_us
    assert not after.renewed_since(before)


def test_an_owner_whose_commits_are_slow_lives_all_the_same(postgres_database: str) -> None:
    """Each of its renewals is older than the last look by the time that it can be seen."""
    with (
        closing(Store.open(postgres_database)) as owner,
        closing(Store.open(postgres_database)) as rival,
        closing(psycopg2.connect(postgres_database)) as renewing,
        renewing.cursor() as cursor,
    ):
        owner.acquire("owner", lease_seconds=600)

        def renew() -> None:
            cursor.execute("UPDATE owner SET renewed_at = clock_timestamp()")

        meanwhile = iter([renew, renewing.commit])

        def wait(_seconds: float) -> bool:
            next(meanwhile)()
            return False

        candidate = OwnerCandidate(
            postgres_database, SystemClock(), standby=False, wait=wait, tell=lambda _: None
        )
        with pytest.raises(OwnerLivesError):
            candidate.patiently(lambda: rival.acquire("rival"))


def test_a_start_that_takes_longer_than_the_lease_keeps_it(postgres_database: str) -> None:
    """Nobody takes over while a long history is read, and the Committer does not run yet."""
    with (
        closing(Store.open(postgres_database)) as owner,
        closing(Store.open(postgres_database)) as rival,
    ):
        epoch = owner.acquire("owner", lease_seconds=1)
        first = lease_of_the_owner(rival)
        with keeping(owner, epoch, 0.1):
            until(
                lambda: lease_of_the_owner(rival),
                lambda now: now.renewed_at_us > first.renewed_at_us + 1_500_000,
            )
        owner.renew(epoch)


def test_a_row_that_somebody_holds_is_no_outage(postgres_database: str) -> None:
    """A standby waits on, and does not raise the alarm that the database is away."""
    candidate = OwnerCandidate(
        postgres_database, SystemClock(), standby=True, wait=lambda _: True, tell=lambda _: None
    )
    with (
        closing(Store.open(postgres_database)) as rival,
        locked_row(postgres_database),
        pytest.raises(StopAskedError),
    ):
        candidate.patiently(lambda: rival.acquire("rival"))
    assert not candidate.database_away


def test_who_tries_to_open_again_and_again_leaves_nothing_behind(
    former: Store, postgres_database: str
) -> None:
    """A standby of a newer version does, for as long as the former owner lives."""

    def threads() -> int:
        return sum(thread.name == "patience" for thread in threading.enumerate())

    before = threads()
    for _ in range(3):
        with pytest.raises(OwnedElsewhere):
            Store.open(postgres_database)
    until(threads, lambda now: now <= before)


def test_a_lease_that_is_over_is_judged_again_behind_the_row(postgres_database: str) -> None:
    """A commit under way holds the row: who takes over waits for it, and not for long."""
    with closing(Store.open(postgres_database)) as rival:
        with locked_row(postgres_database), pytest.raises(Unavailable, match="lock timeout"):
            rival.acquire("rival")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        assert rows(postgres_database, waiting) == [(0,)]
        assert rival.acquire("rival") == 1


def test_no_migration_runs_under_a_living_owner(former: Store, postgres_database: str) -> None:
    """A newer version waits for the lease like anybody else; nothing was written meanwhile."""
    before = rows(postgres_database, OWNER)
    with pytest.raises(OwnedElsewhere, match="owned by former, whose lease runs"):
        Store.open(postgres_database)
    assert rows(postgres_database, REVISION) == [("0001",)]
    assert rows(postgres_database, OWNER) == before


def test_a_migration_deposes_an_owner_that_fell_silent(
    former: Store, postgres_database: str
) -> None:
    """It may wake up, and must not write by the schema that it knows."""
    age_lease(postgres_database, 601)
    Store.open(postgres_database).close()
    assert rows(postgres_database, REVISION) == [(schema.REVISION,)]
    with pytest.raises(Deposed):
        former.renew(1)


def test_a_migration_waits_for_a_held_row_only_so_long(
    former: Store, postgres_database: str
) -> None:
    """Whoever waits for it can be stopped."""
    age_lease(postgres_database, 700)
    with locked_row(postgres_database), pytest.raises(Locked):
        Store.open(postgres_database)
    Store.open(postgres_database).close()


def test_a_migration_leaves_a_released_row_as_it_is(former: Store, postgres_database: str) -> None:
    """Nobody has to be deposed after an orderly stop."""
    former.release(1)
    before = rows(postgres_database, OWNER)
    Store.open(postgres_database).close()
    assert rows(postgres_database, OWNER) == before


def test_a_former_version_that_waited_does_not_take_over_a_newer_schema(
    former: Store, postgres_database: str
) -> None:
    """It had opened the database when the schema was still its own."""
    former.release(1)
    with closing(Store.open(postgres_database)) as newer:
        newer.release(newer.acquire("newer"))
        before = rows(postgres_database, OWNER)
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(schema, "REVISION", "0001")
            with pytest.raises(SchemaTooNew):
                former.acquire("former")
    assert rows(postgres_database, OWNER) == before


def test_a_current_schema_is_opened_beside_a_living_owner(postgres_database: str) -> None:
    """There is nothing to migrate, so nothing to wait for."""
    with closing(Store.open(postgres_database)) as owner:
        epoch = owner.acquire("owner", lease_seconds=600)
        Store.open(postgres_database).close()
        owner.renew(epoch)
