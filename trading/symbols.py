"""Market names: one spelling for every notation that a sender may use."""

import re
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[-_/:.\s]+")
_NAME = re.compile(r"[A-Z0-9]+")
_EXCHANGE = re.compile(r"[A-Z0-9_]+")
_RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
_OLD_CODE = re.compile(r"^(?:XBT|XDG)|(?:XBT|XDG)$")
_PERPETUAL_PARTS = frozenset({"PERP", "SWAP"})

# Quote currencies that are found at the end of an unseparated symbol. TUSD and BUSD are missing on
# purpose: GMTUSD is GMT in USD, and ARBUSD is ARB in USD.
_QUOTES = (
    "FDUSD",
    "USDT",
    "USDC",
    "USD",
    "EUR",
    "GBP",
    "CHF",
    "JPY",
    "AUD",
    "CAD",
    "TRY",
    "BRL",
    "DAI",
    "BTC",
    "XBT",
    "ETH",
    "BNB",
)  # the longest first


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketName:
    """A market's name, read from a text.

    `symbol` is the market whose prices guard the position. `base` and `quote` are its currencies,
    None where the text does not tell them apart. `perpetual` is the text where it names a
    perpetual contract of the pair, else None: Backstay knows one price for a pair.
    """

    symbol: str
    base: str | None = None
    quote: str | None = None
    perpetual: str | None = None

    @property
    def note(self) -> str | None:
        """A note for the sender of a perpetual's name; None for any other name."""
        if self.perpetual is None:
            return None
        return f"{self.perpetual} is a perpetual: the prices of {self.symbol} guard it"


def market_name(text: str) -> MarketName:
    """Read a market's name in any usual notation.

    Case and separators (`- _ / : .` and white space) make no difference. An exchange in front
    (`BINANCE:BTCUSDT`) is left out. XBT and XDG, Kraken's codes, become BTC and DOGE on either side
    of the pair. A perpetual is named by its pair: TradingView's `.P`, `PERP` and `SWAP` after the
    pair, and ccxt's settlement currency (`BTC/USDT:USDT`) are left out.

    Raises:
        ValueError: naming the text, if it does not name a market.
    """
    # Upper-casing turns some foreign letters into ASCII ones, so the check comes first.
    name = text.strip().upper() if text.isascii() else ""
    name, is_perpetual = _without_context(name)
    if name.endswith(".P"):
        name, is_perpetual = name.removesuffix(".P"), True
    parts = _SEPARATORS.split(name)
    if len(parts) == 3 and parts[-1] in _PERPETUAL_PARTS:
        parts, is_perpetual = parts[:-1], True
    joined = "".join(parts)
    while joined.endswith("PERP") and _quote_of(pair := joined.removesuffix("PERP")):
        joined, is_perpetual = pair, True
        parts[-1] = parts[-1].removesuffix("PERP")
    if not _NAME.fullmatch(joined):
        raise _not_a_name(text)
    base, quote = _currencies([part for part in parts if part] if is_perpetual else parts)
    return MarketName(
        symbol=_OLD_CODE.sub(lambda code: _RENAMED[code[0]], joined),
        base=base,
        quote=quote,
        perpetual=text.strip() if is_perpetual else None,
    )


def normalised(text: str) -> str:
    """The symbol of the market that a text names: `btc-usdt` is `BTCUSDT`; see `market_name`.

    Raises:
        ValueError: naming the text, if it does not name a market.
    """
    return market_name(text).symbol


def _without_context(name: str) -> tuple[str, bool]:
    """A name without its exchange and its settlement currency, and whether it has the latter."""
    before, colon, last = name.rpartition(":")
    if "/" in before:
        base = before.rpartition(":")[2].partition("/")[0]
        if last not in (*_QUOTES, base):
            return "", False
        return _without_exchange(before), True
    return _without_exchange(name) if colon else name, False


def _without_exchange(name: str) -> str:
    exchange, colon, pair = name.partition(":")
    # BTC:USD is a pair, because a quote currency alone is not one.
    if not colon or pair in _QUOTES:
        return name
    return pair.strip() if _EXCHANGE.fullmatch(exchange) else ""


def _quote_of(joined: str) -> str | None:
    """The known quote currency at the end of a pair without separators."""
    return next((q for q in _QUOTES if joined.endswith(q) and len(joined) > len(q)), None)


def _currencies(parts: list[str]) -> tuple[str | None, str | None]:
    if len(parts) == 1 and (quote := _quote_of(parts[0])):
        parts = [parts[0].removesuffix(quote), quote]
    if len(parts) != 2 or not all(parts):
        return None, None
    base, quote = (_RENAMED.get(part, part) for part in parts)
    return base, quote


def _not_a_name(text: str) -> ValueError:
    return ValueError(
        f"symbol {text!r} does not name a market: write letters and digits, as in BTCUSDT or "
        "BTC-USDT"
    )
