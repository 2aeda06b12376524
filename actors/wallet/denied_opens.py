"""Denied opens: answered at once, and recorded for metrics and notifications."""

from actors.commit.messages import CommitChange, Origin
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.messages import Denied
from actors.published_view import PublishedView
from actors.wallet.messages import OpenPosition
from persistence.changes import Change
from trading.events.positions import OpenDenied
from trading.model import Denial
from trading.signals import opener_of


class DeniedOpens:
    """Records denials behind everything that was committed before them.

    No caller waits for the record. While the database is away or lost, none is made: clients
    that ask again and again would fill the memory until it is back.
    """

    __slots__ = ("_clock", "_directory", "_published")

    def __init__(self, directory: Directory, clock: Clock, published: PublishedView) -> None:
        """Tell the Committer of this directory."""
        self._directory = directory
        self._clock = clock
        self._published = published

    def deny(self, request: OpenPosition, denial: Denial) -> None:
        """Answer one who asked, and record it."""
        self._directory.send(request.reply_to, Denied(denial=denial))
        self.record(request, denial)

    def record(self, request: OpenPosition, denial: Denial) -> None:
        """Record a denial that every caller has been told."""
        if self._published.database_away is not None or self._published.ended is not None:
            return
        event = OpenDenied(
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            reason=str(denial.reason),
            text=denial.text,
            time_us=self._clock.now_us(),
            asked_by=opener_of(request.idempotency_key),
        )
        change = Change(account=request.account, events=(event,))
        self._directory.to_committer(CommitChange(origin=Origin.DENIED_OPEN, change=change))
