"""A simulated market: seeded, deterministic, with trends, crashes and silences.

Prices are whole numbers of ticks inside, and random numbers are integers, so that a seed gives the
same prices everywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from backstay.feeds.batches import PriceBatch, merged
from backstay.feeds.signals import RecordedSignal
from trading.exits.exits import NOTHING_SAID, Exits
from trading.exits.notation import exits_from
from trading.model import Side
from trading.times import SECOND_US

START_US = 1_735_689_600_000_000
"""When a simulated market opens unless told: 2025-01-01 00:00 UTC."""

SPAN_US = 8 * 3_600 * SECOND_US
"""How long a simulated market lasts unless told: eight hours, about 40,000 prices."""

_MILLION = 1_000_000
_BATCH_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Market:
    """A symbol, its first price in ticks, and a tick as a power of ten."""

    symbol: str
    first_ticks: int
    tick_exponent: int


_MARKETS = (
    _Market(symbol="BTCUSDT", first_ticks=6_000_000, tick_exponent=-2),
    _Market(symbol="ETHUSDT", first_ticks=300_000, tick_exponent=-2),
    _Market(symbol="SOLUSDT", first_ticks=150_000, tick_exponent=-3),
)

SYMBOLS = tuple(market.symbol for market in _MARKETS)
"""The symbols that a simulated market trades."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mood:
    """The way a market moves for a while.

    `weight` is how likely the mood is; it lasts `prices_min` to `prices_max` prices, `gap_ms_max`
    milliseconds apart at most. Each moves by `drift_ppm` and at most `noise_ppm` either way,
    in millionths of the price.
    """

    weight: int
    prices_min: int
    prices_max: int
    gap_ms_max: int
    drift_ppm: int
    noise_ppm: int


_RISE = _Mood(
    weight=26, prices_min=300, prices_max=1_200, gap_ms_max=4_000, drift_ppm=110, noise_ppm=900
)
_FALL = _Mood(
    weight=24, prices_min=300, prices_max=1_200, gap_ms_max=4_000, drift_ppm=-110, noise_ppm=900
)
_CALM = _Mood(
    weight=30, prices_min=200, prices_max=900, gap_ms_max=5_000, drift_ppm=0, noise_ppm=500
)
_CRASH = _Mood(
    weight=4, prices_min=150, prices_max=300, gap_ms_max=400, drift_ppm=-1_500, noise_ppm=4_000
)
_REBOUND = _Mood(
    weight=6, prices_min=150, prices_max=350, gap_ms_max=900, drift_ppm=900, noise_ppm=3_000
)
_SILENCE = _Mood(
    weight=10, prices_min=1, prices_max=1, gap_ms_max=550_000, drift_ppm=0, noise_ppm=8_000
)
_MOODS = (_RISE, _FALL, _CALM, _CRASH, _REBOUND, _SILENCE)
_RISING = (_RISE, _REBOUND)
_FALLING = (_FALL, _CRASH)


def simulated_prices(
    seed: int,
    *,
    start_us: int = START_US,
    span_us: int | None = SPAN_US,
    symbols: Sequence[str] = SYMBOLS,
    last_prices: Mapping[str, Decimal] | None = None,
) -> Iterator[PriceBatch]:
    """Yield a market's prices in time order, from `start_us` for `span_us`; None is without end.

    The same seed and start give the same prices; a longer span only adds more. A symbol that has
    one of `last_prices` continues from it, to the tick.
    """
    end_us = None if span_us is None else start_us + span_us
    last_prices = last_prices or {}
    return merged(
        [
            _prices(market, seed, start_us, end_us, last_prices.get(market.symbol))
            for market in _MARKETS
            if market.symbol in symbols
        ]
    )


def simulated_signals(
    seed: int, *, start_us: int = START_US, span_us: int = SPAN_US, count: int = 60
) -> tuple[RecordedSignal, ...]:
    """Signals of both sides for the market of that span, most of them early enough to end in it.

    They are sorted by time, and numbered by it.
    """
    random = Random(f"backstay signals {seed}")
    times_us = sorted(start_us + random.randrange(span_us * 9 // 10) for _ in range(count))
    return tuple(
        RecordedSignal(
            signal_id=f"s{number}",
            time_us=time_us,
            symbol=random.choice(SYMBOLS),
            side=random.choice(tuple(Side)),
            notional=Decimal(random.randrange(1_000, 4_000)).scaleb(-2),
            exits=random.choice(_EXITS),
            line=number,
        )
        for number, time_us in enumerate(times_us, start=1)
    )


_EXITS: tuple[Exits, ...] = (
    NOTHING_SAID,
    NOTHING_SAID,
    NOTHING_SAID,
    exits_from({"take_profits": "3%@25%;6%@25%;10%@50%"}),
    exits_from({"take_profits": "1.5%;3%", "stop_loss": "2%"}),
)


def _prices(
    market: _Market, seed: int, start_us: int, end_us: int | None, last_price: Decimal | None
) -> Iterator[PriceBatch]:
    random = Random(f"backstay market {seed} {market.symbol}")
    ticks, time_us = market.first_ticks, start_us
    if last_price is not None:
        ticks = max(1, int(last_price.scaleb(-market.tick_exponent)))
    times_us: list[int] = []
    prices: list[Decimal] = []
    while end_us is None or time_us < end_us:
        mood = _next_mood(random, ticks, market.first_ticks)
        for _ in range(random.randint(mood.prices_min, mood.prices_max)):
            time_us += 1_000 * random.randint(1, mood.gap_ms_max)
            if end_us is not None and time_us >= end_us:
                break
            move_ppm = mood.drift_ppm + random.randint(-mood.noise_ppm, mood.noise_ppm)
            # Half a million is what makes the division round.
            ticks += (ticks * move_ppm + _MILLION // 2) // _MILLION
            times_us.append(time_us)
            prices.append(Decimal(ticks).scaleb(market.tick_exponent))
            if len(prices) == _BATCH_SIZE:
                yield PriceBatch(market.symbol, times_us, prices)
                times_us, prices = [], []
    if prices:
        yield PriceBatch(market.symbol, times_us, prices)


def _next_mood(random: Random, ticks: int, first_ticks: int) -> _Mood:
    """Draw a mood that does not move a price further away if it is already far off."""
    barred: tuple[_Mood, ...] = ()
    if ticks > first_ticks * 3 // 2:
        barred = _RISING
    elif ticks < first_ticks * 2 // 3:
        barred = _FALLING
    moods = [mood for mood in _MOODS if mood not in barred]
    drawn = random.randrange(sum(mood.weight for mood in moods))
    for mood in moods:
        drawn -= mood.weight
        if drawn < 0:
            return mood
    raise AssertionError("the weights do not sum up")
