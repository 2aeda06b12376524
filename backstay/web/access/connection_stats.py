"""Counts of open connections, and of those cut off, by reason."""

from enum import StrEnum


class CutOff(StrEnum):
    """The bound for which a connection was refused or ended; a closed set."""

    HEAD_SLOW = "head_slow"
    HEAD_LARGE = "head_large"
    MALFORMED = "malformed"
    BODY_SLOW = "body_slow"
    BODY_LARGE = "body_large"
    BODY_UNWANTED = "body_unwanted"
    """A body went on after its request had been answered."""

    ANSWER_UNREAD = "answer_unread"
    TOO_MANY = "too_many"
    """There were too many, and this one had waited longest for its client, or was the newest."""


class ConnectionStats:
    """Counts of open connections, and of those cut off, by the bound."""

    def __init__(self) -> None:
        """Begin with no connections."""
        self.open = 0
        self.cut_off = dict.fromkeys(CutOff, 0)
