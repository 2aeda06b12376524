"""A ladder is kept and compared by all of its fields."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from actors.wallet.canonical import canonical_request
from actors.wallet.messages import OpenPosition
from persistence.ladder_codec import ladder_from, ladder_text
from trading.ladder_shape import ladder_from_percentages
from trading.model import Ladder, Side

NOT_ASKED = {"account", "reply_to", "idempotency_key", "deadline_us"}
"""What a request's text does not hold: a key belongs to an account, the rest is of one sending."""


class Nobody:
    """A recipient that drops what it is told."""

    def tell(self, message: object) -> None:
        """Nothing."""


REQUEST = OpenPosition(
    account="demo",
    symbol="BTCUSD",
    side=Side.LONG,
    ladder=ladder_from_percentages(),
    reply_to=Nobody(),
    notional=Decimal("10.50"),
    idempotency_key="first",
)


def changed(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each way in which one field of a value, at any depth, may be another."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for where, other in changed(getattr(value, field.name), f"{path}.{field.name}"):
                yield where, replace(value, **{field.name: other})
    elif isinstance(value, tuple):
        yield f"{path} shorter", value[:-1]
        for place, item in enumerate(value):
            for where, other in changed(item, f"{path}[{place}]"):
                yield where, (*value[:place], other, *value[place + 1 :])
    else:
        yield path, another(value)


def another(value: object) -> object:
    """A value of the same type that is not equal."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, StrEnum):
        return next(one for one in type(value) if one is not value)
    if isinstance(value, str):
        return value + "X"
    if isinstance(value, int | Decimal):
        return value + 1
    raise NotImplementedError(f"another value than {value!r}")


CHANGED_LADDERS = dict(changed(REQUEST.ladder, "ladder"))


def requests() -> Iterator[tuple[str, OpenPosition]]:
    """Requests that ask for something else than `REQUEST` in one field."""
    for field in fields(OpenPosition):
        value = getattr(REQUEST, field.name)
        if field.name == "quantity":
            yield "quantity", replace(REQUEST, notional=None, quantity=REQUEST.notional)
        elif field.name not in NOT_ASKED:
            for where, other in changed(value, field.name):
                yield where, replace(REQUEST, **{field.name: other})


CHANGED_REQUESTS = dict(requests())


@pytest.mark.parametrize("where", CHANGED_REQUESTS)
def test_a_request_that_differs_in_any_field_has_another_text(where: str) -> None:
    """No field of a request or of its ladder is left out, so no two are equal under one key."""
    assert canonical_request(CHANGED_REQUESTS[where]) != canonical_request(REQUEST)


@pytest.mark.parametrize("where", CHANGED_LADDERS)
def test_a_ladder_is_read_back_with_every_field(where: str) -> None:
    """What is stored of a ladder is all of it."""
    ladder = CHANGED_LADDERS[where]
    assert isinstance(ladder, Ladder)
    assert ladder_from(ladder_text(ladder)) == ladder


def test_a_request_keeps_the_text_that_databases_hold() -> None:
    """A key that an earlier version has stored gets its first outcome again."""
    assert canonical_request(REQUEST) == (
        '["BTCUSD","LONG","10.5",null,'
        '["5",[["3","breakeven","0"],["6","previous_rung","0"],["10","previous_rung","1"]]]]'
    )


def test_a_ladder_keeps_the_text_that_databases_hold() -> None:
    """Rows that an earlier version has stored are read, and later rows are like them."""
    assert ladder_text(REQUEST.ladder) == (
        '{"stop_loss_pct":"5","rungs":['
        '{"distance_pct":"3","stop":"breakeven","close_fraction":"0"},'
        '{"distance_pct":"6","stop":"previous_rung","close_fraction":"0"},'
        '{"distance_pct":"10","stop":"previous_rung","close_fraction":"1"}]}'
    )
