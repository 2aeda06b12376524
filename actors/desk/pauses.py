"""An operator's pause of opens: how it is written, and which actors learn of it.

A pause is in force from its commit on: the Committer writes no later open of the account, and
the account's wallet denies new ones.
"""

from actors.commit.messages import ChangeCommitted, ChangeRefused, CommitChange, Origin
from actors.denials import refused_write
from actors.desk.messages import SetTrading, TradingSet
from actors.engine.directory import Directory
from actors.engine.pooled import Recipient
from actors.messages import Denied
from persistence.changes import Change
from trading.events.accounts import TradingPaused, TradingResumed
from trading.model import Pause


def pause_change(directory: Directory, command: SetTrading, now_us: int) -> CommitChange:
    """The change that begins or ends a pause; its answer goes to the operator who asked."""
    account, reason = command.account, command.reason
    if command.paused:
        paused = TradingPaused(account=account, reason=reason, time_us=now_us)
        pause = Pause(account=account, reason=reason, since_us=now_us)
        change = Change(account=account, pauses=(pause,), events=(paused,))
    else:
        resumed = TradingResumed(account=account, reason=reason, time_us=now_us)
        change = Change(account=account, resumed=(account,), events=(resumed,))
    answer = _PauseAnswer(directory, command)
    return CommitChange(origin=Origin.PAUSE, change=change, reply_to=answer)


class _PauseAnswer:
    """Takes the Committer's answer, and passes it to the operator who paused or resumed."""

    __slots__ = ("_command", "_directory")

    def __init__(self, directory: Directory, command: SetTrading) -> None:
        self._directory = directory
        self._command = command

    def tell(self, message: ChangeCommitted | ChangeRefused) -> None:
        """Take the outcome."""
        reply_to: Recipient = self._command.reply_to
        if isinstance(message, ChangeCommitted):
            answer = TradingSet(account=self._command.account, paused=self._command.paused)
            self._directory.send(reply_to, answer)
        else:
            denial = refused_write(self._command.account or "all", message.detail)
            self._directory.send(reply_to, Denied(denial=denial))
