"""Load with health checks at the same time: no false alarm, and clean books at the end."""

import os
import random
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

from actors.auditor.messages import CheckHealth, HealthChecked
from actors.engine.dispatcher import PooledDispatcher
from actors.messages import Reply
from actors.position.messages import CloseDone, ClosePosition
from actors.wallet.messages import OpenDone
from tests.acceptance.conftest import Log
from tests.acceptance.house import WITHIN, House, an_open, at_once
from trading.model import Side

ACCOUNTS = tuple(f"account-{number}" for number in range(4))
SYMBOLS = ("BTCUSDT", "ETHUSDT")
SLOW_SECONDS = int(os.environ.get("BACKSTAY_TEST_LOAD_SECONDS", "600"))


class Load:
    """Traders, prices and checks on a thread each, until the time is up."""

    def __init__(self, house: House, seconds: float) -> None:
        self._house = house
        self._done = threading.Event()
        self._timer = threading.Timer(seconds, self._done.set)
        self.opened = 0
        self.checks = 0
        self.failed: list[HealthChecked] = []

    def run(self) -> None:
        """Run everything, and return when it is over."""
        self._timer.start()
        try:
            at_once(self._prices, self._checks, *[self._trader(name) for name in ACCOUNTS])
        finally:
            self._timer.cancel()
            self._done.set()
        self._house.settle()

    def _trader(self, account: str) -> Callable[[], None]:
        chance = random.Random(account)

        def trade() -> None:
            while not self._done.is_set():
                replies = [
                    self._open(account, chance.choice(list(Side)), chance.choice(SYMBOLS))
                    for _ in range(4)
                ]
                answers = [reply.get(WITHIN) for reply in replies]
                opened = [a.position.position_id for a in answers if isinstance(a, OpenDone)]
                self.opened += len(opened)
                self._close(opened[: chance.randint(0, len(opened))])

        return trade

    def _open(self, account: str, side: Side, symbol: str) -> Reply:
        return self._house.tell(
            lambda reply: an_open(reply, 10, side, account=account, symbol=symbol)
        )

    def _close(self, position_ids: list[int]) -> None:
        replies = [
            self._house.tell(partial(close_position, position_id)) for position_id in position_ids
        ]
        for reply in replies:
            assert isinstance(reply.get(WITHIN), CloseDone)

    def _prices(self) -> None:
        chance = random.Random(0)
        while not self._done.wait(0.002):
            for symbol in SYMBOLS:
                self._house.send_price(Decimal(100 + chance.randint(-7, 7)), symbol=symbol)

    def _checks(self) -> None:
        while not self._done.wait(0.002):
            for account in ACCOUNTS:
                checked = self._house.tell(partial(check_health, account)).get(WITHIN)
                self.checks += 1
                if checked.report.failed_checks:
                    self.failed.append(checked)


def close_position(position_id: int, reply: Reply) -> ClosePosition:
    return ClosePosition(position_id=position_id, reply_to=reply)


def check_health(account: str, reply: Reply) -> CheckHealth:
    return CheckHealth(account=account, reply_to=reply)


def run_load(a_house: Callable[..., House], log: Log, seconds: float) -> None:
    house = a_house(dispatcher=PooledDispatcher(), audit_seconds=0.05)
    for account in ACCOUNTS:
        house.open_account(1000, account=account)
    for symbol in SYMBOLS:
        house.price(100, symbol=symbol)
    load = Load(house, seconds)
    load.run()
    assert load.failed == []
    assert house.events("health_mismatch_found") == ()
    assert not [line for line in log.lines if "FAILED" in line]
    for account in ACCOUNTS:
        assert house.check(account).failed_checks == ()
    assert load.opened > 0
    assert load.checks > 0


def test_load_with_health_checks_raises_no_alarm(a_house: Callable[..., House], log: Log) -> None:
    """Two seconds of opens, closes and prices; every check in between passes."""
    run_load(a_house, log, 2)


@pytest.mark.slow
@pytest.mark.timeout(2 * SLOW_SECONDS + 120)
def test_ten_minutes_of_load_raise_no_alarm(a_house: Callable[..., House], log: Log) -> None:
    """The same for BACKSTAY_TEST_LOAD_SECONDS (600): no false alarm."""
    run_load(a_house, log, SLOW_SECONDS)
