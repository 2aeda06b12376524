"""What a commit's statements answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """Whether the epoch is the owner's, and how many accounts and positions were updated."""

    fenced: bool
    accounts: int
    positions: int
