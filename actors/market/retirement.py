"""How a market is retired: its row goes in one commit, and the operator is answered after it."""

from actors.commit.messages import ChangeCommitted, ChangeRefused, CommitChange, Origin
from actors.denials import refused_write
from actors.desk.messages import MarketEnded
from actors.engine.directory import Directory
from actors.market.denials import market_in_use
from actors.market.messages import MarketGone, RetireMarket
from actors.messages import Denied
from actors.published_view import PublishedView
from persistence.changes import Change
from trading.events.markets import MarketRetired
from trading.model import Denial


def retirement_denial(
    published: PublishedView, symbol: str, armed: int, undecided: int
) -> Denial | None:
    """Why a market stays: the positions that are open on it, or what waits for its price."""
    positions = published.version.positions.values()
    is_open = max(armed, sum(position.symbol == symbol for position in positions))
    return market_in_use(symbol, is_open, undecided) if is_open or undecided else None


def retire(directory: Directory, command: RetireMarket, now_us: int) -> None:
    """Have the Desk forget a market, and the Committer take its row away."""
    directory.to_desk(MarketEnded(symbol=command.symbol))
    event = MarketRetired(symbol=command.symbol, time_us=now_us)
    change = Change(account=None, retired=(command.symbol,), events=(event,))
    answer = _Answer(directory, command)
    directory.to_committer(CommitChange(origin=Origin.MARKET, change=change, reply_to=answer))


class _Answer:
    """Passes the Committer's outcome to the operator."""

    __slots__ = ("_command", "_directory")

    def __init__(self, directory: Directory, command: RetireMarket) -> None:
        self._directory = directory
        self._command = command

    def tell(self, message: ChangeCommitted | ChangeRefused) -> None:
        """Take the outcome; on the Committer's thread."""
        command = self._command
        answer: MarketGone | Denied = MarketGone(symbol=command.symbol)
        if isinstance(message, ChangeRefused):
            answer = Denied(denial=refused_write(f"market {command.symbol}", message.detail))
        self._directory.send(command.reply_to, answer)
