"""The position that an open comes to at the price that its market has quoted."""

from dataclasses import dataclass
from decimal import Decimal

from actors.market.messages import PriceQuoted
from actors.wallet.canonical import canonical_request
from actors.wallet.memory import Memory
from actors.wallet.messages import (
    OpenPosition,
)
from trading.events import Event
from trading.exits.ladder import DEFAULT_LADDER
from trading.headroom import headroom_denial
from trading.model import (
    CostRates,
    Denial,
    DenialReason,
    Position,
    Wallet,
)
from trading.money import ZERO, is_quantity, plain
from trading.positions.opening import opened, quantity_for
from trading.wallet import (
    Booking,
    held,
    limit_denial,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedOpen:
    """An open with the price that its market has quoted."""

    request: OpenPosition
    quote: PriceQuoted


def new_position(
    memory: Memory,
    command: QuotedOpen,
    monotonic_us: int,
    rates: CostRates,
    opens_denied: Denial | None,
) -> tuple[Position, tuple[Event, ...], Booking] | Denial:
    """The position that an open comes to, with its events and booking, or why it is denied.

    `opens_denied` says why no position may be opened at present, if so.
    """
    request, quote, wallet = command.request, command.quote, memory.wallet
    assert wallet is not None, "an account is opened before its positions"
    if opens_denied is not None:
        return opens_denied
    if request.deadline_us is not None and monotonic_us > request.deadline_us:
        return Denial(
            reason=DenialReason.DEADLINE_PASSED,
            text=f"open of {request.symbol} in account {request.account} refused: it waited past "
            "its deadline, and is not made",
        )
    quantity = _quantity(request, quote.price)
    if not is_quantity(quantity):
        return Denial(
            reason=DenialReason.AMOUNT_INVALID,
            text=f"open of {request.symbol} in account {request.account} refused: it comes to a "
            f"quantity of {plain(quantity)} at {plain(quote.price)}",
        )
    try:
        advance = opened(
            position_id=quote.position_id,
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            quantity=quantity,
            entry_price=quote.price,
            entry_time_us=quote.time_us,
            ladder=request.exits.over(wallet.exits.over(DEFAULT_LADDER)),
            rates=wallet.rates or rates,
            idempotency_key=request.idempotency_key,
            request=canonical_request(request) if request.idempotency_key else None,
        )
    except ValueError as error:
        return Denial(reason=DenialReason.LADDER_INVALID, text=str(error))
    position = advance.position
    denial = limit_denial(
        wallet,
        position,
        open_positions=len(memory.held),
        symbol_notional=_symbol_notional(memory, wallet, position.symbol),
    )
    if denial is not None:
        return denial
    booking = held(wallet, position)
    if isinstance(booking, Denial):
        return booking
    too_much = headroom_denial(wallet, position, memory.gain)
    return too_much or (position, advance.events, booking)


def _quantity(request: OpenPosition, price: Decimal) -> Decimal:
    if request.quantity is not None:
        return request.quantity
    assert request.notional is not None, "an open has a notional or a quantity"
    return quantity_for(request.notional, price)


def _symbol_notional(memory: Memory, wallet: Wallet, symbol: str) -> Decimal:
    if wallet.limits.symbol_notional_max is None:
        return ZERO
    return sum((held.hold for held in memory.held.values() if held.symbol == symbol), ZERO)
