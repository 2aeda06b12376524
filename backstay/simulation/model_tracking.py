"""A position as the database must have it, beside every price that it must have judged.

What a position does must equal a plain broadcast of every accepted price to it. Only where an
actor was made to fail may it have missed some: the messages that died with its mailbox, or the
prices between a market's (or every actor's) end and the position's next arming. Those prices are
optional: the database says whether they were judged.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_market import Quote
from backstay.simulation.model_position import Happening, ModelPosition
from trading.model import Position


@dataclass(slots=True)
class Window:
    """Prices that may have been missed, by their place in the log; open until armed again."""

    begin: int
    end: int | None = None


@dataclass(slots=True)
class Coverage:
    """Which prices an open or a position may have missed, and the prices it was quoted."""

    symbol: str
    windows: list[Window] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    stale_arms: int = 0
    quotes: list[Quote] = field(default_factory=list)

    def miss_from(self, begin: int, stale_arms: int = 0) -> None:
        """From a price on it may miss all, until it arms; older Arms on their way do not count."""
        self.windows.append(Window(begin))
        self.stale_arms = stale_arms

    def armed(self, accepted: int) -> None:
        """The market has taken its triggers after so many prices."""
        if self.stale_arms:
            self.stale_arms -= 1
            return
        for window in self.windows:
            if window.end is None:
                window.end = accepted

    def may_miss(self, index: int) -> bool:
        """Whether a price is optional."""
        return index in self.lost or any(
            window.begin <= index and (window.end is None or index < window.end)
            for window in self.windows
        )


@dataclass(slots=True)
class Tracked:
    """A position that is durable; `judged` prices of the log are behind its last step.

    Up to `scanned` the log is known to hold no price that it had to judge; `optional` are the
    ones that reached it and that it may have missed. `versions` are its durable states; `asked`
    is what a person asked for that led to one.
    """

    now: ModelPosition
    coverage: Coverage
    judged: int
    scanned: int
    optional: list[int] = field(default_factory=list)
    versions: dict[int, Position] = field(default_factory=dict)
    asked: dict[int, list[tuple[object, ...]]] = field(default_factory=dict)

    def begin_life(self, accepted: int) -> None:
        """A new owner has it, and judges none of the prices before; until it arms it may miss more.

        A price that comes again is another one.
        """
        self.judged = self.scanned = accepted
        self.optional = []
        self.coverage.miss_from(accepted)

    def expect_nothing_missed(self, log: list[tuple[Decimal, int]], until: int) -> None:
        """Every price before `until` that reached it was judged, or may have been missed."""
        for index in range(self.scanned, until):
            if self.now.reached_by(*log[index]):
                if not self.coverage.may_miss(index):
                    raise Violation(
                        f"position {self.now.position_id} at version {self.now.version} has not "
                        f"judged price {index} of {self.now.symbol}, {log[index]}: {self.now}; "
                        f"{self.coverage}"
                    )
                self.optional.append(index)
        self.scanned = max(self.scanned, until)

    def judge(
        self, log: list[tuple[Decimal, int]], price: Decimal, time_us: int
    ) -> tuple[ModelPosition, list[Happening]]:
        """Its next step, at a price that must be the first one which it had to judge."""
        step = (price, time_us)
        while True:
            for index in self.optional:
                if log[index] == step:
                    return self._stepped(index, price, time_us)
            if self.scanned == len(log):
                raise Violation(
                    f"position {self.now.position_id} has judged {step}, which never reached it "
                    f"after price {self.judged} of {self.now.symbol}: {self.now}"
                )
            if log[self.scanned] == step and self.now.reached_by(price, time_us):
                return self._stepped(self.scanned, price, time_us)
            self.expect_nothing_missed(log, self.scanned + 1)

    def step_by_hand(
        self, log: list[tuple[Decimal, int]], step: ModelPosition, mark: Decimal, time_us: int
    ) -> None:
        """Take a step by hand, at a price that it was quoted: later prices are judged after it."""
        accepted = self._expect_quoted(log, mark, time_us)
        self.now = step
        self.judged = self.scanned = max(self.scanned, accepted)
        self.optional = []

    def _expect_quoted(self, log: list[tuple[Decimal, int]], price: Decimal, time_us: int) -> int:
        """How many prices were accepted when it was quoted one; it has judged all of them."""
        quotes = [q for q in self.coverage.quotes if (q.price, q.time_us) == (price, time_us)]
        quotes = [q for q in quotes if q.accepted >= self.judged]
        if not quotes:
            raise Violation(
                f"position {self.now.position_id} acts by hand at {price}, which it was not "
                f"quoted: {self.coverage}"
            )
        first, last = quotes[0].accepted, quotes[-1].accepted
        if last > first:  # A price came twice: which of its quotes was it?
            self.coverage.windows.append(Window(first, last))
        self.expect_nothing_missed(log, first)
        return first

    def _stepped(
        self, index: int, price: Decimal, time_us: int
    ) -> tuple[ModelPosition, list[Happening]]:
        self.now, happenings = self.now.judged(price, time_us)
        self.judged = self.scanned = index + 1
        self.optional = []
        return self.now, happenings
