"""What a signal's action means for the positions of its symbol."""

import pytest

from trading.model import Side
from trading.signals import Signal, SignalAction

BUY, SELL, CLOSE = SignalAction
BOTH = (Side.LONG, Side.SHORT)


@pytest.mark.parametrize(
    ("action", "flat", "closes", "opens"),
    [
        (BUY, False, (Side.SHORT,), Side.LONG),
        (SELL, False, (Side.LONG,), Side.SHORT),
        (BUY, True, BOTH, None),
        (SELL, True, BOTH, None),
        (CLOSE, False, BOTH, None),
        (CLOSE, True, BOTH, None),
    ],
)
def test_an_action_closes_and_opens(
    action: SignalAction, *, flat: bool, closes: tuple[Side, ...], opens: Side | None
) -> None:
    """The other side goes, its own comes; what only closes takes both sides and opens none."""
    signal = Signal(
        signal_id=1,
        account="demo",
        symbol="BTCUSDT",
        action=action,
        received_us=0,
        digest="d",
        flat=flat,
    )
    assert (signal.closes, signal.opens) == (closes, opens)
    assert action.only_closes(flat=flat) is (opens is None)
