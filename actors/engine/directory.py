"""The actors' addresses: which actor answers for an account, symbol or position.

The Desk writes it, every actor sends by it. A send never raises: a message to an actor that has
died, or was never started, is counted as a dead letter. The actors' own counts are in `stats`.
"""

from typing import Any

import pykka
import structlog

from actors.engine.pooled import Mailbox, Recipient
from actors.engine.stats import EngineStats

log = structlog.get_logger(__name__)


class Directory:
    """Addresses of the live actors; single reads and writes of it are atomic."""

    def __init__(self) -> None:
        """Begin with no addresses."""
        self.wallets: dict[str, Recipient] = {}
        self.markets: dict[str, Recipient] = {}
        self.positions: dict[int, Recipient] = {}
        self.desk: Recipient | None = None
        self.committer: Recipient | None = None
        self.auditor: Recipient | None = None
        self.signals: Recipient | None = None
        self.listeners: tuple[Recipient, ...] = ()
        self.dead_letters = 0
        self.stats = EngineStats()

    def to_wallet(self, account: str, message: Any) -> bool:
        """Tell an account's WalletActor; returns whether it took the message."""
        return self.send(self.wallets.get(account), message)

    def to_market(self, symbol: str, message: Any) -> bool:
        """Tell a symbol's MarketActor; returns whether it took the message."""
        return self.send(self.markets.get(symbol), message)

    def to_position(self, position_id: int, message: Any) -> bool:
        """Tell a position's actor; returns whether it took the message."""
        return self.send(self.positions.get(position_id), message)

    def to_desk(self, message: Any) -> bool:
        """Tell the Desk."""
        return self.send(self.desk, message)

    def to_committer(self, message: Any) -> bool:
        """Tell the Committer."""
        return self.send(self.committer, message)

    def to_auditor(self, message: Any) -> bool:
        """Tell the Auditor."""
        return self.send(self.auditor, message)

    def to_signals(self, message: Any) -> bool:
        """Tell the SignalActor; returns whether it took the message."""
        return self.send(self.signals, message)

    def offer_to_market(self, symbol: str, message: Any) -> bool:
        """Tell a symbol's MarketActor if it runs; the caller handles its absence."""
        return self._told(self.markets.get(symbol), message)

    def offer_to_wallet(self, account: str, message: Any) -> bool:
        """Tell an account's WalletActor if it runs; the caller handles its absence."""
        return self._told(self.wallets.get(account), message)

    def waiting_at_market(self, symbol: str) -> int:
        """Return how many messages wait in a market's mailbox."""
        ref = self.markets.get(symbol)
        inbox = ref.actor_inbox if isinstance(ref, pykka.ActorRef) else None
        return inbox.depth() if isinstance(inbox, Mailbox) else 0

    def announce(self, message: Any) -> None:
        """Tell every listener: log, metrics, event streams."""
        for listener in self.listeners:
            self.send(listener, message)

    def send(self, recipient: Recipient | None, message: Any) -> bool:
        """Tell a recipient without raising; returns whether it took the message."""
        if self._told(recipient, message):
            return True
        self.dead_letters += 1
        return False

    def _told(self, recipient: Recipient | None, message: Any) -> bool:
        if recipient is None:
            return False
        try:
            recipient.tell(message)
        except pykka.ActorDeadError:
            return False
        except Exception:
            # It runs on the sender's thread, which is not at fault.
            log.exception("recipient failed", recipient=type(recipient).__name__)
            return False
        return True
