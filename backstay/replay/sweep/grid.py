"""The ladders that a sweep tries: every combination of the values given for `--sweep`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from backstay.feeds.errors import InputError
from backstay.feeds.numbers import decimal_of
from backstay.feeds.signals import RecordedSignal
from trading.ladder_shape import ladder_from_percentages
from trading.model import Ladder

LADDERS_MAX = 1_000
STOP_LOSS, TAKE_PROFITS = "stop_loss_pct", "take_profit_pcts"

Percentages = tuple[Decimal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderChoice:
    """One ladder of a grid, by its number from 1; None leaves a value to each signal."""

    number: int
    stop_loss_pct: Decimal | None = None
    take_profit_pcts: Percentages | None = None

    def ladder_for(self, own: Ladder) -> Ladder:
        """A signal's own ladder with what is chosen in its place.

        What the rungs close stays; where that is all at the last one, it is so at the new last.

        Raises:
            ValueError: if that is no ladder.
        """
        own_pcts = tuple(rung.distance_pct for rung in own.rungs)
        fractions = [rung.close_fraction for rung in own.rungs]
        default = [rung.close_fraction for rung in ladder_from_percentages(own_pcts).rungs]
        return ladder_from_percentages(
            own_pcts if self.take_profit_pcts is None else self.take_profit_pcts,
            stop_loss_pct=own.stop_loss_pct if self.stop_loss_pct is None else self.stop_loss_pct,
            close_fractions=None if fractions == default else fractions,
        )


def grid_of(options: Sequence[str]) -> tuple[LadderChoice, ...]:
    """Every combination of the values of `--sweep NAME=VALUE,VALUE`, in their order.

    Raises:
        ValueError: naming the option and the value that is no ladder's, or if there are too many.
    """
    values: dict[str, list[Percentages]] = {}
    for option in options:
        name, equals, text = option.partition("=")
        name = name.strip()
        if not equals or name not in (STOP_LOSS, TAKE_PROFITS):
            raise ValueError(
                f"--sweep {option!r} is neither {STOP_LOSS}=2,3,5 nor {TAKE_PROFITS}='3;6;10,2;4;8'"
            )
        if name in values:
            raise ValueError(f"--sweep gives {name} twice; put all its values into one")
        values[name] = _values(name, text)
    stops = [value[0] for value in values[STOP_LOSS]] if STOP_LOSS in values else [None]
    pcts: Sequence[Percentages | None] = values.get(TAKE_PROFITS, [None])
    if (count := len(stops) * len(pcts)) > LADDERS_MAX:
        raise ValueError(f"--sweep asks for {count} ladders; at most {LADDERS_MAX} are tried")
    return tuple(
        LadderChoice(number=number, stop_loss_pct=stop_loss_pct, take_profit_pcts=take_profit_pcts)
        for number, (stop_loss_pct, take_profit_pcts) in enumerate(product(stops, pcts), start=1)
    )


def check_ladders(
    choices: Iterable[LadderChoice], signals: Iterable[RecordedSignal], signals_name: str
) -> None:
    """Raise `InputError` for the first signal whose own ladder does not go with a choice."""
    by_ladder: dict[Ladder, RecordedSignal] = {}
    for signal in signals:
        by_ladder.setdefault(signal.ladder, signal)
    for choice in choices:
        for ladder, signal in by_ladder.items():
            try:
                choice.ladder_for(ladder)
            except ValueError as error:
                raise InputError(
                    f"{error}, with the ladder of --sweep and what signal "
                    f"{signal.signal_id} gives itself; leave the one or the other out",
                    file=signals_name,
                    line=signal.line,
                ) from None


def _values(name: str, text: str) -> list[Percentages]:
    found: list[Percentages] = []
    for part in text.split(","):
        try:
            value = tuple(decimal_of(number) for number in part.split(";"))
            if name == TAKE_PROFITS:
                ladder_from_percentages(value)
            elif len(value) == 1:
                ladder_from_percentages(stop_loss_pct=value[0])
            else:
                raise ValueError("one number is a stop-loss")
        except ValueError as error:
            raise ValueError(
                f"--sweep {name}: {part!r} is refused: {error}; separate values by commas, "
                "the rungs of one by semicolons"
            ) from None
        if value in found:
            raise ValueError(f"--sweep {name}: {part!r} is given twice; remove one")
        found.append(value)
    return found
