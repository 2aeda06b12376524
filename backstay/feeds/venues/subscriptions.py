"""The subscriptions of one connection and the venue's answers: pure, the time is an argument."""

from collections import deque
from collections.abc import Sequence

from backstay.feeds.venues.venue import Venue

PATIENCE_SECONDS_MAX = 300.0


class Subscriptions:
    """All symbols are asked for together, or one by one after a refusal that names no symbol.

    `served` symbols were acknowledged, `refused` has the reasons; the others wait for their answer
    or their request. Frames are given out one at a time, so that the caller can keep the venue's
    rate.
    """

    def __init__(self, venue: Venue, symbols: Sequence[str], ack_seconds: float) -> None:
        """Ask for these symbols; those not answered within `ack_seconds` are asked for again.

        The waits grow while no new symbol is served, because a venue limits requests.
        """
        self.served: set[str] = set()
        self.refused: dict[str, str] = {}
        self._venue = venue
        self._symbols = tuple(symbols)
        self._ack_seconds = self._patience_seconds = ack_seconds
        self._groups: deque[tuple[str, ...]] = deque([self._symbols])
        self._asked: dict[str, None] = {}
        self._asked_at = 0.0
        self._frames: deque[str] = deque()

    def next_frame(self, now: float) -> str | None:
        """The frame to send now, if there is one."""
        if not self._frames and not self._asked and self._groups:
            group = self._groups.popleft()
            self._asked = dict.fromkeys(group)
            self._frames.extend(self._venue.subscribe(group))
        if not self._frames:
            return None
        self._asked_at = now
        return self._frames.popleft()

    def acknowledged(self, symbol: str | None) -> list[str]:
        """Take an answer, or a trade, which counts as one; returns the newly served symbols."""
        new = []
        for one in tuple(self._asked) if symbol is None else (symbol,):
            self._asked.pop(one, None)
            if one in self._symbols and one not in self.served:
                self.served.add(one)
                self.refused.pop(one, None)
                new.append(one)
                self._patience_seconds = self._ack_seconds
        return new

    def refuse(self, symbol: str | None, why: str) -> str | None:
        """Take a refusal; returns the symbols refused by it, None if they are not known yet.

        A symbol that is already served stays served: it was asked for twice.
        """
        if symbol is None and len(self._asked) == 1:
            (symbol,) = self._asked
        if symbol is None:
            self._groups.extend((one,) for one in self._asked)
            self._asked = {}
            self._frames.clear()
            return None
        self._asked.pop(symbol, None)
        if symbol not in self._symbols or symbol in self.served:
            return None
        self.refused[symbol] = why
        return symbol

    def overdue(self, now: float) -> tuple[str, ...]:
        """The symbols that were not answered in time and are asked for again."""
        if not self._asked or self._frames or now - self._asked_at < self._patience_seconds:
            return ()
        self._patience_seconds = min(self._patience_seconds * 2, PATIENCE_SECONDS_MAX)
        symbols = tuple(self._asked)
        self._groups.append(symbols)
        self._asked = {}
        return symbols

    def renew(self) -> None:
        """Subscribe again to the served symbols, before anything else."""
        assert self._venue.resubscribe is not None, f"{self._venue.name} numbers no frames"
        if not (served := sorted(self.served)):
            return
        self._frames.extendleft(reversed(self._venue.resubscribe(served)))
        self._asked |= dict.fromkeys(served)

    def have_answered(self, symbols: set[str]) -> bool:
        """Whether each of these is served or refused."""
        return symbols <= self.served | self.refused.keys()
