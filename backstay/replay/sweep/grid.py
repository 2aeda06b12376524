"""The exits that a sweep tries: every combination of the values given for `--sweep`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from backstay.feeds.errors import InputError
from backstay.feeds.signals import RecordedSignal
from trading.exits.exits import NOTHING_SAID, Exits
from trading.exits.notation import EXIT_FIELDS, exits_from, exits_text, grouped_in

LADDERS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderChoice:
    """One ladder of a grid, by its number from 1; what it does not say is each signal's own."""

    number: int
    exits: Exits = NOTHING_SAID

    def exits_for(self, own: Exits) -> Exits:
        """A signal's own exits with what is chosen in its place.

        Raises:
            ValueError: if that is no ladder.
        """
        chosen = own.and_then(self.exits)
        chosen.over()
        return chosen

    @property
    def said(self) -> dict[str, str]:
        """The chosen values, by name in the one-line notation."""
        return exits_text(self.exits)


def grid_of(options: Sequence[str]) -> tuple[LadderChoice, ...]:
    """Every combination of the values of `--sweep NAME=VALUE,VALUE`, in their order.

    Values are separated by commas, the take-profits of one by semicolons.

    Raises:
        ValueError: naming the option and the value that is no ladder's, or if there are too many.
    """
    values: dict[str, list[Exits]] = {}
    for option in options:
        name, equals, text = option.partition("=")
        name = name.strip()
        if name in _FORMER:
            raise ValueError(f"--sweep {name} is now {_FORMER[name]}")
        if not equals or name not in EXIT_FIELDS:
            raise ValueError(
                f"--sweep {option!r} is unknown: give {', '.join(EXIT_FIELDS)} with values, "
                "such as stop_loss=2%,3% or take_profits='3%;6%;10%,2%;4%;8%'"
            )
        if name in values:
            raise ValueError(f"--sweep gives {name} twice; put all its values into one")
        values[name] = _values(name, text)
    # The order of the fields, whatever that of the options: the same grid is the same sweep.
    lists = [values[name] for name in EXIT_FIELDS if name in values]
    combinations = list(_bounded(lists))
    return tuple(
        LadderChoice(number=number, exits=_together(chosen))
        for number, chosen in enumerate(combinations, start=1)
    )


def check_ladders(
    choices: Iterable[LadderChoice], signals: Iterable[RecordedSignal], signals_name: str
) -> None:
    """Raise `InputError` for the first signal whose own exits do not go with a choice."""
    by_exits: dict[Exits, RecordedSignal] = {}
    for signal in signals:
        by_exits.setdefault(signal.exits, signal)
    for choice in choices:
        for exits, signal in by_exits.items():
            try:
                choice.exits_for(exits)
            except ValueError as error:
                raise InputError(
                    f"{error}, with the exits of --sweep and what signal "
                    f"{signal.signal_id} gives itself; leave out one of them",
                    file=signals_name,
                    line=signal.line,
                ) from None


_FORMER = {
    "stop_loss_pct": "stop_loss, with values such as 2%,3%",
    "take_profit_pcts": "take_profits, with values such as '3%;6%;10%,2%;4%;8%'",
    "close_fractions": "take_profits, with values such as 3%@25%;6%@75%",
}
"""The names for percentages only, and what stands in their place."""


def _bounded(lists: Sequence[Sequence[Exits]]) -> Iterable[tuple[Exits, ...]]:
    count = 1
    for values in lists:
        count *= len(values)
    if count > LADDERS_MAX:
        raise ValueError(f"--sweep asks for {count} ladders; at most {LADDERS_MAX} are tried")
    return product(*lists)


def _together(chosen: Iterable[Exits]) -> Exits:
    exits = NOTHING_SAID
    for one in chosen:
        exits = exits.and_then(one)
    return exits


def _values(name: str, text: str) -> list[Exits]:
    found: list[Exits] = []
    if grouped := grouped_in(text):
        raise ValueError(
            f"--sweep {name}: {grouped!r} may be one number with thousands separators or several "
            f"values: write {grouped.replace(',', '')}, or give each value a decimal point (100.0)"
        )
    for part in text.split(","):
        try:
            if not part.strip():
                raise ValueError("it is empty")
            value = exits_from({name: part})
        except ValueError as error:
            raise ValueError(
                f"--sweep {name}: {part!r} is refused: {error}; separate values by commas, "
                "the take-profits of one by semicolons"
            ) from None
        if value in found:
            raise ValueError(f"--sweep {name}: {part!r} is given twice; remove one")
        found.append(value)
    return found
