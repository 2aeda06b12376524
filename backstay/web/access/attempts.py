"""Count each client's attempts, in a table that cannot grow."""

import ipaddress
from collections import OrderedDict, deque

from actors.engine.clock import Clock
from trading.times import SECOND_US

CLIENTS_MAX = 4096
WINDOW_US = 60_000_000
IPV6_PREFIX = 64
"""An IPv6 customer has at least a network of this size: its addresses count as one client."""

UNKNOWN = "unknown"


def client_name(host: str) -> str:
    """The client that a host counts as: its IPv4 address, its IPv6 network, or one for all others.

    A proxy may forward any text; all texts that are not addresses count as one client.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address), IPV6_PREFIX), strict=False))
        address = address.ipv4_mapped
    return str(address)


class Attempts:
    """A limit on each client's attempts a minute.

    With too many clients, the one with the oldest last attempt is forgotten.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        """Begin with no attempts."""
        self._per_minute = per_minute
        self._clock = clock
        # Each client's attempts within the window, the last attempt at the end of the table.
        self._clients: OrderedDict[str, deque[int]] = OrderedDict()

    def __len__(self) -> int:
        """The number of clients that are remembered."""
        return len(self._clients)

    def seconds_to_wait(self, client: str) -> int | None:
        """Count an attempt; None if it is allowed, else the seconds until the next allowed one."""
        now_us = self._clock.monotonic_us()
        times = self._clients.pop(client, None) or deque()
        self._clients[client] = times
        while len(self._clients) > CLIENTS_MAX:
            self._clients.popitem(last=False)
        while times and times[0] <= now_us - WINDOW_US:
            times.popleft()
        if len(times) < self._per_minute:
            times.append(now_us)
            return None
        return max(1, -((now_us - WINDOW_US - times[0]) // SECOND_US))
