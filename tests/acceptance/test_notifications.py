"""Notifications reach people: in order, none lost, and nobody waits for a service outside."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from actors.engine.dispatcher import PooledDispatcher
from backstay.service.metrics import Metrics
from backstay.service.notifications.notifications import Notifications, ToCommitter
from backstay.service.notifications.target import Target
from backstay.service.notifications.text import Wanted
from persistence.event_codec import EVENT_TYPES
from persistence.store import Store
from tests.acceptance.house import WITHIN, House
from tests.webhook import READ_SECONDS_MAX, Mood, Webhook

EVERYTHING = Wanted(frozenset(EVENT_TYPES))

Tell = Callable[..., Notifications]


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A service outside."""
    with Webhook() as webhook:
        yield webhook


@pytest.fixture
def other() -> Iterator[Webhook]:
    """Another service outside."""
    with Webhook() as webhook:
        yield webhook


class Announcer:
    """Passes what is committed on to whichever notifications there are now."""

    def __init__(self) -> None:
        self.notifications: list[Notifications] = []

    def announced(self, message: object) -> None:
        for notifications in self.notifications:
            notifications.announced(message)  # type: ignore[arg-type]


@pytest.fixture
def announcer() -> Announcer:
    return Announcer()


@pytest.fixture
def house(a_house: Callable[..., House], announcer: Announcer) -> House:
    """A house on its own threads, with an account and a price of 100."""
    house = a_house(dispatcher=PooledDispatcher(), listeners={"notifications": announcer.announced})
    house.open_account(1_000)
    house.price(100)
    return house


@pytest.fixture
def tell(house: House, announcer: Announcer) -> Iterator[Tell]:
    """Starts notifications of the house to targets; what still runs at the end is stopped."""
    with ExitStack() as stack:

        def start(
            *hooks: Webhook,
            wanted: Wanted = EVERYTHING,
            metrics: Metrics | None = None,
            to_committer: ToCommitter | None = None,
            pace_seconds: float = 0.0,
        ) -> Notifications:
            notifications = Notifications(
                [Target(hook.url) for hook in hooks],
                wanted,
                count=(metrics or Metrics()).count_notification,
                retry_seconds=(0.01, 0.05),
                pace_seconds=pace_seconds,
            )
            announcer.notifications[:] = [notifications]
            notifications.start(house.store, to_committer or house.system.directory.to_committer)
            stack.callback(notifications.stop, WITHIN)
            return notifications

        yield start


def confirmed(store: Store, hook: Webhook) -> int:
    """Up to which event a target durably has them all."""
    return store.deliveries()[Target(hook.url).name]


def test_a_ladder_is_told_rung_by_rung(house: House, tell: Tell, hook: Webhook) -> None:
    """From the open to the close, with the figures, and what was told is durable."""
    notifications = tell(hook)
    house.open()
    hook.wait_for_line("LONG of 0.25 BTCUSDT opened at 100")
    for price, said in (
        ("103", "TP1 (+3%) hit at 103, stop-loss 95 -> 100"),
        ("106", "TP2 (+6%) hit at 106, stop-loss 100 -> 103"),
        ("110", "Closed at 110, TP3 (+10%) reached"),
    ):
        house.price(price)
        hook.wait_for_line(said)
    assert len(hook.lines) == 5
    assert hook.messages[-1]["title"] == "Backstay: position 1 of demo closed"
    assert hook.messages[-1]["type"] == "success"
    notifications.stop(WITHIN)
    house.settle()
    assert confirmed(house.store, hook) == house.store.last_event_id()


def test_what_a_target_refuses_is_sent_again_until_it_takes_it(
    house: House, tell: Tell, hook: Webhook, other: Webhook
) -> None:
    """One that is down gets everything once it is back; the other one has not waited for it."""
    metrics = Metrics()
    hook.mood = Mood.REFUSES
    notifications = tell(hook, other, metrics=metrics)
    house.open()
    for price in (103, 106, 110):
        house.price(price)
        other.wait_for(lambda: "position 1 " in str(other.lines[-1:]))
    other.wait_for_line("Closed at 110")
    hook.wait_for(lambda: hook.attempts >= 3)
    assert hook.messages == []
    [why] = notifications.troubles().values()
    assert "503" in why
    assert "hook-secret" not in why
    hook.mood = Mood.TAKES
    hook.wait_for_line("Closed at 110")
    assert hook.lines == other.lines
    notifications.stop(WITHIN)
    assert notifications.troubles() == {}
    text = metrics.render()[0].decode()
    assert f'backstay_notifications_total{{result="sent"}} {_sent(hook, other)}.0' in text
    assert 'backstay_notifications_total{result="failed"} 0.0' not in text


def _sent(*hooks: Webhook) -> int:
    return sum(len(hook.messages) for hook in hooks)


def test_a_target_that_hangs_holds_nobody_up(
    house: House, tell: Tell, hook: Webhook, other: Webhook
) -> None:
    """Commits go on, another target is told, and a stop takes no longer than its time."""
    hook.mood = Mood.HANGS
    notifications = tell(hook, other)
    house.open()
    hook.wait_for(lambda: hook.attempts == 1)
    house.close(1)
    other.wait_for_line("Closed at 100")
    began = time.monotonic()
    notifications.stop(0.1)
    assert time.monotonic() - began < READ_SECONDS_MAX / 2
    assert hook.messages == []


def test_a_restart_goes_on_after_the_last_message(house: House, tell: Tell, hook: Webhook) -> None:
    """What happened meanwhile is told, what was told before is not told again."""
    first = tell(hook)
    house.open()
    hook.wait_for_line("opened")
    first.stop(WITHIN)
    house.price(103)
    house.price(106)
    tell(hook)
    hook.wait_for_line("TP2")
    said = [line.partition("): ")[2][:3] for line in hook.lines]
    assert said == ["LON", "TP1", "TP2"]


def test_only_the_message_whose_confirmation_was_lost_is_repeated(
    house: House, tell: Tell, hook: Webhook
) -> None:
    """Whoever dies between delivery and commit repeats that one message, and loses none."""
    told: list[str] = []
    lost = threading.Event()
    to_committer = house.system.directory.to_committer

    def loses_the_third(change: object) -> None:
        told.append(repr(change))
        if len(told) < 3:
            to_committer(change)
        else:
            lost.set()

    first = tell(hook, to_committer=loses_the_third)  # the first change is where it begins
    house.open()
    hook.wait_for_line("opened")
    house.price(103)
    assert lost.wait(WITHIN)
    house.price(106)
    first.stop(WITHIN)
    house.settle()
    assert [line.partition("): ")[2][:3] for line in hook.lines] == ["LON", "TP1"]
    tell(hook)
    hook.wait_for_line("TP2")
    assert [line.partition("): ")[2][:3] for line in hook.lines] == ["LON", "TP1", "TP1", "TP2"]


def test_a_new_target_begins_now_and_one_taken_out_is_forgotten(
    house: House, tell: Tell, hook: Webhook, other: Webhook
) -> None:
    """Nobody is flooded with what is long past."""
    house.open()
    tell(hook).stop(WITHIN)
    house.price(103)
    tell(other).stop(WITHIN)
    house.price(106)
    tell(hook, other)
    other.wait_for_line("TP2")
    house.close(1)
    hook.wait_for_line("Closed")
    assert [line.partition("): ")[2][:3] for line in hook.lines] == ["Clo"]
    assert set(house.store.deliveries()) == {Target(hook.url).name, Target(other.url).name}


def test_only_what_is_asked_for_is_told(house: House, tell: Tell, hook: Webhook) -> None:
    """Of these kinds and accounts; the rest costs no message."""
    house.open_account(1_000, account="other")
    tell(hook, wanted=Wanted(frozenset({"rung_hit"}), frozenset({"other"})))
    house.open()
    house.open(account="other")
    house.price(103)
    hook.wait_for_line("TP1")
    assert [line.partition(" (")[0] for line in hook.lines] == ["position 2 of other"]
    assert len(hook.messages) == 1


def test_a_burst_is_a_few_messages(house: House, tell: Tell, hook: Webhook) -> None:
    """What waits for a slow target comes together: nothing is lost, and no phone rings for each."""
    hook.mood = Mood.REFUSES
    tell(hook, wanted=Wanted(frozenset({"position_closed"})))
    for _ in range(30):
        house.open(10)
    house.price(90)
    hook.wait_for(lambda: hook.attempts > 1)
    hook.mood = Mood.TAKES
    hook.wait_for(lambda: len(hook.lines) == 30)
    positions = [int(line.split()[1]) for line in hook.lines]
    assert sorted(positions) == list(range(1, 31))
    assert len(hook.messages) <= 3


def test_what_happens_soon_after_a_message_comes_together(
    house: House, tell: Tell, hook: Webhook
) -> None:
    """A storm of events is no storm of messages; a stop does not wait for the next one's time."""
    patient = tell(hook, pace_seconds=600.0)
    house.open()
    hook.wait_for_line("opened")
    for _ in range(10):
        house.open(10)
    house.settle()
    patient.stop(WITHIN)
    assert not any(thread.name.startswith("notify ") for thread in threading.enumerate())
    assert len(hook.lines) == 1
    tell(hook)
    hook.wait_for(lambda: len(hook.lines) == 11)
    assert len(hook.messages) == 2
