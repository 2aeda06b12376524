"""From a failing seed to the shortest history that still fails.

Each step draws from its own seed, so that a step does the same when others are left out.
"""

import time
from collections.abc import Callable, Sequence

from backstay.simulation.run import BrokenPromise, simulate

SECONDS_MAX = 120.0


def shortened(
    failure: BrokenPromise,
    *,
    seconds_max: float = SECONDS_MAX,
    tried: Callable[[int], None] = lambda _: None,
) -> BrokenPromise:
    """Leave steps out, half of them at first and single ones at last, while it goes on failing.

    Returns the failure with the fewest steps that was found in the time; `tried` is told how many
    those are after each try.
    """
    end = time.monotonic() + seconds_max
    shortest, size = failure, max(1, len(failure.taken) // 2)
    while True:
        begin = 0
        while begin < len(shortest.taken):
            if time.monotonic() > end:
                return shortest
            left = shortest.taken[:begin] + shortest.taken[begin + size :]
            again = _failing(shortest, left)
            if again is None:
                begin += size
            else:
                shortest = again
            tried(len(shortest.taken))
        if size == 1:
            return shortest
        size //= 2


def _failing(before: BrokenPromise, steps: Sequence[int]) -> BrokenPromise | None:
    try:
        simulate(before.weather, before.seed, steps)
    except BrokenPromise as failure:
        return failure if failure.kind == before.kind else None
    return None
