"""Plays an example: an open, then prices, times and changes, through the rules of `trading`."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from trading.costs import DEFAULT_RATES
from trading.events.words import words_of
from trading.exits.exits import NOTHING_SAID, Exits
from trading.exits.ladder import DEFAULT_LADDER
from trading.exits.notation import (
    asked_rungs_from,
    close_after_from,
    exits_from,
    share_from,
    stop_target_from,
    trailing_from,
)
from trading.model import CloseReason, CostRates, Denial, Position, PositionStatus, Side
from trading.positions.changing import Changes, PartToClose, changed, part_closed_by_hand
from trading.positions.judging import Advance, advanced, closed, triggers
from trading.positions.opening import opened, quantity_for
from trading.times import SECOND_US

_OPEN = re.compile(r"(LONG|SHORT) (\S+) (\S+) at ([0-9.]+)(?:, (.+))?")
_PRICE = re.compile(r"(\d+):(\d\d):(\d\d)  ([0-9.]+)")
_RATES = ("fee", "spread", "slippage")
QUIET = "(nothing)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A position after one line of an example, and the price of that line."""

    label: str
    price: Decimal
    position: Position
    advance: Advance


@dataclass(slots=True)
class Example:
    """An example while it is played: the position, its last price, and the account's own terms."""

    position: Position | None = None
    price: Decimal = Decimal(0)
    time_us: int = 0
    exits: Exits = NOTHING_SAID
    rates: CostRates = DEFAULT_RATES
    moments: list[Moment] = field(default_factory=list)

    def answers(self, line: str) -> list[str]:
        """What the rules answer to one line, sentence by sentence.

        Raises:
            ValueError: if the line is none of an example's.
        """
        try:
            outcome = self._judged(line)
        except _Refused as refused:
            return [f"refused: {refused}"]
        if outcome is None:
            return []
        if isinstance(outcome, Denial):
            return [f"refused: {outcome.text}"]
        self.position = outcome.position
        self.moments.append(
            Moment(label=line, price=self.price, position=outcome.position, advance=outcome)
        )
        return [words_of(event).sentence for event in outcome.events] or [QUIET]

    def _judged(self, line: str) -> Advance | Denial | None:
        if found := _OPEN.fullmatch(line):
            return self._opened(*found.groups())
        if line.startswith("account "):
            self._terms(line.removeprefix("account "))
            return None
        assert self.position is not None, f"{line!r} comes before an open"
        assert self.position.status is PositionStatus.OPEN, f"{line!r} comes after the close"
        if found := _PRICE.fullmatch(line):
            hours, minutes, seconds, price = found.groups()
            self.time_us = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * SECOND_US
            self.price = Decimal(price)
            return self._priced(self.position)
        if line.startswith("change "):
            return _changed(self.position, line.removeprefix("change "), self.price, self.time_us)
        if line.startswith("close"):
            return _closed(self.position, line.removeprefix("close"), self.price, self.time_us)
        raise ValueError(f"{line!r} is no line of an example")

    def _opened(self, side: str, symbol: str, size: str, at: str, said: str | None) -> Advance:
        self.price, self.time_us, self.moments = Decimal(at), 0, []
        exits, rates = _terms(said or "", self.rates)
        with _Refusing():
            return opened(
                position_id=1,
                account="demo",
                symbol=symbol,
                side=Side(side),
                quantity=quantity_for(Decimal(size), self.price),
                entry_price=self.price,
                entry_time_us=0,
                ladder=exits.over(self.exits.over(DEFAULT_LADDER)),
                rates=rates,
            )

    def _terms(self, said: str) -> None:
        exits, self.rates = _terms(said, self.rates)
        self.exits = self.exits.and_then(exits)

    def _priced(self, position: Position) -> Advance:
        """Judge a price, and hold the promises that hold at every price."""
        waits, advance = triggers(position), advanced(position, self.price, self.time_us)
        assert waits.reached_by(self.price, self.time_us) == bool(advance.events), waits
        if advance.position.status is PositionStatus.OPEN:
            assert advanced(advance.position, self.price, self.time_us).events == ()
        return advance


class _Refused(Exception):
    """The rules refuse what a line asks for."""


class _Refusing:
    """Turns a `ValueError` of the rules into a refusal."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ValueError):
            raise _Refused(str(error)) from None


def _fields(said: str) -> dict[str, str]:
    pairs = (part.partition(" ") for part in said.split(", ") if part)
    return {name: text for name, _, text in pairs}


def _terms(said: str, rates: CostRates) -> tuple[Exits, CostRates]:
    fields = _fields(said)
    own = {name: Decimal(fields.pop(name)) for name in _RATES if name in fields}
    with _Refusing():
        return exits_from(fields), CostRates(**{n: own.get(n, getattr(rates, n)) for n in _RATES})


def _changed(position: Position, said: str, price: Decimal, time_us: int) -> Advance | Denial:
    fields = _fields(said)
    with _Refusing():
        changes = Changes(
            stop_loss=stop_target_from(fields["stop_loss"]) if "stop_loss" in fields else None,
            take_profits=(
                asked_rungs_from(fields["take_profits"]) if "take_profits" in fields else None
            ),
            trailing=trailing_from(fields["trailing"]) if "trailing" in fields else None,
            close_after_us=(
                close_after_from(fields["close_after"]) if "close_after" in fields else None
            ),
        )
    return changed(position, changes, price, time_us)


def _closed(position: Position, said: str, price: Decimal, time_us: int) -> Advance | Denial:
    part = said.strip()
    if not part:
        return closed(position, price, time_us, reason=CloseReason.MANUAL)
    with _Refusing():
        if part.startswith("quantity "):
            wanted = PartToClose(quantity=Decimal(part.removeprefix("quantity ")))
        else:
            wanted = PartToClose(share=share_from(part))
    return part_closed_by_hand(position, wanted, price, time_us)
