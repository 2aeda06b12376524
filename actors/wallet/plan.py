"""Plan a wallet's next change from the commands that have queued up, purely.

A plan leads from one memory to the next through one change, all or nothing. Nothing of it is
true until the change is committed: only then the memory advances and the answers go out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, assert_never

from actors.commit.messages import Started
from actors.engine.pooled import Recipient
from actors.messages import Denied
from actors.position.messages import BookingRefused, PositionBooked
from actors.wallet.denials import key_conflict, taken_key
from actors.wallet.memory import Held, Memory
from actors.wallet.messages import (
    BookPosition,
    OpenAccount,
    SetCosts,
    SetExits,
    TermsSet,
    TransferDone,
    TransferFunds,
)
from actors.wallet.new_position import QuotedOpen, new_position
from persistence.changes import Change, ChangeKey
from trading.events import Event
from trading.headroom import deposit_denial
from trading.model import (
    CostRates,
    Denial,
    DenialReason,
    LedgerEntry,
    MarketPrice,
    Position,
    PositionStatus,
)
from trading.money import plain
from trading.wallet import (
    Booking,
    account_opened,
    settled,
    transferred,
    with_costs,
    with_exits,
)

PlannedCommand = OpenAccount | QuotedOpen | BookPosition | TransferFunds | SetCosts | SetExits
Answer = tuple[Recipient, Any]


@dataclass(slots=True, kw_only=True)
class Plan:
    """The change that commands lead to, the memory after it, and what is said once it is durable.

    `booked` are the positions' bookings that it makes durable. `denied` are the opens that are not
    made, by position id; `deadline_us` is the earliest of those that are.
    """

    commands: tuple[PlannedCommand, ...]
    before: Memory
    after: Memory
    positions: list[Position] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    markets: dict[str, MarketPrice] = field(default_factory=dict)
    started: list[Started] = field(default_factory=list)
    booked: list[BookPosition] = field(default_factory=list)
    keys: list[ChangeKey] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    denied: dict[int, Denial] = field(default_factory=dict)
    deadline_us: int | None = None

    def answers_at(self, committed_us: int | None) -> Iterator[Answer]:
        """What is said once the change is committed, at a time of day; None without a change."""
        for booking in self.booked:
            position = booking.position
            booked = PositionBooked(
                position_id=position.position_id,
                version=position.version,
                committed_us=committed_us,
            )
            yield booking.reply_to, booked
        yield from self.answers

    @property
    def accepted_us(self) -> tuple[int, ...]:
        """When the prices were accepted that close positions (monotonic clock)."""
        return tuple(
            booking.accepted_us
            for booking in self.booked
            if booking.accepted_us is not None and booking.position.status is PositionStatus.CLOSED
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.positions or self.entries or self.events)

    def change(self, account: str) -> Change:
        """The change as the Committer takes it."""
        touched = self.after.wallet is not self.before.wallet
        return Change(
            account=account,
            wallet_before=self.before.wallet if touched else None,
            wallet_after=self.after.wallet if touched else None,
            positions=tuple(self.positions),
            entries=tuple(self.entries),
            events=tuple(self.events),
            markets=tuple(self.markets.values()),
            keys=tuple(self.keys),
        )


def plan(
    memory: Memory,
    commands: Sequence[PlannedCommand],
    *,
    now_us: int,
    monotonic_us: int,
    rates: CostRates,
    opens_denied: Denial | None,
) -> Plan:
    """Apply commands one after another to a working copy of the memory.

    `opens_denied` says why no position may be opened at present, if so.
    """
    result = Plan(commands=tuple(commands), before=memory, after=memory)
    for command in commands:
        match command:
            case OpenAccount():
                _open_account(result, command, now_us)
            case QuotedOpen():
                _open_position(result, command, monotonic_us, rates, opens_denied)
            case BookPosition():
                _book_position(result, command)
            case TransferFunds():
                _transfer(result, command, now_us)
            case SetCosts() | SetExits():
                _set_terms(result, command, now_us)
            case _:
                assert_never(command)
    return result


def _booked(result: Plan, booking: Booking, **changes: Any) -> None:
    result.after = replace(result.after, wallet=booking.wallet, **changes)
    result.entries.extend(booking.entries)
    result.events.extend(booking.events)


def _open_account(result: Plan, command: OpenAccount, now_us: int) -> None:
    booking = account_opened(
        account=command.account,
        account_type=command.account_type,
        currency=command.currency,
        initial_balance=command.initial_balance,
        limits=command.limits,
        time_us=now_us,
    )
    _booked(result, booking)


def _open_position(
    result: Plan,
    command: QuotedOpen,
    monotonic_us: int,
    rates: CostRates,
    opens_denied: Denial | None,
) -> None:
    request, quote = command.request, command.quote
    if request.idempotency_key in result.after.keys:
        # A change took it that a former life of this wallet had passed on.
        result.denied[quote.position_id] = key_conflict(request)
        return
    outcome = new_position(result.after, command, monotonic_us, rates, opens_denied)
    if isinstance(outcome, Denial):
        result.denied[quote.position_id] = outcome
        return
    position, events, booking = outcome
    memory = result.after
    known = Held.of(position)
    keys = memory.keys
    if request.idempotency_key is not None:
        keys = keys.set(request.idempotency_key, position.position_id)
    _booked(
        result,
        booking,
        held=memory.held.set(position.position_id, known),
        keys=keys,
        gain=memory.gain + known.gain,
    )
    result.positions.append(position)
    result.events.extend(events)
    result.started.append(Started(position=position, after=quote.number))
    result.markets[position.symbol] = MarketPrice(
        symbol=position.symbol, price=quote.price, time_us=quote.time_us
    )
    if request.deadline_us is not None:
        earliest = result.deadline_us
        result.deadline_us = (
            request.deadline_us if earliest is None else min(earliest, request.deadline_us)
        )


def _book_position(result: Plan, command: BookPosition) -> None:
    """Book a position's next version; one that is booked already only gets its answer.

    One that skips a version comes from a position whose former messages were lost with this
    wallet's former life; the position hands over everything again.
    """
    position = command.position
    memory = result.after
    known = memory.held.get(position.position_id)
    if known is not None and position.version > known.version + 1:
        return
    if known is not None and position.version == known.version + 1:
        if command.key is not None and command.key.key in memory.keys:
            refused = BookingRefused(denial=taken_key(command.key))
            result.answers.append((command.reply_to, refused))
            return
        wallet = memory.wallet
        assert wallet is not None, "an account is opened before its positions"
        for part in command.parts:
            booking = settled(wallet, part)
            wallet = booking.wallet
            result.entries.extend(booking.entries)
            result.events.extend(booking.events)
        gain = memory.gain - known.gain
        if position.status is PositionStatus.CLOSED:
            held_now = memory.held.delete(position.position_id)
        else:
            now = Held.of(position)
            held_now, gain = memory.held.set(position.position_id, now), gain + now.gain
        keys = memory.keys
        if command.key is not None:
            keys = keys.set(command.key.key, position.position_id)
            result.keys.append(command.key)
        result.after = replace(memory, wallet=wallet, held=held_now, keys=keys, gain=gain)
        result.positions.append(position)
        result.events.extend(command.events)
        result.markets[position.symbol] = command.price
        result.booked.append(command)
        return
    booked = PositionBooked(position_id=position.position_id, version=position.version)
    result.answers.append((command.reply_to, booked))


def _set_terms(result: Plan, command: SetCosts | SetExits, now_us: int) -> None:
    wallet = result.after.wallet
    assert wallet is not None, "an account is opened before its terms are set"
    match command:
        case SetCosts():
            booking = with_costs(wallet, command.rates, now_us)
        case SetExits():
            booking = with_exits(wallet, command.exits, now_us)
    if (booking.wallet.rates, booking.wallet.exits) == (wallet.rates, wallet.exits):
        result.answers.append((command.reply_to, TermsSet(wallet=wallet)))
        return
    _booked(result, booking)
    result.answers.append((command.reply_to, TermsSet(wallet=booking.wallet)))


def _transfer(result: Plan, command: TransferFunds, now_us: int) -> None:
    memory = result.after
    known = memory.transfers.get(command.reference)
    if known is not None:
        result.answers.append((command.reply_to, _repeated_transfer(command, known)))
        return
    assert memory.wallet is not None, "an account is opened before its transfers"
    booking = transferred(
        memory.wallet, command.amount, reference=command.reference, time_us=now_us
    )
    if not isinstance(booking, Denial):
        booking = deposit_denial(memory.wallet, command.amount, memory.gain) or booking
    if isinstance(booking, Denial):
        result.answers.append((command.reply_to, Denied(denial=booking)))
        return
    _booked(result, booking, transfers=memory.transfers.set(command.reference, command.amount))
    done = TransferDone(reference=command.reference, amount=command.amount)
    result.answers.append((command.reply_to, done))


def _repeated_transfer(command: TransferFunds, known: Decimal) -> TransferDone | Denied:
    if known == command.amount:
        return TransferDone(reference=command.reference, amount=known, repeated=True)
    return Denied(
        denial=Denial(
            reason=DenialReason.KEY_CONFLICT,
            text=f"transfer {command.reference} of {command.amount} refused: this reference was "
            f"used for {plain(known)}",
        )
    )
