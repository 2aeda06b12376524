"""A connection that is to follow another one, which goes on until it can."""

from collections.abc import Callable

from backstay.feeds.venues.connecting import Connecting
from backstay.feeds.venues.connection import VenueConnection
from backstay.feeds.venues.link import Link


class Renewal:
    """Made, and acknowledged, beside the connection that it follows; then both run for a while.

    Its trades are held back meanwhile: what the old connection tells as well is then taken once,
    what it does not tell any more is taken from here, and each trade in its order.
    """

    def __init__(
        self,
        connecting: Connecting,
        begin: Callable[[VenueConnection], Link],
        symbols: tuple[str, ...],
        overlap_seconds: float,
    ) -> None:
        """Wait for a connection that is being made; `begin` makes a link of it."""
        self.link: Link | None = None
        self._connecting = connecting
        self._begin = begin
        self._symbols = symbols
        self._overlap_seconds = overlap_seconds
        self._follow_at: float | None = None

    def turn(self, served: set[str], now: float) -> Link | None:
        """Do what is due; returns the link once it answered for all `served`, and has overlapped.

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
        """Give up, and close what there is."""
        self._connecting.abandon()
