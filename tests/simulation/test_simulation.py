"""The real actors, seeded, over a database that fails: what they promise holds all the same.

`BACKSTAY_SIM_SEED=n` repeats one seed, `BACKSTAY_SIM_SEEDS=n` sets how many the long run takes.
"""

import os

import pytest

from simulation.run import seeds, simulate, steps
from simulation.weathers import WEATHERS

STEPS = 120


@pytest.mark.parametrize("name", WEATHERS)
def test_promises_hold(name: str) -> None:
    """In every weather: the books balance, no price is missed, who was answered was told true."""
    for seed in seeds(10):
        simulate(name, WEATHERS[name], seed, steps(STEPS))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", WEATHERS)
def test_promises_hold_for_long(name: str) -> None:
    """The same over many seeds, and for longer."""
    for seed in seeds(int(os.environ.get("BACKSTAY_SIM_SEEDS", "100"))):
        simulate(name, WEATHERS[name], seed, steps(3 * STEPS))


def test_a_seed_repeats_itself() -> None:
    """One seed is one history: the same steps, the same events, in the same order."""
    weather = WEATHERS["everything"]
    first = simulate("everything", weather, 7, STEPS)
    again = simulate("everything", weather, 7, STEPS)
    other = simulate("everything", weather, 8, STEPS)
    assert first == again
    assert first.digest != other.digest
