"""The fields of requests: decimals as text, names, times, each with its bounds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from actors.wallet.messages import ACCOUNT_CHARS_MAX
from trading.money import AMOUNT_MAX, PRICE_MAX, ZERO, is_money, is_price, is_quantity, plain
from trading.symbols import MarketName, market_name

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
ID_MAX = 2**63 - 1
NAME_CHARS_MAX = 200
SYMBOL_CHARS_MAX = 64


class RequestBody(BaseModel):
    """A body or a query of which every field is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_each_field(cls, data: Any) -> Any:
        """Tell of fields that are not there by naming those that are."""
        unknown = (
            [name for name in data if name not in cls.model_fields]
            if isinstance(data, dict)
            else []
        )
        if not unknown:
            return data
        wrong = PydanticCustomError(
            "unknown_field",
            "there is no such field; known are {known}",
            {"known": ", ".join(cls.model_fields)},
        )
        raise ValidationError.from_exception_data(
            cls.__name__,
            [InitErrorDetails(type=wrong, loc=(name,), input=data[name]) for name in unknown],
        )


def example(**fields: Any) -> ConfigDict:
    """The configuration of a body that the API's page suggests with these fields."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def _decimal(pattern: str, means: str, holds: Callable[[Decimal], bool], example: str) -> Any:
    """A decimal that is written as a string of that pattern, and holds."""
    shape = re.compile(pattern)

    def read(value: object) -> Decimal:
        if not isinstance(value, str):
            raise PydanticCustomError("decimal_text", f'write it as a string, as "{example}"')
        # The pattern's own $ would let a line feed pass.
        if shape.fullmatch(value) and holds(number := Decimal(value)):
            return number
        raise PydanticCustomError("decimal_bounds", f"write {means}, as {example}")

    schema = {"type": "string", "pattern": pattern, "examples": [example]}
    writing = PlainSerializer(plain, return_type=str)
    return Annotated[Decimal, PlainValidator(read), writing, WithJsonSchema(schema)]


_MONEY = r"[0-9]{1,11}(\.[0-9]{1,8})?$"
_LONG = r"(\.[0-9]{1,18})?$"
_ANY = r"^-?[0-9]{1,30}(\.[0-9]{1,30})?$"
_BOUND = f"with at most 8 decimals, up to {plain(AMOUNT_MAX)}"

Balance = _decimal(
    "^" + _MONEY, f"an amount from 0 {_BOUND}", lambda v: is_money(v) and v >= ZERO, "1000"
)
Notional = _decimal(
    "^" + _MONEY, f"an amount above 0 {_BOUND}", lambda v: is_money(v) and v > ZERO, "25"
)
Amount = _decimal(
    "^-?" + _MONEY, f"an amount {_BOUND}, and not 0", lambda v: is_money(v) and v != ZERO, "-12.5"
)
Price = _decimal(
    "^[0-9]{1,13}" + _LONG,
    f"a price above 0 with at most 18 decimals, up to {plain(PRICE_MAX)}",
    is_price,
    "64250.5",
)
Quantity = _decimal(
    "^[0-9]{1,20}" + _LONG, "a quantity above 0 with at most 18 decimals", is_quantity, "0.001"
)
Ratio = _decimal(
    "^[0-9]{1,13}" + _LONG, "a number from 0 with at most 18 decimals", lambda _: True, "2.5"
)
RawNumber = _decimal(_ANY, "a number", lambda _: True, "64250.5")
"""A number of any size and sign, for the price guard to judge."""


def _printable(text: str) -> str:
    if text.isprintable() and text == text.strip():
        return text
    raise PydanticCustomError(
        "text", "write printable characters without spaces around them and without line breaks"
    )


def _no_path(name: str) -> str:
    if "/" in name or name in (".", ".."):
        raise PydanticCustomError("name", "it is a part of addresses: write it without /")
    return name


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_CHARS_MAX),
    AfterValidator(_printable),
]
"""A short line of text."""

AccountName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ACCOUNT_CHARS_MAX),
    AfterValidator(_printable),
    AfterValidator(_no_path),
]


def _market(text: str) -> MarketName:
    try:
        return market_name(text)
    except ValueError as error:
        raise PydanticCustomError("symbol", "{why}", {"why": str(error)}) from None


_SymbolText = Annotated[str, StringConstraints(min_length=1, max_length=SYMBOL_CHARS_MAX)]
_symbol_text: TypeAdapter[str] = TypeAdapter(_SymbolText)

Symbol = Annotated[_SymbolText, AfterValidator(lambda text: _market(text).symbol)]
"""A market's name in any usual spelling: `btc-usdt` is BTCUSDT."""

Market = Annotated[
    MarketName,
    PlainValidator(lambda value: _market(_symbol_text.validate_python(value))),
    WithJsonSchema(_symbol_text.json_schema()),
]
"""The same, for what has to know whether a perpetual is named."""


def _text_only(value: object) -> object:
    if isinstance(value, str):
        return value
    raise PydanticCustomError("time_text", 'write it as a string, as "2026-01-31T12:00:00Z"')


Timestamp = Annotated[AwareDatetime, BeforeValidator(_text_only), Field(ge=EPOCH, le=LATEST)]
"""An ISO 8601 time with its offset."""

PositionId = Annotated[int, Field(ge=1, le=ID_MAX)]
