"""What people say about exits, drawn from the seed: whole ladders, and changes of living ones."""

import random
from decimal import Decimal

from backstay.simulation.arithmetic import price
from backstay.simulation.model_exits import Fields, level, plain
from backstay.simulation.model_position import ModelPosition
from backstay.simulation.setting import EXITS


class Wishes:
    """Draws what people say; most of it can be done, and some cannot."""

    def __init__(self, chance: random.Random) -> None:
        """`chance` draws everything."""
        self._random = chance

    def exits(self, side: str, mark: Decimal) -> Fields:
        """The exits of an open, around a price."""
        if self._random.random() < 0.5:
            return self._random.choice(EXITS)
        said: dict[str, str] = {}
        if self._random.random() < 0.7:
            said["take_profits"] = self.rungs(side, mark)
        if self._random.random() < 0.5:
            said["trailing"] = self.trail(side, mark)
        if self._random.random() < 0.8 or "from" in said.get("trailing", "from"):
            said["stop_loss"] = self._level(side, mark, -Decimal(self._random.randint(5, 60)) / 10)
        else:
            said["stop_loss"] = "none"
        if self._random.random() < 0.3:
            said["close_after"] = self._random.choice(("2s", "15s", "1m", "1h"))
        if self._random.random() < 0.3:
            said["take_profit_fill"] = "level"
        return said

    def rungs(self, side: str, mark: Decimal, more: str = "@25%") -> str:
        """Take-profits ahead of a price; now and then none, or one that the price has passed.

        `more` is one of the shares: several of them may be too much.
        """
        if self._random.random() < 0.1:
            return "none"
        parts, way = [], Decimal(0)
        for _ in range(self._random.randint(1, 3)):
            way += Decimal(self._random.randint(3, 40)) / 10
            behind = self._random.random() < 0.04
            at = self._level(side, mark, -way if behind else way)
            share = self._random.choice(("", "", "@20%", "@33.3%", more))
            stop = self._random.choice(
                ("", "", ">keep", ">breakeven", ">breakeven_net", ">previous", ">0.2%")
            )
            parts.append(at + share + stop)
        return ";".join(parts)

    def trail(self, side: str, mark: Decimal) -> str:
        """A trail from its entry, a rung or a level."""
        distance = f"{self._random.randint(3, 30)}"
        distance = plain(Decimal(distance) / 10) + "%"
        if self._random.random() < 0.3:
            distance = plain(price(mark * Decimal(self._random.randint(5, 30)) / 1000))
        step = self._random.choice(("", "", "/0.05%", "/0.4%", "/1%"))
        start = self._random.choice(("", "", " from rung 1", " from rung 2", " from LEVEL"))
        at = self._level(side, mark, Decimal(self._random.randint(2, 20)) / 10)
        return distance + step + start.replace("LEVEL", at)

    def changes(self, now: ModelPosition, mark: Decimal) -> Fields:
        """One or two changes of a living position, or all at once."""
        draws = {
            "stop_loss": lambda: self.stop(now, mark, self._random.randint(-20, 110)),
            "take_profits": lambda: self.rungs(now.side, mark, "@60%"),
            "trailing": lambda: self._or_none(self.trail(now.side, mark)),
            "close_after": lambda: self._or_none(
                self._random.choice(("1s", "30s", "2m", "1h", "7d"))
            ),
        }
        names = self._random.sample([*draws], self._random.choice((1, 1, 1, 2, 4)))
        return {name: draws[name]() for name in names}

    def stop(self, now: ModelPosition, mark: Decimal, percent: int) -> str:
        """A stop that has come so far on its way to the mark price, or a word for one."""
        if self._random.random() < 0.2:
            return self._random.choice(("breakeven", "breakeven_net", "0.4%"))
        return plain(price(now.stop + (mark - now.stop) * percent / 100))

    def part(self, now: ModelPosition | None) -> tuple[Decimal | None, Decimal | None]:
        """A share or a quantity of what is open; now and then more, or next to nothing."""
        drawn = self._random.random()
        if drawn < 0.6 or now is None:
            share = self._random.choice(("0.5", "0.25", "0.1", "0.333333", "1", "1E-16"))
            return Decimal(share), None
        of = Decimal(self._random.choice(("0.1", "0.3", "0.5", "1", "1.1")))
        return None, price(now.open_quantity * of) or price(Decimal("0.001"))

    def _level(self, side: str, mark: Decimal, way: Decimal) -> str:
        """So many percent toward profit (or loss), as a percentage or as a price."""
        if self._random.random() < 0.5:
            return level(f"{abs(way)}%")
        toward = way if side == "LONG" else -way
        return plain(price(mark * (100 + toward) / 100))

    def _or_none(self, text: str) -> str:
        return "none" if self._random.random() < 0.25 else text
