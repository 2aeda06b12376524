"""Signals with every exit at random, written as in a file, for prices that are known."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal
from trading.exits.notation import exits_from
from trading.model import Side


def random_signals(batches: Sequence[PriceBatch], *, seed: str, count: int) -> list[RecordedSignal]:
    """So many signals, sorted by time, of any symbol and side; some cannot be opened."""
    chance = random.Random(seed)
    times_us = [batch.times_us[0] for batch in batches]
    signals = []
    for number, time_us in enumerate(
        sorted(chance.randrange(times_us[0], times_us[-1]) for _ in range(count)), start=1
    ):
        batch = batches[bisect_right(times_us, time_us) - 1]
        price = batch.prices[bisect_right(batch.times_us, time_us) - 1]
        side = chance.choice(tuple(Side))
        signals.append(
            RecordedSignal(
                signal_id=f"s{number}",
                time_us=time_us,
                symbol=batch.symbol,
                side=side,
                notional=Decimal(chance.randrange(1_000, 9_000)).scaleb(-2),
                exits=exits_from(_fields(chance, side, price)),
                line=number,
            )
        )
    return signals


def _fields(chance: random.Random, side: Side, price: Decimal) -> dict[str, str]:
    fields: dict[str, str] = {}
    rungs = chance.randint(0, 5)
    if chance.random() < 0.8:
        fields["take_profits"] = _rungs(chance, side, price, rungs)
    else:
        rungs = 3
    trails_from_entry = False
    if chance.random() < 0.6:
        starts = ["entry", _level(chance, side, price, _percent(chance, 20))]
        starts += [f"rung {number}" for number in range(1, rungs + 1)]
        start = chance.choice(starts)
        trails_from_entry = start == "entry"
        distance = f"{_percent(chance, 60)}%"
        if chance.random() < 0.5:
            distance = f"{(price * _percent(chance, 60) / 100).quantize(Decimal('1E-9')):f}"
        step = chance.choice(["", "/0.01%", "/0.5%", "/2%"])
        fields["trailing"] = f"{distance}{step} from {start}"
    if trails_from_entry and chance.random() < 0.5:
        fields["stop_loss"] = "none"
    elif chance.random() < 0.8:
        other = Side.SHORT if side is Side.LONG else Side.LONG
        fields["stop_loss"] = _level(chance, other, price, _percent(chance, 80))
    if chance.random() < 0.4:
        fields["close_after"] = chance.choice(["30s", "5m", "20m", "1h", "4h"])
    if chance.random() < 0.5:
        fields["take_profit_fill"] = chance.choice(["price", "level"])
    return fields


def _rungs(chance: random.Random, side: Side, price: Decimal, count: int) -> str:
    parts = []
    for distance in sorted({_percent(chance, 120) for _ in range(count)}):
        share = chance.choice(["", "@0%", "@12.5%", "@20%", "@16.6667%"])
        stops = ["", ">keep", ">breakeven", ">breakeven_net", ">previous"]
        stops.append(f">{_level(chance, side, price, distance * chance.randint(1, 9) / 10)}")
        parts.append(_level(chance, side, price, distance) + share + chance.choice(stops))
    return ";".join(parts) or "none"


def _percent(chance: random.Random, tenths: int) -> Decimal:
    return Decimal(chance.randint(2, tenths)) / 10


def _level(chance: random.Random, side: Side, price: Decimal, percent: Decimal) -> str:
    """A distance toward profit, as a percentage or as about the price there."""
    if chance.random() < 0.5:
        return f"{percent:f}%"
    return f"{(price * (100 + side.sign * percent) / 100).quantize(Decimal('1E-9')):f}"
