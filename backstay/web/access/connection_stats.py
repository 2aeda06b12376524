"""Connections counted: how many are open, and why some were cut off."""

from enum import StrEnum


class CutOff(StrEnum):
    """Which bound a connection met, so that it was refused or ended; a closed set."""

    HEAD_SLOW = "head_slow"
    HEAD_LARGE = "head_large"
    MALFORMED = "malformed"
    BODY_SLOW = "body_slow"
    BODY_LARGE = "body_large"
    BODY_UNWANTED = "body_unwanted"
    """A body went on after its request had been answered."""

    ANSWER_UNREAD = "answer_unread"
    TOO_MANY = "too_many"
    """There were too many, and this one had waited the longest for its client, or came last."""


class ConnectionStats:
    """Counts of open connections, and of those cut off, by the bound that they met."""

    def __init__(self) -> None:
        """Begin without a connection."""
        self.open = 0
        self.cut_off = dict.fromkeys(CutOff, 0)
