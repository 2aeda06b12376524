"""A wallet's waiting commands, and the one plan that is in flight."""

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from actors.commit.messages import ReadPosition
from actors.engine.machine import Machine
from actors.wallet.messages import BookPosition, OpenAccount, TransferFunds
from actors.wallet.plan import Plan, PlannedCommand, QuotedOpen
from trading.money import plain


class ChangeState(StrEnum):
    """Where a wallet's next change is."""

    NONE = "NONE"
    GATHERING = "GATHERING"
    IN_FLIGHT = "IN FLIGHT"


class ChangeStep(StrEnum):
    """What moves a wallet's change on."""

    COMMAND = "a command or a read waits"
    GATHERED = "all that had queued up is taken"
    SENT = "the plan is sent to the Committer"
    ANSWERED = "the Committer answers"


CHANGE = Machine(
    name="a wallet's change",
    start=ChangeState.NONE,
    moves=MappingProxyType(
        {
            (ChangeState.NONE, ChangeStep.COMMAND): ChangeState.GATHERING,
            (ChangeState.GATHERING, ChangeStep.GATHERED): ChangeState.NONE,
            (ChangeState.NONE, ChangeStep.SENT): ChangeState.IN_FLIGHT,
            (ChangeState.IN_FLIGHT, ChangeStep.ANSWERED): ChangeState.NONE,
        }
    ),
)
"""A wallet has one change at most: what comes while it is IN FLIGHT is gathered after the answer.
An answer says that the change is committed, or was returned or refused and is planned again."""


class CommandLine:
    """Commands in order, taken together while nothing is in flight.

    A plan that comes back is put in front again; after a refusal its commands are taken one by
    one, so that the bad one among them fails alone.
    """

    __slots__ = (
        "_change_id",
        "_commands",
        "_one_by_one",
        "_plan",
        "_reads",
        "_reads_taken",
        "_state",
    )

    def __init__(self) -> None:
        """Begin without a command."""
        self._commands: deque[PlannedCommand] = deque()
        self._state = CHANGE.start
        self._plan: Plan | None = None
        self._change_id = 0
        self._one_by_one = 0
        self._reads: list[ReadPosition] = []
        self._reads_taken: list[ReadPosition] = []

    def __bool__(self) -> bool:
        """Whether a command waits."""
        return bool(self._commands)

    @property
    def undecided(self) -> tuple[PlannedCommand, ...]:
        """The commands that are in flight or wait."""
        in_flight = self._plan.commands if self._plan else ()
        return (*in_flight, *self._commands)

    @property
    def in_flight(self) -> bool:
        """Whether a plan is at the Committer."""
        return self._state is ChangeState.IN_FLIGHT

    def gather(self) -> bool:
        """Begin to gather the next change; returns whether the wallet has to tell itself when."""
        if self._state is not ChangeState.NONE:
            return False
        self._state = CHANGE.after(self._state, ChangeStep.COMMAND)
        return True

    def gathered(self) -> None:
        """All that had queued up is in line."""
        self._state = CHANGE.after(self._state, ChangeStep.GATHERED)

    def append(self, command: PlannedCommand) -> None:
        """Add a command at the end."""
        self._commands.append(command)

    def add_read(self, read: ReadPosition) -> None:
        """Let a read wait for the commands that came before it, and for no others."""
        self._reads.append(read)

    def take_reads(self) -> list[ReadPosition]:
        """Take the reads whose commands are decided."""
        due = self._reads_taken
        self._reads_taken = []
        if not self._commands:
            due = due + self._reads
            self._reads = []
        return due

    def take(self) -> list[PlannedCommand]:
        """Take what is to be planned next."""
        count = 1 if self._one_by_one else len(self._commands)
        self._one_by_one = max(0, self._one_by_one - count)
        if count == len(self._commands):
            self._reads_taken += self._reads
            self._reads = []
        return [self._commands.popleft() for _ in range(count)]

    def sent(self, planned: Plan) -> int:
        """Note the plan in flight, and return the id of its change."""
        self._state = CHANGE.after(self._state, ChangeStep.SENT)
        self._plan = planned
        self._change_id += 1
        return self._change_id

    def returned(self, change_id: int) -> Plan | None:
        """The plan that an answer is about; None where it is a former life's."""
        if change_id != self._change_id or not self.in_flight:
            return None
        self._state = CHANGE.after(self._state, ChangeStep.ANSWERED)
        planned, self._plan = self._plan, None
        return planned

    def put_back(self, commands: Sequence[PlannedCommand], *, one_by_one: bool = False) -> None:
        """Put commands that were taken in front again."""
        self._commands.extendleft(reversed(commands))
        self._reads[:0] = self._reads_taken
        self._reads_taken = []
        if one_by_one:
            self._one_by_one = len(commands)

    def drop_clients(self) -> list[PlannedCommand]:
        """Take out what clients wait for, and return it; what positions handed over stays."""
        clients: list[PlannedCommand] = [
            c for c in self._commands if not isinstance(c, BookPosition)
        ]
        self._commands = deque(c for c in self._commands if isinstance(c, BookPosition))
        return clients


def described(command: PlannedCommand) -> str:
    """A command for people, who have to know that it was not carried out."""
    match command:
        case OpenAccount():
            return f"account {command.account} with {plain(command.initial_balance)}"
        case QuotedOpen():
            request, quote = command.request, command.quote
            return f"open of position {quote.position_id}: {request.side} {request.symbol}"
        case BookPosition():
            happened = ", ".join(event.kind for event in command.events)
            return f"position {command.position.position_id}: {happened}"
        case TransferFunds():
            return f"transfer {command.reference} of {plain(command.amount)}"
        case _:
            assert_never(command)
