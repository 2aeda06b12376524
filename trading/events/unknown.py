"""An event that this version does not know, or whose fields it cannot read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """What is left of an event that another version stored: its kind and its time."""

    kind: str
    time_us: int
