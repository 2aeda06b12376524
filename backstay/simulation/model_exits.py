"""A ladder as it was asked for, read a second time from the one line of every edge.

Nothing here comes from `trading`: a level is its text, a number or a percentage of the entry, and
becomes a price by exact fractions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from backstay.simulation.arithmetic import exact, price, price_above, price_below

ZERO = Decimal(0)
ONE = Decimal(1)

Fields = Mapping[str, str]
"""Exits by name, as they were said; what is missing is left to a default."""

DEFAULT: Fields = {
    "stop_loss": "5%",
    "take_profits": "3%;6%;10%",
    "trailing": "none",
    "close_after": "none",
    "take_profit_fill": "price",
}
PRICE_MAX = Decimal(10**12)
RUNGS_MAX = 8
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class ModelRung:
    """A take-profit: its level, where the stop goes, and the share that it closes (0 to 1)."""

    at: str
    stop: str
    fraction: Decimal

    def __str__(self) -> str:
        """The one-line notation, whole."""
        return f"{self.at}@{plain(self.fraction * 100)}%>{self.stop}"


@dataclass(frozen=True, slots=True)
class ModelTrail:
    """A trail: its distance, its step in percent, and `entry`, `rung 2` or a level to begin at."""

    distance: str
    step: Decimal
    start: str

    def __str__(self) -> str:
        """The one-line notation, whole."""
        return f"{self.distance}/{plain(self.step)}% from {self.start}"

    @property
    def rung(self) -> int | None:
        """The rung that it begins at, if it does."""
        return int(self.start.removeprefix("rung ")) if self.start.startswith("rung ") else None


@dataclass(frozen=True, slots=True)
class ModelLadder:
    """All exits of a position as they were asked for."""

    stop: str | None
    rungs: tuple[ModelRung, ...]
    trail: ModelTrail | None
    close_after_us: int | None
    fill: str

    @property
    def can_be_asked(self) -> bool:
        """Whether a position could have it, as far as that is known without its entry."""
        if self.stop is None and (self.trail is None or self.trail.start != "entry"):
            return False
        return rungs_can_be_asked(self.rungs) and trail_can_be_asked(self.trail, self.rungs)


def over(said: Fields, default: Fields = DEFAULT) -> Fields:
    """What is said, and the default for the rest; a default's trail goes with its own rungs."""
    merged = {**default, **said}
    if "take_profits" in said and "trailing" not in said and " from rung" in merged["trailing"]:
        merged["trailing"] = "none"
    return merged


def ladder_of(fields: Fields) -> ModelLadder:
    """A ladder of fields that leave nothing out."""
    stop, after = fields["stop_loss"], fields["close_after"]
    return ModelLadder(
        stop=None if stop == "none" else level(stop),
        rungs=rungs_of(fields["take_profits"]),
        trail=trail_of(fields["trailing"]),
        close_after_us=microseconds_of(after),
        fill=fields["take_profit_fill"],
    )


def as_told(said: Fields) -> Fields:
    """What is said, as it is told back: whole rungs and trails, numbers without zeros."""
    told = {name: said[name] for name in DEFAULT if name in said}
    if "stop_loss" in said:
        told["stop_loss"] = level(said["stop_loss"])
    if "take_profits" in said:
        told["take_profits"] = rungs_text(rungs_of(said["take_profits"]))
    if "trailing" in said:
        told["trailing"] = str(trail_of(said["trailing"]) or "none")
    return told


def rungs_of(text: str, kept: Sequence[ModelRung] = ()) -> tuple[ModelRung, ...]:
    """Take-profits, with what they leave out; those of `kept` come before them."""
    rungs = list(kept)
    parts = [] if text == "none" else text.split(";")
    for index, part in enumerate(parts):
        rest, _, stop = part.partition(">")
        at, _, share = rest.partition("@")
        fraction = Decimal(share.removesuffix("%")) / 100 if share else ZERO
        if not share and index == len(parts) - 1:
            fraction = max(ZERO, ONE - sum((rung.fraction for rung in rungs), ZERO))
        if not stop:
            stop = "previous" if rungs else "breakeven"
        rungs.append(ModelRung(level(at), level(stop), fraction))
    return tuple(rungs[len(kept) :])


def trail_of(text: str) -> ModelTrail | None:
    """A trail, with what it leaves out."""
    if text == "none":
        return None
    what, _, start = text.partition(" from ")
    distance, _, step = what.partition("/")
    return ModelTrail(
        level(distance), Decimal(step.removesuffix("%") or "0.1"), level(start or "entry")
    )


def microseconds_of(text: str) -> int | None:
    """A duration in microseconds."""
    return None if text == "none" else int(text[:-1]) * SECONDS[text[-1]] * 1_000_000


def rungs_text(rungs: Sequence[ModelRung]) -> str:
    """Take-profits in one line, whole."""
    return ";".join(map(str, rungs)) or "none"


def rungs_can_be_asked(rungs: Sequence[ModelRung], kept: Sequence[ModelRung] = ()) -> bool:
    """Whether all can be reached, and close no more than all."""
    percents = [Decimal(rung.at[:-1]) for rung in rungs if rung.at.endswith("%")]
    if len(rungs) + len(kept) > RUNGS_MAX or any(a >= b for a, b in pairwise([ZERO, *percents])):
        return False
    closed = sum((rung.fraction for rung in kept), ZERO)
    for rung in rungs:
        if closed >= 1:
            return False
        closed += rung.fraction
    return closed <= 1


def trail_can_be_asked(trail: ModelTrail | None, rungs: Sequence[ModelRung]) -> bool:
    """Whether the rung that it begins at is there."""
    return trail is None or trail.rung is None or 1 <= trail.rung <= len(rungs)


# --- Prices --------------------------------------------------------------------------------------


def profits(side: str, at: Decimal, than: Decimal) -> bool:
    """Whether a price is at another one, or on its winning side."""
    return at >= than if side == "LONG" else at <= than


def level_price(side: str, entry: Decimal, text: str, *, toward_loss: bool = False) -> Decimal:
    """The price of a level; a percentage is measured toward profit, or toward loss."""
    if not text.endswith("%"):
        return Decimal(text)
    toward = _sign(side) * (-1 if toward_loss else 1)
    return price(exact(entry) * (100 + toward * exact(Decimal(text[:-1]))) / 100)


def breakeven_net(side: str, entry: Decimal, rates: Mapping[str, Decimal]) -> Decimal:
    """The first price at which closing costs nothing."""
    fee = exact(rates["fee"])
    costs = fee + exact(rates["spread"]) + exact(rates["slippage"])
    if side == "LONG":
        return price_above(exact(entry) * (1 + fee) / (1 - costs))
    return price_below(exact(entry) * (1 - fee) / (1 + costs))


def trailed_stop(side: str, trail: ModelTrail, best: Decimal) -> Decimal:
    """The stop at the trail's distance behind a price, rounded toward loss."""
    if trail.distance.endswith("%"):
        behind = exact(best) * exact(Decimal(trail.distance[:-1])) / 100
    else:
        behind = exact(Decimal(trail.distance))
    rounded = price_below if side == "LONG" else price_above
    return rounded(exact(best) - _sign(side) * behind)


def next_step(side: str, trail: ModelTrail, best: Decimal) -> Decimal:
    """The first price at which the trail follows again; 0 or less if none does."""
    rounded = price_above if side == "LONG" else price_below
    return rounded(exact(best) * (100 + _sign(side) * exact(trail.step)) / 100)


def level(text: str) -> str:
    """A level's text as it is told: without zeros at its end; words stay as they are."""
    number = text.removesuffix("%")
    if not number.replace(".", "", 1).isdigit():
        return text
    return plain(Decimal(number)) + ("%" if text.endswith("%") else "")


def plain(number: Decimal) -> str:
    """A number without zeros at its end, and without an exponent."""
    return format(number.normalize(), "f")


def _sign(side: str) -> int:
    return 1 if side == "LONG" else -1
