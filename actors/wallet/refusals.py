"""Answer the callers of a wallet's command that is certainly not done."""

from typing import assert_never

from actors.engine.directory import Directory
from actors.messages import Denied
from actors.position.messages import BookingRefused
from actors.wallet.account_openings import AccountOpenings
from actors.wallet.messages import BookPosition, OpenAccount, SetCosts, SetExits, TransferFunds
from actors.wallet.new_position import QuotedOpen
from actors.wallet.pending_opens import PendingOpens
from actors.wallet.plan import PlannedCommand
from trading.model import Denial


class Refusals:
    """Answers commands that are not done, each in its own way."""

    __slots__ = ("_directory", "_openings", "_opens")

    def __init__(
        self, directory: Directory, opens: PendingOpens, openings: AccountOpenings
    ) -> None:
        """Deny opens of positions and accounts to every caller that waits for them."""
        self._directory = directory
        self._opens = opens
        self._openings = openings

    def deny(self, command: PlannedCommand, denial: Denial) -> None:
        """Answer that a command is certainly not done."""
        match command:
            case QuotedOpen():
                self._opens.deny(command.quote.position_id, denial)
            case TransferFunds() | SetCosts() | SetExits():
                self._directory.send(command.reply_to, Denied(denial=denial))
            case BookPosition():
                self._directory.send(command.reply_to, BookingRefused(denial=denial))
            case OpenAccount():
                self._openings.deny(denial)
            case _:
                assert_never(command)
