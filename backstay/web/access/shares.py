"""Choose whose place to take when all places are taken: the token's that holds the most."""

from collections import Counter
from collections.abc import Iterable


def fullest(holders: Iterable[str], newcomer: str) -> str:
    """The holder that has the most places, with one more counted for a newcomer.

    So no holder can keep another one out: it loses a place that is beyond its share.
    """
    held = Counter(holders)
    held[newcomer] += 1
    return max(held, key=lambda holder: (held[holder], holder == newcomer))
