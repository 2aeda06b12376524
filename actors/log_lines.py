"""What happened, as lines for people: the specification's log, said after each commit."""

from decimal import Decimal
from typing import assert_never

import structlog

from actors.messages import Announced
from persistence.changes import Change
from trading.events import Event
from trading.events.accounts import (
    AccountOpened,
    FundsTransferred,
    HealthMismatchFound,
    HealthRestored,
    ShortfallCovered,
    TradingPaused,
    TradingResumed,
    WalletRepaired,
)
from trading.events.markets import (
    MarketPaused,
    MarketResumed,
    MarketStale,
    PriceQuarantined,
    PriceRejected,
    PriceTimesRebased,
    QuarantineEnded,
)
from trading.events.positions import (
    OpenDenied,
    PositionClosed,
    PositionOpened,
    PositionReduced,
    RungHit,
    StopMoved,
)
from trading.events.services import PartSetAside
from trading.events.signals import SignalFinished, SignalReceived
from trading.model import EntryType, LedgerEntry, Side
from trading.money import HUNDRED, ZERO, plain, trimmed
from trading.signals import SignalStatus

log = structlog.get_logger("backstay")


def write_journal(message: Announced) -> None:
    """Write a log line for every event and ledger entry of one commit; a listener."""
    for change in message.changes:
        for event in change.events:
            _write(event)
        for entry in change.entries:
            _write_entry(entry)
        _write_outcomes(change)


def _write(event: Event) -> None:
    match event:
        case PositionOpened():
            log.info(
                f"✓ Position opened successfully: ID {event.position_id}",
                account=event.account,
                position=event.position_id,
                symbol=event.symbol,
                side=str(event.side),
                quantity=plain(event.quantity),
                entry_price=plain(event.entry_price),
                **({} if event.opened_by is None else {"opened_by": event.opened_by}),
            )
        case RungHit():
            _write_rung(event)
        case StopMoved():
            log.info(
                f"Stop-loss of position {event.position_id} tightened by hand: "
                f"{plain(event.stop_before)} → {plain(event.stop_after)}",
                account=event.account,
                position=event.position_id,
                mark_price=plain(event.mark_price),
            )
        case PositionReduced() | PositionClosed():
            log.info(pnl_line(event), account=event.account, position=event.position_id)
        case ShortfallCovered():
            log.error(
                f"Balance would be negative, shortfall of ${_money(event.amount)} covered",
                account=event.account,
                position=event.position_id,
            )
        case PriceQuarantined() | QuarantineEnded() | PriceRejected() | PriceTimesRebased():
            _write_guarded(event)
        case MarketPaused() | MarketResumed() | MarketStale():
            _write_market(event)
        case TradingPaused() | TradingResumed() | SignalReceived() | SignalFinished():
            _write_outside(event)
        case OpenDenied():
            log.warning(
                f"{event.side} of {event.symbol} not opened: {event.text}",
                account=event.account,
                reason=event.reason,
            )
        case AccountOpened():
            log.info(
                f"✓ Account {event.account} opened: "
                f"{plain(event.initial_balance)} {event.currency}",
                account=event.account,
            )
        case FundsTransferred():
            log.info(f"✓ Transfer {event.reference} booked", account=event.account)
        case HealthMismatchFound() | HealthRestored() | WalletRepaired():
            _write_books(event)
        case PartSetAside():
            log.error(
                f"⚠ {event.part} is set aside until the next start: {event.why}",
                account=event.account,
                symbol=event.symbol,
            )
        case _:
            assert_never(event)


def _write_books(event: HealthMismatchFound | HealthRestored | WalletRepaired) -> None:
    """What became of doubts about an account's books."""
    match event:
        case HealthMismatchFound():
            log.error(
                f"⚠ Opens of account {event.account} are refused until its books balance",
                account=event.account,
                failed=", ".join(event.failed_checks),
            )
        case HealthRestored():
            log.info(f"✓ Books of account {event.account} balance again", account=event.account)
        case WalletRepaired():
            log.warning(
                f"Wallet of account {event.account} repaired from its ledger: {event.reason}",
                account=event.account,
                total=f"{plain(event.total_before)} → {plain(event.total_after)}",
                locked=f"{plain(event.locked_before)} → {plain(event.locked_after)}",
                entries=f"{event.entries_before} → {event.entries_after}",
            )
        case _:
            assert_never(event)


def _write_guarded(
    event: PriceQuarantined | QuarantineEnded | PriceRejected | PriceTimesRebased,
) -> None:
    """What the price guard has done."""
    match event:
        case PriceQuarantined():
            log.warning(
                f"Price {plain(event.price)} of {event.symbol} quarantined: "
                f"the last accepted is {plain(event.last_price)}",
                symbol=event.symbol,
            )
        case QuarantineEnded():
            log.warning(
                f"Quarantine of {event.symbol} ended: {plain(event.candidate)} {event.outcome}",
                symbol=event.symbol,
                price=plain(event.price),
            )
        case PriceRejected():
            log.warning(
                f"Price {event.price} of {event.symbol} rejected: {event.why}",
                symbol=event.symbol,
            )
        case PriceTimesRebased():
            seconds = event.ahead_us / 1_000_000
            log.warning(
                f"A clock was wrong: the last price of {event.symbol} was stamped {seconds:.1f} s "
                "ahead of our clock; its times begin anew",
                symbol=event.symbol,
            )
        case _:
            assert_never(event)


def _write_market(event: MarketPaused | MarketResumed | MarketStale) -> None:
    """What a venue that is away, or silent, does to a market."""
    match event:
        case MarketPaused():
            log.warning(f"{event.symbol} paused: {event.why}", symbol=event.symbol)
        case MarketResumed():
            seconds = event.paused_us / 1_000_000
            log.warning(f"{event.symbol} resumed after {seconds:.1f} s", symbol=event.symbol)
        case MarketStale():
            log.warning(f"{event.symbol} is stale: {event.why}", symbol=event.symbol)
        case _:
            assert_never(event)


def _write_outside(event: TradingPaused | TradingResumed | SignalReceived | SignalFinished) -> None:
    """What an operator or a signal has asked for."""
    match event:
        case TradingPaused():
            log.warning(
                f"Trading of {_scope(event.account)} paused: {event.reason}",
                account=event.account,
            )
        case TradingResumed():
            log.warning(
                f"Trading of {_scope(event.account)} resumed: {event.reason}",
                account=event.account,
            )
        case SignalReceived():
            log.info(
                f"Signal {event.signal_id} received: {event.action} {event.symbol}",
                account=event.account,
                signal=event.signal_id,
            )
        case SignalFinished():
            say = log.info if event.status == SignalStatus.DONE else log.warning
            say(
                f"Signal {event.signal_id} {event.status}: {event.outcome}",
                account=event.account,
                signal=event.signal_id,
            )
        case _:
            assert_never(event)


def _write_rung(event: RungHit) -> None:
    sign = "+" if event.side is Side.LONG else "-"
    distance = f"{sign}{plain(trimmed(event.distance_pct))}%"
    what = (
        "Closing position immediately."
        if event.closes_position
        else f"Stop-loss: {plain(event.stop_before)} → {plain(event.stop_after)}"
    )
    log.info(
        f"TP{event.rung} hit for position {event.position_id} at {distance}. {what}",
        account=event.account,
        position=event.position_id,
        price=plain(event.price),
    )


def _write_entry(entry: LedgerEntry) -> None:
    moved = f"Available: ${_money(entry.balance_before)} → ${_money(entry.balance_after)}"
    match entry.entry_type:
        case EntryType.POSITION_OPEN:
            what = f"Locked ${_money(entry.locked_change)}"
        case EntryType.POSITION_REDUCE | EntryType.POSITION_CLOSE:
            what = f"Freed ${_money(-entry.locked_change)}, PnL=${_money(entry.total_change)}"
        case _:
            what = f"{entry.description}, ${_money(entry.total_change)}"
    who: dict[str, str | int] = {"account": entry.account}
    if entry.position_id is not None:
        who["position"] = entry.position_id
    log.info(f"Wallet updated: {what}, {moved}", **who)


def _write_outcomes(change: Change) -> None:
    for event in change.events:
        if isinstance(event, PositionClosed):
            percent = _percent(event.net_pnl_total, event.notional)
            log.info(
                f"✓ Position {event.position_id} closed: {event.reason_text}, "
                f"Net PnL: ${event.net_pnl_total:.4f} ({percent})",
                account=event.account,
                position=event.position_id,
                reason=str(event.reason),
            )


def pnl_line(event: PositionReduced | PositionClosed) -> str:
    """The PnL breakdown of a closed part, as the specification writes it."""
    costs = event.costs
    basis = event.entry_price * event.quantity
    return (
        f"PnL Calculation: Gross PnL=${_money(event.gross_pnl)} "
        f"({_percent(event.gross_pnl, basis)}), Entry Fee=${_exact(costs.entry_fee)}, "
        f"Exit Fee=${_exact(costs.exit_fee)}, Spread=${_exact(costs.spread)}, "
        f"Slippage=${_exact(costs.slippage)}, Total Costs=${costs.total:.3f}, "
        f"Net PnL=${event.net_pnl:.3f} ({_percent(event.net_pnl, basis)})"
    )


def _scope(account: str | None) -> str:
    return "all accounts" if account is None else f"account {account}"


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _exact(amount: Decimal) -> str:
    return plain(trimmed(amount))


def _percent(part: Decimal, whole: Decimal) -> str:
    """A share of a notional with its sign and at most two decimals: `+9.29%`, `+10%`."""
    if whole == ZERO:
        return "+0%"
    share = trimmed((part * HUNDRED / whole).quantize(Decimal("0.01")))
    return f"{'' if share < ZERO else '+'}{plain(share)}%"
