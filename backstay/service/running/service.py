"""The running service: all parts wired together, started in order, stopped in reverse."""

import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from actors.desk.starter import DeskSettings
from actors.engine.clock import Clock, SystemClock
from actors.engine.dispatcher import POOL, PooledDispatcher
from actors.log_lines import write_journal
from actors.market.settings import MarketSettings
from actors.system import System, SystemSettings
from backstay.service.http.connections import connections_max, streams_max
from backstay.service.http.server import WebServer, bound_socket, url_of
from backstay.service.metrics import Metrics
from backstay.service.notifications.notifications import notifications_of
from backstay.service.running.feeds import Feeds, feeds_of
from backstay.service.running.first_steps import StartError, check_health, open_account
from backstay.service.running.gate import Gate
from backstay.service.running.leaving import let_go
from backstay.service.running.named_accounts import warn_of_unknown
from backstay.service.running.ownership import OwnerCandidate, StopAskedError, Wait, keeping
from backstay.service.running.pulse import Pulse
from backstay.service.running.systemd import Notifier
from backstay.service.settings.settings import Settings
from backstay.web.access.access import Access
from backstay.web.app import create_app
from backstay.web.backend import Backend
from backstay.web.standby import standby_app
from backstay.web.stream.event_stream import EventStream
from persistence.addresses import masked
from persistence.store import Store
from trading.price_guard import GuardSettings
from trading.times import SECOND_US

log = structlog.get_logger("backstay")

KEEP_PRICES_SECONDS = 10.0

# A stop ends within five seconds, whatever hangs; the web server has the time left over.
FEED_SECONDS = 0.5
DRAIN_SECONDS = 1.0
NOTIFY_SECONDS = 0.2
COMMIT_SECONDS = 0.75
LET_GO_SECONDS = 0.5
DEMO_ACCOUNT = "demo"

LANES = {POOL: 1, "committer": 1, "auditor": 1}
"""One pool thread: a second one contends for the interpreter's lock, and costs 5 to 15 %."""


class Service:
    """One process's service over one database: `start` once, `stop` at any time after that."""

    def __init__(
        self,
        settings: Settings,
        notifier: Notifier,
        *,
        wait: Wait,
        fail: Callable[[str], None],
        lines_lost: Callable[[], int],
    ) -> None:
        """`fail` is told, on any thread, why the service ends while it runs.

        `lines_lost` returns the number of lost log lines.

        Raises:
            NoStandbyError: if it is to be a standby on SQLite.
        """
        self._settings = settings
        self._notifier = notifier
        self._wait = wait
        self._fail = fail
        self._clock: Clock = SystemClock()
        self._candidate = OwnerCandidate(
            settings.database,
            self._clock,
            standby=settings.standby,
            wait=wait,
            tell=notifier.status,
        )
        self._metrics = Metrics(lines_lost)
        self._notifications = notifications_of(settings, self._metrics.count_notification)
        self._store: Store | None = None
        self._epoch: int | None = None
        self._dispatcher: PooledDispatcher | None = None
        self._system: System | None = None
        self._feeds = Feeds(())
        self._pulse: Pulse | None = None
        self._gate: Gate | None = None
        self._events: EventStream | None = None
        self._standby: WebServer | None = None
        self._web: WebServer | None = None

    def start(self) -> None:
        """Start everything in order, with a log line each.

        Raises:
            TokenFileError, PortTakenError, FileInUseError, OwnerLivesError, InputError: if settings
                or options must change.
            StoreError: if the database cannot be used.
            StartError: if the service cannot start for another reason.
            StopAskedError: if it is asked to stop meanwhile.
        """
        began_us = self._clock.monotonic_us()
        access = Access(
            host=self._settings.host,
            tokens_file=self._settings.tokens_file,
            allowed_hosts=self._settings.allowed_hosts,
            clock=self._clock,
        )
        access.check_binding()
        bound = bound_socket(self._settings.host, self._settings.port)
        self._notifier.watch(self._is_alive)
        if self._settings.standby:
            self._start_standby(bound)
        store = self._open_database()
        events = self._events = EventStream(store, streams_max=streams_max(connections_max()))
        system = self._start_system(store, events)
        self._start_feed(system)
        self._start_web(self._backend(store, system, events, access), bound)
        # Objects alive now stay alive: the collector need not look at them again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        self._notifier.ready()
        seconds = (self._clock.monotonic_us() - began_us) / SECOND_US
        log.info(f"ready after {seconds:.2f} s: {url_of(bound)}", docs=f"{url_of(bound)}/docs")

    def stop(self) -> None:
        """Take no more commands, commit the queued changes, and release everything.

        Each step has a time limit, so that the stop ends within five seconds.

        Raises:
            UncommittedError: naming the changes that could not be committed and are lost.
        """
        if self._gate is not None:
            self._gate.close()
        if self._pulse is not None:
            self._pulse.drain()
        self._notifications.close()
        try:
            self._feeds.stop(FEED_SECONDS)
            if self._system is not None:
                self._system.drain(DRAIN_SECONDS)
            if self._gate is not None:
                self._gate.give_up()
            if self._events is not None:
                self._events.close()
            for web in (self._standby, self._web):
                if web is not None:
                    web.stop()
            self._notifications.stop(NOTIFY_SECONDS)
            if self._system is not None:
                self._system.stop(COMMIT_SECONDS)
        finally:
            if self._pulse is not None:
                self._pulse.stop()
            if self._store is not None:
                let_go(self._store, self._epoch, LET_GO_SECONDS)

    def _is_alive(self) -> bool:
        """Whether to notify the watchdog; before the actors start, nothing can hang."""
        return self._pulse is None or self._pulse.liveness().ok

    # --- One part after another --------------------------------------------------------------

    @contextmanager
    def _step(self, what: str) -> Iterator[dict[str, Any]]:
        """Log a step, how long it took, and the fields added to the dictionary."""
        began_us = self._clock.monotonic_us()
        self._notifier.status(f"starting: {what}")
        said: dict[str, Any] = {}
        yield said
        log.info(what, **said, ms=(self._clock.monotonic_us() - began_us) // 1_000)
        if self._wait(0):
            raise StopAskedError

    def _open_database(self) -> Store:
        settings, candidate = self._settings, self._candidate
        with self._step("database opened and migrated") as said:
            said["database"] = masked(settings.database)
            store = self._store = candidate.patiently(lambda: Store.open(settings.database))
        with self._step("ownership acquired") as said:
            said["epoch"] = self._epoch = candidate.patiently(
                lambda: store.acquire(candidate.holder, settings.lease_seconds)
            )
        return store

    def _start_system(self, store: Store, events: EventStream) -> System:
        settings = self._settings
        guard = GuardSettings(jump_max=settings.price_jump_max)
        market = MarketSettings(guard=guard, price_age_seconds_max=settings.price_age_seconds_max)
        renew_seconds = settings.lease_seconds / 3
        assert self._epoch is not None, "the owner comes first"
        with (
            self._step("wallets, markets and positions restored") as said,
            keeping(store, self._epoch, renew_seconds),
        ):
            self._dispatcher = PooledDispatcher(LANES)
            system = self._system = System(
                store,
                self._dispatcher,
                epoch=self._epoch,
                settings=SystemSettings(
                    desk=DeskSettings(
                        rates=settings.rates,
                        market=market,
                        keep_prices_seconds=KEEP_PRICES_SECONDS,
                    ),
                    audit_seconds=settings.audit_seconds,
                    renew_seconds=renew_seconds,
                ),
                listeners={
                    "journal": write_journal,
                    "metrics": self._metrics.count,
                    "events": events.announced,
                    "notifications": self._notifications.announced,
                },
            )
            self._notifications.start(store, system.directory.to_committer)
            system.fatal.future.add_done_callback(lambda fatal: self._fail(str(fatal.result())))
            self._metrics.watch(system, self._dispatcher, self._dispatcher.worked)
            version = system.published.version
            said["wallets"], said["markets"] = len(version.wallets), len(version.markets)
            said["positions"] = len(version.positions)
        if not version.wallets and not system.published.set_aside:
            with self._step(f"account {DEMO_ACCOUNT} opened in the empty database"):
                open_account(system, DEMO_ACCOUNT, settings.demo_balance, self._wait)
        warn_of_unknown(settings, system.published.version.wallets)
        with self._step("first health check made") as said:
            said.update(check_health(system, self._wait))
        return system

    def _start_feed(self, system: System) -> None:
        with self._step("feed started") as said:
            said["feed"] = ", ".join(self._settings.feed)
            self._feeds = feeds_of(self._settings, system, self._clock)
            try:
                self._feeds.start()
            except TimeoutError:
                raise StartError("the feed's markets were not opened: see the log") from None
            self._metrics.watch_feeds(system, self._feeds)

    def _backend(
        self, store: Store, system: System, events: EventStream, access: Access
    ) -> Backend:
        assert self._dispatcher is not None, "the actors come first"
        dispatcher, settings = self._dispatcher, self._settings
        pulse = self._pulse = Pulse(
            system,
            dispatcher,
            busy_us=dispatcher.busy_us,
            feed_trouble=self._feeds.trouble,
            audit_seconds=settings.audit_seconds,
        )
        pulse.start()
        gate = self._gate = Gate(system.directory, system.published)
        return Backend(
            tell=gate.tell,
            to_market=gate.to_market,
            to_signals=gate.to_signals,
            note_refusal=gate.note,
            published=system.published,
            reader=store,
            clock=self._clock,
            bound_symbols=self._feeds.names_by_symbol,
            liveness=pulse.liveness,
            readiness=pulse.readiness,
            metrics=self._metrics.render,
            access=access,
            events=events,
            rates=settings.rates,
            hook=settings.hook,
            command_seconds=settings.command_seconds,
            root_path=settings.root_path,
        )

    def _start_standby(self, bound: socket.socket) -> None:
        """Answer as a standby until the service itself listens."""
        self._metrics.watch_standby(self._candidate)
        app = standby_app(lambda: self._candidate.state, self._metrics.render)
        # The server closes the socket it is given, and clients should wait, not be refused.
        self._standby = WebServer(app, bound.dup(), self._fail)
        self._start_listening(self._standby)
        log.info(f"standby: listening on {url_of(bound)}")
        self._notifier.ready("standby")

    def _start_web(self, backend: Backend, bound: socket.socket) -> None:
        self._metrics.watch_web(backend)
        with self._step(f"listening on {url_of(bound)}"):
            app = create_app(backend)
            if self._standby is not None:
                self._standby.stop()
            self._web = WebServer(
                app,
                bound,
                self._fail,
                backend.connections,
                trusted_proxies=self._settings.trusted_proxies,
            )
            self._start_listening(self._web)

    def _start_listening(self, web: WebServer) -> None:
        try:
            web.start()
        except RuntimeError as error:
            raise StartError(str(error)) from None
