"""A repair of a wallet's row: how it is written, and who hears that it is.

The commit finds the row only if it still is what the repair was decided on. No entry is written:
the ledger is what the row is restored from.
"""

from actors.denials import repair_refused
from actors.directory import Directory
from actors.messages import CheckHealth, Denied, RepairDone
from actors.protocol import (
    ChangeCommitted,
    ChangeRefused,
    CommitChange,
    ReloadAccount,
    RestoreWallet,
)
from persistence.changes import Change
from trading.events import WalletRepaired


def repair_change(directory: Directory, command: RestoreWallet, now_us: int) -> CommitChange:
    """The change that restores a row, answered to who asked for it."""
    before, after = command.repair.before, command.repair.after
    repaired = WalletRepaired(
        account=before.account,
        reason=command.reason,
        initial_balance_before=before.initial_balance,
        initial_balance_after=after.initial_balance,
        total_before=before.total,
        total_after=after.total,
        locked_before=before.locked,
        locked_after=after.locked,
        entries_before=before.entries,
        entries_after=after.entries,
        time_us=now_us,
    )
    change = Change(
        account=before.account, wallet_before=before, wallet_after=after, events=(repaired,)
    )
    return CommitChange(change_id=0, change=change, reply_to=_RepairAnswer(directory, command))


class _RepairAnswer:
    """Takes what the Committer says, has the wallet begin anew, and answers who asked."""

    __slots__ = ("_command", "_directory")

    def __init__(self, directory: Directory, command: RestoreWallet) -> None:
        self._directory = directory
        self._command = command

    def tell(self, message: ChangeCommitted | ChangeRefused) -> None:
        """Take the outcome."""
        repair = self._command.repair
        account = repair.before.account
        if isinstance(message, ChangeCommitted):
            self._directory.to_wallet(account, ReloadAccount(account=account))
            answer: RepairDone | Denied = RepairDone(repair=repair)
        else:
            # The row may have been put back meanwhile: whoever halted it looks again.
            self._directory.to_auditor(CheckHealth(account=account))
            answer = Denied(denial=repair_refused(account, message.detail))
        self._directory.send(self._command.reply_to, answer)
