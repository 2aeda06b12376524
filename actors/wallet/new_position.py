"""The position that an open comes to at the price that its market has quoted."""

from dataclasses import dataclass
from decimal import Decimal

from actors.market.messages import PriceQuoted
from actors.wallet.canonical import canonical_request
from actors.wallet.memory import Memory
from actors.wallet.messages import OpenPosition
from trading.events import Event
from trading.model import CostRates, Denial, DenialReason, Position, Wallet
from trading.money import ZERO
from trading.opens import Load, opened_in
from trading.wallet import Booking


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
    load = Load(
        positions=len(memory.held),
        symbol_notional=_symbol_notional(memory, wallet, request.symbol),
        gain=memory.gain,
    )
    return opened_in(
        wallet,
        load,
        position_id=quote.position_id,
        symbol=request.symbol,
        side=request.side,
        exits=request.exits,
        notional=request.notional,
        quantity=request.quantity,
        price=quote.price,
        time_us=quote.time_us,
        rates=rates,
        idempotency_key=request.idempotency_key,
        request=canonical_request(request) if request.idempotency_key else None,
    )


def _symbol_notional(memory: Memory, wallet: Wallet, symbol: str) -> Decimal:
    if wallet.limits.symbol_notional_max is None:
        return ZERO
    return sum((held.hold for held in memory.held.values() if held.symbol == symbol), ZERO)
