"""Orders on their way to becoming stored signals: looked for, stored in groups, answered."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from actors.commit.messages import ChangeRefused, CommitChange, FindSignals, Origin
from actors.denials import refused_write
from actors.desk.set_aside import no_wallet
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.pooled import Recipient
from actors.messages import Denied
from actors.published_view import PublishedView
from actors.signals.messages import SignalsStored, SignalStored, TakeSignals
from persistence.changes import Change
from trading.events.signals import SignalReceived
from trading.signals import Signal, SignalOrder
from trading.times import SECOND_US

GROUP_ORDERS_MAX = 500
SAME_BODY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """A command that waits to be stored, and when it came."""

    command: TakeSignals
    received_us: int

    @property
    def since_us(self) -> int:
        """The time from which a signal with the same body counts as the same."""
        return self.received_us - SAME_BODY_SECONDS * SECOND_US


class KnownSignals:
    """Signals that came before, found by what an order may repeat of them."""

    def __init__(self, signals: Iterable[Signal]) -> None:
        """Begin with these signals, oldest first."""
        self._signals: defaultdict[tuple[str | None, str | None], list[Signal]] = defaultdict(list)
        for signal in signals:
            self.add(signal)

    def add(self, signal: Signal) -> None:
        """Add a signal."""
        self._signals[_key(signal)].append(signal)

    def find(self, order: SignalOrder, *, since_us: int) -> Signal | None:
        """The oldest signal that an order repeats; without an id, one since `since_us`."""
        for signal in self._signals.get(_key(order), ()):
            is_known = order.client_id is not None or signal.received_us >= since_us
            if is_known and order.repeats(signal):
                return signal
        return None


@dataclass(slots=True)
class SignalGroup:
    """Commands of one account that are stored together, and their answers."""

    taken: tuple[Taken, ...]
    signals: tuple[Signal, ...] = ()
    answers: list[SignalsStored] = field(default_factory=list)

    @property
    def account(self) -> str:
        """The account of the signals."""
        return self.taken[0].command.account


class Intake:
    """Stores the queued commands of an account at a time, with one look-up and one change.

    Commands of one account keep their order. An order that repeats a stored signal (see
    `SignalOrder.repeats`), or one earlier in the same group, is answered with that signal. A group
    that is refused or cannot be looked up is split, so that one bad command is denied alone.
    """

    def __init__(
        self, directory: Directory, published: PublishedView, clock: Clock, recipient: Recipient
    ) -> None:
        """Answers of the Committer are told to `recipient`; nothing is stored before `begin`."""
        self._directory = directory
        self._published = published
        self._clock = clock
        self._recipient = recipient
        self._last_signal_id: int | None = None
        self._waiting: deque[Taken] = deque()
        self._alone = 0
        self._group: SignalGroup | None = None

    def begin(self, last_signal_id: int) -> None:
        """Begin to store; new signals get the ids above this one."""
        self._last_signal_id = last_signal_id
        self._look()

    def take(self, command: TakeSignals) -> None:
        """Store a command's orders when their turn comes."""
        self._waiting.append(Taken(command, self._clock.now_us()))
        self._look()

    def is_storing(self, change_id: int) -> bool:
        """Whether a change is the one that stores the current group."""
        signals = self._group.signals if self._group is not None else ()
        return bool(signals) and signals[0].signal_id == change_id

    def found(self, before: tuple[Signal, ...]) -> None:
        """Store the orders of the current group that do not repeat any of these signals."""
        group, last_id = self._group, self._last_signal_id
        assert group is not None, "signals are looked for on behalf of a group"
        assert last_id is not None, "nothing is looked for before the first read"
        known = KnownSignals(before)
        new: list[Signal] = []
        for taken in group.taken:
            stored = []
            for order in taken.command.orders:
                earlier = known.find(order, since_us=taken.since_us)
                if earlier is None:
                    signal = order.received(last_id + len(new) + 1, taken.received_us)
                    known.add(signal)
                    new.append(signal)
                    stored.append(SignalStored(signal=signal))
                else:
                    stored.append(SignalStored(signal=earlier, repeated=True))
            group.answers.append(SignalsStored(signals=tuple(stored)))
        group.signals = tuple(new)
        if new:
            self._store(group)
        else:
            self._conclude(group)

    def not_found(self, detail: str) -> None:
        """Store nothing: without the look-up, an order may repeat a signal that was carried out."""
        self._take_apart(detail)

    def committed(self) -> tuple[Signal, ...]:
        """Answer the current group; returns its new signals."""
        group = self._group
        assert group is not None, "a change that is committed is a group's"
        self._last_signal_id = group.signals[-1].signal_id
        self._conclude(group)
        return group.signals

    def refused(self, message: ChangeRefused) -> None:
        """Store the current group command by command, or deny its only command."""
        self._take_apart(message.detail)

    # --- Details -----------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for signals that the next group may repeat, unless a group is being stored."""
        if self._last_signal_id is None or self._group is not None:
            return
        group = self._next_group()
        if group is None:
            return
        self._group = group
        orders = [order for taken in group.taken for order in taken.command.orders]
        ids = frozenset(order.client_id for order in orders if order.client_id is not None)
        without_id = any(order.client_id is None for order in orders)
        self._directory.to_committer(
            FindSignals(
                account=group.account,
                client_ids=ids,
                since_us=min(each.since_us for each in group.taken) if without_id else None,
                reply_to=self._recipient,
            )
        )

    def _next_group(self) -> SignalGroup | None:
        """Take the waiting commands of the next account; the others keep their order."""
        while self._waiting:
            account = self._waiting[0].command.account
            if account in self._published.version.wallets:
                break
            self._deny(self._waiting.popleft(), Denied(denial=no_wallet(self._published, account)))
        else:
            return None
        if self._alone:
            self._alone -= 1
            return SignalGroup((self._waiting.popleft(),))
        taken: list[Taken] = []
        left: deque[Taken] = deque()
        room = GROUP_ORDERS_MAX
        for each in self._waiting:
            if each.command.account == account and room > 0:
                taken.append(each)
                room -= len(each.command.orders)
            else:
                left.append(each)
        self._waiting = left
        return SignalGroup(tuple(taken))

    def _store(self, group: SignalGroup) -> None:
        events = tuple(
            SignalReceived(
                account=signal.account,
                signal_id=signal.signal_id,
                symbol=signal.symbol,
                action=signal.action,
                time_us=signal.received_us,
            )
            for signal in group.signals
        )
        change = Change(account=group.account, signals=group.signals, events=events)
        change_id = group.signals[0].signal_id
        self._directory.to_committer(
            CommitChange(
                origin=Origin.SIGNALS,
                change=change,
                reply_to=self._recipient,
                change_id=change_id,
            )
        )

    def _conclude(self, group: SignalGroup) -> None:
        self._group = None
        for taken, answer in zip(group.taken, group.answers, strict=True):
            self._directory.send(taken.command.reply_to, answer)
        self._look()

    def _take_apart(self, detail: str) -> None:
        group, self._group = self._group, None
        assert group is not None, "what fails is a group's"
        if len(group.taken) == 1:
            denial = refused_write(group.account, detail)
            self._deny(group.taken[0], Denied(denial=denial))
        else:
            self._waiting.extendleft(reversed(group.taken))
            self._alone = len(group.taken)
        self._look()

    def _deny(self, taken: Taken, denied: Denied) -> None:
        self._directory.send(taken.command.reply_to, denied)


def _key(asked: SignalOrder | Signal) -> tuple[str | None, str | None]:
    """The key by which two signals are the same: the sender's id, or else the body."""
    return asked.client_id, asked.digest if asked.client_id is None else None
