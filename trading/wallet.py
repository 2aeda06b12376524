"""A wallet's arithmetic: opening, hold, settlement, transfer, shortfall.

Each function takes a wallet and returns the next one with the ledger entries that lead to it, or
a `Denial`. Locking moves nothing in or out: a hold changes `locked`, a settlement releases the
hold and changes `total` by the net PnL. Available is never negative at any moment: a loss that
the wallet cannot carry is covered by a shortfall entry that precedes the close.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from trading.events import Event
from trading.events.accounts import (
    AccountOpened,
    CostsSet,
    ExitsSet,
    FundsTransferred,
    ShortfallCovered,
)
from trading.events.positions import PositionClosed, PositionReduced
from trading.exits.exits import Exits
from trading.exits.notation import exits_line
from trading.model import (
    CostRates,
    Denial,
    DenialReason,
    EntryType,
    LedgerEntry,
    Limits,
    Position,
    Wallet,
)
from trading.money import AMOUNT_MAX, ZERO, is_money, plain, trimmed
from trading.positions.closing import reduced_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A wallet after a change, the entries that were appended, and the events to announce."""

    wallet: Wallet
    entries: tuple[LedgerEntry, ...]
    events: tuple[Event, ...] = ()


def account_opened(
    *,
    account: str,
    initial_balance: Decimal,
    time_us: int,
    account_type: str = "demo",
    currency: str = "USDT",
    limits: Limits | None = None,
) -> Booking:
    """A new wallet with its opening entry, which brings the initial balance.

    Raises:
        ValueError: if the balance is not an amount of money, or negative.
    """
    if not is_money(initial_balance) or initial_balance < ZERO:
        raise ValueError(
            f"initial balance {plain(initial_balance)} is not an amount from 0 to {AMOUNT_MAX}"
        )
    empty = Wallet(
        account=account,
        account_type=account_type,
        currency=currency,
        initial_balance=initial_balance,
        limits=limits or Limits(),
        total=ZERO,
        locked=ZERO,
        version=0,
        entries=0,
    )
    wallet, entry = _booked(
        empty,
        EntryType.OPENING,
        operation="opening",
        amount=initial_balance,
        total_change=initial_balance,
        description=f"Opened account with {plain(initial_balance)} {currency}",
        time_us=time_us,
    )
    event = AccountOpened(
        account=account,
        account_type=account_type,
        currency=currency,
        initial_balance=initial_balance,
        time_us=time_us,
    )
    return Booking(wallet=replace(wallet, version=1), entries=(entry,), events=(event,))


def limit_denial(
    wallet: Wallet, position: Position, *, open_positions: int, symbol_notional: Decimal
) -> Denial | None:
    """The denial of a position that the account's limits forbid, if they do.

    `open_positions` and `symbol_notional` (money) are what the account already has open.
    """
    limits, hold, unit = wallet.limits, position.hold, wallet.currency
    asked = f"position of {_money_text(hold)} {unit} refused"
    if hold < limits.position_notional_min:
        minimum = _money_text(limits.position_notional_min)
        return Denial(
            reason=DenialReason.NOTIONAL_TOO_SMALL,
            text=f"{asked}: the smallest is {minimum} {unit} in account {wallet.account}",
        )
    if limits.open_positions_max is not None and open_positions >= limits.open_positions_max:
        return Denial(
            reason=DenialReason.LIMIT_OPEN_POSITIONS,
            text=f"{asked}: {open_positions} of at most {limits.open_positions_max} positions "
            f"are open in account {wallet.account}",
        )
    if limits.position_notional_max is not None and hold > limits.position_notional_max:
        return Denial(
            reason=DenialReason.LIMIT_POSITION_NOTIONAL,
            text=f"{asked}: at most {_money_text(limits.position_notional_max)} {unit} a position "
            f"in account {wallet.account}",
        )
    largest = limits.symbol_notional_max
    if largest is not None and symbol_notional + hold > largest:
        return Denial(
            reason=DenialReason.LIMIT_SYMBOL_NOTIONAL,
            text=f"{asked}: {_money_text(symbol_notional)} of at most {_money_text(largest)} "
            f"{unit} are open in {position.symbol} in account {wallet.account}",
        )
    return None


def held(wallet: Wallet, position: Position) -> Booking | Denial:
    """Lock a new position's hold, if the wallet has as much available."""
    hold = position.hold
    if wallet.available < hold:
        return Denial(
            reason=DenialReason.INSUFFICIENT_BALANCE,
            text=f"position of {_money_text(hold)} {wallet.currency} refused: available "
            f"{_money_text(wallet.available)} {wallet.currency} in account {wallet.account}",
        )
    after, entry = _booked(
        wallet,
        EntryType.POSITION_OPEN,
        operation=f"open:{position.position_id}",
        amount=-hold,
        locked_change=hold,
        position_id=position.position_id,
        description=f"Opened {position.side} position for {position.symbol}: "
        f"{plain(position.quantity)} @ ${position.entry_price:.6f}",
        time_us=position.entry_time_us,
    )
    return Booking(wallet=replace(after, version=wallet.version + 1), entries=(entry,))


def settled(wallet: Wallet, part: PositionReduced | PositionClosed) -> Booking:
    """Release a closed part's hold and book its net PnL; cover what the wallet cannot carry."""
    net = part.net_pnl
    missing = -(wallet.available + part.released + net)
    entries: list[LedgerEntry] = []
    events: list[Event] = []
    now = wallet
    operation = _settle_operation(part)
    if missing > ZERO:
        now, entry = _booked(
            now,
            EntryType.SHORTFALL,
            operation=f"shortfall:{operation}",
            amount=missing,
            total_change=missing,
            position_id=part.position_id,
            description=f"Covered a shortfall of ${missing:.2f} of {part.side} {part.symbol}",
            time_us=part.time_us,
        )
        entries.append(entry)
        events.append(
            ShortfallCovered(
                account=part.account,
                position_id=part.position_id,
                symbol=part.symbol,
                amount=missing,
                time_us=part.time_us,
            )
        )
    closes = isinstance(part, PositionClosed)
    now, entry = _booked(
        now,
        EntryType.POSITION_CLOSE if closes else EntryType.POSITION_REDUCE,
        operation=operation,
        amount=net,
        total_change=net,
        locked_change=-part.released,
        position_id=part.position_id,
        description=_settle_description(part),
        time_us=part.time_us,
    )
    entries.append(entry)
    return Booking(
        wallet=replace(now, version=wallet.version + 1),
        entries=tuple(entries),
        events=tuple(events),
    )


def transferred(
    wallet: Wallet, amount: Decimal, *, reference: str, time_us: int
) -> Booking | Denial:
    """Deposit an amount, or withdraw it where it is negative."""
    unit = wallet.currency
    if not is_money(amount) or amount == ZERO or wallet.total + amount > AMOUNT_MAX:
        return Denial(
            reason=DenialReason.AMOUNT_INVALID,
            text=f"transfer of {plain(amount)} {unit} refused: not 0, at most 8 decimals, and a "
            f"total of at most {AMOUNT_MAX} {unit} (now {plain(wallet.total)})",
        )
    if wallet.available + amount < ZERO:
        return Denial(
            reason=DenialReason.INSUFFICIENT_BALANCE,
            text=f"withdrawal of {_money_text(-amount)} {unit} refused: available "
            f"{_money_text(wallet.available)} {unit} in account {wallet.account}",
        )
    after, entry = _booked(
        wallet,
        EntryType.TRANSFER,
        operation=f"transfer:{reference}",
        amount=amount,
        total_change=amount,
        description=f"{'Deposit' if amount > ZERO else 'Withdrawal'}: {reference}",
        time_us=time_us,
    )
    event = FundsTransferred(
        account=wallet.account, amount=amount, reference=reference, time_us=time_us
    )
    return Booking(
        wallet=replace(after, version=wallet.version + 1), entries=(entry,), events=(event,)
    )


def with_costs(wallet: Wallet, rates: CostRates | None, time_us: int) -> Booking:
    """Set the cost rates of an account's next opens; None means the service's own."""
    event = CostsSet(
        account=wallet.account,
        fee_rate=None if rates is None else rates.fee,
        spread_rate=None if rates is None else rates.spread,
        slippage_rate=None if rates is None else rates.slippage,
        time_us=time_us,
    )
    after = replace(wallet, rates=rates, version=wallet.version + 1)
    return Booking(wallet=after, entries=(), events=(event,))


def with_exits(wallet: Wallet, exits: Exits, time_us: int) -> Booking:
    """Set the exits of an account's next opens, where these do not say their own."""
    event = ExitsSet(account=wallet.account, exits=exits_line(exits), time_us=time_us)
    after = replace(wallet, exits=exits, version=wallet.version + 1)
    return Booking(wallet=after, entries=(), events=(event,))


def _booked(
    wallet: Wallet,
    entry_type: EntryType,
    *,
    operation: str,
    amount: Decimal,
    description: str,
    time_us: int,
    total_change: Decimal = ZERO,
    locked_change: Decimal = ZERO,
    position_id: int | None = None,
) -> tuple[Wallet, LedgerEntry]:
    after = replace(
        wallet,
        total=wallet.total + total_change,
        locked=wallet.locked + locked_change,
        entries=wallet.entries + 1,
    )
    entry = LedgerEntry(
        account=wallet.account,
        number=after.entries,
        entry_type=entry_type,
        operation=operation,
        amount=amount,
        balance_before=wallet.available,
        balance_after=after.available,
        total_change=total_change,
        locked_change=locked_change,
        position_id=position_id,
        description=description,
        time_us=time_us,
    )
    return after, entry


def _settle_operation(part: PositionReduced | PositionClosed) -> str:
    match part:
        case PositionReduced():
            step = f"v{part.version}" if part.rung is None else f"{part.rung}"
            return f"reduce:{part.position_id}:{step}"
        case PositionClosed():
            return f"close:{part.position_id}"


def _settle_description(part: PositionReduced | PositionClosed) -> str:
    match part:
        case PositionReduced():
            what = f"Reduced {part.side} {part.symbol}: {reduced_by(part)}"
        case PositionClosed():
            what = f"Closed {part.side} {part.symbol}: {part.reason_text}"
    return (
        f"{what}, Net PnL=${part.net_pnl:.2f} "
        f"(Gross=${part.gross_pnl:.2f}, Costs=${part.costs.total:.2f})"
    )


def _money_text(amount: Decimal) -> str:
    """At least two decimals, more where they are needed: `25.00`, `12.405`."""
    shortest = trimmed(amount)
    exponent = shortest.as_tuple().exponent
    return f"{amount:.2f}" if isinstance(exponent, int) and exponent >= -2 else plain(shortest)
