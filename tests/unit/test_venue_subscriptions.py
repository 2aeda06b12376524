"""What is asked for on one connection, in which order, and what is made of the answers."""

import pytest

from backstay.feeds.venues.frames import Decoded
from backstay.feeds.venues.subscriptions import Subscriptions
from backstay.feeds.venues.venue import Venue


def nothing(_: bytes) -> list[Decoded]:
    """A decoder that is not needed."""
    return []


VENUE = Venue(
    name="test",
    url="ws://test",
    decode=nothing,
    spell=lambda base, quote: base + quote,
    subscribe=lambda symbols: [f"+{' '.join(symbols)}"],
    resubscribe=lambda symbols: [f"-{' '.join(symbols)}", f"+{' '.join(symbols)}"],
)


@pytest.fixture
def subscriptions() -> Subscriptions:
    """Three symbols, a second for the answer."""
    return Subscriptions(VENUE, ["A", "B", "C"], ack_seconds=1.0)


def test_all_are_asked_for_together_and_once(subscriptions: Subscriptions) -> None:
    """As few frames as the venue needs."""
    assert subscriptions.next_frame(0.0) == "+A B C"
    assert subscriptions.next_frame(0.5) is None


def test_an_answer_for_all_serves_all(subscriptions: Subscriptions) -> None:
    """Some venues answer requests, and not symbols."""
    subscriptions.next_frame(0.0)
    assert subscriptions.acknowledged(None) == ["A", "B", "C"]
    assert subscriptions.acknowledged("A") == []
    assert subscriptions.acknowledged("unheard of") == []
    assert subscriptions.have_answered({"A", "B", "C"})


def test_who_is_not_answered_is_asked_for_again(subscriptions: Subscriptions) -> None:
    """Only these, and only after their time."""
    subscriptions.next_frame(0.0)
    subscriptions.acknowledged("B")
    assert subscriptions.overdue(0.9) == ()
    assert subscriptions.overdue(1.0) == ("A", "C")
    assert subscriptions.overdue(1.0) == ()
    assert subscriptions.next_frame(1.0) == "+A C"


def test_who_is_never_answered_is_asked_for_ever_more_rarely(subscriptions: Subscriptions) -> None:
    """OKX allows 480 requests an hour: every five seconds would be 720. An answer ends the wait."""
    asked, now = [], 0.0
    while now < 3_600:
        if subscriptions.next_frame(now):
            asked.append(now)
        now += 1.0
        subscriptions.overdue(now)
    assert asked[:5] == [0, 1, 3, 7, 15]
    assert len(asked) < 25
    subscriptions.acknowledged("A")
    subscriptions.next_frame(now)
    assert subscriptions.overdue(now + 1.0) == ("B", "C")


def test_a_refusal_without_a_name_is_traced_to_its_symbol(subscriptions: Subscriptions) -> None:
    """The others are asked for one at a time, and served."""
    subscriptions.next_frame(0.0)
    assert subscriptions.refuse(None, "no such stream") is None
    assert subscriptions.next_frame(0.1) == "+A"
    assert subscriptions.acknowledged(None) == ["A"]
    assert subscriptions.next_frame(0.2) == "+B"
    assert subscriptions.next_frame(0.2) is None
    assert subscriptions.refuse(None, "no such stream") == "B"
    assert subscriptions.next_frame(0.3) == "+C"
    assert subscriptions.refused == {"B": "no such stream"}


def test_a_refusal_of_who_is_served_already_changes_nothing(subscriptions: Subscriptions) -> None:
    """Asked for twice, one may be told so."""
    subscriptions.next_frame(0.0)
    subscriptions.acknowledged("A")
    assert subscriptions.refuse("A", "already subscribed") is None
    assert subscriptions.refuse("unheard of", "no such symbol") is None
    assert subscriptions.refused == {}


def test_trades_of_a_refused_symbol_are_an_answer_too(subscriptions: Subscriptions) -> None:
    """What a venue does counts for more than what it says."""
    subscriptions.next_frame(0.0)
    subscriptions.refuse("A", "too many requests")
    assert subscriptions.acknowledged("A") == ["A"]
    assert subscriptions.refused == {}


def test_what_is_served_is_subscribed_anew_before_anything_else(
    subscriptions: Subscriptions,
) -> None:
    """For the sake of its snapshots; whoever was served stays so, and others wait as before."""
    subscriptions.next_frame(0.0)
    subscriptions.acknowledged("A")
    subscriptions.refuse("B", "no such symbol")
    subscriptions.renew()
    assert subscriptions.next_frame(1.0) == "-A"
    assert subscriptions.next_frame(1.0) == "+A"
    assert subscriptions.next_frame(1.0) is None
    assert subscriptions.served == {"A"}
    assert set(subscriptions.overdue(2.0)) == {"A", "C"}


def test_where_nothing_is_served_there_is_nothing_to_subscribe_anew(
    subscriptions: Subscriptions,
) -> None:
    """A request without symbols may mean all of them."""
    subscriptions.renew()
    assert subscriptions.next_frame(0.0) == "+A B C"
