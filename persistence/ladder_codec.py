"""Ladders, default exits and cost rates as the text that a row keeps, in the notation of the edges.

A ladder that was stored before levels could be prices has percentages only; it is read as well.
"""

from decimal import Decimal
from functools import lru_cache

import msgspec

from trading.costs import checked_rates
from trading.exits.exits import Exits, exits_of
from trading.exits.ladder import Ladder, Rung, StopTarget, checked, filled_in
from trading.exits.level import Level
from trading.exits.notation import asked_rungs_from, exits_from, exits_text
from trading.model import CostRates
from trading.money import plain, trimmed

_encode = msgspec.json.Encoder(order="deterministic").encode
_fields_decoder = msgspec.json.Decoder(dict[str, str])


class _FormerRung(msgspec.Struct):
    distance_pct: Decimal
    stop: str
    close_fraction: Decimal


class _FormerLadder(msgspec.Struct):
    stop_loss_pct: Decimal
    rungs: tuple[_FormerRung, ...]


class _FormerRungValues(_FormerRung, array_like=True):
    """The same in a stored request, which had no names."""


class _FormerLadderValues(msgspec.Struct, array_like=True):
    stop_loss_pct: Decimal
    rungs: tuple[_FormerRungValues, ...]


_former_decoder = msgspec.json.Decoder(_FormerLadder)
_FORMER = '"stop_loss_pct"'
_FORMER_STOPS = {"unchanged": StopTarget.KEEP, "previous_rung": StopTarget.PREVIOUS}


@lru_cache(maxsize=1024)
def ladder_text(ladder: Ladder) -> str:
    """A ladder as JSON: the fields of its notation."""
    return exits_json(exits_of(ladder))


@lru_cache(maxsize=1024)
def ladder_from(text: str) -> Ladder:
    """The ladder of such a text, or of a former one."""
    if _FORMER in text:
        return _from_former(_former_decoder.decode(text))
    fields = _fields_decoder.decode(text)
    rungs = filled_in(asked_rungs_from(fields.pop("take_profits")))
    ladder = exits_from(fields).merged(Ladder(stop_loss=None, rungs=rungs))
    return checked(ladder, living=True)


def former_ladder(values: object) -> Ladder:
    """The ladder of a stored request from before levels could be prices.

    Raises:
        msgspec.ValidationError: if it is another kind of value.
    """
    return _from_former(msgspec.convert(values, _FormerLadderValues, strict=False))


def exits_json(exits: Exits) -> str:
    """Exits as JSON: what they say, by name."""
    return _encode(exits_text(exits)).decode()


def exits_from_json(text: str) -> Exits:
    """The exits of such a text."""
    return exits_from(_fields_decoder.decode(text))


def rates_json(rates: CostRates) -> str:
    """Cost rates as JSON."""
    named = {"fee": rates.fee, "spread": rates.spread, "slippage": rates.slippage}
    return _encode({name: plain(trimmed(rate)) for name, rate in named.items()}).decode()


def rates_from_json(text: str) -> CostRates:
    """The cost rates of such a text; raises ValueError for one that no account may have."""
    return checked_rates(_rates_decoder.decode(text))


_rates_decoder = msgspec.json.Decoder(CostRates)


def _from_former(ladder: _FormerLadder | _FormerLadderValues) -> Ladder:
    rungs = tuple(
        Rung(
            at=Level(rung.distance_pct, is_percent=True),
            stop=_FORMER_STOPS.get(rung.stop) or StopTarget(rung.stop),
            close_fraction=rung.close_fraction,
        )
        for rung in ladder.rungs
    )
    return checked(Ladder(stop_loss=Level(ladder.stop_loss_pct, is_percent=True), rungs=rungs))
