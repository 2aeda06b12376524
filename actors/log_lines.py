"""Events as log lines for people: the specification's log, written after each commit."""

import logging
from decimal import Decimal

import structlog

from actors.commit.messages import Announced
from persistence.changes import Change
from trading.events import Event
from trading.events.accounts import ShortfallCovered
from trading.events.positions import PositionClosed, PositionOpened, PositionReduced, RungHit
from trading.events.words import Gravity, words_of
from trading.model import EntryType, LedgerEntry, Side
from trading.money import HUNDRED, ZERO, plain, trimmed

log = structlog.get_logger("backstay")

_LEVELS = {
    Gravity.INFO: logging.INFO,
    Gravity.GAIN: logging.INFO,
    Gravity.LOSS: logging.INFO,
    Gravity.WARNING: logging.WARNING,
    Gravity.FAILURE: logging.ERROR,
}
_CONCERNS = {
    "account": "account",
    "position": "position_id",
    "symbol": "symbol",
    "signal": "signal_id",
    "reason": "reason",
}
"""What a line names of an event beside its sentence, and the field that it is in."""


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
        case PositionReduced() | PositionClosed():
            log.info(pnl_line(event), account=event.account, position=event.position_id)
        case ShortfallCovered():
            log.error(
                f"Balance would be negative, shortfall of ${_money(event.amount)} covered",
                account=event.account,
                position=event.position_id,
            )
        case _:
            _write_words(event)


def _write_words(event: Event) -> None:
    """Write what the specification does not word: the event's own sentence and whom it concerns."""
    words = words_of(event)
    concerns = {
        called: getattr(event, field)
        for called, field in _CONCERNS.items()
        if getattr(event, field, None) is not None
    }
    log.log(_LEVELS[words.gravity], words.sentence, **concerns)


def _write_rung(event: RungHit) -> None:
    distance = plain(trimmed(event.rung_price))
    if event.distance_pct is not None:
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
