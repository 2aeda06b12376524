"""The real actors, seeded, over a database that fails: what they promise holds all the same.

`BACKSTAY_SIM_SEED=n` repeats one seed, `BACKSTAY_SIM_SEEDS=n` sets how many the long run takes;
`backstay simulate` does the same without pytest.
"""

import os

import pytest

from backstay.simulation.run import simulate
from backstay.simulation.weathers import WEATHERS

STEPS = 120


def seeds(count: int) -> list[int]:
    """The seeds to run: one that is asked for, or so many from the first on."""
    asked = os.environ.get("BACKSTAY_SIM_SEED")
    return [int(asked)] if asked else list(range(count))


@pytest.mark.parametrize("weather", WEATHERS)
def test_promises_hold(weather: str) -> None:
    """In every weather: the books balance, no price is missed, who was answered was told true."""
    for seed in seeds(6):
        simulate(weather, seed, STEPS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("weather", WEATHERS)
def test_promises_hold_for_long(weather: str) -> None:
    """The same over many seeds, and for longer."""
    for seed in seeds(int(os.environ.get("BACKSTAY_SIM_SEEDS", "100"))):
        simulate(weather, seed, 3 * STEPS)


def test_a_seed_repeats_itself() -> None:
    """One seed is one history: the same steps, the same events, in the same order."""
    first = simulate("everything", 7, STEPS)
    again = simulate("everything", 7, STEPS)
    other = simulate("everything", 8, STEPS)
    assert first == again
    assert first.digest != other.digest
