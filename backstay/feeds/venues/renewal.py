"""A connection that is to replace another one, which goes on meanwhile."""

from collections.abc import Callable

from backstay.feeds.venues.connecting import Connecting
from backstay.feeds.venues.connection import VenueConnection
from backstay.feeds.venues.link import Link


class Renewal:
    """A connection made and acknowledged beside the one it replaces; then both run for a while.

    Its trades are held back meanwhile. Afterwards the trades that the old connection did not bring
    are taken from here, so that each trade is taken once and in its order.
    """

    def __init__(
        self,
        connecting: Connecting,
        begin: Callable[[VenueConnection], Link],
        symbols: tuple[str, ...],
        overlap_seconds: float,
    ) -> None:
        """Wait for a connection that is being made; `begin` makes it a link."""
        self.link: Link | None = None
        self._connecting = connecting
        self._begin = begin
        self._symbols = symbols
        self._overlap_seconds = overlap_seconds
        self._follow_at: float | None = None

    def turn(self, served: set[str], now: float) -> Link | None:
        """Do what is due; returns the link once it serves all of `served`, and has overlapped.

        Raises:
            Disconnected: if the connection was not made, or is lost.
        """
        if self.link is None:
            if self._connecting.done.is_set():
                self.link = self._begin(self._connecting.result())
                self.link.hold(self._symbols)
            return None
        self.link.turn(now)
        if self._follow_at is None:
            if self.link.subscriptions.have_answered(served):
                self._follow_at = now + self._overlap_seconds
            return None
        return self.link if now >= self._follow_at else None

    def drop(self) -> None:
        """Give up, and close the connection."""
        self._connecting.abandon()
