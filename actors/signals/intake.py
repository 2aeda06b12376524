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
        """Since when a signal with the same body counts as the same."""
        return self.received_us - SAME_BODY_SECONDS * SECOND_US


class KnownSignals:
    """Signals that came before, found by what an order may repeat of them."""

    def __init__(self, signals: Iterable[Signal]) -> None:
        """Know these, oldest first."""
        self._signals: defaultdict[tuple[str | None, str | None], list[Signal]] = defaultdict(list)
        for signal in signals:
            self.add(signal)

    def add(self, signal: Signal) -> None:
        """Know one more."""
        self._signals[_key(signal)].append(signal)

    def find(self, order: SignalOrder, *, since_us: int) -> Signal | None:
        """The oldest signal that an order repeats; without an id, one received since then."""
        for signal in self._signals.get(_key(order), ()):
            is_known = order.client_id is not None or signal.received_us >= since_us
            if is_known and order.repeats(signal):
                return signal
        return None


@dataclass(slots=True)
class SignalGroup:
    """Commands of one account that are stored together, and what is to be answered then."""

    taken: tuple[Taken, ...]
    signals: tuple[Signal, ...] = ()
    answers: list[SignalsStored] = field(default_factory=list)

    @property
    def account(self) -> str:
        """Whose signals they are."""
        return self.taken[0].command.account


class Intake:
    """Stores what has queued up, an account at a time: one look-up and one change for all of it.

    Commands of one account keep their order. One that came before (see `SignalOrder.repeats`), or
    earlier in the same group, is answered with the signal that is stored. A group that is refused
    or cannot be looked up is taken apart, so that one bad command is denied alone.
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
        """Store from here on; new signals get the ids above this one."""
        self._last_signal_id = last_signal_id
        self._look()

    def take(self, command: TakeSignals) -> None:
        """Store a command's orders when their turn comes."""
        self._waiting.append(Taken(command, self._clock.now_us()))
        self._look()

    def is_storing(self, change_id: int) -> bool:
        """Whether a change is the one that stores the group in hand."""
        signals = self._group.signals if self._group is not None else ()
        return bool(signals) and signals[0].signal_id == change_id

    def found(self, before: tuple[Signal, ...]) -> None:
        """Store the orders of the group in hand that repeat none of these."""
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
        """Without what came before, a signal may be one that was carried out: it is not stored."""
        self._take_apart(detail)

    def committed(self) -> tuple[Signal, ...]:
        """Answer the group in hand; returns its new signals."""
        group = self._group
        assert group is not None, "a change that is committed is a group's"
        self._last_signal_id = group.signals[-1].signal_id
        self._conclude(group)
        return group.signals

    def refused(self, message: ChangeRefused) -> None:
        """Store the group in hand command by command, or deny its only one."""
        self._take_apart(message.detail)

    # --- Details -----------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for what the next group may repeat, unless one is in hand."""
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
        """Take what waits for the account whose turn it is; the others keep their order."""
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
    """What two signals that are the same have in common: the sender's id, or else the body."""
    return asked.client_id, asked.digest if asked.client_id is None else None
