"""An example as a picture: the price, the stop that follows it, the rungs, and what was closed.

The picture is SVG that carries its colours for light and for dark. Equal examples give equal bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from harness.ladder_page.playing import Example, Moment
from trading.events.positions import PositionClosed, PositionReduced
from trading.money import plain, trimmed

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 24, 128, 72, 44
_LABEL_GAP = 15
_STYLE = """
svg { font: 13px system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.ground { fill: #ffffff; stroke: #d0d7de; }
text { fill: #57606a; }
.title { fill: #1f2328; font-weight: 600; }
.asked { font-size: 12px; }
.entry { stroke: #8c959f; stroke-dasharray: 2 4; }
.price { fill: none; stroke: #0969da; stroke-width: 2.5; stroke-linejoin: round; }
.dot { fill: #0969da; }
.stop { fill: none; stroke: #cf222e; stroke-width: 2.5; }
.rung { stroke: #1a7f37; stroke-width: 1.5; stroke-dasharray: 7 4; }
.best { fill: none; stroke: #9a6700; stroke-width: 1.5; stroke-dasharray: 2 3; }
.closed { fill: #ffffff; stroke: #1f2328; stroke-width: 2; }
.of-stop { fill: #cf222e; } .of-rung { fill: #1a7f37; } .of-best { fill: #9a6700; }
.of-price { fill: #0969da; }
.of-close { fill: #1f2328; stroke: #ffffff; stroke-width: 4; paint-order: stroke; }
.of-close { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; stroke: #30363d; }
  text { fill: #8b949e; }
  .title { fill: #e6edf3; }
  .entry { stroke: #6e7681; }
  .price { stroke: #58a6ff; } .dot { fill: #58a6ff; }
  .stop { stroke: #ff7b72; }
  .rung { stroke: #56d364; }
  .best { stroke: #e3b341; }
  .closed { fill: #0d1117; stroke: #e6edf3; }
  .of-stop { fill: #ff7b72; } .of-rung { fill: #56d364; } .of-best { fill: #e3b341; }
  .of-price { fill: #58a6ff; } .of-close { fill: #e6edf3; stroke: #0d1117; }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where a price and the number of a moment lie in the picture."""

    low: Decimal
    high: Decimal
    moments: int

    def x(self, moment: float) -> float:
        """A moment, counted from 0 at the open, in pixels."""
        return LEFT + (WIDTH - LEFT - RIGHT) * moment / max(1, self.moments - 1)

    def y(self, price: Decimal) -> float:
        """A price in pixels."""
        return TOP + (HEIGHT - TOP - BOTTOM) * float((self.high - price) / (self.high - self.low))


def drawing(example: Example) -> str:
    """The picture of an example that was played."""
    moments = example.moments
    scale = _scale(moments)
    parts = [
        *_head(moments),
        *_levels(moments, scale),
        *_best(moments, scale),
        *_stop(moments, scale),
        *_price(moments, scale),
        *_closes(moments, scale),
        *_labels(moments, scale),
        "</svg>",
    ]
    return "\n".join([*parts, ""])


def _scale(moments: Sequence[Moment]) -> Scale:
    prices = [moment.price for moment in moments]
    prices += [moment.position.stop_price for moment in moments]
    prices += [price for moment in moments for price in moment.position.take_profit_prices]
    low, high = min(prices), max(prices)
    margin = (high - low) * Decimal("0.06")
    return Scale(low=low - margin, high=high + margin, moments=len(moments))


def _head(moments: Sequence[Moment]) -> Iterator[str]:
    label = moments[0].label
    title, _, asked = label.partition(", ")
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img">'
    )
    yield f"<title>{escape(label)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>'
    yield _text(LEFT, 25, title, "title")
    yield _text(LEFT, 43, asked or "the default ladder", "asked")
    for number, moment in enumerate(moments):
        x = _scale(moments).x(number)
        yield _text(x, HEIGHT - 14, _when(moment), "of-price", "middle" if number else "start")


def _levels(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    """The entry, and each rung from where it is known until it is hit, replaced or over."""
    end = scale.x(len(moments) - 1)
    entry = moments[0].position.entry_price
    yield _line("entry", scale.x(0), scale.y(entry), end, scale.y(entry))
    for price, since, until in _rungs(moments):
        yield _line("rung", scale.x(since), scale.y(price), scale.x(until), scale.y(price))


def _rungs(moments: Sequence[Moment]) -> Iterator[tuple[Decimal, int, int]]:
    """Each rung's price, and from which moment to which it was ahead."""
    ahead: dict[Decimal, int] = {}
    for number, moment in enumerate(moments):
        position = moment.position
        now = position.take_profit_prices[position.rungs_hit :]
        for price in [price for price in ahead if price not in now]:
            yield price, ahead.pop(price), number
        for price in now:
            ahead.setdefault(price, number)
    for price, since in ahead.items():
        yield price, since, len(moments) - 1


def _stop(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    yield _steps("stop", [moment.position.stop_price for moment in moments], scale)


def _best(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    """The best price, while there is a trail that follows it."""
    run: list[tuple[int, Decimal]] = []
    for number, moment in enumerate(moments):
        best = moment.position.best_price
        if best is not None:
            run.append((number, best))
    if run:
        start = run[0][0]
        yield _steps("best", [best for _, best in run], scale, start=start)


def _steps(name: str, prices: Sequence[Decimal], scale: Scale, start: int = 0) -> str:
    path = [f"M{scale.x(start):.1f} {scale.y(prices[0]):.1f}"]
    for number, price in enumerate(prices[1:], start=start + 1):
        path.append(f"H{scale.x(number):.1f}V{scale.y(price):.1f}")
    return f'<path class="{name}" d="{"".join(path)}"/>'


def _price(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    points = [(scale.x(number), scale.y(moment.price)) for number, moment in enumerate(moments)]
    yield (
        '<polyline class="price" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>'
    )
    for x, y in points:
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'


def _closes(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    """A ring where something was closed, with its share of the whole."""
    for number, moment in enumerate(moments):
        parts = [
            event
            for event in moment.advance.events
            if isinstance(event, PositionReduced | PositionClosed)
        ]
        for part in parts:
            x, y = scale.x(number), scale.y(part.exit_price)
            share = trimmed(part.quantity / moment.position.quantity * 100)
            yield f'<circle class="closed" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
            # Away from the price's line, which came from above or from below.
            rose = part.exit_price == moment.price >= moments[number - 1].price
            label_y = y - 11 if rose else y + 21
            yield _text(x - 10, label_y, f"closes {plain(share)}%", "of-close", anchor="end")


def _labels(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    """What each line is, at its right end, moved apart where two would meet."""
    last = moments[-1].position
    labels = [
        (scale.y(last.stop_price), f"stop {_number(last.stop_price)}", "of-stop"),
        (scale.y(last.entry_price), f"entry {_number(last.entry_price)}", ""),
        *(
            (scale.y(price), f"TP{number} {_number(price)}", "of-rung")
            for number, price in enumerate(last.take_profit_prices, start=1)
        ),
    ]
    if last.best_price is not None:
        labels.append((scale.y(last.best_price), f"best {_number(last.best_price)}", "of-best"))
    x, y_before = WIDTH - RIGHT + 12, float("-inf")
    for y, text, name in sorted(labels):
        y_before = max(y + 4, y_before + _LABEL_GAP)
        yield _text(x, y_before, text, name)


def _number(price: Decimal) -> str:
    return plain(trimmed(price.quantize(Decimal("0.0001"))))


def _when(moment: Moment) -> str:
    """The price of a moment, or the command that a person gave."""
    word = moment.label.split(" ", 1)[0]
    return word if word in ("change", "close") else _number(moment.price)


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, name: str = "", anchor: str = "start") -> str:
    kind = f' class="{name}"' if name else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}"{where}>{escape(text)}</text>'
