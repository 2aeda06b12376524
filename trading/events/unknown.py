"""An event that this version does not know, or whose fields it cannot read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """An event that another version stored: only its kind and its time are known."""

    kind: str
    time_us: int
