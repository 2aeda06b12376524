"""The room that positions need to gain and lose: every figure of a close must be in bounds.

Money is bounded, so a close at a price far enough away could not be booked. An open is denied if a
close at up to `REACH` times the outermost level on its side would exceed the bound. That is twice
as far as the guard's default lets a price jump from there. If a price goes further all the same,
the close is refused, and its position is set aside.
"""

from decimal import Decimal

from trading.model import Denial, DenialReason, Position, Side, Wallet
from trading.money import AMOUNT_MAX, ZERO, difference, money, plain, product, total, trimmed

REACH = Decimal(2)
"""How far a price may go, as a multiple of the last take-profit or of a SHORT's stop."""

_DUST = Decimal("0.001")
"""More than the parts of one close can differ from the whole by their rounding."""


def could_gain(position: Position) -> Decimal:
    """The most that a position's open rest can add to its wallet, in money, costs left out."""
    entry = position.entry_price
    if position.side is Side.LONG:
        move = difference(product(REACH, max((entry, *position.take_profit_prices[-1:]))), entry)
    else:
        move = entry
    return total(money(product(position.open_quantity, move)), _DUST)


def could_lose(position: Position) -> Decimal:
    """The most that a position's open rest can take from its wallet, in money, costs included."""
    entry, rates = position.entry_price, position.rates
    loss = product(entry, total(Decimal(1), rates.fee))
    if position.side is Side.SHORT:
        farthest = product(REACH, max(position.stop_price, entry))
        exit_rate = total(Decimal(1), rates.fee, rates.spread, rates.slippage)
        loss = difference(product(farthest, exit_rate), product(entry, 1 - rates.fee))
    return total(money(product(position.open_quantity, loss)), _DUST)


def check_gain(position: Position) -> None:
    """Refuse take-profits at which the position would gain more than an amount can be.

    Raises:
        ValueError: with the figures.
    """
    gain = could_gain(position)
    if gain > AMOUNT_MAX:
        where = f"{REACH} times its last take-profit" if position.side is Side.LONG else "0"
        raise ValueError(
            f"at a price of {where} it would gain {_text(gain)}, and no amount may be beyond "
            f"{AMOUNT_MAX}: give nearer take-profits"
        )


def headroom_denial(wallet: Wallet, position: Position, others_gain: Decimal) -> Denial | None:
    """The denial of a position whose close could exceed what an account may hold, if it could.

    `others_gain` (money) is what the wallet's open positions could gain.
    """
    unit, asked = wallet.currency, f"position of {_text(position.hold)} {wallet.currency} refused"
    gain, loss = could_gain(position), could_lose(position)
    if loss > AMOUNT_MAX:
        where = "a price of 0" if position.side is Side.LONG else f"{REACH} times its stop-loss"
        return _denial(
            f"{asked}: at {where} it would lose {_text(loss)} {unit}, and no amount may be beyond "
            f"{AMOUNT_MAX} {unit}: ask for less"
        )
    could_come_to = total(wallet.total, others_gain, gain)
    if could_come_to <= AMOUNT_MAX:
        return None
    where = f"{REACH} times its last take-profit" if position.side is Side.LONG else "a price of 0"
    return _denial(
        f"{asked}: at {where} it would gain {_text(gain)} {unit}, and with what else its positions "
        f"could gain ({_text(others_gain)} {unit}) account {wallet.account} would come from "
        f"{_text(wallet.total)} to {_text(could_come_to)} {unit}; an account holds at most "
        f"{AMOUNT_MAX} {unit}: ask for less, or withdraw first"
    )


def deposit_denial(wallet: Wallet, amount: Decimal, others_gain: Decimal) -> Denial | None:
    """The denial of a deposit that an account may not hold with what its positions could gain."""
    could_come_to = total(wallet.total, amount, others_gain)
    if amount <= ZERO or could_come_to <= AMOUNT_MAX:
        return None
    unit = wallet.currency
    return _denial(
        f"deposit of {_text(amount)} {unit} refused: with what its positions could gain "
        f"({_text(others_gain)} {unit}) account {wallet.account} would come from "
        f"{_text(wallet.total)} to {_text(could_come_to)} {unit}; an account holds at most "
        f"{AMOUNT_MAX} {unit}: deposit less, or close positions first"
    )


def _denial(text: str) -> Denial:
    return Denial(reason=DenialReason.AMOUNT_INVALID, text=text)


def _text(amount: Decimal) -> str:
    return plain(trimmed(amount))
