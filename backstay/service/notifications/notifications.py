"""Notifications: committed events are sent to people, through services outside.

The events table is the outbox. Each target has a thread and a cursor, which is the id of the last
event that it has been told. The cursor is committed after each message and before the next, so that
a crash repeats at most one message. Events wait in the table for a target that does not answer.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from time import monotonic
from typing import Protocol

import structlog

from actors.commit.courier import Courier, Errand, EventReader
from actors.commit.messages import Announced, ChangeCommitted, CommitChange, Origin
from actors.messages import Reply
from backstay.service.notifications.text import Message, Wanted, next_message
from backstay.service.settings.settings import Settings
from persistence.changes import Change, Delivery
from persistence.errors import UNREADABLE

READ_AGAIN_SECONDS = 1.0
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
PACE_SECONDS = 1.0
"""The pause between two messages to a target: the next one tells all events since then."""
LOOK_SECONDS = 0.25
"""How often a thread that waits for its commit checks whether to stop."""

ToCommitter = Callable[[CommitChange], object]

log = structlog.get_logger("backstay")


class Outbox(EventReader, Protocol):
    """The source of events and cursors, on any thread."""

    def deliveries(self) -> dict[str, int]:
        """By target, the id of the last event that it has been told."""
        ...

    def last_event_id(self) -> int:
        """The id of the newest event; 0 where there is none."""
        ...


class Receiver(Protocol):
    """Takes messages; see `backstay.service.notifications.target.Target`."""

    name: str

    def send(self, message: Message) -> str | None:
        """Deliver a message, which may take long; returns the reason if it did not arrive."""
        ...


class Notifications:
    """Tells targets the committed events; `announced` is a listener of commits.

    Nothing waits for a target: one that fails or hangs delays no other, and catches up.
    """

    def __init__(
        self,
        targets: Sequence[Receiver],
        wanted: Wanted,
        *,
        count: Callable[[bool], None],
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
        pace_seconds: float = PACE_SECONDS,
    ) -> None:
        """`count` is told whether each attempt arrived, on any thread."""
        self._targets = targets
        self._wanted = wanted
        self._count = count
        self._retry_seconds = retry_seconds
        self._pace_seconds = pace_seconds
        self._stopping = threading.Event()
        self._routes: list[_Route] = []

    def start(self, outbox: Outbox, to_committer: ToCommitter) -> None:
        """Continue after each target's last message; a new target begins at the present end.

        The changes sent to the Committer here are durable before any later event. The cursor of a
        target that is no longer configured is deleted. Raises `StoreError`.
        """
        known, end = outbox.deliveries(), outbox.last_event_id()
        names = [target.name for target in self._targets]
        moved = [Delivery(target=name, event_id=end) for name in names if name not in known]
        moved += [Delivery(target=name, event_id=None) for name in known if name not in names]
        if moved:
            change = Change(account=None, delivered=tuple(moved))
            to_committer(CommitChange(origin=Origin.COURIER, change=change))
        self._routes = [
            _Route(
                target,
                Courier(
                    target.name,
                    cursor=known.get(target.name, end),
                    reader=outbox,
                    wanted=self._wanted,
                    compose=next_message,
                ),
                to_committer,
                count=self._count,
                retry_seconds=self._retry_seconds,
                pace_seconds=self._pace_seconds,
                stopping=self._stopping,
            )
            for target in self._targets
        ]

    def announced(self, message: Announced) -> None:
        """Wake the targets' threads if an event is for them."""
        if self._routes and any(
            self._wanted(event.kind, getattr(event, "account", None))
            for change in message.changes
            for event in change.events
        ):
            for route in self._routes:
                route.wake.set()

    def troubles(self) -> dict[str, str]:
        """By target, why its last attempt failed; targets that work are left out."""
        return {route.name: route.trouble for route in self._routes if route.trouble}

    def close(self) -> None:
        """Begin no further message; messages being sent go on."""
        self._stopping.set()
        for route in self._routes:
            route.wake.set()

    def stop(self, timeout_seconds: float) -> None:
        """Wait for messages being sent; one that hangs is left, and may be repeated."""
        self.close()
        end = monotonic() + timeout_seconds
        for route in self._routes:
            route.thread.join(max(0.0, end - monotonic()))


def notifications_of(settings: Settings, count: Callable[[bool], None]) -> Notifications:
    """The notifications that the settings ask for; none without targets."""
    targets: tuple[Receiver, ...] = ()
    if settings.notify_urls:
        # Apprise takes a moment to import, and most users do not need it.
        from backstay.service.notifications.target import targets_of  # noqa: PLC0415

        targets = targets_of(tuple(url.get_secret_value() for url in settings.notify_urls))
    wanted = Wanted(frozenset(settings.notify_kinds), frozenset(settings.notify_accounts))
    return Notifications(targets, wanted, count=count)


class _Route:
    """Sends one target its messages, in order, on a thread of its own."""

    def __init__(
        self,
        target: Receiver,
        courier: Courier[Message],
        to_committer: ToCommitter,
        *,
        count: Callable[[bool], None],
        retry_seconds: tuple[float, ...],
        pace_seconds: float,
        stopping: threading.Event,
    ) -> None:
        self.name = target.name
        self.trouble: str | None = None
        self.wake = threading.Event()
        self._target = target
        self._courier = courier
        self._to_committer = to_committer
        self._count = count
        self._retry_seconds = retry_seconds
        self._pace_seconds = pace_seconds
        self._stopping = stopping
        self._failures = 0
        # A daemon: a service outside that hangs must not keep the process alive.
        self.thread = threading.Thread(target=self._run, name=f"notify {self.name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Cleared before reading, so that a later announcement causes another read.
            self.wake.clear()
            try:
                errand = self._courier.next()
                if errand is not None:
                    self._go(errand)
                elif not self._stopping.is_set():
                    self.wake.wait()
            except UNREADABLE:
                self._stopping.wait(READ_AGAIN_SECONDS)
            except Exception as error:
                log.exception("notification failed", target=self.name)
                self._back_off(f"{type(error).__name__}: {error}")

    def _go(self, errand: Errand[Message]) -> None:
        if errand.message is not None and not self._send(errand.message):
            return
        self._courier.done(errand)
        if errand.remember:
            self._remember()
        if errand.message is not None:
            self._stopping.wait(self._pace_seconds)

    def _send(self, message: Message) -> bool:
        why = self._target.send(message)
        self._count(why is None)
        if why is not None:
            self._back_off(why)
            return False
        if self._failures:
            log.info("notifications arrive again", target=self.name, failures=self._failures)
        self._failures, self.trouble = 0, None
        return True

    def _back_off(self, why: str) -> None:
        seconds = self._retry_seconds[min(self._failures, len(self._retry_seconds) - 1)]
        self._failures += 1
        self.trouble = why
        log.warning(
            "notification did not arrive; trying again",
            target=self.name,
            why=why,
            failures=self._failures,
            retry_seconds=seconds,
        )
        self._stopping.wait(seconds)

    def _remember(self) -> None:
        """Commit the cursor and wait for it, so that at most one message may be repeated."""
        reply = Reply()
        self._to_committer(self._courier.remembering(reply))
        while not wait((reply.future,), LOOK_SECONDS).done:
            if self._stopping.is_set():
                return
        answer = reply.get(0)
        if not isinstance(answer, ChangeCommitted):
            log.error("cursor of notifications refused", target=self.name, detail=answer.detail)
