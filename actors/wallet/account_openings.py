"""Callers that wait for an account to be opened."""

from actors.engine.directory import Directory
from actors.messages import Denied
from actors.wallet.denials import account_answer
from actors.wallet.messages import OpenAccount
from trading.model import Denial, Wallet


class AccountOpenings:
    """The requests that one change answers: the first one opens the account."""

    __slots__ = ("_directory", "_waiting")

    def __init__(self, directory: Directory) -> None:
        """Begin without a caller."""
        self._directory = directory
        self._waiting: list[OpenAccount] = []

    def begin(self, message: OpenAccount) -> bool:
        """Let a request wait; tells whether it is the first, which has to be carried out."""
        self._waiting.append(message)
        return len(self._waiting) == 1

    def done(self, wallet: Wallet | None) -> None:
        """Answer every caller, once there is a wallet."""
        if wallet is None:
            return
        waiting, self._waiting = self._waiting, []
        for index, message in enumerate(waiting):
            answer = account_answer(wallet, message, created=index == 0)
            self._directory.send(message.reply_to, answer)

    def deny(self, denial: Denial) -> None:
        """Answer that the account is certainly not opened."""
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._directory.send(message.reply_to, Denied(denial=denial))
