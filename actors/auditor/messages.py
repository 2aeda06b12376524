"""The Auditor's requests and answers."""

from dataclasses import dataclass

from actors.engine.pooled import Recipient
from trading.books import HealthReport
from trading.repair import Irreparable, Repair


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """Check an account's books now, in full; those of all accounts if `account` is None."""

    account: str | None = None
    reply_to: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecked:
    """The result of a health check, and the repair that the wallet's row needs, if any."""

    report: HealthReport
    repair: Repair | Irreparable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairWallet:
    """Check an account's books, and restore its row from the ledger where that helps."""

    account: str
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDone:
    """A wallet's row agrees with its ledger; its actor restarts from the row."""

    repair: Repair
