"""The bodies of requests about positions: what they ask for, and what is wrong with the others."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from backstay.web.api.position_requests import ChangeRequest, CloseRequest
from trading.exits.ladder import StopTarget
from trading.exits.level import percent
from trading.positions.changing import PartToClose, StopWish


def asked(stop_loss: str) -> StopWish | None:
    return ChangeRequest.model_validate({"stop_loss": stop_loss}).changes().stop_loss


def test_a_stop_that_is_wished_for_is_a_level_or_a_breakeven() -> None:
    """In any case, and with spaces around it."""
    assert asked("3%") == percent(3)
    assert asked(" Breakeven ") is StopTarget.BREAKEVEN
    assert asked("breakeven_net") is StopTarget.BREAKEVEN_NET


@pytest.mark.parametrize("text", ["none", "keep", "previous"])
def test_words_of_a_rungs_stop_are_no_remedy(text: str) -> None:
    """The error names the words that a person's stop may have, and no others."""
    with pytest.raises(ValidationError) as caught:
        asked(text)
    (error,) = caught.value.errors()
    assert error["msg"] == (
        f"'{text}' is not a price such as 62800 or a percentage such as 5%, "
        "`breakeven` or `breakeven_net`"
    )


@pytest.mark.parametrize(
    "part", [{"share": None}, {"quantity": None}, dict.fromkeys(("share", "quantity"))]
)
def test_a_part_that_is_null_closes_nothing(part: dict[str, None]) -> None:
    """Where a client's share is missing by mistake, all would be closed."""
    with pytest.raises(ValidationError, match="give a share or a quantity, or leave both out"):
        CloseRequest.model_validate(part)
    assert CloseRequest.model_validate({"note": None}).part() is None
    half = CloseRequest.model_validate({"share": "50%", "quantity": None}).part()
    assert half == PartToClose(share=Decimal("0.5"))
