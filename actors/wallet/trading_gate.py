"""The reasons to deny an account's commands: a lost database, doubtful books, a pause."""

from actors.denials import books_mismatch, trading_paused
from actors.published_view import PublishedView
from trading.model import Denial


class TradingGate:
    """Whether an account's opens, or all of its commands, are denied at present, and why.

    Opens are refused while its books do not balance and while trading is paused. While it is
    halted, because its row was changed from outside, or the database is lost, nothing is changed.
    """

    __slots__ = ("_account", "_halted", "_published", "_refused")

    def __init__(self, account: str, published: PublishedView) -> None:
        """Begin without a doubt; pauses and the owner are read from the published state."""
        self._account = account
        self._published = published
        self._refused: Denial | None = None
        self._halted: Denial | None = None

    @property
    def halted(self) -> Denial | None:
        """Why nothing of the account may be changed, if so."""
        return self._published.ended or self._halted

    @property
    def refusing(self) -> bool:
        """Whether opens are refused because of the books."""
        return self._refused is not None

    def refuse_opens(self, detail: str) -> None:
        """The books do not balance."""
        self._refused = books_mismatch(detail)

    def halt(self, detail: str) -> None:
        """The account's row was changed from outside."""
        text = f"account {self._account} is halted, somebody else wrote it: {detail}"
        self._halted = books_mismatch(text)

    def allow(self) -> None:
        """The books agree again."""
        self._refused = self._halted = None

    def opens_denial(self) -> Denial | None:
        """Why nothing may be opened now, if so."""
        doubt = self.halted or self._refused
        if doubt is not None:
            return doubt
        pause = self._published.version.pause_of(self._account)
        return None if pause is None else trading_paused(pause)
