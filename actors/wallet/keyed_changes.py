"""Changes of positions that came with an idempotency key, and are done once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from actors.commit.messages import ChangeRead, ReadChange, ReadFailed
from actors.denials import unreadable_position
from actors.engine.directory import Directory
from actors.engine.pooled import Recipient
from actors.messages import Denied
from actors.position.messages import (
    ChangeDone,
    ChangePosition,
    CloseDone,
    ClosePosition,
    RequestKey,
)
from actors.wallet.denials import changed_key_conflict
from actors.wallet.messages import KeyedAnswer

KeyedCommand = ClosePosition | ChangePosition


@dataclass(slots=True)
class _Pending:
    """A change on its way, and the later callers that wait for its outcome."""

    command: KeyedCommand
    waiting: list[Recipient] = field(default_factory=list)


class KeyedChanges:
    """A wallet's keyed changes that are on their way; the first caller of a key is passed on.

    The wallet decides about keys because a key belongs to the account: a position knows only what
    was asked of itself.
    """

    __slots__ = ("_by_key", "_directory", "_life")

    def __init__(self, directory: Directory) -> None:
        """Begin without a change."""
        self._directory = directory
        self._by_key: dict[str, _Pending] = {}
        self._life = object()

    def has_key(self, key: str) -> bool:
        """Whether a change with this key is on its way."""
        return key in self._by_key

    def take(
        self, command: KeyedCommand, taken_keys: Mapping[str, int], *, key_opens: bool
    ) -> None:
        """Pass a new change on to its position; answer one whose key is known.

        `key_opens` if an open is on its way with this key.
        """
        assert command.key is not None, "a change comes by its wallet only with a key"
        key = command.key.key
        pending = self._by_key.get(key)
        if pending is not None:
            if _same(pending.command, command):
                pending.waiting.append(command.reply_to)
            else:
                self._refuse(command)
        elif key_opens:
            self._refuse(command)
        elif key in taken_keys:
            self._read(command, command.key, _Repeated(self._directory, command))
        else:
            self._by_key[key] = _Pending(command)
            self._pass_on(command, command.key)

    def ask_again(self, position_id: int, taken_keys: Mapping[str, int]) -> None:
        """A position begins anew, or is gone: ask again what its last life was asked.

        All that the last life has handed over is decided by now.
        """
        for pending in tuple(self._by_key.values()):
            command, key = pending.command, pending.command.key
            if command.position_id != position_id or key is None:
                continue
            if key.key in taken_keys:
                reply = _Reply(self._directory, command, self._life)
                self._read(command, key, _Repeated(self._directory, command, reply))
            else:
                self._pass_on(command, key)

    def answered(self, message: KeyedAnswer, taken_keys: Mapping[str, int]) -> None:
        """Give the outcome to every caller; only the first has changed anything.

        What this life has asked again may be answered again: the callers have their answer. A
        denial says nothing of a key that is taken by now: what it has changed is read.
        """
        command, answer = message.command, message.answer
        assert command.key is not None, "a change comes by its wallet only with a key"
        key = command.key
        waiting: list[Recipient] = []
        pending = self._by_key.get(key.key)
        if pending is not None and pending.command is command:
            waiting = self._by_key.pop(key.key).waiting
        elif message.life is self._life:
            return
        if isinstance(answer, Denied) and key.key in taken_keys:
            for recipient in (command.reply_to, *waiting):
                self._read(command, key, _Repeated(self._directory, command, recipient))
            return
        self._directory.send(command.reply_to, answer)
        if isinstance(answer, CloseDone | ChangeDone):
            answer = replace(answer, repeated=True)
        for recipient in waiting:
            self._directory.send(recipient, answer)

    def _pass_on(self, command: KeyedCommand, key: RequestKey) -> None:
        reply = _Reply(self._directory, command, self._life)
        new = replace(key, is_new=True)
        self._directory.to_desk(replace(command, key=new, reply_to=reply))

    def _read(self, command: KeyedCommand, key: RequestKey, reply_to: Recipient) -> None:
        self._directory.to_committer(
            ReadChange(
                account=key.account,
                key=key.key,
                position_id=command.position_id,
                reply_to=reply_to,
            )
        )

    def _refuse(self, command: KeyedCommand) -> None:
        self._directory.send(command.reply_to, Denied(denial=changed_key_conflict(command)))


@dataclass(frozen=True, slots=True)
class _Reply:
    """The `reply_to` of a command that is passed on: brings the answer back by the wallet.

    Where the wallet is between two lives, or set aside, the caller is answered without it.
    """

    directory: Directory
    command: KeyedCommand
    life: object

    def tell(self, message: object) -> None:
        """Take the answer."""
        key = self.command.key
        assert key is not None, "a change comes by its wallet only with a key"
        answer = KeyedAnswer(command=self.command, life=self.life, answer=message)
        if not self.directory.offer_to_wallet(key.account, answer):
            self.directory.send(self.command.reply_to, message)


class _Repeated:
    """Takes what a known key has changed, and answers with it."""

    __slots__ = ("_command", "_directory", "_reply_to")

    def __init__(
        self, directory: Directory, command: KeyedCommand, reply_to: Recipient | None = None
    ) -> None:
        """Answer this command, to its caller or to another recipient."""
        self._directory = directory
        self._command = command
        self._reply_to = command.reply_to if reply_to is None else reply_to

    def tell(self, message: ChangeRead | ReadFailed) -> None:
        """Take the rows that were read."""
        command = self._command
        if isinstance(message, ReadFailed):
            denial = unreadable_position(f"position {command.position_id}", message.detail)
            self._directory.send(self._reply_to, Denied(denial=denial))
            return
        change, record = message.change, message.record
        asked = (command.position_id, command.request)
        if change is None or record is None or (change.position_id, change.request) != asked:
            denial = changed_key_conflict(command)
            self._directory.send(self._reply_to, Denied(denial=denial))
        elif isinstance(command, ClosePosition):
            done = CloseDone(record=record, already_closed=False, repeated=True)
            self._directory.send(self._reply_to, done)
        else:
            self._directory.send(self._reply_to, ChangeDone(record=record, repeated=True))


def _same(one: KeyedCommand, other: KeyedCommand) -> bool:
    return (one.position_id, one.request) == (other.position_id, other.request)
