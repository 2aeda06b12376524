"""What an actor may ask of the published state without a message.

Everything else comes by messages. A read is of this moment: it may know of a commit whose notice
still waits in the reader's mailbox, and never lacks one that was answered. An actor that only reads
takes a `PublishedView`; one that writes its own part takes `actors.published.Published`, which
says who writes what.
"""

from collections.abc import Mapping
from typing import Protocol

from actors.published import MarketStatus, SetAside, Version
from trading.model import Denial, MarketPrice, Position


class PublishedView(Protocol):
    """The questions of actors about published state; mypy refuses a write through it."""

    @property
    def version(self) -> Version:
        """The last committed version: accounts, open positions, pauses."""
        ...

    @property
    def markets(self) -> Mapping[str, MarketStatus]:
        """Each market's status: where its next life begins, when a resumed signal may go on."""
        ...

    @property
    def feed_pauses(self) -> Mapping[str, str | None]:
        """The last word of each symbol's feed, for its market's next life."""
        ...

    @property
    def database_away(self) -> str | None:
        """Why the Committer cannot write at present, if so: what need not be written is not."""
        ...

    @property
    def ended(self) -> Denial | None:
        """Why this process writes nothing any more, if so: commands are denied with it."""
        ...

    @property
    def set_aside(self) -> Mapping[tuple[str, str | int], SetAside]:
        """What has failed for good: commands that need it are denied with the reason."""
        ...

    def unguarded_by(self, position: Position) -> SetAside | None:
        """What is set aside that an open position needs."""
        ...

    def unkept_prices(self) -> tuple[MarketPrice, ...]:
        """The last prices that the database does not have."""
        ...
