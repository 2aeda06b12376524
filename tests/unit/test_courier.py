"""A target's way through the events: what it is told next, and what a later life goes on from."""

from collections.abc import Sequence

from actors.commit.courier import READ_EVENTS, Courier
from persistence.state import StoredEvent


def event(event_id: int, kind: str) -> StoredEvent:
    return StoredEvent(
        id=event_id,
        kind=kind,
        account=None,
        position_id=None,
        symbol="BTCUSDT",
        time_us=1,
        done_us=1,
        commit_id=1,
        data="{}",
    )


class Events:
    """Committed events, in memory."""

    def __init__(self, *kinds: str) -> None:
        self._events = [event(number, kind) for number, kind in enumerate(kinds, 1)]

    def read_events(self, after_id: int, limit: int) -> Sequence[StoredEvent]:
        return [event for event in self._events if event.id > after_id][:limit]


def courier_over(events: Events, cursor: int = 0) -> Courier[list[int]]:
    """Tells of two `wanted` events at most in one message."""
    return Courier(
        "phone",
        cursor=cursor,
        reader=events,
        wanted=lambda kind, _account: kind == "wanted",
        compose=lambda waiting: ([each.id for each in waiting[:2]], len(waiting[:2])),
    )


def told_by(courier: Courier[list[int]]) -> list[tuple[list[int] | None, int, bool]]:
    """Every errand until the events end: its message, how far it goes, whether that is kept."""
    errands = []
    while (errand := courier.next()) is not None:
        errands.append((errand.message, errand.up_to, errand.remember))
        courier.done(errand)
    return errands


def test_each_wanted_event_is_told_once_and_in_order() -> None:
    """The last message of a page also passes what is not wanted behind it."""
    courier = courier_over(Events("wanted", "other", "wanted", "wanted", "other"))
    assert told_by(courier) == [([1, 3], 3, True), ([4], 5, True)]
    (delivery,) = courier.remembering(courier_ref := Nobody()).change.delivered
    assert (delivery.target, delivery.event_id) == ("phone", 5)
    assert courier.remembering(courier_ref).reply_to is courier_ref


def test_an_errand_that_was_not_done_comes_again() -> None:
    """A target that is away loses nothing."""
    courier = courier_over(Events("wanted"))
    assert courier.next() == courier.next()


def test_a_later_life_goes_on_after_its_cursor() -> None:
    """What was told before is not told again."""
    assert told_by(courier_over(Events("wanted", "wanted"), cursor=1)) == [([2], 2, True)]


def test_only_whole_pages_of_unwanted_events_are_remembered() -> None:
    """A commit for each of a few unwanted events would cost more than reading them again."""
    unwanted = told_by(courier_over(Events(*["other"] * (READ_EVENTS + 1))))
    assert unwanted == [(None, READ_EVENTS, True), (None, READ_EVENTS + 1, False)]


class Nobody:
    """A recipient that nothing is told."""

    def tell(self, message: object) -> None:
        raise AssertionError(f"told {message}")
