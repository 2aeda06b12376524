"""One connection of a session: the frames due on it, and the trades held back."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from backstay.feeds.venues.connection import Disconnected, VenueConnection
from backstay.feeds.venues.frames import Trades
from backstay.feeds.venues.subscriptions import Subscriptions
from backstay.feeds.venues.venue import Venue

log = structlog.get_logger(__name__)

RENEW_AT = 0.95
"""The part of a connection's life after which it is renewed: time enough for several attempts."""

UNANSWERED_ACKS = 6
"""A connection is given up after this many times the time for an acknowledgement."""

HELD_MAX = 50_000
"""The largest number of frames of trades that are held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A session's time limits, in seconds.

    The wait before a new attempt is drawn from 0 to a ceiling, `backoff_first` at first and
    `backoff_cap` at most. A connection must be made within `connect`, a symbol acknowledged within
    `ack`. A renewed connection runs beside the old one for `overlap`, once it serves what the old
    one does. At least every `look`, the session does what is due. `silence` replaces the venue's
    own.
    """

    backoff_first: float = 1.0
    backoff_cap: float = 30.0
    connect: float = 10.0
    ack: float = 5.0
    overlap: float = 1.0
    look: float = 0.1
    silence: float | None = None


class Link:
    """A connection, its subscriptions, and its trades that are held back.

    `lively_at` is when its last heartbeat or trade came, on the monotonic clock.

    The trades of a symbol in `held` are kept there until a snapshot has filled a gap or, on a
    connection that is to replace another one, until it does.
    """

    def __init__(
        self, connection: VenueConnection, venue: Venue, symbols: Sequence[str], timing: Timing
    ) -> None:
        """Begin with a connection on which nothing was sent yet."""
        begun = connection.heard_at
        self.connection = connection
        self.subscriptions = Subscriptions(venue, symbols, timing.ack)
        self.renew_at = begun + venue.renew_seconds * RENEW_AT if venue.renew_seconds else None
        self.lively_at = begun
        self.held: dict[str, list[Trades]] = {}
        self.held_until: float | None = None
        self._held_count = 0
        self._venue = venue
        self._silence = venue.silence_seconds if timing.silence is None else timing.silence
        self._ack_seconds = timing.ack
        self._last_number: int | None = None
        self._may_send_at = begun
        self._begun = begun
        self._ping_at = begun + venue.ping_seconds
        self._pinged_at = begun

    def turn(self, now: float) -> None:
        """Send the frames that are due, at the venue's rate.

        Raises:
            Disconnected: if sending fails, or no frame came for too long.
        """
        silent = now - self.connection.heard_at
        if silent >= self._silence:
            raise Disconnected(f"nothing was heard for {self._silence:g} s")
        self._expect_lively(now)
        subscriptions, patience = self.subscriptions, UNANSWERED_ACKS * self._ack_seconds
        answered = subscriptions.served or subscriptions.refused
        if not answered and now - self._begun >= patience:
            raise Disconnected(f"no symbol was acknowledged within {patience:g} s")
        overdue = subscriptions.overdue(now)
        if overdue:
            log.warning(
                "subscription not acknowledged, asking again",
                venue=self._venue.name,
                symbols=overdue,
            )
        if now < self._may_send_at:
            return
        if self._venue.ping is not None and now >= self._ping_at:
            self._ping_at = now + self._venue.ping_seconds
            self.connection.send(self._venue.ping)
        elif silent >= self._silence / 2 and self._pinged_at <= self.connection.heard_at:
            self._pinged_at = now
            self.connection.ping()
        elif (frame := subscriptions.next_frame(now)) is not None:
            self.connection.send(frame)
        else:
            return
        self._may_send_at = now + 1 / self._venue.messages_per_second

    def _expect_lively(self, now: float) -> None:
        """Leave a connection that answers and brings no trade, or renew it."""
        lifeless, venue = now - self.lively_at, self._venue
        if not self.subscriptions.served:
            return
        if venue.heartbeat_seconds is not None and lifeless >= venue.heartbeat_seconds:
            raise Disconnected(
                f"neither a heartbeat nor a trade came for {venue.heartbeat_seconds:g} s"
            )
        if venue.quiet_seconds is not None and lifeless >= venue.quiet_seconds:
            log.info("no trade came, renewing", venue=venue.name, seconds=venue.quiet_seconds)
            self.lively_at = self.renew_at = now

    def excuse(self, seconds: float) -> None:
        """Do not count as silence the time when the session did not read, as the sink was full."""
        self.connection.heard_at += seconds
        self.lively_at += seconds

    def missed(self, number: int) -> int:
        """The number of frames lost before the one of this number."""
        last = number - 1 if self._last_number is None else self._last_number
        self._last_number = max(last, number)
        return max(0, number - last - 1)

    def fill_gap(self, now: float) -> None:
        """Subscribe again to get snapshots, and hold trades back until they come."""
        self.subscriptions.renew()
        self.hold(self.subscriptions.served)
        self.held_until = now + 2 * self._ack_seconds

    def hold(self, symbols: Sequence[str] | set[str]) -> None:
        """Hold the trades of these symbols back."""
        for symbol in symbols:
            self.held.setdefault(symbol, [])

    def keep(self, trades: Trades) -> bool:
        """Keep trades of a symbol that is held back; returns whether there is room for more."""
        self.held[trades.symbol].append(trades)
        self._held_count += 1
        return self._held_count < HELD_MAX

    def released(self, *symbols: str) -> list[Trades]:
        """Release the trades held back of these symbols, or of all, in their order."""
        found = [trades for one in symbols or tuple(self.held) for trades in self.held.pop(one, ())]
        self._held_count -= len(found)
        if not self.held:
            self.held_until = None
        return found
