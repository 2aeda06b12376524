"""One session for every venue: it stays connected and subscribed, and passes trades on."""

import select
import threading
import time
from collections.abc import Sequence
from random import Random
from types import MappingProxyType
from typing import assert_never

import structlog

from backstay.feeds.venues.backoff import Backoff
from backstay.feeds.venues.connecting import Connecting
from backstay.feeds.venues.connection import Disconnected, VenueConnection
from backstay.feeds.venues.frames import (
    Decoded,
    GoingAway,
    Heartbeat,
    Notice,
    Numbered,
    Subscribed,
    SubscriptionRefused,
    Trades,
    Unknown,
)
from backstay.feeds.venues.link import Link, Timing
from backstay.feeds.venues.price_runs import PriceRuns
from backstay.feeds.venues.renewal import Renewal
from backstay.feeds.venues.session_state import SessionState, Sink
from backstay.feeds.venues.venue import Venue

log = structlog.get_logger(__name__)

RUN_PRICES = 1_000
"""The largest number of prices that are collected before the sink gets them."""

FRAME_BYTES_LOGGED = 300


class Session:
    """Passes the trades of some symbols at one venue to a sink, until it is stopped.

    A connection that is lost, silent or not understood is replaced, with backoff, without end.
    An old one is replaced while it still works: both run during `overlap`, so no price is missed.
    """

    def __init__(
        self,
        venue: Venue,
        symbols: Sequence[str],
        sink: Sink,
        *,
        url: str | None = None,
        timing: Timing | None = None,
        random: Random | None = None,
    ) -> None:
        """Nothing happens until `run`; `symbols` are in the venue's spelling."""
        timing = timing or Timing()
        self.state = SessionState()
        self._venue = venue
        self._symbols = tuple(symbols)
        self._sink = sink
        self._url = url or venue.url
        self._timing = timing
        self._backoff = Backoff(timing.backoff_first, timing.backoff_cap, random or Random())
        self._log = log.bind(venue=venue.name)
        self._runs = PriceRuns()
        self._served: set[str] = set()
        self._told_lost = False
        self._opened = 0
        self._traded_us: int | None = None
        self._may_connect_at = 0.0
        self._link: Link | None = None
        self._renewal: Renewal | None = None

    def run(self, stopping: threading.Event) -> None:
        """Serve until `stopping` is set; returns soon after, whatever it is doing."""
        while not stopping.is_set():
            why = self._live(stopping)
            self._let_go()
            if why is not None:
                seconds = max(self._backoff.next_seconds(), self._may_connect_at - time.monotonic())
                self._log.warning("venue lost", why=why, again_in_seconds=round(seconds, 2))
                self._lose(why)
                stopping.wait(seconds)

    def _live(self, stopping: threading.Event) -> str | None:
        """Connect and serve; returns why it ended, None if it was stopped."""
        try:
            connection = self._begin_connecting().wait(stopping, self._timing.look)
            if connection is not None:
                self._link = self._begin(connection)
                self._serve(stopping)
            return None
        except Disconnected as lost:
            return str(lost)
        except Exception as error:
            self._log.exception("venue session failed")
            return f"internal error: {error!r}"

    def _lose(self, why: str) -> None:
        """Pass on the trades that came before the loss, then the loss."""
        self.state.why_lost = why
        self._served.clear()
        try:
            self._flush()
        except Exception:
            self._log.exception("prices not taken")
        if not self._told_lost:
            self._told_lost = True
            try:
                self._sink.lost(why)
            except Exception:
                self._log.exception("loss not taken")

    def _let_go(self) -> None:
        """Close every connection, and take its trades that were held back."""
        if self._link is not None:
            self._link.connection.close()
            self._release(self._link)
            self._link = None
        self._drop_renewal()
        self.state.connected = False

    # Connecting

    def _begin_connecting(self) -> Connecting:
        self._may_connect_at = time.monotonic() + self._venue.connect_seconds_min
        return Connecting(self._url, self._timing.connect)

    def _begin(self, connection: VenueConnection) -> Link:
        self._opened += 1
        self.state.reconnects = self._opened - 1
        self.state.connected = True
        self.state.why_lost = None
        self._log.info("venue connected", url=self._url)
        return Link(connection, self._venue, self._symbols, self._timing)

    # Serving

    def _serve(self, stopping: threading.Event) -> None:
        """Read all frames, pass prices on once no more has come, and do what is due."""
        wait_seconds = 0.0
        while not stopping.is_set():
            readable = self._readable(wait_seconds)
            woken_at = time.monotonic()
            for one in readable:
                self._read(one)
            wait_seconds = 0.0
            if not readable:
                self._flush()
                wait_seconds = self._timing.look
            now = time.monotonic()
            for one in self._links():
                one.excuse(now - woken_at)
            self._turn(now)

    def _turn(self, now: float) -> None:
        """Do what is due on the connections."""
        assert self._link is not None, "a session that serves has a link"
        self._link.turn(now)
        held_until = self._link.held_until
        if held_until is not None and now >= held_until:
            self._log.warning("no snapshot came to fill the gap", symbols=[*self._link.held])
            self._release(self._link)
        self._renew(self._link, now)

    def _links(self) -> list[Link]:
        return [one for one in (self._link, self._renewal and self._renewal.link) if one]

    def _readable(self, seconds: float) -> list[Link]:
        links = {one.connection.fileno(): one for one in self._links()}
        poll = select.poll()
        for descriptor in links:
            poll.register(descriptor, select.POLLIN)
        return [links[descriptor] for descriptor, _ in poll.poll(seconds * 1000)]

    def _read(self, link: Link) -> None:
        try:
            connection = link.connection
            before = connection.heard_at
            texts = connection.receive()
            if connection.heard_at != before:
                self.state.last_message_seconds = time.time()
            for text in texts:
                self._take_text(link, text)
            if self._traded_us is not None:
                self.state.clock.note(self._traded_us, time.time_ns() // 1000, connection.heard_at)
                self._traded_us = None
            connection.check()
        except Disconnected as lost:
            if self._link is None or link is self._link:
                raise
            self._renewal_failed(self._link, str(lost))

    def _take_text(self, link: Link, text: bytes) -> None:
        if not text:
            raise Disconnected("the venue sent an empty frame, which ends a connection")
        for item in self._venue.decode(text):
            if isinstance(item, Trades):
                self._take_trades(link, item)
            else:
                self._take_other(link, item, text)

    def _take_trades(self, link: Link, trades: Trades) -> None:
        symbol = trades.symbol
        link.lively_at = link.connection.heard_at
        if not trades.snapshot:
            self._traded_us = trades.times_us[-1]
        if symbol not in link.subscriptions.served:
            # A trade proves that its symbol is served, even without an acknowledgement.
            self._acknowledge(link, symbol)
            if symbol not in link.subscriptions.served:
                self._take_unknown("trades of what was not asked for", symbol.encode())
                return
        if symbol in link.held:
            if trades.snapshot and link is self._link:
                self._runs.take(trades)
                self._release(link, symbol)
            elif not link.keep(trades):
                if link is not self._link:
                    raise Disconnected("more trades came than can be held back")
                self._release(link)
        elif trades.snapshot:
            # Trades made while the market was paused act on no position.
            self._runs.take_newest(trades)
        else:
            self._runs.take(trades)
        if self._runs.count >= RUN_PRICES:
            self._flush()

    def _take_other(self, link: Link, item: Decoded, text: bytes) -> None:
        match item:
            case Numbered(number=number):
                self._take_number(link, number)
            case Subscribed(symbol=symbol):
                self._acknowledge(link, symbol)
            case SubscriptionRefused(symbol=symbol, why=why):
                self._refuse(link, symbol, why)
            case Heartbeat() | Trades():
                link.lively_at = link.connection.heard_at
            case Notice(text=words, is_error=is_error):
                level = self._log.error if is_error else self._log.info
                level("venue says", text=words)
            case GoingAway(why=why):
                self._log.info("venue ends the connection soon", why=why)
                link.renew_at = time.monotonic()
            case Unknown(kind=kind):
                self._take_unknown(kind, text)
            case _:
                assert_never(item)

    def _take_unknown(self, kind: str, text: bytes) -> None:
        if self.state.count_unknown(kind):
            self._log.warning(
                "frame not understood",
                kind=kind,
                frame=text[:FRAME_BYTES_LOGGED].decode(errors="replace"),
            )

    def _take_number(self, link: Link, number: int) -> None:
        missed = link.missed(number)
        if missed == 0:
            return
        self.state.gaps += 1
        self._log.warning("frames were lost, subscribing again", frames=missed, before=number)
        # The snapshots for an earlier gap fill this one as well.
        if link.held_until is None:
            link.fill_gap(time.monotonic())

    def _acknowledge(self, link: Link, symbol: str | None) -> None:
        new = link.subscriptions.acknowledged(symbol)
        if link is self._link:
            self._tell_served(link, new)

    def _refuse(self, link: Link, symbol: str | None, why: str) -> None:
        refused = link.subscriptions.refuse(symbol, why)
        if refused is not None:
            self._log.error("symbol refused by the venue", symbol=refused, why=why)
        elif symbol is None:
            self._log.warning("subscription refused, asking for one symbol at a time", why=why)
        if link is self._link and refused is not None:
            self._tell_refused(link, refused, why)

    def _tell_served(self, link: Link, served: Sequence[str]) -> None:
        for symbol in served:
            self._backoff.reset()
            if symbol not in self._served:
                self._served.add(symbol)
                self._told_lost = False
                self._log.info("subscribed", symbol=symbol)
                self._sink.served(symbol)
        self.state.refused = MappingProxyType(dict(link.subscriptions.refused))

    def _tell_refused(self, link: Link, symbol: str, why: str) -> None:
        self._served.discard(symbol)
        self.state.refused = MappingProxyType(dict(link.subscriptions.refused))
        self._sink.refused(symbol, why)

    def _release(self, link: Link, *symbols: str) -> None:
        """Take the trades held back; a trade that came another way meanwhile is not taken again."""
        for trades in link.released(*symbols):
            self._runs.take(trades)

    def _flush(self) -> None:
        self._runs.hand_over(self._sink.prices)

    # Renewing

    def _renew(self, link: Link, now: float) -> None:
        """Begin another connection, if a renewal is due."""
        if self._renewal is None:
            if link.renew_at is not None and now >= max(link.renew_at, self._may_connect_at):
                self._log.info("renewing the connection")
                self._renewal = Renewal(
                    self._begin_connecting(), self._begin, self._symbols, self._timing.overlap
                )
            return
        try:
            following = self._renewal.turn(link.subscriptions.served, now)
        except Disconnected as lost:
            self._renewal_failed(link, str(lost))
            return
        if following is not None:
            self._follow(following)

    def _follow(self, link: Link) -> None:
        """Close the old connection, and take the trades held back on the new one."""
        if self._link is not None:
            self._link.connection.close()
        self._link, self._renewal = link, None
        self._log.info("connection renewed")
        self._tell_served(link, sorted(link.subscriptions.served))
        for symbol, why in link.subscriptions.refused.items():
            self._tell_refused(link, symbol, why)
        self._release(link)

    def _renewal_failed(self, link: Link, why: str) -> None:
        """Keep the old connection, and try again later."""
        self._drop_renewal()
        seconds = self._backoff.next_seconds()
        link.renew_at = time.monotonic() + seconds
        self._log.warning("connection not renewed yet", why=why, again_in_seconds=round(seconds, 2))

    def _drop_renewal(self) -> None:
        if self._renewal is not None:
            self._renewal.drop()
            self._renewal = None
