"""The specification's Scenario 4: opens, closes and prices from many threads at once."""

import random
import threading
from collections import Counter
from decimal import Decimal

from actors.messages import Denied
from actors.position.messages import CloseDone, ClosePosition
from actors.published import Version
from actors.wallet.messages import OpenDone
from tests.acceptance.house import WITHIN, House, an_open, at_once
from trading.model import DenialReason, Position, PositionStatus, Side

ACCOUNTS = ("demo", "other")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
THREADS = 8
ROUNDS = 12


class Engine:
    """One trading thread: opens with keys, repeats itself, and closes about half by hand."""

    def __init__(self, house: House, number: int) -> None:
        self._house = house
        self._random = random.Random(number)
        self._name = f"engine-{number}"
        self.opened: dict[int, Position] = {}
        self.closed: dict[int, Position] = {}
        self.denied: list[Denied] = []

    def run(self) -> None:
        for step in range(ROUNDS):
            first, second = self._open_twice(f"{self._name}-{step}")
            if isinstance(first, Denied):
                self.denied.append(first)
                continue
            assert isinstance(second, OpenDone)
            assert second.position.position_id == first.position.position_id
            self.opened[first.position.position_id] = first.position
            if self._random.random() < 0.5:
                self._close(first.position.position_id)

    def _open_twice(self, key: str) -> list[OpenDone | Denied]:
        account, symbol = self._random.choice(ACCOUNTS), self._random.choice(SYMBOLS)
        side = self._random.choice(list(Side))
        replies = [
            self._house.tell(
                lambda reply: an_open(reply, 10, side, key=key, account=account, symbol=symbol)
            )
            for _ in range(2)
        ]
        return [reply.get(WITHIN) for reply in replies]

    def _close(self, position_id: int) -> None:
        done = self._house.tell(
            lambda reply: ClosePosition(position_id=position_id, reply_to=reply)
        ).get(WITHIN)
        assert isinstance(done, CloseDone)
        self.closed[position_id] = done.position


class Manager:
    """The monitoring thread: prices of every symbol until the engines are done."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._random = random.Random(0)
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            for symbol in SYMBOLS:
                move = Decimal(self._random.randrange(-8, 9))
                self._house.send_price(100 + move, symbol=symbol)
            self._house.settle()


def test_scenario_4_concurrent_position_operations(busy_house: House) -> None:
    """All transactions atomic, nothing lost, and a clean health check for every account."""
    house = busy_house
    for account in ACCOUNTS:
        house.open_account(200, account=account)
    for symbol in SYMBOLS:
        house.price(100, symbol=symbol)
    engines = [Engine(house, number) for number in range(THREADS)]
    manager = Manager(house)

    def trade() -> None:
        at_once(*[engine.run for engine in engines])
        manager.done.set()

    at_once(trade, manager.run)
    house.settle()

    assert not house.system.fatal.future.done()
    for account in ACCOUNTS:
        assert house.check(account).failed_checks == ()
    rows = {
        position.position_id: position
        for account in ACCOUNTS
        for position in house.store.read_positions(account)
    }
    assert rows.keys() == {i for engine in engines for i in engine.opened}
    for engine in engines:
        for position_id, outcome in engine.closed.items():
            assert rows[position_id] == outcome
        for denied in engine.denied:
            assert denied.denial.reason is DenialReason.INSUFFICIENT_BALANCE
    entries = Counter(
        str(entry.entry_type) for account in ACCOUNTS for entry in house.entries(account)
    )
    closed = [p for p in rows.values() if p.status is PositionStatus.CLOSED]
    assert entries["position_open"] == len(rows)
    assert entries["position_close"] == len(closed)
    assert min(e.balance_after for account in ACCOUNTS for e in house.entries(account)) >= 0
    event_ids = [event.id for event in house.events()]
    assert event_ids == list(range(1, len(event_ids) + 1))


def test_accounts_do_not_wait_for_one_another(busy_house: House) -> None:
    """Opens of many accounts at once share transactions, and each account's books are its own."""
    house = busy_house
    names = [f"account-{number}" for number in range(10)]
    house.price(100)
    at_once(*[lambda name=name: house.open_account(100, account=name) for name in names])
    positions = at_once(*[lambda name=name: house.open(25, account=name) for name in names])
    assert {position.account for position in positions} == set(names)
    for name in names:
        assert house.wallet(name).available == 75
        assert house.check(name).failed_checks == ()


def test_readers_see_whole_versions_only(busy_house: House) -> None:
    """While positions open and close, locked is the sum of the holds in every version read."""
    house = busy_house
    house.open_account(100)
    house.price(100)
    done = threading.Event()
    versions: list[Version] = []

    def read() -> None:
        while not done.wait(0.0005):
            versions.append(house.system.published.version)

    def trade() -> None:
        for _ in range(20):
            house.close(house.open(25).position_id)
        done.set()

    at_once(read, trade)
    for version in versions:
        held = sum(position.hold for position in version.positions.values())
        assert version.wallets["demo"].locked == held
