"""The layout of a file's rows."""

import re
from dataclasses import dataclass

CANDLE_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A row's width, and the indexes of the columns that matter.

    `prices` is one column for trades, and those of open, high, low and close for candles; a
    candle's `time` is when it begins. `skipped` counts the lines before the first row.
    `whole_file` is the symbol of all rows, where the file's head has it. `named` finds the symbol
    in the file's name, where only this format has such names.
    """

    width: int
    time: int
    prices: tuple[int, ...]
    close_time: int | None = None
    symbol: int | None = None
    delimiter: str = ","
    skipped: int = 0
    whole_file: str | None = None
    named: re.Pattern[str] | None = None

    @property
    def has_candles(self) -> bool:
        """Whether a row is a candle, not a trade."""
        return len(self.prices) > 1
