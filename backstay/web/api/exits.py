"""The exits of a request: the same words as everywhere, with named fields where JSON has them."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from backstay.web.api.fields import RequestBody
from trading.exits.exits import Exits, Said
from trading.exits.ladder import (
    RUNGS_MAX,
    AskedRung,
    Rung,
    TakeProfitFill,
    Trailing,
    check_rungs,
    filled_in,
)
from trading.exits.level import Level
from trading.exits.notation import (
    asked_rung,
    asked_rungs_from,
    close_after_from,
    fill_from,
    share_from,
    stop_loss_from,
    stop_target_from,
    trailing_from,
    trailing_of,
)
from trading.positions.changing import StopWish

T = TypeVar("T")

FORMER_FIELDS = {
    "stop_loss_pct": 'stop_loss_pct is now stop_loss: write "stop_loss": "5%", or a price',
    "take_profit_pcts": 'take_profit_pcts is now take_profits: write "take_profits": ["3%", "6%"]',
    "close_fractions": 'close_fractions is now a part of take_profits: write "take_profits": '
    '[{"at": "3%", "close": "25%"}]',
}
"""The fields for percentages only, and what stands in their place."""


class TakeProfitRequest(BaseModel):
    """One take-profit: its level, the share that it closes, where it sends the stop-loss."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[str, Field(examples=["65000", "3%"])]
    close: Annotated[str | None, Field(examples=["40%"])] = None
    stop: Annotated[str | None, Field(examples=["breakeven"])] = None


class TrailingRequest(BaseModel):
    """A trail: its distance behind the best price, from when on, and by which steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distance: Annotated[str, Field(examples=["2%", "600"])]
    from_: Annotated[str | None, Field(alias="from", examples=["entry", "rung 1", "65000"])] = None
    step: Annotated[str | None, Field(examples=["0.1%"])] = None


_take_profit = TypeAdapter(TakeProfitRequest)
_trailing = TypeAdapter(TrailingRequest)


def text_field(read: Callable[[str], T], sample: str) -> Callable[[object], T]:
    """Reads a text; what is wrong with it is told as the field's error."""

    def value(given: object) -> T:
        if not isinstance(given, str):
            raise PydanticCustomError("exit", f'write it as a string, as "{sample}"')
        return told(read, given)

    return value


def told(read: Callable[..., T], *args: Any, **named: Any) -> T:
    """Call something whose `ValueError` is told as the field's error."""
    try:
        return read(*args, **named)
    except ValueError as error:
        raise PydanticCustomError("exit", "{why}", {"why": str(error)}) from None


def _asked_rungs(given: object) -> tuple[AskedRung, ...]:
    if isinstance(given, str):
        return told(asked_rungs_from, given)
    if not isinstance(given, list):
        raise PydanticCustomError("exit", 'write a list, as ["65000", "3%"], or "none"')
    if len(given) > RUNGS_MAX:
        raise PydanticCustomError("exit", f"{len(given)} take-profits: give at most {RUNGS_MAX}")
    return tuple(_asked_rung(one, number) for number, one in enumerate(given, start=1))


def _asked_rung(given: object, number: int) -> AskedRung:
    if isinstance(given, str):
        found: tuple[AskedRung, ...] = told(asked_rungs_from, given) if given.strip() else ()
        if len(found) != 1:
            raise PydanticCustomError(
                "exit", f'take-profit {number}: {given!r} is not one take-profit, as "65000@40%"'
            )
        return found[0]
    rung = _object(_take_profit, given, f"take-profit {number}", '{"at": "65000", "close": "40%"}')
    return told(asked_rung, at=rung.at, close=rung.close, stop=rung.stop)


def _rungs(given: object) -> tuple[Rung, ...]:
    rungs = filled_in(_asked_rungs(given))
    told(check_rungs, rungs)
    return rungs


def _trail(given: object) -> Trailing | Said:
    if isinstance(given, str):
        return told(trailing_from, given)
    trail = _object(_trailing, given, "trailing", '{"distance": "2%", "from": "rung 1"}')
    return told(trailing_of, distance=trail.distance, step=trail.step, start=trail.from_)


def _object(adapter: TypeAdapter[T], given: object, name: str, sample: str) -> T:
    try:
        return adapter.validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        why = f"{where}: {first['msg']}" if where else first["msg"]
        raise PydanticCustomError(
            "exit", "{name}: {why}; write {sample}", {"name": name, "why": why, "sample": sample}
        ) from None


def _stop_wish(given: str) -> StopWish:
    return stop_target_from(given)


def _schema(*examples: Any, kind: str = "string", **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "examples": list(examples), **more})


_TAKE_PROFITS = {
    "anyOf": [
        {
            "type": "array",
            "maxItems": RUNGS_MAX,
            "items": {"anyOf": [{"type": "string"}, TakeProfitRequest.model_json_schema()]},
        },
        {"type": "string"},
    ],
    "examples": [["65000", "3%"], "65000@40%>breakeven;66000"],
}
_TRAIL = {
    "anyOf": [TrailingRequest.model_json_schema(), {"type": "string"}],
    "examples": [{"distance": "2%", "from": "rung 1"}, "2%/0.1% from entry", "none"],
}

StopLoss = Annotated[
    Level | Said,
    PlainValidator(text_field(stop_loss_from, "62800")),
    _schema("62800", "5%", "none"),
]
StopLossWish = Annotated[
    StopWish,
    PlainValidator(text_field(_stop_wish, "62800")),
    _schema("62800", "breakeven", "breakeven_net"),
]
TakeProfits = Annotated[tuple[Rung, ...], PlainValidator(_rungs), WithJsonSchema(_TAKE_PROFITS)]
AskedTakeProfits = Annotated[
    tuple[AskedRung, ...], PlainValidator(_asked_rungs), WithJsonSchema(_TAKE_PROFITS)
]
Trail = Annotated[Trailing | Said, PlainValidator(_trail), WithJsonSchema(_TRAIL)]
CloseAfter = Annotated[
    int | Said, PlainValidator(text_field(close_after_from, "4h")), _schema("4h", "none")
]
Fill = Annotated[
    TakeProfitFill,
    PlainValidator(text_field(fill_from, "price")),
    _schema("price", enum=[str(fill) for fill in TakeProfitFill]),
]
Share = Annotated[Any, PlainValidator(text_field(share_from, "50%")), _schema("50%")]


class ExitsRequest(RequestBody):
    """Exits, each of which may be left out: the account's default stands in, or the service's."""

    stop_loss: StopLoss | None = None
    take_profits: TakeProfits | None = None
    trailing: Trail | None = None
    close_after: CloseAfter | None = None
    take_profit_fill: Fill | None = None

    @model_validator(mode="before")
    @classmethod
    def _says_no_percentages_only(cls, data: Any) -> Any:
        for name, instead in FORMER_FIELDS.items():
            if isinstance(data, dict) and name in data:
                raise PydanticCustomError("former_field", "{instead}", {"instead": instead})
        return data

    def exits(self) -> Exits:
        """What is said about exits."""
        return Exits(
            stop_loss=self.stop_loss,
            take_profits=self.take_profits,
            trailing=self.trailing,
            close_after_us=self.close_after,
            take_profit_fill=self.take_profit_fill,
        )
