"""Pauses and signals are durable with the commit that brings them, and a signal ends once."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from persistence.changes import Change
from persistence.errors import RefusalKind, Refused
from persistence.store import Store
from tests.integration.bookkeeper import (
    DRIVER_ERRORS,
    NOW_US,
    Bookkeeper,
    all_rows,
    by_hand,
    rows,
)
from trading.events.signals import SignalReceived
from trading.model import Pause
from trading.signals import Signal, SignalAction, SignalStatus

ALL = Pause(account=None, reason="maintenance", since_us=NOW_US)
DEMO = Pause(account="demo", reason="holiday", since_us=NOW_US + 1)


def a_signal(signal_id: int = 1, /, **fields: Any) -> Signal:
    given = {
        "account": "demo",
        "symbol": "BTCUSDT",
        "action": SignalAction.BUY,
        "received_us": NOW_US + signal_id,
        "digest": f"digest {signal_id}",
        **fields,
    }
    return Signal(signal_id=signal_id, **given)


def finished(signal: Signal, status: SignalStatus = SignalStatus.DONE) -> Signal:
    return replace(signal, status=status, outcome="opened 1", finished_us=NOW_US + 9)


def signals(*given: Signal, account: str = "demo") -> Change:
    return Change(account=account, signals=given)


def pauses(*given: Pause) -> Change:
    return Change(account=given[0].account, pauses=given)


def resumes(account: str | None) -> Change:
    return Change(account=account, resumed=(account,))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    keeper = Bookkeeper.of(store)
    keeper.commit(keeper.opens_account(), keeper.opens_account("other"))
    return keeper


def test_pauses_are_in_force_until_they_are_resumed(books: Bookkeeper) -> None:
    """That of all accounts and that of one are apart, and a restart knows both."""
    books.commit(pauses(DEMO), pauses(ALL))
    assert books.store.load_state().pauses == (ALL, DEMO)
    books.commit(resumes(None))
    assert books.store.load_state().pauses == (DEMO,)
    books.commit(resumes("demo"))
    assert books.store.load_state().pauses == ()


def test_a_pause_gets_another_reason(books: Bookkeeper) -> None:
    """The newest reason and its time are kept."""
    books.commit(pauses(ALL))
    other = replace(ALL, reason="fire", since_us=NOW_US + 5)
    books.commit(pauses(other))
    assert books.store.load_state().pauses == (other,)


def test_the_last_word_of_one_commit_holds(books: Bookkeeper) -> None:
    """In whatever order they were begun and ended."""
    books.commit(pauses(ALL), resumes(None), resumes("demo"), pauses(DEMO))
    assert books.store.load_state().pauses == (DEMO,)
    books.commit(resumes("demo"), pauses(ALL), resumes("demo"))
    assert books.store.load_state().pauses == (ALL,)


def test_resuming_what_is_not_paused_changes_nothing(books: Bookkeeper) -> None:
    """There is nothing to end, and that is no error."""
    books.commit(resumes("demo"))
    assert books.store.load_state().pauses == ()


def test_a_pause_of_an_unknown_account_is_refused(books: Bookkeeper) -> None:
    """The refusal names the account."""
    with pytest.raises(Refused) as refused:
        books.commit(pauses(replace(DEMO, account="nobody")))
    assert (refused.value.account, refused.value.kind) == ("nobody", RefusalKind.CONSTRAINT)


def test_an_account_and_its_pause_can_be_of_one_commit(books: Bookkeeper) -> None:
    """The account's row is written first."""
    books.commit(books.opens_account("new"), pauses(replace(DEMO, account="new")))
    assert [pause.account for pause in books.store.load_state().pauses] == ["new"]


def test_a_signal_comes_back_as_it_was_stored(books: Bookkeeper) -> None:
    """The bare one and the one with everything in it, to the last decimal."""
    bare = a_signal(1)
    whole = a_signal(
        2,
        action=SignalAction.SELL,
        flat=True,
        notional=Decimal("25.50000000"),
        client_id="alert 7",
        sent_us=NOW_US - 1_000_001,
    )
    books.commit(signals(bare), signals(whole))
    assert books.store.load_signals() == ((bare, whole), 2)
    assert repr(books.store.load_signals()[0]) == repr((bare, whole))
    done = finished(whole)
    books.commit(signals(done))
    assert books.store.load_signals() == ((bare,), 2)
    assert books.store.signals_of("demo", ["alert 7"]) == (done,)


def test_a_signal_is_stored_with_its_event(books: Bookkeeper) -> None:
    """One commit has both, so none is known without the other."""
    event = SignalReceived(
        account="demo", signal_id=1, symbol="BTCUSDT", action="buy", time_us=NOW_US
    )
    books.commit(Change(account="demo", signals=(a_signal(),), events=(event,)))
    stored = books.store.read_events(books.last_event_id - 1, 9)
    assert [(found.kind, found.account) for found in stored] == [("signal_received", "demo")]


def test_a_signal_may_come_and_end_in_one_commit(books: Bookkeeper) -> None:
    """It is written as what it came to."""
    expired = finished(a_signal(), SignalStatus.EXPIRED)
    books.commit(signals(a_signal()), signals(expired))
    assert books.store.recent_signals("demo", 0) == (expired,)


@pytest.mark.parametrize("status", [SignalStatus.DONE, SignalStatus.DENIED, SignalStatus.EXPIRED])
def test_a_finished_signal_is_terminal(
    books: Bookkeeper, database_url: str, status: SignalStatus
) -> None:
    """It takes no other state, not even its own again."""
    ended = finished(a_signal(), status)
    books.commit(signals(ended))
    before = all_rows(database_url)
    for late in (a_signal(), replace(ended, outcome="opened 2"), ended):
        with pytest.raises(Refused, match="finished, once") as refused:
            books.commit(signals(late))
        assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.CONSTRAINT)
    assert all_rows(database_url) == before


def test_a_signal_that_ends_twice_in_one_commit_is_refused(books: Bookkeeper) -> None:
    """The first end holds, and nothing of the commit is written."""
    ended = finished(a_signal())
    with pytest.raises(Refused, match="signal 1 is DONE already"):
        books.commit(signals(ended), signals(replace(ended, status=SignalStatus.DENIED)))
    assert books.store.load_signals() == ((), 0)


def test_an_id_never_makes_one_signal_of_two(books: Bookkeeper) -> None:
    """Its content, account and symbol stay what they were."""
    books.commit(signals(a_signal()))
    for field, value in (("digest", "another"), ("account", "other"), ("symbol", "ETHUSDT")):
        with pytest.raises(Refused, match="finished, once"):
            books.commit(signals(finished(a_signal(**{field: value}))))
    assert books.store.load_signals()[0] == (a_signal(),)


def test_a_client_id_and_body_are_unique_in_their_account(books: Bookkeeper) -> None:
    """A repetition is refused in one account; another body or account may use the same id."""
    first = a_signal(1, client_id="same")
    elsewhere = a_signal(2, client_id="same", account="other")
    again = a_signal(5, client_id="same", digest="another")
    books.commit(signals(first), signals(elsewhere, account="other"), signals(a_signal(3)))
    books.commit(signals(again))
    with pytest.raises(Refused) as refused:
        books.commit(signals(a_signal(4, client_id="same", digest=first.digest)))
    assert refused.value.kind is RefusalKind.CONSTRAINT
    assert books.store.signals_of("demo", ["same"]) == (first, again)
    assert books.store.signals_of("other", ["same"]) == (elsewhere,)
    assert books.store.signals_of("demo", ["else"]) == ()


def test_a_signal_of_an_unknown_account_is_refused(books: Bookkeeper) -> None:
    """A signal is always somebody's."""
    with pytest.raises(Refused):
        books.commit(signals(a_signal(account="nobody"), account="nobody"))


def test_a_signal_that_no_column_can_hold_is_refused(books: Bookkeeper) -> None:
    """It is refused and not rounded."""
    with pytest.raises(Refused, match="more than 8 decimals") as refused:
        books.commit(signals(a_signal(notional=Decimal("0.123456789"))))
    assert refused.value.account == "demo"


def test_recent_signals_are_read_in_the_order_they_came(books: Bookkeeper) -> None:
    """From a moment on, of one account."""
    given = [a_signal(number) for number in (1, 2, 3)]
    books.commit(*map(signals, given), signals(a_signal(4, account="other"), account="other"))
    assert books.store.recent_signals("demo", given[1].received_us) == tuple(given[1:])
    assert books.store.recent_signals("demo", given[2].received_us + 1) == ()


def test_a_refused_commit_leaves_pauses_and_signals_alone(
    books: Bookkeeper, database_url: str
) -> None:
    """A commit is all or nothing for them too."""
    books.commit(pauses(ALL), signals(a_signal()))
    before = all_rows(database_url)
    with pytest.raises(Refused):
        books.commit(
            resumes(None),
            pauses(DEMO),
            signals(finished(a_signal())),
            signals(a_signal(2, account="nobody"), account="nobody"),
        )
    assert all_rows(database_url) == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO pauses SELECT 'x', NULL, reason, since FROM pauses",
        "INSERT INTO pauses SELECT '', 'demo', reason, since FROM pauses",
        "INSERT INTO pauses SELECT scope, account, reason, since FROM pauses",
        "UPDATE signals SET status = 'DONE'",
        "UPDATE signals SET outcome = 'none'",
        "UPDATE signals SET status = 'LOST', outcome = '', finished_at = received_at",
        "UPDATE signals SET id = 2",
        "UPDATE signals SET digest = 'another'",
    ],
)
def test_the_database_itself_refuses(books: Bookkeeper, database_url: str, statement: str) -> None:
    """Whatever program writes, it cannot make nonsense of them."""
    books.commit(pauses(ALL), signals(a_signal()))
    with by_hand(database_url) as cursor, pytest.raises(DRIVER_ERRORS):
        cursor.execute(statement)
    assert rows(database_url, "SELECT count(*) FROM pauses") == [(1,)]
