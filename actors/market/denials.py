"""The denials of a market: it has no price to act on, or is in use."""

from decimal import Decimal

from actors.denials import no_market
from actors.published import MarketPause, MarketState, MarketStatus
from trading.model import Denial, DenialReason
from trading.money import plain
from trading.price_guard import Candidate
from trading.times import SECOND_US


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


def quote_denial(market: MarketStatus, monotonic_us: int) -> Denial | None:
    """Why a market has no price to act on at a moment of the monotonic clock, if so."""
    symbol, last = market.symbol, market.last
    if last is None:
        return no_market(symbol)
    match market.state(monotonic_us):
        case MarketState.LIVE:
            return None
        case MarketState.PAUSED:
            assert market.pause is not None, "a paused market says why"
            return paused_by_network(symbol, market.pause)
        case MarketState.QUARANTINED:
            assert market.candidate is not None, "a price waits in quarantine"
            reason = DenialReason.MARKET_QUARANTINED
            text = (
                f"{symbol} is quarantined: a price of {plain(market.candidate)} "
                f"waits against the last accepted {plain(last.price)}"
            )
        case MarketState.STALE:
            reason = DenialReason.PRICE_STALE
            text = f"{symbol} is stale: {_age_text(market, monotonic_us)}"
    return Denial(reason=reason, text=text)


def _age_text(market: MarketStatus, monotonic_us: int) -> str:
    age_us = market.age_us(monotonic_us)
    if age_us is None:
        return f"no price was received since {market.unheard_since}"
    limit = market.price_age_us_max // SECOND_US
    return f"its last price was received {age_us // SECOND_US} s ago, at most {limit} s are allowed"


def unknown_candidate(symbol: str, asked: Decimal, candidate: Candidate | None) -> Denial:
    """The denial of a release that does not name the price that waits."""
    held = "no price waits" if candidate is None else f"{plain(candidate.price)} waits, name it"
    return Denial(
        reason=DenialReason.CANDIDATE_UNKNOWN,
        text=f"release of {asked} of {symbol} refused: {held}",
    )
