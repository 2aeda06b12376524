"""Symbols in the names that files are downloaded under."""

import re

from backstay.feeds.formats.layout import Layout
from trading.symbols import normalised

_FILE_NAMES = (
    # Binance Vision and OKX: BTCUSDC-aggTrades-2025-10-04.zip, BTC-USDT-trades-2023-01-01.csv
    re.compile(r"([A-Z0-9_-]+)-(?:aggTrades|trades|\d+(?:s|m|h|d|w|mo))-\d{4}-\d{2}\b.*"),
    # freqtrade: XRP_ETH-trades.json.gz, BTC_USDT-5m.json
    re.compile(r"([A-Z0-9]+_[A-Z0-9]+)-(?:trades|\d+[smhdwM])\.(?:json|csv)\b.*"),
)


def symbol_in_name(file_name: str, layout: Layout) -> str | None:
    """The symbol in a file's name, if the name is one that its format's source gives."""
    for pattern in (*_FILE_NAMES, *(() if layout.named is None else (layout.named,))):
        if match := pattern.fullmatch(file_name):
            return normalised(match[1])
    return None
