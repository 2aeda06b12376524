"""A repair of a wallet's row: whether it is made, how it is written, and who is answered.

The commit finds the row only if it still is what the repair was decided on. No entry is written:
the ledger is what the row is restored from.
"""

from typing import assert_never

from actors.auditor.messages import CheckHealth, RepairDone, RepairWallet
from actors.commit.messages import (
    AccountRead,
    ChangeCommitted,
    ChangeRefused,
    CommitChange,
    Origin,
    ReadAccount,
    ReadFailed,
)
from actors.denials import nothing_to_repair, repair_impossible, repair_refused
from actors.engine.directory import Directory
from actors.messages import Denied
from actors.wallet.messages import RestoreWallet
from persistence.changes import Change
from trading.events.accounts import WalletRepaired
from trading.repair import Irreparable, Repair


def carry_out(
    directory: Directory, asked: RepairWallet, repair: Repair | Irreparable | None
) -> None:
    """Have the wallet restore its row, which it alone changes; or say why not."""
    account = asked.account
    match repair:
        case None:
            denial = nothing_to_repair(account)
        case Irreparable():
            denial = repair_impossible(account, repair)
        case Repair():
            restore = RestoreWallet(repair=repair, reason=asked.reason, reply_to=asked.reply_to)
            if directory.to_wallet(account, restore):
                return
            denial = repair_refused(account, "its wallet is just beginning anew")
        case _:
            assert_never(repair)
    directory.send(asked.reply_to, Denied(denial=denial))


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
    return CommitChange(
        origin=Origin.REPAIR, change=change, reply_to=_RepairAnswer(directory, command)
    )


class _RepairAnswer:
    """Takes the Committer's answer, restarts the wallet's memory, and answers the caller.

    A caller that is answered finds the wallet equal to its row: the wallet gets the row before.
    """

    __slots__ = ("_command", "_directory")

    def __init__(self, directory: Directory, command: RestoreWallet) -> None:
        self._directory = directory
        self._command = command

    def tell(self, message: ChangeCommitted | ChangeRefused | AccountRead | ReadFailed) -> None:
        """Take the outcome, and then the account as it is durable."""
        directory, repair = self._directory, self._command.repair
        account, client = repair.before.account, self._command.reply_to
        match message:
            case ChangeCommitted():
                directory.to_committer(ReadAccount(account=account, reply_to=self))
            case AccountRead() | ReadFailed():
                directory.to_wallet(account, message)
                directory.send(client, RepairDone(repair=repair))
            case ChangeRefused():
                # The row may have been put back meanwhile: the actor that halted it looks again.
                directory.to_auditor(CheckHealth(account=account))
                denial = repair_refused(account, message.detail)
                directory.send(client, Denied(denial=denial))
            case _:
                assert_never(message)
