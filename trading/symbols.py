"""How a market is named: one spelling, whoever writes it."""

import re

_SEPARATORS = re.compile(r"[-_/:.\s]+")
_NAME = re.compile(r"[A-Z0-9]+")
_BITCOIN = re.compile(r"^XBT|XBT$")


def normalised(text: str) -> str:
    """Spell a symbol in upper case without separators (`btc-usdt` is `BTCUSDT`).

    XBT, ISO 4217's style of code for bitcoin, becomes BTC on either side of the pair. What follows
    a pair stays: `WIFUSD_PERP` is `WIFUSDPERP`, because a perpetual is not its spot market.

    Raises:
        ValueError: naming the text, if nothing is left or a character is neither an ASCII letter
            nor a digit nor a separator (`- _ / : .` or white space).
    """
    # Upper-casing comes last: it would turn some foreign letters into ASCII ones.
    name = _SEPARATORS.sub("", text)
    if name.isascii() and _NAME.fullmatch(name := name.upper()):
        return _BITCOIN.sub("BTC", name)
    raise ValueError(
        f"symbol {text!r} is no market's name: write letters and digits, as in BTCUSDT or BTC-USDT"
    )
