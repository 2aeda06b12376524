"""The validator's messages in plain words."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from backstay.web.wording import in_words
from trading.model import Side


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Annotated[str, Field(min_length=1)], "", "it is empty"),
        (Annotated[str, Field(min_length=3)], "ab", "write at least 3 characters"),
        (Annotated[str, Field(max_length=1)], "ab", "write at most 1 character"),
        (Annotated[str, Field(pattern="^[a-z]$")], "A", "write it in the form ^[a-z]$"),
        (str, 3, "write it as text"),
        (int, "abc", "write a whole number, such as 100"),
        (int, 1.5, "write a whole number, such as 100"),
        (int, "9" * 5_000, "it has too many digits"),
        (float, "abc", "write a number, such as 2.5"),
        (Annotated[float, Field(allow_inf_nan=False)], "inf", "write a number, such as 2.5"),
        (Decimal, "abc", "write a number, such as 2.5"),
        (Annotated[Decimal, Field(decimal_places=2)], "0.123", "write at most 2 decimal places"),
        (bool, "maybe", "write true or false"),
        (Annotated[int, Field(ge=1)], 0, "write at least 1"),
        (Annotated[int, Field(gt=0)], 0, "write more than 0"),
        (Annotated[int, Field(le=9)], 10, "write at most 9"),
        (Annotated[int, Field(lt=9)], 9, "write less than 9"),
        (Side, "long", "write 'LONG' or 'SHORT'"),
        (Literal["a", "b"], "c", "write 'a' or 'b'"),
        (list[int], "abc", "give a list"),
        (Annotated[tuple[int, ...], Field(max_length=1)], (1, 2), "give at most 1"),
        (Body, {}, "it is missing"),
        (Body, {"reason": "r", "x": 1}, "there is no such field"),
        (Body, [], "give an object, such as {...}"),
        (AwareDatetime, "2026-01-31T12:00:00", "write a time with its offset, such as 2026-"),
        (AwareDatetime, "noon", "write a time with its offset, such as 2026-01-31T12:00:00Z"),
        (
            Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC))],
            "1969-01-01T00:00:00Z",
            "write at least 1970-01-01",
        ),
    ],
)
def test_a_message_says_what_to_write(kind: Any, value: object, words: str) -> None:
    """Nobody reads `Input should be` or `String should have`."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert in_words(caught.value.errors()[0]).startswith(words)


def test_a_message_of_our_own_stays_as_it_is() -> None:
    """What a rule of ours says is plain already; the validator's mark before it goes."""
    ours = {"type": "value_error", "msg": "Value error, give an amount above 0", "ctx": {}}
    assert in_words(ours) == "give an amount above 0"


def test_a_message_that_has_no_words_yet_is_still_readable() -> None:
    """A kind that no field of ours has today does not begin like the validator's own text."""
    new = {"type": "url_type", "msg": "URL input should be a string or URL"}
    assert in_words(new) == "it should be a string or URL"
