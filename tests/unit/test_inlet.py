"""How long a feed waits for its markets: a counter, whoever looks at it and when."""

import threading
from collections.abc import Callable

from actors.engine.clock import VirtualClock
from actors.engine.directory import Directory
from actors.published import Published, Version
from backstay.feeds.live.inlet import Inlet

SECOND_US = 1_000_000


class BusyClock(VirtualClock):
    """While somebody looks at it, the wait that is looked at comes to its end."""

    def __init__(self) -> None:
        super().__init__(0)
        self.meanwhile: Callable[[], object] = bool

    def monotonic_us(self) -> int:
        now_us = super().monotonic_us()
        meanwhile, self.meanwhile = self.meanwhile, bool
        meanwhile()
        return now_us


def test_a_wait_that_ends_while_it_is_looked_at_counts_once() -> None:
    """Counted twice, the counter would go back, which Prometheus takes for a restart."""
    clock = BusyClock()
    inlet = Inlet(Directory(), Published(Version()), clock, threading.Event())
    blocked = inlet._blocked()
    blocked.__enter__()
    clock.advance_to(3 * SECOND_US)
    assert inlet.blocked_us == 3 * SECOND_US
    clock.meanwhile = lambda: blocked.__exit__(None, None, None)
    assert inlet.blocked_us == 3 * SECOND_US
    assert inlet.blocked_us == 3 * SECOND_US
