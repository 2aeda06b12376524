"""What a signal's action means for the positions of its symbol."""

from decimal import Decimal

import pytest

from trading.model import Side
from trading.signals import Signal, SignalAction, SignalOrder

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


@pytest.mark.parametrize("share", ["0", "-0.5", "1.01"])
def test_a_share_that_no_close_could_take_is_refused(share: str) -> None:
    """Before it is stored: carried out, it would fail again and again."""
    with pytest.raises(ValueError, match="a share to close is above 0% and at most 100%"):
        SignalOrder(
            account="demo", symbol="BTCUSDT", action=CLOSE, digest="d", share=Decimal(share)
        )
