"""Commands for a wallet's plan, and what the plan comes to."""

from decimal import Decimal
from typing import Any

from actors.market.messages import PriceQuoted
from actors.messages import Reply
from actors.position.messages import PositionBooked
from actors.wallet.memory import Memory
from actors.wallet.messages import (
    BookPosition,
    OpenAccount,
    OpenPosition,
    TransferFunds,
)
from actors.wallet.plan import Plan, PlannedCommand, QuotedOpen, plan
from tests.unit.accounts import DEFAULT_LADDER, TIME_US, Number
from trading.books import HealthStatus, LedgerFold, check_books
from trading.costs import DEFAULT_RATES
from trading.ladder import Advance, closed
from trading.model import (
    CloseReason,
    Denial,
    EntryType,
    Limits,
    MarketPrice,
    Position,
    Side,
    Wallet,
)

ACCOUNT = "demo"
SYMBOL = "BTCUSDT"
ID = 401
MONOTONIC_US = 5_000_000
COMMITTED_US = TIME_US + 1
UNLIMITED = Limits()


def planned(memory: Memory, *commands: PlannedCommand, opens_denied: Denial | None = None) -> Plan:
    return plan(
        memory,
        commands,
        now_us=TIME_US,
        monotonic_us=MONOTONIC_US,
        rates=DEFAULT_RATES,
        opens_denied=opens_denied,
    )


def an_account(balance: Number = 1000, limits: Limits = UNLIMITED) -> OpenAccount:
    return OpenAccount(
        account=ACCOUNT, initial_balance=Decimal(balance), limits=limits, reply_to=Reply()
    )


def opened_account(balance: Number = 1000, limits: Limits = UNLIMITED) -> Memory:
    """What a wallet remembers of an account that was just opened."""
    return planned(Memory(), an_account(balance, limits)).after


def an_open(
    position_id: int = ID,
    *,
    notional: Number | None = 25,
    price: Number = 100,
    side: Side = Side.LONG,
    **request: Any,
) -> QuotedOpen:
    """An open whose market has quoted a price, the second one that it accepted."""
    asked = OpenPosition(
        account=ACCOUNT,
        symbol=SYMBOL,
        side=side,
        ladder=request.pop("ladder", DEFAULT_LADDER),
        notional=None if notional is None else Decimal(notional),
        reply_to=Reply(),
        **request,
    )
    quote = PriceQuoted(
        position_id=position_id, symbol=SYMBOL, price=Decimal(price), time_us=TIME_US, number=2
    )
    return QuotedOpen(request=asked, quote=quote)


def opened_position(memory: Memory, **asked: Any) -> tuple[Memory, Position]:
    """What a wallet remembers once a position is open."""
    result = planned(memory, an_open(**asked))
    (position,) = result.positions
    return result.after, position


def a_booking(advance: Advance, price: Number = 100) -> BookPosition:
    """What a position hands to its wallet after an advance."""
    return BookPosition(
        position=advance.position,
        events=advance.events,
        price=MarketPrice(symbol=SYMBOL, price=Decimal(price), time_us=TIME_US),
        reply_to=Reply(),
        accepted_us=7,
    )


def closed_at(position: Position, price: Number) -> BookPosition:
    advance = closed(position, Decimal(price), TIME_US, reason=CloseReason.MANUAL, note=None)
    return a_booking(advance, price)


def a_transfer(amount: Number, reference: str = "t1") -> TransferFunds:
    return TransferFunds(
        account=ACCOUNT, amount=Decimal(amount), reference=reference, reply_to=Reply()
    )


def kinds(result: Plan) -> list[EntryType]:
    return [entry.entry_type for entry in result.entries]


def wallet_of(memory: Memory) -> Wallet:
    assert memory.wallet is not None
    return memory.wallet


def balances(result: Plan) -> tuple[Number, Number, Number]:
    """Total, locked and available."""
    wallet = wallet_of(result.after)
    return wallet.total, wallet.locked, wallet.available


def booked_answer(result: Plan, booking: BookPosition) -> PositionBooked:
    """What a booking is answered with once the change is durable."""
    (answer,) = [said for to, said in result.answers_at(COMMITTED_US) if to is booking.reply_to]
    assert isinstance(answer, PositionBooked)
    return answer


def only_answer(result: Plan) -> Any:
    ((_, answer),) = result.answers_at(COMMITTED_US)
    return answer


def expect_balanced(*plans: Plan) -> None:
    """The entries of plans that follow one another lead to the last wallet, exactly."""
    ledger = LedgerFold()
    ledger.add_all([entry for each in plans for entry in each.entries])
    holds = {position_id: held.hold for position_id, held in plans[-1].after.held.items()}
    report = check_books(wallet_of(plans[-1].after), ledger, holds, memory=None)
    assert report.status is HealthStatus.HEALTHY, report.failures
