"""What readers see: one immutable version of everything, published after each commit."""

from dataclasses import dataclass

from immutables import Map

from persistence.changes import Change
from trading.model import MarketPrice, Position, PositionStatus, Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The state of one moment: wallets, open positions, and the prices kept with commits."""

    commit_id: int = 0
    wallets: Map[str, Wallet] = Map()
    positions: Map[int, Position] = Map()
    markets: Map[str, MarketPrice] = Map()

    def after(self, commit_id: int, changes: tuple[Change, ...]) -> "Version":
        """The version that committed changes lead to."""
        wallets = self.wallets.mutate()
        positions = self.positions.mutate()
        markets = self.markets.mutate()
        for change in changes:
            if change.wallet_after is not None:
                wallets[change.wallet_after.account] = change.wallet_after
            for position in change.positions:
                if position.status is PositionStatus.OPEN:
                    positions[position.position_id] = position
                else:
                    positions.pop(position.position_id, None)
            for market in change.markets:
                markets[market.symbol] = market
        return Version(
            commit_id=commit_id,
            wallets=wallets.finish(),
            positions=positions.finish(),
            markets=markets.finish(),
        )


class Published:
    """Holds the newest version; readers on any thread take it whole, and never wait.

    Only the Committer publishes, before it answers anybody: who was answered reads their own
    write.
    """

    def __init__(self, version: Version) -> None:
        """Begin with what was restored."""
        self.version = version

    def publish(self, commit_id: int, changes: tuple[Change, ...]) -> None:
        """Make committed changes visible, all at once."""
        self.version = self.version.after(commit_id, changes)
