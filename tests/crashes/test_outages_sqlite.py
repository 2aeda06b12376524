"""SQLite on a full disk, made read-only, locked by others, or slow, under load."""

import logging
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.crashes.conftest import Serve, under_load
from tests.crashes.outage import Watcher
from tests.crashes.small_disk import small_disk

ROUNDS = 3
LOCKED_SECONDS = 0.5
UNLOCKED_SECONDS = 0.2
LOCKS = 20

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def url_in(folder: Path) -> str:
    """The database of a folder."""
    return f"sqlite:///{folder / 'backstay.db'}"


@contextmanager
def write_lock(url: str) -> Iterator[sqlite3.Connection]:
    """Another process's connection that may take the lock for writing."""
    file = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        yield other


def test_a_lock_that_another_process_holds(serve: Serve, tmp_path: Path, seed: int) -> None:
    """A backup tool, or a person in a shell: everything waits until it lets go."""
    url = url_in(tmp_path)
    with under_load(serve, url, tmp_path, seed) as (service, load), write_lock(url) as other:
        watcher = Watcher(service, load)
        for _ in range(ROUNDS):
            watcher.through(
                lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK")
            )
        log.info("a lock held by another: %s", watcher.times)


def test_a_disk_that_is_full(serve: Serve, tmp_path: Path, seed: int) -> None:
    """The log of SQLite cannot grow; once there is room the service goes on by itself."""
    with (
        small_disk(megabytes=16) as disk,
        under_load(serve, url_in(disk.folder), tmp_path, seed) as (service, load),
    ):
        watcher = Watcher(service, load)
        for _ in range(ROUNDS):
            watcher.through(disk.fill, disk.free)
        log.info("a full disk: %s", watcher.times)


def test_files_that_may_not_be_written(serve: Serve, tmp_path: Path, seed: int) -> None:
    """As after an error of the disk, when the system makes it read-only."""
    files = [str(tmp_path / f"backstay.db{end}") for end in ("", "-wal")]

    def change(sign: str) -> None:
        done = subprocess.run(["chattr", f"{sign}i", *files], check=False, capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"files cannot be made immutable here: {done.stderr.decode()}")

    with under_load(serve, url_in(tmp_path), tmp_path, seed) as (service, load):
        watcher = Watcher(service, load)
        try:
            for _ in range(ROUNDS):
                watcher.through(lambda: change("+"), lambda: change("-"))
        finally:
            change("-")
        log.info("read-only files: %s", watcher.times)


def test_commits_that_are_slow(serve: Serve, tmp_path: Path, seed: int) -> None:
    """They wait for another's lock: late, but no outage."""
    url = url_in(tmp_path)
    with under_load(serve, url, tmp_path, seed) as (service, load), write_lock(url) as other:
        with service.client() as client:
            for _ in range(LOCKS):
                other.execute("BEGIN IMMEDIATE")
                load.wait(LOCKED_SECONDS)
                other.execute("ROLLBACK")
                load.wait(UNLOCKED_SECONDS)
                assert client.get("/readyz").status_code == 200
        silences = {why for each in load.journal.asked for why in each.silences}
        assert silences <= {"deadline-passed"}, silences
