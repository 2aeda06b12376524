"""What a board is made of: rows of panels, each a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SHADES = {"p50": "light-blue", "p95": "semi-dark-blue", "p99": "dark-blue"}
"""For quantiles: the rarer, the darker."""
IN_RANGE = "In the time that the board shows."
PER_BAR = "per bar of a minute or more"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL query; `legend` names its series, with `{{label}}` for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """What is shown instead of a number."""

    text: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every panel says; `no_data` stands where a query finds nothing.

    `width` is in columns, of which a board has 24. `steps` are the values from which on another
    color is due, rising. `words` replace numbers.
    """

    title: str
    description: str
    queries: tuple[Query, ...]
    no_data: str
    unit: str = "short"
    width: int = 12
    decimals: int | None = None
    steps: tuple[tuple[float, str], ...] = ()
    words: Mapping[int, Word] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile(Common):
    """One number each query, as it is now."""

    width: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph(Common):
    """Lines over time, or what they stack up to; `colors` are by legend.

    With `bars`, a stack of bars, each of a minute or more: for what happens now and then.
    """

    stacked: bool = False
    bars: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline(Common):
    """States over time, a bar each series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap(Common):
    """How a histogram's observations are spread, over time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Markdown to read, over the whole width."""

    title: str
    description: str
    content: str


Panel = Tile | Graph | Timeline | Heatmap | Text


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a title, from left to right; what does not fit goes on below."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; its `uid` is its address in Grafana, and never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
