"""The words for each event: a sentence, a title, and its gravity.

This is the one place where events are worded. The log, the API, the page, notifications and the
documentation's tables read it here; only the log lines that the specification prescribes are worded
in `actors.log_lines`.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import assert_never

from trading.closing import rung_name
from trading.events import (
    AccountEvent,
    Event,
    MarketEvent,
    PositionEvent,
    ServiceEvent,
    SignalEvent,
)
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
    MarketRetired,
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
from trading.events.unknown import UnknownEvent
from trading.money import ZERO, plain, trimmed
from trading.signals import SignalStatus
from trading.times import SECOND_US


class Gravity(IntEnum):
    """How serious an event is; a message about several events takes the most serious."""

    INFO = 0
    GAIN = 1
    LOSS = 2
    WARNING = 3
    FAILURE = 4


@dataclass(frozen=True, slots=True)
class Words:
    """One event in words: its gravity, a title without a full stop, and a sentence."""

    gravity: Gravity
    title: str
    sentence: str


def words_of(event: Event | UnknownEvent) -> Words:
    """What an event says to people; an unknown one says its kind."""
    if isinstance(event, PositionEvent):
        return _of_position(event)
    if isinstance(event, MarketEvent):
        return _of_market(event)
    if isinstance(event, AccountEvent):
        return _of_account(event)
    if isinstance(event, SignalEvent):
        return _of_signal(event)
    if isinstance(event, ServiceEvent):
        return _of_service(event)
    kind = event.kind.replace("_", " ")
    return Words(Gravity.INFO, kind, kind.capitalize())


def _of_position(event: PositionEvent) -> Words:
    match event:
        case PositionOpened():
            levels = ", ".join(map(plain, event.take_profit_prices)) or "none"
            by = f" by {event.opened_by}" if event.opened_by else ""
            return Words(
                Gravity.INFO,
                f"position {event.position_id} of {event.account} opened",
                f"{event.side} of {plain(event.quantity)} {event.symbol} opened at "
                f"{plain(event.entry_price)}{by}, {_amount(event.hold)} held, "
                f"stop-loss {plain(event.stop_price)}, take-profits {levels}",
            )
        case OpenDenied():
            whose = f" for {event.asked_by}" if event.asked_by else ""
            return Words(
                Gravity.WARNING,
                f"{event.side} of {event.symbol} denied in {event.account}",
                f"{event.side} of {event.symbol} not opened{whose}: {event.text}",
            )
        case RungHit():
            return Words(
                Gravity.GAIN,
                f"position {event.position_id} of {event.account} hit TP{event.rung}",
                _rung(event),
            )
        case StopMoved():
            return Words(
                Gravity.INFO,
                f"stop-loss of position {event.position_id} of {event.account} tightened",
                f"Stop-loss tightened by hand {plain(event.stop_before)} -> "
                f"{plain(event.stop_after)} at mark price {plain(event.mark_price)}",
            )
        case PositionReduced():
            name = rung_name(event.side, event.rung, event.distance_pct)
            return Words(
                Gravity.GAIN,
                f"position {event.position_id} of {event.account} reduced",
                f"{name} closed {plain(event.quantity)} at {plain(event.exit_price)}: "
                f"{_amount(event.released)} released, {_earned(event)}",
            )
        case PositionClosed():
            return Words(
                Gravity.GAIN if event.net_pnl_total > ZERO else Gravity.LOSS,
                f"position {event.position_id} of {event.account} closed",
                f"Closed at {plain(event.exit_price)}, {event.reason_text}: "
                f"{_amount(event.released)} released, {_earned(event)}, "
                f"in all {_amount(event.net_pnl_total)}",
            )
        case _:
            assert_never(event)


def _of_market(event: MarketEvent) -> Words:
    match event:
        case PriceQuarantined():
            return Words(
                Gravity.WARNING,
                f"price of {event.symbol} quarantined",
                f"Price {plain(event.price)} of {event.symbol} quarantined: too far from the last "
                f"accepted {plain(event.last_price)}",
            )
        case QuarantineEnded():
            return Words(
                Gravity.INFO,
                f"quarantine of {event.symbol} ended",
                f"Quarantine of {event.symbol} ended: candidate {plain(event.candidate)} "
                f"{event.outcome} at {plain(event.price)}",
            )
        case PriceRejected():
            return Words(
                Gravity.WARNING,
                f"price of {event.symbol} rejected",
                f"Price {event.price} of {event.symbol} rejected: {event.why}",
            )
        case PriceTimesRebased():
            seconds = Decimal(event.ahead_us) / SECOND_US
            return Words(
                Gravity.WARNING,
                f"prices of {event.symbol}: a clock was wrong",
                f"A clock was wrong: the last price of {event.symbol} was stamped "
                f"{seconds:.1f} s ahead of our clock; its times begin anew",
            )
        case MarketStale():
            return Words(
                Gravity.WARNING,
                f"{event.symbol} has no price",
                f"{event.symbol} has no price to act on: {event.why}",
            )
        case MarketRetired():
            return Words(
                Gravity.INFO,
                f"{event.symbol} retired",
                f"The market of {event.symbol} was retired: its next price makes it anew",
            )
        case MarketPaused():
            return Words(
                Gravity.WARNING,
                f"{event.symbol} paused",
                f"{event.symbol} paused, no price is judged: {event.why}",
            )
        case MarketResumed():
            seconds = Decimal(event.paused_us) / SECOND_US
            return Words(
                Gravity.INFO,
                f"{event.symbol} resumed",
                f"{event.symbol} resumed after {seconds:.1f} s",
            )
        case _:
            assert_never(event)


def _of_account(event: AccountEvent) -> Words:
    match event:
        case AccountOpened():
            balance = f"{_amount(event.initial_balance)} {event.currency}"
            return Words(
                Gravity.INFO,
                f"account {event.account} opened",
                f"Account {event.account} opened with {balance}",
            )
        case FundsTransferred():
            return Words(
                Gravity.INFO,
                f"transfer of {event.account} booked",
                f"{_amount(event.amount)} transferred, reference {event.reference}",
            )
        case ShortfallCovered():
            return Words(
                Gravity.FAILURE,
                f"shortfall of {event.account} covered",
                f"The loss went beyond the wallet: a shortfall of {_amount(event.amount)} "
                "was covered",
            )
        case TradingPaused():
            scope = _scope(event.account)
            return Words(
                Gravity.WARNING,
                f"opens of {scope} paused",
                f"Opens of {scope} are refused: {event.reason}",
            )
        case TradingResumed():
            scope = _scope(event.account)
            return Words(
                Gravity.INFO,
                f"opens of {scope} allowed again",
                f"Opens of {scope} are allowed again: {event.reason}",
            )
        case HealthMismatchFound() | HealthRestored() | WalletRepaired():
            return _of_books(event)
        case _:
            assert_never(event)


def _of_books(event: HealthMismatchFound | HealthRestored | WalletRepaired) -> Words:
    match event:
        case HealthMismatchFound():
            return Words(
                Gravity.FAILURE,
                f"books of {event.account} do not balance",
                f"Books of {event.account} do not balance, its opens are refused: "
                f"{', '.join(event.failed_checks)} failed, expected {plain(event.expected)}, "
                f"actual {plain(event.actual)}",
            )
        case HealthRestored():
            return Words(
                Gravity.GAIN,
                f"books of {event.account} balance again",
                f"Books of {event.account} balance again, its opens are allowed",
            )
        case WalletRepaired():
            pairs = {
                "initial balance": (event.initial_balance_before, event.initial_balance_after),
                "total": (event.total_before, event.total_after),
                "locked": (event.locked_before, event.locked_after),
                "entries": (Decimal(event.entries_before), Decimal(event.entries_after)),
            }
            figures = ", ".join(
                f"{name} {_amount(before)} -> {_amount(after)}"
                for name, (before, after) in pairs.items()
                if before != after
            )
            return Words(
                Gravity.WARNING,
                f"wallet of {event.account} repaired",
                f"Wallet of {event.account} restored from its ledger, {figures}: {event.reason}",
            )
        case _:
            assert_never(event)


def _of_service(event: ServiceEvent) -> Words:
    match event:
        case PartSetAside():
            return Words(
                Gravity.FAILURE,
                f"{event.part} is set aside",
                f"{event.part} is set aside until the next start: {event.why}",
            )
        case _:
            assert_never(event)


def _of_signal(event: SignalEvent) -> Words:
    match event:
        case SignalReceived():
            return Words(
                Gravity.INFO,
                f"signal {event.signal_id} of {event.account} received",
                f"Signal {event.signal_id} received: {event.action} {event.symbol}",
            )
        case SignalFinished():
            name = f"signal {event.signal_id}"
            return Words(
                Gravity.INFO if event.status == SignalStatus.DONE else Gravity.WARNING,
                f"{name} of {event.account} {event.status.lower()}",
                f"{name.capitalize()} {event.status.lower()}: {event.outcome}",
            )
        case _:
            assert_never(event)


def _rung(event: RungHit) -> str:
    name = rung_name(event.side, event.rung, event.distance_pct)
    hit = f"{name} hit at {plain(event.price)}"
    if event.closes_position:
        return f"{hit}, closing all that is left"
    if event.stop_before == event.stop_after:
        return f"{hit}, stop-loss stays at {plain(event.stop_after)}"
    return f"{hit}, stop-loss {plain(event.stop_before)} -> {plain(event.stop_after)}"


def _scope(account: str | None) -> str:
    return account or "all accounts"


def _earned(part: PositionReduced | PositionClosed) -> str:
    return (
        f"gross {_amount(part.gross_pnl)}, costs {_amount(part.costs.total)}, "
        f"net {_amount(part.net_pnl)}"
    )


def _amount(amount: Decimal) -> str:
    return plain(trimmed(amount))
