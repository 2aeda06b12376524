"""The description of a metric: name, type, labels, meaning, and its largest number of series."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import product
from math import prod

from actors.engine.stats import Histogram


class Kind(StrEnum):
    """Prometheus' types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label with its closed set of values; an open label has none, but a largest number."""

    name: str
    values: tuple[str, ...] = ()
    values_max: int = 0

    @property
    def most(self) -> int:
        """The largest number of values."""
        return len(self.values) or self.values_max


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The description of one metric.

    `bounds` are a histogram's, without infinity. `label_sets_max` is given where not every
    combination of the labels' values occurs.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    labels: tuple[Label, ...] = ()
    bounds: tuple[float, ...] = ()
    label_sets_max: int | None = None

    @property
    def series(self) -> int:
        """The largest number of series."""
        sets = self.label_sets_max or prod(label.most for label in self.labels)
        match self.kind:
            case Kind.HISTOGRAM:
                return sets * (len(self.bounds) + 3)
            case Kind.SUMMARY:
                return sets * 2
            case _:
                return sets

    def label_sets(self) -> Iterator[tuple[str, ...]]:
        """Every combination of the labels' values; none where a label is open."""
        return product(*(label.values for label in self.labels))


def gauge(name: str, unit: str, meaning: str, *labels: Label) -> Metric:
    """A metric that may rise and fall."""
    return Metric(name=name, kind=Kind.GAUGE, unit=unit, meaning=meaning, labels=labels)


def counter(name: str, unit: str, meaning: str, *labels: Label) -> Metric:
    """A metric that only rises, from 0 in each process."""
    return Metric(name=name, kind=Kind.COUNTER, unit=unit, meaning=meaning, labels=labels)


def histogram(
    name: str, unit: str, bounds: tuple[float, ...], meaning: str, *labels: Label
) -> Metric:
    """A metric of the distribution of values."""
    return Metric(
        name=name,
        kind=Kind.HISTOGRAM,
        unit=unit,
        meaning=meaning,
        labels=labels,
        bounds=bounds,
    )


def label(name: str, *values: object) -> Label:
    """A label with a closed set of values."""
    return Label(name=name, values=tuple(map(str, values)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricGroup:
    """Metrics that belong together, under a title."""

    title: str
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The number of observations, and their sum."""

    count: int
    total: float


Value = int | float | Decimal | Histogram | Summary
Readings = Mapping[str, Mapping[tuple[str, ...], Value]]
"""Current values by the metric's name and its labels' values, in the labels' order."""
