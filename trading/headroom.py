"""The room that positions need to gain and lose: every figure of a close must be money.

Money has a bound, so a close far enough away could never be booked. A price is foreseen up to
`REACH` times the outermost level on its side: twice as far as the guard's default lets a price jump
from there. Where a price goes further all the same, the close is refused, and its position is set
aside.
"""

from decimal import Decimal
from functools import lru_cache

from trading.model import CostRates, Denial, DenialReason, Ladder, Position, Side, Wallet
from trading.money import AMOUNT_MAX, ZERO, money, plain, product, total, trimmed

REACH = Decimal(2)
"""How far a price is foreseen to go, as a multiple of the last take-profit or of a SHORT's stop."""

_DUST = Decimal("0.001")
"""More than the parts of one close can differ from the whole by their rounding."""


def could_gain(position: Position) -> Decimal:
    """What the open rest of a position adds to its wallet at most, in money, costs left out."""
    share = _gain_of_one(position.side, position.ladder)
    return total(money(product(position.hold, share)), _DUST)


def could_lose(position: Position) -> Decimal:
    """What the open rest of a position takes from its wallet at most, in money, costs included."""
    share = _loss_of_one(position.side, position.ladder, position.rates)
    return total(money(product(position.hold, share)), _DUST)


def headroom_denial(wallet: Wallet, position: Position, others_gain: Decimal) -> Denial | None:
    """Why a position's close could be beyond what an account holds, if it could.

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
    """Why an account could not hold a deposit together with what its positions could gain."""
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


@lru_cache(maxsize=1024)
def _gain_of_one(side: Side, ladder: Ladder) -> Decimal:
    """The most that one unit of money in a position gains."""
    if side is Side.SHORT:
        return Decimal(1)
    last = ladder.rungs[-1].distance_pct if ladder.rungs else ZERO
    return total(_times_reach(last), Decimal(-1))


@lru_cache(maxsize=1024)
def _loss_of_one(side: Side, ladder: Ladder, rates: CostRates) -> Decimal:
    """The most that one unit of money in a position loses."""
    if side is Side.LONG:
        return total(Decimal(1), rates.fee)
    farthest = _times_reach(ladder.stop_loss_pct)
    exit_costs = product(total(rates.fee, rates.spread, rates.slippage), farthest)
    return total(farthest, Decimal(-1), rates.fee, exit_costs)


def _times_reach(distance_pct: Decimal) -> Decimal:
    """The farthest foreseen price, as a multiple of the entry."""
    return product(REACH, total(Decimal(1), product(distance_pct, Decimal("0.01"))))


def _denial(text: str) -> Denial:
    return Denial(reason=DenialReason.AMOUNT_INVALID, text=text)


def _text(amount: Decimal) -> str:
    return plain(trimmed(amount))
