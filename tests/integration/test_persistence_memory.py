"""A database in memory belongs to its store, and to every thread that uses it."""

from contextlib import closing
from threading import Thread

from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper


def test_a_store_in_memory_is_shared_by_all_threads() -> None:
    """One writes what the others read."""
    with closing(Store.open("sqlite://")) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account())
        seen: list[tuple[str, ...]] = []
        threads = [Thread(target=lambda: seen.append(store.accounts())) for _ in range(8)]
        for thread in threads:
            thread.start()
        books.commit(books.opens_position(1))
        for thread in threads:
            thread.join()
        assert seen == [("demo",)] * 8


def test_stores_in_memory_are_apart() -> None:
    """Two tests, two replays: neither sees the other."""
    with closing(Store.open("sqlite://")) as one, closing(Store.open("sqlite://")) as other:
        books = Bookkeeper.of(one)
        books.commit(books.opens_account())
        assert other.is_empty()
