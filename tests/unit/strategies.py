"""What property tests draw from: ladders, positions, and prices around an entry."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from tests.unit.accounts import a_position, walked
from trading.exits.ladder import RUNGS_MAX, Ladder, Rung, StopTarget, checked
from trading.exits.level import percent
from trading.model import Position, PositionStatus, Side

# Distances and moves share a grid, so that prices often meet a trigger exactly.
_GRID = Decimal("0.5")

sides = st.sampled_from(Side)


def _on_grid(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low * 2, high * 2).map(lambda steps: steps * _GRID)


_distances = st.integers(1, 60).map(lambda steps: steps * _GRID)
_stop_distances = st.integers(1, 40).map(lambda steps: steps * _GRID)
_shares = st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("0.333333333")])
_rungs = st.lists(
    st.tuples(_distances, st.sampled_from(StopTarget), _shares),
    max_size=RUNGS_MAX,
    unique_by=lambda rung: rung[0],
)


@st.composite
def ladders(draw: st.DrawFn, *, closing: bool | None = None, mirrors: bool = False) -> Ladder:
    """Ladders of 0 to 8 rungs with any stops and shares; on demand they close everything.

    A rung near the entry does not send the stop to the net breakeven, which lies beyond it. On
    demand none does: that of a SHORT is not the mirror image of a LONG's.
    """
    drawn = sorted(draw(_rungs.filter(bool) if closing else _rungs))
    left = Decimal(1)
    rungs = []
    for distance, stop, share in drawn:
        if stop is StopTarget.BREAKEVEN_NET and (mirrors or distance <= 1):
            stop = StopTarget.BREAKEVEN
        fraction = (left * share).quantize(Decimal("1E-9"))
        left -= fraction
        rungs.append(Rung(at=percent(distance), stop=stop, close_fraction=fraction))
    if rungs and (closing or draw(st.booleans())):
        last = rungs[-1]
        rungs[-1] = replace(last, close_fraction=last.close_fraction + left)
    return checked(Ladder(stop_loss=percent(draw(_stop_distances)), rungs=tuple(rungs)))


def entry_prices() -> st.SearchStrategy[Decimal]:
    """Round ones, where triggers are round too, and ones with many decimals."""
    return st.sampled_from([Decimal(100), Decimal("0.0008"), Decimal(64000)]) | st.decimals(
        "0.000001", "1000000", places=12
    )


def quantities() -> st.SearchStrategy[Decimal]:
    """Round ones, and ones with many decimals."""
    return st.sampled_from([Decimal(1), Decimal("0.25")]) | st.decimals(
        "0.000001", "1000", places=18
    )


@st.composite
def positions(
    draw: st.DrawFn,
    *,
    side: Side | None = None,
    position_id: int = 401,
    closing: bool | None = None,
) -> Position:
    """Open positions that no price has advanced yet."""
    return a_position(
        side or draw(sides),
        position_id=position_id,
        entry_price=draw(entry_prices()),
        quantity=draw(quantities()),
        ladder=draw(ladders(closing=closing)),
    )


def moves(low: int = -45, high: int = 45) -> st.SearchStrategy[Decimal]:
    """Distances from an entry in percent, often exactly those of a rung or a stop."""
    return _on_grid(low, high) | st.decimals(low, high, places=3)


def moved(entry_price: Decimal, percent: Decimal) -> Decimal:
    """The price at a distance from the entry."""
    return entry_price * (100 + percent) / 100


def walks(entry_price: Decimal, *, max_size: int = 12) -> st.SearchStrategy[list[Decimal]]:
    """Prices one after another around an entry."""
    return st.lists(moves().map(lambda move: moved(entry_price, move)), max_size=max_size)


@st.composite
def positions_underway(draw: st.DrawFn) -> Position:
    """Open positions somewhere on their way: the stop where earlier rungs have sent it."""
    start = draw(positions())
    now = start
    for price in draw(walks(start.entry_price, max_size=6)):
        after = walked(now, price).position
        if after.status is PositionStatus.OPEN:
            now = after
    return now
