"""What became of a symbol's prices: counts by the guard's verdict, and words for those who ask."""

from collections.abc import Sequence
from decimal import Decimal

from actors.market.messages import JudgedPrice, TakePrices
from actors.published import Heard
from trading.money import is_price
from trading.price_guard import PriceGuard, Verdict


class Verdicts:
    """Counts a market's prices by what became of them, and knows the newest that was not acted on.

    `accepted` is counted by the market itself, price by price.
    """

    __slots__ = ("_heard", "_ignored_at", "accepted", "last_refusal", "refused")

    def __init__(self) -> None:
        """No price has come."""
        self.accepted = 0
        self.refused = {Verdict.REJECTED: 0, Verdict.IGNORED: 0, Verdict.QUARANTINED: 0}
        self.last_refusal = Verdict.REJECTED
        self._heard: tuple[Heard, int] | None = None
        self._ignored_at = -1

    def refuse(self, verdict: Verdict, price: Decimal) -> None:
        """Count a price that is not acted on, and remember it if it is one to trade at.

        A single one that is ignored is a late trade, and says nothing of what is traded now.
        """
        self.refused[verdict] += 1
        self.last_refusal = verdict
        if verdict is Verdict.IGNORED and self._ignored_at != self.accepted:
            self._ignored_at = self.accepted
            return
        self.hear(price, verdict)

    def hear(self, price: Decimal, verdict: Verdict) -> None:
        """Remember a price that is not acted on, if it is one to trade at."""
        if is_price(price):
            self._heard = Heard(price, verdict), self.accepted

    def hear_all(self, prices: Sequence[Decimal]) -> None:
        """Remember the newest of the prices that are not judged."""
        for price in prices:
            self.hear(price, Verdict.IGNORED)

    @property
    def heard(self) -> Heard | None:
        """The newest price, if it is not acted on; None where the newest is the last accepted."""
        if self._heard is None or self._heard[1] != self.accepted:
            return None
        return self._heard[0]

    def judged(
        self, guard: PriceGuard, price: Decimal, time_us: int | None, now_us: int, *, before: int
    ) -> JudgedPrice:
        """What became of the price that was judged last; `before` it so many were accepted."""
        why = None
        verdict = Verdict.ACCEPTED if self.accepted > before else self.last_refusal
        if verdict is not Verdict.ACCEPTED:
            why = guard.why(verdict, price, time_us, now_us)
        elif guard.has_rebased:
            why = guard.why_rebased()
        return JudgedPrice(verdict=verdict, time_us=stamp_us(time_us, now_us), why=why)

    def ignored(self, message: TakePrices, now_us: int, why: str) -> list[JudgedPrice]:
        """Count prices that are not judged, with the reason."""
        for price in message.prices:
            self.refuse(Verdict.IGNORED, price)
        self.hear_all(message.prices)
        return [
            JudgedPrice(verdict=Verdict.IGNORED, time_us=stamp_us(time_us, now_us), why=why)
            for time_us in message.times_us
        ]


def stamp_us(time_us: int | None, now_us: int) -> int:
    """A price's own time, or ours where it came without one."""
    return now_us if time_us is None else time_us
