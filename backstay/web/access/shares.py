"""Choose what to give up when something is full: the newest of the token that holds the most."""

from collections import Counter
from collections.abc import Iterable


def fullest(holders: Iterable[str], newcomer: str) -> str:
    """The holder that has the most places, with one more counted for a newcomer.

    So no holder keeps another one out: what one takes beyond its share, it gives back.
    """
    held = Counter(holders)
    held[newcomer] += 1
    return max(held, key=lambda holder: (held[holder], holder == newcomer))
