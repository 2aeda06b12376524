"""An open against its account: the position, its booking, or the reason why it is denied."""

from dataclasses import dataclass
from decimal import Decimal

from trading.events import Event
from trading.exits.exits import Exits
from trading.exits.ladder import DEFAULT_LADDER
from trading.headroom import headroom_denial
from trading.model import CostRates, Denial, DenialReason, Position, Side, Wallet
from trading.money import is_quantity, plain
from trading.positions.opening import opened, quantity_for
from trading.wallet import Booking, held, limit_denial


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """An account's other open positions: their number, notional in the symbol, possible gain.

    `symbol_notional` and `gain` are money; `gain` is what all of its positions could gain.
    """

    positions: int
    symbol_notional: Decimal
    gain: Decimal


def opened_in(
    wallet: Wallet,
    load: Load,
    *,
    position_id: int,
    symbol: str,
    side: Side,
    exits: Exits,
    notional: Decimal | None,
    quantity: Decimal | None,
    price: Decimal,
    time_us: int,
    rates: CostRates,
    idempotency_key: str | None = None,
    request: str | None = None,
) -> tuple[Position, tuple[Event, ...], Booking] | Denial:
    """The position of an open by `notional` (money) or `quantity` at a price.

    The account gives the values that `exits` leaves out, or else the service; so for `rates`.
    """
    if quantity is None:
        assert notional is not None, "an open has a notional or a quantity"
        quantity = quantity_for(notional, price)
    if not is_quantity(quantity):
        return Denial(
            reason=DenialReason.AMOUNT_INVALID,
            text=f"open of {symbol} in account {wallet.account} refused: it comes to a "
            f"quantity of {plain(quantity)} at {plain(price)}",
        )
    try:
        advance = opened(
            position_id=position_id,
            account=wallet.account,
            symbol=symbol,
            side=side,
            quantity=quantity,
            entry_price=price,
            entry_time_us=time_us,
            ladder=exits.over(wallet.exits.over(DEFAULT_LADDER)),
            rates=wallet.rates or rates,
            idempotency_key=idempotency_key,
            request=request,
        )
    except ValueError as error:
        return Denial(reason=DenialReason.LADDER_INVALID, text=str(error))
    position = advance.position
    denial = limit_denial(
        wallet,
        position,
        open_positions=load.positions,
        symbol_notional=load.symbol_notional,
    )
    if denial is not None:
        return denial
    booking = held(wallet, position)
    if isinstance(booking, Denial):
        return booking
    return headroom_denial(wallet, position, load.gain) or (position, advance.events, booking)
