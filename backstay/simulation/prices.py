"""The prices that venues send: walks, gaps, spikes and their return, lasting jumps, nonsense."""

from collections.abc import Sequence
from decimal import Decimal

from actors.market.messages import ReleaseCandidate, TakePrices
from backstay.simulation.setting import SYMBOLS
from backstay.simulation.world import World
from trading.times import SECOND_US


class Prices:
    """Each symbol's price, and how it moves; each step returns a line that says what it was."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self._now = dict(SYMBOLS)

    def walk(self) -> str:
        """A few small moves."""
        symbol = self._symbol()
        prices = self.walked(symbol, self.random.randint(1, 5), 0.012)
        return self.tell(symbol, prices)

    def gap(self) -> str:
        """One move beyond rungs and stops."""
        symbol = self._symbol()
        share = self.random.choice((-1, 1)) * self.random.choice((0.04, 0.07, 0.12, 0.45))
        return self.tell(symbol, [self.moved(symbol, share)])

    def spike_and_return(self) -> str:
        """A price too far off, and maybe the old one again."""
        symbol = self._symbol()
        before = self._now[symbol]
        spike = self.moved(symbol, self.random.choice((-0.7, 0.8, 2.0)))
        self._now[symbol] = before
        back = [self.moved(symbol, 0.001)] if self.random.random() < 0.7 else []
        return self.tell(symbol, [spike, *back])

    def jump_for_good(self) -> str:
        """A move too far to be believed at once, confirmed over more than a second."""
        symbol = self._symbol()
        jump = self.moved(symbol, self.random.choice((-0.6, 0.7, 1.5, 2.5)))
        return self.tell(symbol, [jump, *self.walked(symbol, 4, 0.004)], apart_us=400_000)

    def nobody_takes(self) -> str:
        """Prices from the past, from the future, and ones that are no prices."""
        symbol = self._symbol()
        now_us, near = self.world.day_us, self._now[symbol]
        price, time_us = self.random.choice(
            (
                (near * 2, now_us - 3_600_000_000),
                (near, now_us + 5_000_001),
                (Decimal(0), now_us),
                (-near, now_us),
                (Decimal("NaN"), now_us),
                (Decimal("Infinity"), now_us),
            )
        )
        self._send(symbol, [price], [time_us])
        return f"{symbol} gets {price} of {time_us - now_us} us from now"

    def run_backwards(self) -> str:
        """Prices in the wrong order: only the first is news, however far the others would go."""
        symbol = self._symbol()
        count, now_us = self.random.randint(2, 5), self.world.day_us
        prices = self.walked(symbol, count, 0.08)
        self._now[symbol] = prices[0]
        self._send(symbol, prices, [now_us - index * 1_000 for index in range(count)])
        return f"{symbol} gets {', '.join(map(str, prices))} backwards"

    def release_candidate(self) -> str:
        """An operator accepts a quarantined price, if there is one."""
        symbol = self._symbol()
        candidate = self.world.model.market(symbol).candidate
        price = self._now[symbol] if candidate is None else candidate[0]
        self.world.tell_market(symbol, ReleaseCandidate(price=price, reply_to=Nobody()))
        return f"an operator releases {price} of {symbol}"

    def tell(self, symbol: str, prices: list[Decimal], apart_us: int = 1000) -> str:
        """Prices come one after another, so far apart, with their sender's right times or without.

        A sender's clock is right; ours may not be.
        """
        times_us: list[int | None] = [
            self.world.now_us + index * apart_us for index in range(1, len(prices) + 1)
        ]
        is_timed = self.random.random() < 0.6
        self.world.pass_time(len(prices) * apart_us / SECOND_US)
        self._send(symbol, prices, times_us if is_timed else [None] * len(prices))
        return f"{symbol} gets {', '.join(map(str, prices))}{'' if is_timed else ', without times'}"

    def _send(self, symbol: str, prices: list[Decimal], times_us: Sequence[int | None]) -> None:
        """From a feed, or from a client who wants to know what becomes of each."""
        if self.random.random() < 0.3:
            self.world.send_prices(symbol, prices, times_us)
        else:
            self.world.tell_market(symbol, TakePrices(prices=prices, times_us=times_us))

    def walked(self, symbol: str, count: int, share: float) -> list[Decimal]:
        """So many prices, each at most so far from the one before."""
        return [self.moved(symbol, self.random.uniform(-share, share)) for _ in range(count)]

    def moved(self, symbol: str, share: float) -> Decimal:
        """The price moved by a share of itself, pulled back where it has gone too far."""
        first, now = SYMBOLS[symbol], self._now[symbol]
        if now > first * 20:
            share = -abs(share)
        elif now < first / 20:
            share = abs(share)
        factor = Decimal(round(max(-0.9, share) * 10_000)) / 10_000 + 1
        self._now[symbol] = (now * factor).quantize(first / 10**5).normalize() + 0
        return self._now[symbol]

    def _symbol(self) -> str:
        return self.random.choice([*SYMBOLS])


class Nobody:
    """Takes an answer and drops it."""

    def tell(self, message: object) -> None:
        """Drop it."""
