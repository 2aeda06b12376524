"""The requests about positions: open, find, change, close."""

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError
from starlette.convertors import Convertor, register_url_convertor

from backstay.web.api.exits import (
    AskedTakeProfits,
    CloseAfter,
    ExitsRequest,
    Share,
    StopLossWish,
    Trail,
    told,
)
from backstay.web.api.fields import (
    AccountName,
    Market,
    Notional,
    PositionId,
    Quantity,
    RequestBody,
    Symbol,
    Text,
    example,
)
from backstay.web.api.paging import PageQuery
from trading.model import PositionStatus, Side
from trading.positions.changing import Changes, PartToClose
from trading.signals import closer_in


class _Digits(Convertor[str]):
    """A number of an address, left as text for the annotated type to judge.

    Starlette's own `int` fails on one of 5,000 digits; without any, `close-all` would be an id.
    """

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("digits", _Digits())

PositionPath = Annotated[PositionId, Path()]


class OpenRequest(ExitsRequest):
    """A position to open at the mark price, by `notional` (money) or by `quantity`.

    A level is a price ("65000") or a distance from the entry ("3%"). What is left out of the exits
    the account's default says, or else the service's.
    """

    model_config = example(
        account="demo",
        symbol="BTCUSDT",
        side="LONG",
        notional="25",
        stop_loss="5%",
        take_profits=[{"at": "3%", "close": "40%", "stop": "breakeven"}, "6%"],
    )

    account: AccountName
    symbol: Market
    side: Side
    notional: Notional | None = None
    quantity: Quantity | None = None

    @model_validator(mode="after")
    def _has_one_size(self) -> "OpenRequest":
        if (self.notional is None) == (self.quantity is None):
            raise PydanticCustomError("size", "give either notional or quantity")
        return self


class PositionQuery(PageQuery):
    """Which positions are listed."""

    account: AccountName | None = None
    status: PositionStatus | None = None
    symbol: Symbol | None = None


class ChangeRequest(RequestBody):
    """What is to change of an open position; what is left out stays as it is.

    `stop_loss` only tightens, `take_profits` replace those that are still ahead, `trailing` and
    `close_after` may be "none".
    """

    model_config = example(stop_loss="59000", trailing={"distance": "2%"})

    stop_loss: StopLossWish | None = None
    take_profits: AskedTakeProfits | None = None
    trailing: Trail | None = None
    close_after: CloseAfter | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> "ChangeRequest":
        told(self.changes)
        return self

    def changes(self) -> Changes:
        """What is asked for."""
        return Changes(
            stop_loss=self.stop_loss,
            take_profits=self.take_profits,
            trailing=self.trailing,
            close_after_us=self.close_after,
        )


def _not_a_signals(note: str) -> str:
    if closer_in(note) is None:
        return note
    raise PydanticCustomError("note", "notes that begin with TradingView signal are the hook's own")


class CloseRequest(RequestBody):
    """A close by hand, of all or of a `share` or `quantity`; the note is kept with the position."""

    model_config = example(share="50%", note="before the news")

    note: Annotated[Text, AfterValidator(_not_a_signals)] | None = None
    share: Share | None = None
    quantity: Quantity | None = None

    @model_validator(mode="after")
    def _asks_for_one_part(self) -> "CloseRequest":
        # A client whose share is missing by mistake must not close everything.
        if told(self.part) is None and self.model_fields_set & {"share", "quantity"}:
            raise PydanticCustomError(
                "part", "a part that is null: give a share or a quantity, or leave both out for all"
            )
        return self

    def part(self) -> PartToClose | None:
        """The part that is asked for; None for all."""
        if self.share is None and self.quantity is None:
            return None
        return PartToClose(share=self.share, quantity=self.quantity)
