"""What happened, as lines for people: the specification's log, said after each commit."""

from decimal import Decimal
from typing import assert_never

import structlog

from actors.base import PooledActor
from actors.messages import Announced
from persistence.changes import Change
from trading.events import (
    AccountOpened,
    Event,
    FundsTransferred,
    HealthMismatchFound,
    HealthRestored,
    PositionClosed,
    PositionOpened,
    PositionReduced,
    PriceQuarantined,
    QuarantineEnded,
    RungHit,
    ShortfallCovered,
)
from trading.model import EntryType, LedgerEntry, Side
from trading.money import HUNDRED, ZERO, plain, trimmed

log = structlog.get_logger("backstay")


class JournalActor(PooledActor):
    """Writes a log line for every event and every ledger entry that was committed."""

    def on_receive(self, message: Announced) -> None:
        """Write what one transaction has made durable."""
        for change in message.changes:
            for event in change.events:
                self._write(event)
            for entry in change.entries:
                self._write_entry(entry)
            self._write_outcomes(change)

    def _write(self, event: Event) -> None:
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
                )
            case RungHit():
                self._write_rung(event)
            case PositionReduced() | PositionClosed():
                log.info(pnl_line(event), account=event.account, position=event.position_id)
            case ShortfallCovered():
                log.error(
                    f"Balance would be negative, shortfall of ${_money(event.amount)} covered",
                    account=event.account,
                    position=event.position_id,
                )
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
            case AccountOpened():
                log.info(
                    f"✓ Account {event.account} opened: "
                    f"{plain(event.initial_balance)} {event.currency}",
                    account=event.account,
                )
            case FundsTransferred():
                log.info(f"✓ Transfer {event.reference} booked", account=event.account)
            case HealthMismatchFound():
                log.error(
                    f"⚠ Opens of account {event.account} are refused until its books balance",
                    account=event.account,
                    failed=", ".join(event.failed_checks),
                )
            case HealthRestored():
                log.info(f"✓ Books of account {event.account} balance again", account=event.account)
            case _:
                assert_never(event)

    def _write_rung(self, event: RungHit) -> None:
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

    def _write_entry(self, entry: LedgerEntry) -> None:
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

    def _write_outcomes(self, change: Change) -> None:
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
