"""Replays of signals that use every exit at random, against a loop that shares no rule."""

from collections import Counter
from typing import Any

import pytest

from backstay.feeds.recorded import open_prices
from backstay.feeds.simulated import simulated_prices
from tests.acceptance.random_exits import random_signals
from tests.acceptance.test_replay import (
    HISTORY,
    LONG_RECORDINGS,
    SHORT_RECORDINGS,
    check_against_plain_loop,
)
from trading.money import AMOUNT_MAX
from trading.times import SECOND_US


def reasons(report: dict[str, Any]) -> Counter[str | None]:
    """How often positions were closed for what."""
    return Counter(position["close_reason"] for position in report["positions"])


@pytest.mark.parametrize("seed", range(3))
def test_a_simulated_market_with_every_exit_ends_as_in_a_plain_loop(seed: int) -> None:
    """Two hours of three markets, 150 signals: each position and the balance, to the digit."""
    batches = list(simulated_prices(seed, span_us=2 * 3_600 * SECOND_US))
    signals = random_signals(batches, seed=f"exits {seed}", count=150)
    report = check_against_plain_loop(batches, signals, AMOUNT_MAX / 1_000)
    assert min(reasons(report)[why] for why in ("STOP_LOSS", "TAKE_PROFIT", "TIME")) > 5
    assert report["denied"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SHORT_RECORDINGS, *LONG_RECORDINGS])
def test_a_recorded_crash_day_with_every_exit_ends_as_in_a_plain_loop(name: str) -> None:
    """600 signals on the real prices of a fall of up to 74 %, to the digit."""
    path = HISTORY / name
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    with open_prices([str(path)]) as recorded:
        batches = list(recorded)
    signals = random_signals(batches, seed=name, count=600)
    report = check_against_plain_loop(batches, signals, AMOUNT_MAX / 1_000)
    assert min(reasons(report)[why] for why in ("STOP_LOSS", "TAKE_PROFIT", "TIME")) > 20
