"""What happened, as sentences for people."""

import json
from decimal import Decimal
from typing import Any

from persistence.state import StoredEvent
from trading.closing import rung_name
from trading.model import Position, Side
from trading.money import ZERO, plain, trimmed
from trading.times import iso_time
from web.schemas import HistoryItem, PnlBody
from web.views import amount_text


def history_item(event: StoredEvent) -> HistoryItem:
    """An event as it was stored, with its sentence."""
    return HistoryItem(
        id=event.id,
        time=iso_time(event.time_us),
        done_at=iso_time(event.done_us),
        kind=event.kind,
        text=text_of(event),
        data=json.loads(event.data),
    )


def text_of(event: StoredEvent) -> str:
    """An event's sentence; its kind in words, where another version has stored other fields."""
    try:
        return sentence(event.kind, json.loads(event.data))
    except (KeyError, TypeError):
        return event.kind.replace("_", " ").capitalize()


def pnl_body(position: Position) -> PnlBody:
    """The PnL breakdown of a position's closed parts."""
    costs = position.costs
    return PnlBody(
        gross=amount_text(position.gross_pnl),
        entry_fee=amount_text(costs.entry_fee),
        exit_fee=amount_text(costs.exit_fee),
        spread=amount_text(costs.spread),
        slippage=amount_text(costs.slippage),
        net=amount_text(position.net_pnl),
    )


def sentence(kind: str, data: dict[str, Any]) -> str:
    """What an event says to people, by its kind and its stored fields."""
    return (
        _of_position(kind, data)
        or _of_market(kind, data)
        or _of_account(kind, data)
        or kind.replace("_", " ").capitalize()
    )


def _of_position(kind: str, data: dict[str, Any]) -> str | None:
    match kind:
        case "position_opened":
            levels = ", ".join(data["take_profit_prices"]) or "none"
            by = f" by {data['opened_by']}" if data.get("opened_by") else ""
            return (
                f"{data['side']} of {data['quantity']} {data['symbol']} opened at "
                f"{data['entry_price']}{by}, {_short(data['hold'])} held, "
                f"stop-loss {data['stop_price']}, take-profits {levels}"
            )
        case "open_denied":
            whose = f" for {data['asked_by']}" if data.get("asked_by") else ""
            return f"{data['side']} of {data['symbol']} not opened{whose}: {data['text']}"
        case "rung_hit":
            return _rung(data)
        case "stop_moved":
            return (
                f"Stop-loss tightened by hand {data['stop_before']} -> {data['stop_after']} "
                f"at mark price {data['mark_price']}"
            )
        case "position_reduced":
            return (
                f"{_rung_name(data)} closed {data['quantity']} at {data['exit_price']}: "
                f"{_short(data['released'])} released, {_earned(data)}"
            )
        case "position_closed":
            return (
                f"Closed at {data['exit_price']}, {data['reason_text']}: "
                f"{_short(data['released'])} released, {_earned(data)}, "
                f"in all {_short(data['net_pnl_total'])}"
            )
        case "shortfall_covered":
            covered = _short(data["amount"])
            return f"The loss went beyond the wallet: a shortfall of {covered} was covered"
    return None


def _of_market(kind: str, data: dict[str, Any]) -> str | None:
    match kind:
        case "price_quarantined":
            return (
                f"Price {data['price']} of {data['symbol']} quarantined: too far from the last "
                f"accepted {data['last_price']}"
            )
        case "quarantine_ended":
            return (
                f"Quarantine of {data['symbol']} ended: candidate {data['candidate']} "
                f"{data['outcome']} at {data['price']}"
            )
        case "market_paused":
            return f"{data['symbol']} paused, no price is judged: {data['why']}"
        case "market_resumed":
            seconds = Decimal(data["paused_us"]) / 1_000_000
            return f"{data['symbol']} resumed after {seconds:.1f} s"
        case "part_set_aside":
            return f"{data['part']} is set aside until the next start: {data['why']}"
        case "market_stale":
            return f"{data['symbol']} has no price to act on: {data['why']}"
        case "price_rejected":
            return f"Price {data['price']} of {data['symbol']} rejected: {data['why']}"
        case "price_times_rebased":
            seconds = Decimal(data["ahead_us"]) / 1_000_000
            return (
                f"A clock was wrong: the last price of {data['symbol']} was stamped "
                f"{seconds:.1f} s ahead of our clock; its times begin anew"
            )
    return None


def _of_account(kind: str, data: dict[str, Any]) -> str | None:
    match kind:
        case "account_opened":
            balance = _short(data["initial_balance"])
            return f"Account {data['account']} opened with {balance} {data['currency']}"
        case "funds_transferred":
            return f"{_short(data['amount'])} transferred, reference {data['reference']}"
        case "trading_paused":
            return f"Opens of {_scope(data)} are refused: {data['reason']}"
        case "trading_resumed":
            return f"Opens of {_scope(data)} are allowed again: {data['reason']}"
        case "signal_received":
            return f"Signal {data['signal_id']} received: {data['action']} {data['symbol']}"
        case "signal_finished":
            return f"Signal {data['signal_id']} {data['status'].lower()}: {data['outcome']}"
        case "health_mismatch_found":
            return (
                f"Books of {_scope(data)} do not balance, its opens are refused: "
                f"{', '.join(data['failed_checks'])} failed, expected {data['expected']}, "
                f"actual {data['actual']}"
            )
        case "health_restored":
            return f"Books of {_scope(data)} balance again, its opens are allowed"
        case "wallet_repaired":
            figures = ", ".join(
                f"{name.replace('_', ' ')} {_short(data[f'{name}_before'])} -> "
                f"{_short(data[f'{name}_after'])}"
                for name in ("initial_balance", "total", "locked", "entries")
                if data[f"{name}_before"] != data[f"{name}_after"]
            )
            return f"Wallet of {_scope(data)} restored from its ledger, {figures}: {data['reason']}"
    return None


def _scope(data: dict[str, Any]) -> str:
    return data["account"] or "all accounts"


def _rung(data: dict[str, Any]) -> str:
    hit = f"{_rung_name(data)} hit at {data['price']}"
    if data["closes_position"]:
        return f"{hit}, closing all that is left"
    if data["stop_before"] == data["stop_after"]:
        return f"{hit}, stop-loss stays at {data['stop_after']}"
    return f"{hit}, stop-loss {data['stop_before']} -> {data['stop_after']}"


def _rung_name(data: dict[str, Any]) -> str:
    return rung_name(Side(data["side"]), data["rung"], Decimal(data["distance_pct"]))


def _earned(data: dict[str, Any]) -> str:
    costs = sum((Decimal(cost) for cost in data["costs"].values()), ZERO)
    gross = Decimal(data["gross_pnl"])
    return f"gross {_short(gross)}, costs {_short(costs)}, net {_short(gross - costs)}"


def _short(amount: Decimal | str) -> str:
    return plain(trimmed(Decimal(amount)))
