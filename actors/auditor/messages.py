"""What the Auditor is asked, and what it answers."""

from dataclasses import dataclass

from actors.engine.pooled import Recipient
from trading.books import HealthReport
from trading.repair import Irreparable, Repair


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """Check an account's books now, in full; every account's where None is given."""

    account: str | None = None
    reply_to: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecked:
    """What a health check found, and what is to be done about the wallet's row, if anything."""

    report: HealthReport
    repair: Repair | Irreparable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairWallet:
    """Check an account's books, and restore its row from the ledger where that mends them."""

    account: str
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDone:
    """A wallet's row is as its ledger says; its actor begins anew from there."""

    repair: Repair
