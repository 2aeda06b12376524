"""The trigger book against plain broadcast: what positions do is the same."""

import json
import random
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.desk.messages import OpenMarket
from actors.engine.dispatcher import SequentialDispatcher
from actors.market.messages import TakePrices
from actors.messages import Reply
from actors.position.messages import ChangeDone, ChangePosition
from actors.system import System, SystemSettings
from actors.wallet.messages import OpenAccount, OpenDone
from persistence.store import Store
from tests.acceptance.house import SYMBOL, House, an_open
from tests.unit.accounts import a_ladder, a_position
from trading.exits.ladder import DEFAULT_LADDER, Ladder
from trading.exits.level import Level
from trading.exits.notation import exits_from
from trading.model import Position, PositionStatus, Side
from trading.positions.changing import Changes, changed
from trading.positions.judging import Advance, advanced
from trading.price_guard import GuardSettings, PriceGuard, Verdict

TICK_US = 1_000_000


def asked(**fields: str) -> Ladder:
    return exits_from(fields).over()


LADDERS = (
    DEFAULT_LADDER,
    a_ladder(2, stop=1),
    a_ladder(1, 2, 3, 4, stop=2, closes=("0.25",) * 4),
    a_ladder(stop=3),
    asked(stop_loss="3%", take_profits="none", trailing="1%"),
    asked(stop_loss="none", trailing="2.5/0.5%", take_profits="2%@30%>keep;5%@30%>1%"),
    asked(take_profits="1%@50%>breakeven_net;4%>3%", trailing="1.5%/0.2% from rung 1"),
    asked(take_profits="none", trailing="2 from 2%", close_after="20s"),
    asked(take_profits="1.5%@25%;3%@25%", close_after="7s", take_profit_fill="level"),
)


@dataclass(frozen=True)
class Open:
    """Tell an open."""

    side: Side
    ladder: Ladder


@dataclass(frozen=True)
class Prices:
    """Tell prices that move by so many thousandths, in one message."""

    moves: list[int]


@dataclass(frozen=True)
class Move:
    """Tell the stop of one of the positions to move to so many thousandths from the price."""

    which: int
    distance: int


@dataclass(frozen=True)
class Run:
    """Let so many slices run, and leave the rest for later."""

    slices: int


Script = list[Open | Prices | Move | Run]

opens = st.builds(Open, st.sampled_from(Side), st.sampled_from(LADDERS))
prices = st.builds(
    Prices,
    st.lists(st.integers(-80, 80) | st.sampled_from([-700, 2_000]), min_size=1, max_size=6),
)
stop_moves = st.builds(Move, st.integers(0, 9), st.integers(-40, 40))
runs = st.builds(Run, st.integers(0, 12))


class Broadcast:
    """The loop that the trigger book replaces: every accepted price to every open position."""

    def __init__(self) -> None:
        self._guard = PriceGuard(GuardSettings())
        self.accepted: list[tuple[Decimal, int]] = []

    def price(self, price: Decimal, time_us: int) -> None:
        if self._guard.judge(price, time_us, time_us) is Verdict.ACCEPTED:
            self.accepted.append((price, time_us))

    def outcome(self, position: Position, stops: dict[int, list[Decimal]]) -> Position:
        """What all accepted prices after its own make of a position.

        `stops` are those that it was given by hand, by the times of the prices that they follow.
        """
        for price, time_us in self.accepted:
            if time_us > position.entry_time_us and position.status is PositionStatus.OPEN:
                position = advanced(position, price, time_us).position
            for stop in stops.get(time_us, []):
                moved = changed(position, Changes(stop_loss=Level(stop)), price, time_us)
                assert isinstance(moved, Advance), moved
                position = moved.position
        return position


class Walk:
    """A script of opens, price batches and partial runs, played in a seeded order."""

    def __init__(self, system: System, dispatcher: SequentialDispatcher) -> None:
        self._system = system
        self._dispatcher = dispatcher
        self._last = Decimal(100)
        self._time_us = TICK_US
        self.broadcast = Broadcast()
        self.replies: list[Reply] = []
        self.stop_moves: list[Reply] = []
        self.stops_moved = 0
        account = Reply()
        system.tell(OpenAccount(account="demo", initial_balance=Decimal(10**9), reply_to=account))
        system.tell(OpenMarket(symbol=SYMBOL))
        dispatcher.run_until_idle()
        self.prices([0])
        dispatcher.run_until_idle()

    def play(self, script: Script) -> None:
        for step in script:
            match step:
                case Open():
                    self.open(step.side, step.ladder)
                case Prices():
                    self.prices(step.moves)
                case Move():
                    self.move_stop(step)
                case Run():
                    for _ in range(step.slices):
                        self._dispatcher.run_one()
        self._dispatcher.run_until_idle()

    def open(self, side: Side, ladder: Ladder) -> None:
        self.replies.append(Reply())
        self._system.tell(an_open(self.replies[-1], 1000, side, ladder=ladder))

    def move_stop(self, move: Move) -> None:
        """Tell a position that may have been opened; most have been closed or refuse it."""
        answers = [reply.get(0) for reply in self.replies if reply.future.done()]
        opened = [answer.position for answer in answers if isinstance(answer, OpenDone)]
        if opened:
            position_id = opened[-1 - move.which % len(opened)].position_id
            stop = self._last * (1000 + move.distance) / 1000
            self.stop_moves.append(Reply())
            self._system.tell(
                ChangePosition(
                    position_id=position_id,
                    changes=Changes(stop_loss=Level(stop)),
                    reply_to=self.stop_moves[-1],
                )
            )

    def prices(self, moves: list[int]) -> None:
        """Send prices that move by so many thousandths, as one message."""
        batch: list[tuple[Decimal, int]] = []
        for move in moves:
            price = (self._last * (1000 + move) / 1000).quantize(Decimal("0.01"))
            if abs(move) <= 100:
                self._last = price
            self._time_us += TICK_US
            batch.append((price, self._time_us))
            self.broadcast.price(price, self._time_us)
        self._dispatcher.virtual_clock.advance_to(self._time_us)
        self._system.directory.to_market(
            SYMBOL,
            TakePrices(prices=[price for price, _ in batch], times_us=[time for _, time in batch]),
        )

    def compare(self, store: Store) -> int:
        """Hold every position against the broadcast; returns how many were compared."""
        compared = 0
        stops = self._stops(store)
        for reply in self.replies:
            answer = reply.get(0)
            if not isinstance(answer, OpenDone):
                continue  # the market was quarantined just then
            position = answer.position
            expected = self.broadcast.outcome(position, stops.get(position.position_id, {}))
            record = store.read_position(position.position_id)
            assert record is not None
            assert record.position == expected
            compared += 1
        return compared

    def _stops(self, store: Store) -> dict[int, dict[int, list[Decimal]]]:
        """The stops that were moved, by position and by the time of the price that they follow.

        Everybody who was told of a stop is among them, and nobody else.
        """
        stops: dict[int, dict[int, list[Decimal]]] = {}
        told = [reply.get(0) for reply in self.stop_moves]
        done = [answer.position.version for answer in told if isinstance(answer, ChangeDone)]
        for event in store.read_events(0, 100_000):
            if event.kind == "stop_moved":
                assert event.position_id is not None
                by_time = stops.setdefault(event.position_id, {})
                stop = Decimal(json.loads(event.data)["stop_after"])
                by_time.setdefault(event.time_us, []).append(stop)
        assert len(done) == sum(len(at) for times in stops.values() for at in times.values())
        self.stops_moved = len(done)
        return stops


@settings(max_examples=60, deadline=None)
@given(st.lists(opens | prices | stop_moves | runs, min_size=4, max_size=40), st.integers(0, 2**32))
def test_the_trigger_book_does_what_a_broadcast_would(script: Script, seed: int) -> None:
    """Opens, stop moves and prices interleaved at random: each ends as in the plain loop."""
    store = Store.open("sqlite://")
    dispatcher = SequentialDispatcher(seed=seed)
    try:
        system = System(
            store,
            dispatcher,
            epoch=store.acquire("test"),
            settings=SystemSettings(audit_seconds=None),
        )
        walk = Walk(system, dispatcher)
        walk.play(script)
        walk.compare(store)
    finally:
        store.close()


def test_a_long_walk_does_what_a_broadcast_would(house: House) -> None:
    """The same on a real database, with hundreds of prices and dozens of positions."""
    assert isinstance(house.dispatcher, SequentialDispatcher)
    chance = random.Random(11)
    script: Script = []
    for _ in range(600):
        script.append(Prices([chance.randint(-12, 12) for _ in range(chance.randint(1, 3))]))
        if chance.random() < 0.15:
            script.append(Open(chance.choice(list(Side)), chance.choice(LADDERS)))
        if chance.random() < 0.9:
            script.append(Move(chance.randint(0, 5), chance.randint(-20, 20)))
        if chance.random() < 0.5:
            script.append(Run(chance.randint(1, 8)))
    walk = Walk(house.system, house.dispatcher)
    walk.play(script)
    assert walk.compare(house.store) > 30
    assert walk.stops_moved > 10
    assert house.check().failed_checks == ()


def test_a_broadcast_is_what_it_claims_to_be() -> None:
    """The model itself: a position only sees what is accepted, and only after its own price."""
    broadcast = Broadcast()
    for time_us, price in enumerate((100, 103, 1000, 106, 110), start=1):
        broadcast.price(Decimal(price), time_us)
    assert [int(price) for price, _ in broadcast.accepted] == [100, 103, 106, 110]
    position = replace(a_position(), entry_time_us=2)
    assert broadcast.outcome(position, {}).exit_time_us == 5
