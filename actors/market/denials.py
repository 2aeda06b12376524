"""The denials of a market: it has no price to act on, or is in use."""

from decimal import Decimal

from actors.denials import no_market
from actors.market.price_age import PriceAge
from actors.published import MarketPause
from trading.model import Denial, DenialReason
from trading.money import plain
from trading.price_guard import Candidate, PriceGuard


def market_in_use(symbol: str, open_positions: int, undecided: int) -> Denial:
    """The denial of retiring a market that positions need."""
    return Denial(
        reason=DenialReason.MARKET_IN_USE,
        text=f"market {symbol} not retired: {open_positions} positions are open on it and "
        f"{undecided} commands wait for its price; close them first",
    )


def paused_by_network(symbol: str, pause: MarketPause) -> Denial:
    """The denial of a command that needs a price while the market has none."""
    return Denial(
        reason=DenialReason.PAUSED_BY_NETWORK,
        text=f"{symbol} is paused: {pause.why}",
    )


def quote_denial(
    symbol: str, guard: PriceGuard, age: PriceAge, pause: MarketPause | None
) -> Denial | None:
    """Why there is no price of a symbol to act on, if so."""
    last, candidate = guard.last_price, guard.candidate
    if last is None:
        return no_market(symbol)
    if pause is not None:
        return paused_by_network(symbol, pause)
    if candidate is not None:
        reason = DenialReason.MARKET_QUARANTINED
        text = (
            f"{symbol} is quarantined: a price of {plain(candidate.price)} "
            f"waits against the last accepted {plain(last)}"
        )
    elif age.is_stale:
        reason = DenialReason.PRICE_STALE
        text = f"{symbol} is stale: {age}"
    else:
        return None
    return Denial(reason=reason, text=text)


def unknown_candidate(symbol: str, asked: Decimal, candidate: Candidate | None) -> Denial:
    """The denial of a release that does not name the price that waits."""
    held = "no price waits" if candidate is None else f"{plain(candidate.price)} waits, name it"
    return Denial(
        reason=DenialReason.CANDIDATE_UNKNOWN,
        text=f"release of {asked} of {symbol} refused: {held}",
    )
