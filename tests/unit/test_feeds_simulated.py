"""The market that makes itself."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice, pairwise

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal
from backstay.feeds.simulated import SPAN_US, START_US, SYMBOLS, simulated_prices, simulated_signals
from trading.ladder import advanced, opened, quantity_for
from trading.model import CloseReason, CostRates, Position, PositionStatus, Side
from trading.money import ZERO, is_money, is_price

Row = tuple[str, int, Decimal]


def rows(batches: Iterable[PriceBatch]) -> list[Row]:
    return [
        (symbol, *row)
        for symbol, times_us, prices in batches
        for row in zip(times_us, prices, strict=True)
    ]


def opened_at(signal: RecordedSignal, price: Decimal, time_us: int) -> Position:
    return opened(
        position_id=signal.line,
        account="demo",
        symbol=signal.symbol,
        side=signal.side,
        quantity=quantity_for(signal.notional, price),
        entry_price=price,
        entry_time_us=time_us,
        ladder=signal.ladder,
        rates=CostRates(fee=ZERO, spread=ZERO, slippage=ZERO),
    ).position


def played(seed: int) -> list[Position]:
    """What became of the signals' positions, by a plain loop over all prices."""
    waiting = list(simulated_signals(seed))
    live: list[Position] = []
    done: list[Position] = []
    for symbol, time_us, price in rows(simulated_prices(seed)):
        for index, position in enumerate(live):
            if position.symbol == symbol:
                live[index] = advanced(position, price, time_us).position
        done += [position for position in live if position.status is PositionStatus.CLOSED]
        live = [position for position in live if position.status is PositionStatus.OPEN]
        due = [one for one in waiting if one.time_us <= time_us and one.symbol == symbol]
        live += [opened_at(signal, price, time_us) for signal in due]
        waiting = [signal for signal in waiting if signal not in due]
    return done + live


def test_a_seed_gives_the_same_market_and_signals_again() -> None:
    """And another seed gives another."""
    assert list(simulated_prices(7)) == list(simulated_prices(7)) != list(simulated_prices(8))
    assert simulated_signals(7) == simulated_signals(7) != simulated_signals(8)


def test_a_seed_means_these_prices_everywhere() -> None:
    """The figures hold on every machine and version."""
    last = {symbol: (time_us, str(price)) for symbol, time_us, price in rows(simulated_prices(1))}
    assert last == {
        "BTCUSDT": (1735718398187000, "83643.61"),
        "ETHUSDT": (1735718397176000, "3153.69"),
        "SOLUSDT": (1735718396548000, "263.129"),
    }


def test_prices_come_in_time_order_for_every_symbol_within_the_span() -> None:
    """No gap at the ends, and no price that the guard would refuse."""
    market = rows(simulated_prices(1))
    assert 20_000 < len(market) < 50_000
    assert all(earlier[1] <= later[1] for earlier, later in pairwise(market))
    assert START_US < market[0][1] < market[-1][1] < START_US + SPAN_US
    assert {symbol for symbol, _, _ in market} == set(SYMBOLS)
    assert all(is_price(price) for _, _, price in market)


def test_a_longer_market_only_goes_on() -> None:
    """What was played stays what it is when more is asked for."""
    short = rows(simulated_prices(3, span_us=600_000_000))
    endless = islice(simulated_prices(3, span_us=None), len(short))
    assert rows(endless)[: len(short)] == short


def test_a_market_crashes_in_small_ticks_and_falls_silent() -> None:
    """There is something for the guard and for stops to do."""
    by_symbol: dict[str, list[Row]] = {symbol: [] for symbol in SYMBOLS}
    for row in rows(simulated_prices(1)):
        by_symbol[row[0]].append(row)
    ticks = [abs(b[2] / a[2] - 1) for market in by_symbol.values() for a, b in pairwise(market)]
    gaps_us = [b[1] - a[1] for market in by_symbol.values() for a, b in pairwise(market)]
    falls = [
        after[2] / before[2]
        for market in by_symbol.values()
        for before, after in zip(market, market[250:], strict=False)
    ]
    assert max(ticks) < Decimal("0.01")
    assert max(gaps_us) > 120_000_000
    assert min(falls) < Decimal("0.8")


def test_an_endless_market_stays_near_its_first_prices() -> None:
    """A service that runs for weeks is not led to absurd prices."""
    lowest = {symbol: Decimal("Infinity") for symbol in SYMBOLS}
    highest = dict.fromkeys(SYMBOLS, ZERO)
    for symbol, _, prices in simulated_prices(5, span_us=10 * SPAN_US):
        lowest[symbol] = min(lowest[symbol], *prices, lowest[symbol])
        highest[symbol] = max(highest[symbol], *prices, highest[symbol])
    assert Decimal(15_000) < lowest["BTCUSDT"] < highest["BTCUSDT"] < Decimal(200_000)
    assert Decimal(750) < lowest["ETHUSDT"] < highest["ETHUSDT"] < Decimal(10_000)
    assert Decimal(37) < lowest["SOLUSDT"] < highest["SOLUSDT"] < Decimal(500)


def test_signals_are_of_both_sides_and_every_symbol_over_the_span() -> None:
    """The demo shows everything that there is."""
    signals = simulated_signals(1)
    assert len(signals) == len({signal.signal_id for signal in signals}) == 60
    assert {signal.side for signal in signals} == set(Side)
    assert {signal.symbol for signal in signals} == set(SYMBOLS)
    assert all(is_money(signal.notional) and signal.notional > ZERO for signal in signals)
    assert all(earlier.time_us <= later.time_us for earlier, later in pairwise(signals))
    assert all(START_US <= signal.time_us < START_US + SPAN_US for signal in signals)


def test_a_market_reaches_every_rung_and_stops_before_and_after_them() -> None:
    """Every way that a position can end is in the demo."""
    positions = played(1)
    assert len(positions) == 60
    outcomes = Counter((position.close_reason, position.rungs_hit) for position in positions)
    for reached in (
        (CloseReason.STOP_LOSS, 0),
        (CloseReason.STOP_LOSS, 1),
        (CloseReason.STOP_LOSS, 2),
        (CloseReason.TAKE_PROFIT, 3),
    ):
        assert outcomes[reached] > 0


def test_a_market_goes_on_from_its_last_prices() -> None:
    """To the tick, and in the moods of the same seed: a restart is no crash of the market."""
    last_prices = {"BTCUSDT": Decimal("61000.019"), "ETHUSDT": Decimal("0.001")}
    first: dict[str, Decimal] = {}
    for symbol, _, price in rows(simulated_prices(7, last_prices=last_prices)):
        first.setdefault(symbol, price)
    assert abs(first["BTCUSDT"] / Decimal("61000.01") - 1) < Decimal("0.01")
    assert first["ETHUSDT"] <= Decimal("0.02")
    assert first["SOLUSDT"] == next(r[2] for r in rows(simulated_prices(7)) if r[0] == "SOLUSDT")


def test_only_the_symbols_that_are_asked_for_have_prices() -> None:
    """And they are the same prices as among all others."""
    alone = rows(simulated_prices(7, symbols=["ETHUSDT"]))
    assert alone == [row for row in rows(simulated_prices(7)) if row[0] == "ETHUSDT"]
