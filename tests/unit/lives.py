"""Positions with every exit combined at random, and what prices and people do to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from tests.unit.accounts import TIME_US, a_position
from tests.unit.strategies import entry_prices, moved, moves, quantities, sides
from trading.exits.exits import Exits, Said
from trading.exits.ladder import AskedRung, Rung, StopTarget, TakeProfitFill, Trailing, TrailStart
from trading.exits.level import Level, percent
from trading.exits.prices import level_price
from trading.model import Denial, Position, PositionStatus, Side
from trading.money import price_scale
from trading.positions.changing import Changes, PartToClose, changed, part_closed_by_hand
from trading.positions.judging import Advance, advanced
from trading.times import SECOND_US

_either = st.booleans()
_GRID = Decimal("0.5")
# Beyond the net breakeven of the default rates, so that a rung may send the stop there.
_rung_distances = st.integers(3, 60).map(lambda steps: steps * _GRID)
_near = st.integers(1, 40).map(lambda steps: steps * _GRID)
_shares = st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("0.3"), Decimal("0.333333333")])
_steps = st.sampled_from([Decimal("0.01"), Decimal("0.1"), Decimal("0.5"), Decimal(3)])
_after_us = st.integers(1, 40).map(lambda seconds: seconds * SECOND_US)


@dataclass(frozen=True)
class Price:
    """A price comes, so long after the one before it."""

    price: Decimal
    after_us: int


@dataclass(frozen=True)
class Part:
    """A person closes a part at the last price."""

    part: PartToClose


@dataclass(frozen=True)
class Change:
    """A person changes the position at the last price."""

    changes: Changes


Step = Price | Part | Change


@dataclass(frozen=True)
class Lived:
    """What a step did to a position, at which price and time."""

    before: Position
    step: Step
    outcome: Advance | Denial
    price: Decimal
    time_us: int

    @property
    def after(self) -> Position:
        """The position after the step; as it was where the step was denied."""
        return self.before if isinstance(self.outcome, Denial) else self.outcome.position


@st.composite
def _levels(
    draw: st.DrawFn, side: Side, entry_price: Decimal, distance: Decimal, *, mirrors: bool
) -> Level:
    """A level toward profit, as a percentage or as the price that it comes to."""
    level = percent(distance)
    if mirrors or draw(st.booleans()):
        return level
    return Level(level_price(side, entry_price, level))


@st.composite
def _rungs(draw: st.DrawFn, side: Side, entry_price: Decimal, *, mirrors: bool) -> tuple[Rung, ...]:
    rungs, left = [], Decimal(1)
    distances = sorted(draw(st.lists(_rung_distances, max_size=5, unique=True)))
    for distance in distances:
        stop: StopTarget | Level = draw(st.sampled_from(StopTarget))
        if stop is StopTarget.BREAKEVEN_NET and mirrors:
            stop = StopTarget.BREAKEVEN
        if draw(st.booleans()):
            behind = distance * draw(st.integers(1, 9)) / 10
            stop = draw(_levels(side, entry_price, behind, mirrors=mirrors))
        fraction = (left * draw(_shares)).quantize(Decimal("1E-9"))
        left -= fraction
        rungs.append(
            Rung(
                at=draw(_levels(side, entry_price, distance, mirrors=mirrors)),
                stop=stop,
                close_fraction=fraction,
            )
        )
    if draw(_either) and rungs:
        last = rungs[-1]
        rungs[-1] = Rung(at=last.at, stop=last.stop, close_fraction=last.close_fraction + left)
    return tuple(rungs)


@st.composite
def _trails(
    draw: st.DrawFn, side: Side, entry_price: Decimal, rungs: int, *, mirrors: bool
) -> Trailing:
    amount = price_scale(entry_price * draw(_near) / 100)
    distance = Level(amount) if mirrors or draw(st.booleans()) else percent(draw(_near))
    starts = [st.just(TrailStart())]
    if rungs:
        starts.append(st.integers(1, rungs).map(lambda rung: TrailStart(rung=rung)))
    level = _near.flatmap(lambda distance: _levels(side, entry_price, distance, mirrors=mirrors))
    starts.append(level.map(lambda level: TrailStart(level=level)))
    return Trailing(
        distance=distance,
        start=draw(st.one_of(starts)),
        step_percent=Decimal("0.01") if mirrors else draw(_steps),
    )


@st.composite
def exits(draw: st.DrawFn, side: Side, entry_price: Decimal, *, mirrors: bool = False) -> Exits:
    """Exits that this entry can have: each field in any of its forms.

    Those of which a SHORT does the mirror image of a LONG know neither prices nor a percentage of
    the best price.
    """
    rungs = draw(_rungs(side, entry_price, mirrors=mirrors))
    trailing = draw(st.none() | _trails(side, entry_price, len(rungs), mirrors=mirrors))
    distance = draw(_near)
    other = Side.SHORT if side is Side.LONG else Side.LONG
    stop_loss: Level | Said = draw(_levels(other, entry_price, distance, mirrors=mirrors))
    if trailing is not None and trailing.start == TrailStart() and draw(st.booleans()):
        stop_loss = Said.NONE
    return Exits(
        stop_loss=stop_loss,
        take_profits=rungs,
        trailing=Said.NONE if trailing is None else trailing,
        close_after_us=draw(st.just(Said.NONE) | _after_us),
        take_profit_fill=draw(st.sampled_from(TakeProfitFill)),
    )


@st.composite
def new_positions(draw: st.DrawFn) -> Position:
    """A position with any exits that its entry can have."""
    side, entry_price = draw(sides), draw(entry_prices())
    ladder = draw(exits(side, entry_price)).over()
    quantity = draw(quantities())
    return a_position(side, entry_price=entry_price, quantity=quantity, ladder=ladder)


@st.composite
def _changes(draw: st.DrawFn, position: Position) -> Changes:
    """What a person may ask for; much of it is refused."""
    side, entry = position.side, position.entry_price
    asked = draw(exits(side, entry))
    assert asked.take_profits is not None
    ahead = tuple(
        AskedRung(at=rung.at, stop=rung.stop, close_fraction=rung.close_fraction)
        for rung in asked.take_profits
    )
    at = Level(moved(entry, draw(moves())).quantize(Decimal("1E-12")))
    stops: list[Level | StopTarget] = [at if at.value > 0 else percent(1)]
    stops += [StopTarget.BREAKEVEN, StopTarget.BREAKEVEN_NET]
    wishes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
    return Changes(
        stop_loss=draw(st.sampled_from(stops)) if 0 in wishes else None,
        take_profits=ahead if 1 in wishes else None,
        trailing=asked.trailing if 2 in wishes else None,
        close_after_us=asked.close_after_us if 3 in wishes else None,
    )


@st.composite
def lives(draw: st.DrawFn) -> tuple[Position, list[Step]]:
    """A new position, and the prices and wishes that it meets."""
    position = draw(new_positions())
    # More of them toward profit, so that a position lives long enough to meet its exits.
    distances = (moves(-3, 35) | moves(-3, 10) | moves()).map(
        lambda move: move * position.side.sign
    )
    price = st.builds(
        Price,
        distances.map(lambda move: moved(position.entry_price, move)),
        st.integers(0, 5).map(lambda seconds: seconds * SECOND_US),
    )
    part = st.builds(
        Part, st.integers(1, 10).map(lambda tenths: PartToClose(share=Decimal(tenths) / 10))
    )
    change = st.builds(Change, _changes(position))
    step: st.SearchStrategy[Step] = price | price | price | part | change
    return position, draw(st.lists(step, min_size=2, max_size=12))


def lived(position: Position, steps: list[Step]) -> Iterator[Lived]:
    """Take the steps one after another, until the position is closed."""
    price, time_us = position.entry_price, position.entry_time_us
    for step in steps:
        if position.status is PositionStatus.CLOSED:
            return
        outcome: Advance | Denial
        match step:
            case Price():
                price, time_us = step.price, time_us + step.after_us
                outcome = advanced(position, price, time_us)
            case Part():
                outcome = part_closed_by_hand(position, step.part, price, time_us)
            case Change():
                outcome = changed(position, step.changes, price, time_us)
        one = Lived(position, step, outcome, price, time_us)
        yield one
        position = one.after


def end_of(position: Position, steps: list[Step]) -> tuple[Position, Decimal, int]:
    """The position after all steps, with its last price and time."""
    price, time_us = position.entry_price, TIME_US
    for one in lived(position, steps):
        position, price, time_us = one.after, one.price, one.time_us
    return position, price, time_us
