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
from pydantic_core import InitErrorDetails, PydanticCustomError

from backstay.web.api.fields import RequestBody
from backstay.web.wording import in_words
from trading.exits.exits import Exits, Said
from trading.exits.ladder import (
    DEFAULT_STEP_PERCENT,
    RUNGS_MAX,
    AskedRung,
    Rung,
    StopTarget,
    TakeProfitFill,
    Trailing,
    TrailStart,
    check_rungs,
    check_trailing,
    filled_in,
)
from trading.exits.level import Level, level_from, percentage_from
from trading.exits.notation import (
    asked_rungs_from,
    close_after_from,
    fill_from,
    share_from,
    stop_loss_from,
    stop_target_from,
    trail_start_from,
    trailing_from,
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


def of_text(read: Callable[[str], T], sample: str) -> Callable[[object], T]:
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


def _schema(*examples: Any, kind: str = "string", **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "examples": list(examples), **more})


class TakeProfitRequest(BaseModel):
    """One take-profit: its level, the share that it closes, where it sends the stop-loss."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[Level, PlainValidator(of_text(level_from, "65000")), _schema("65000", "3%")]
    close: Annotated[Any, PlainValidator(of_text(share_from, "40%")), _schema("40%")] | None = None
    stop: (
        Annotated[
            StopTarget | Level,
            PlainValidator(of_text(stop_target_from, "breakeven")),
            _schema("breakeven", "63500"),
        ]
        | None
    ) = None


class TrailingRequest(BaseModel):
    """A trail: its distance behind the best price, from when on, and by which steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distance: Annotated[Level, PlainValidator(of_text(level_from, "2%")), _schema("2%", "600")]
    from_: Annotated[
        Annotated[
            TrailStart,
            PlainValidator(of_text(trail_start_from, "rung 1")),
            _schema("entry", "rung 1", "65000"),
        ]
        | None,
        Field(alias="from"),
    ] = None
    step: (
        Annotated[Any, PlainValidator(of_text(percentage_from, "0.1%")), _schema("0.1%")] | None
    ) = None


_take_profit = TypeAdapter(TakeProfitRequest)
_trailing = TypeAdapter(TrailingRequest)


def _asked_rungs(given: object) -> tuple[AskedRung, ...]:
    if isinstance(given, str):
        return told(asked_rungs_from, given)
    if not isinstance(given, list):
        raise PydanticCustomError("exit", 'write a list, as ["65000", "3%"], or "none"')
    if len(given) > RUNGS_MAX:
        raise PydanticCustomError("exit", f"{len(given)} take-profits: give at most {RUNGS_MAX}")
    rungs: list[AskedRung] = []
    wrong: list[InitErrorDetails] = []
    for index, one in enumerate(given):
        try:
            rungs.append(_asked_rung(one, index + 1))
        except PydanticCustomError as error:
            wrong.append(InitErrorDetails(type=error, loc=(index,), input=one))
        except ValidationError as error:
            wrong += _placed(error, index)
    if wrong:
        raise ValidationError.from_exception_data("take_profits", wrong)
    return tuple(rungs)


def _asked_rung(given: object, number: int) -> AskedRung:
    if isinstance(given, str):
        found: tuple[AskedRung, ...] = told(asked_rungs_from, given) if given.strip() else ()
        if len(found) != 1:
            raise PydanticCustomError(
                "exit", f'take-profit {number}: {given!r} is not one take-profit, as "65000@40%"'
            )
        return found[0]
    rung = _take_profit.validate_python(given)
    return AskedRung(at=rung.at, close_fraction=rung.close, stop=rung.stop)


def _rungs(given: object) -> tuple[Rung, ...]:
    rungs = filled_in(_asked_rungs(given))
    told(check_rungs, rungs)
    return rungs


def _trail(given: object) -> Trailing | Said:
    if isinstance(given, str):
        return told(trailing_from, given)
    try:
        asked = _trailing.validate_python(given)
    except ValidationError as error:
        raise ValidationError.from_exception_data("trailing", _placed(error)) from None
    trailing = Trailing(
        distance=asked.distance,
        start=asked.from_ or TrailStart(),
        step_percent=DEFAULT_STEP_PERCENT if asked.step is None else asked.step,
    )
    told(check_trailing, trailing, RUNGS_MAX)
    return trailing


def _placed(error: ValidationError, *place: int) -> list[InitErrorDetails]:
    """What is wrong with an object's fields, each with its place in the field that holds it."""
    return [
        InitErrorDetails(
            type=PydanticCustomError("exit", "{why}", {"why": in_words(one)}),
            loc=(*place, *one["loc"]),
            input=one["input"],
        )
        for one in error.errors()
    ]


def _stop_wish(given: str) -> StopWish:
    bare = given.strip().lower()
    if bare in (StopTarget.BREAKEVEN, StopTarget.BREAKEVEN_NET):
        return StopTarget(bare)
    try:
        return level_from(bare)
    except ValueError as error:
        raise ValueError(f"{error}, `breakeven` or `breakeven_net`") from None


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
    PlainValidator(of_text(stop_loss_from, "62800")),
    _schema("62800", "5%", "none"),
]
StopLossWish = Annotated[
    StopWish,
    PlainValidator(of_text(_stop_wish, "62800")),
    _schema("62800", "breakeven", "breakeven_net"),
]
TakeProfits = Annotated[tuple[Rung, ...], PlainValidator(_rungs), WithJsonSchema(_TAKE_PROFITS)]
AskedTakeProfits = Annotated[
    tuple[AskedRung, ...], PlainValidator(_asked_rungs), WithJsonSchema(_TAKE_PROFITS)
]
Trail = Annotated[Trailing | Said, PlainValidator(_trail), WithJsonSchema(_TRAIL)]
CloseAfter = Annotated[
    int | Said, PlainValidator(of_text(close_after_from, "4h")), _schema("4h", "none")
]
Fill = Annotated[
    TakeProfitFill,
    PlainValidator(of_text(fill_from, "price")),
    _schema("price", enum=[str(fill) for fill in TakeProfitFill]),
]
Share = Annotated[Any, PlainValidator(of_text(share_from, "50%")), _schema("50%")]


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
