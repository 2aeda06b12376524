"""Many open positions in little time."""

import itertools
from concurrent.futures import ThreadPoolExecutor

from harness.http_api import Api
from harness.service_process import ServiceProcess

CLIENTS = 8
"""Who opens at once: what they ask for meanwhile is committed together."""

SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT", "EEEUSDT")


def open_many(service: ServiceProcess, count: int, *, account: str = "crowd") -> None:
    """Open an account and that many positions, LONG and SHORT, at 100 on `SYMBOLS` in turn.

    Prices between 95 and 105 leave them as they are, but for the LONGs' first rung at 103.
    """
    turns = itertools.cycle(itertools.product(("LONG", "SHORT"), SYMBOLS))
    wanted = [next(turns) for _ in range(count)]
    with Api(service) as api:
        api.open_account(account, str(25 * count))
        for symbol in SYMBOLS:
            api.price(symbol, "100")

    def open_some(mine: list[tuple[str, str]]) -> None:
        with Api(service) as api:
            for side, symbol in mine:
                api.open(account, symbol, side=side)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(open_some, (wanted[first::CLIENTS] for first in range(CLIENTS))))
