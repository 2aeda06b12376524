"""Readings in Prometheus' own form: the only place where an amount becomes a float."""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from actors.engine.stats import Histogram
from backstay.service.metrics import model
from backstay.service.metrics.catalogue import OURS
from backstay.service.metrics.model import Kind, Readings, Summary, Value

Family = GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily | SummaryMetricFamily

_FAMILIES: dict[Kind, type[Family]] = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
    Kind.SUMMARY: SummaryMetricFamily,
}


class CatalogueCollector(Collector):
    """Every metric of the catalogue, with its source's readings; 0 where there is none yet."""

    def __init__(self, sources: Iterable[Callable[[], Readings]]) -> None:
        """Read these sources at each scrape; more may be added to them."""
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """The metric families of a scrape."""
        readings = {name: its for source in self._sources for name, its in source().items()}
        for metric in OURS:
            yield _family(metric, dict(readings.pop(metric.name, {})))
        assert not readings, f"metrics that the catalogue does not have: {sorted(readings)}"


def _family(metric: model.Metric, values: dict[tuple[str, ...], Value]) -> Metric:
    labels = [label.name for label in metric.labels]
    said = f"{metric.meaning[0].upper()}{metric.meaning[1:]}."
    family = _FAMILIES[metric.kind](metric.name, said, labels=labels)
    for label_values in metric.label_sets():
        values.setdefault(label_values, _nothing(metric))
    for label_values, value in sorted(values.items()):
        _add(family, label_values, value)
    return family


def _nothing(metric: model.Metric) -> Value:
    match metric.kind:
        case Kind.HISTOGRAM:
            return Histogram(metric.bounds)
        case Kind.SUMMARY:
            return Summary(0, 0)
        case _:
            return 0


def _add(family: Family, label_values: tuple[str, ...], value: Value) -> None:
    match family, value:
        case HistogramMetricFamily(), Histogram():
            upper = [*map(str, value.bounds), "+Inf"]
            buckets = list(zip(upper, accumulate(value.counts), strict=True))
            family.add_metric(label_values, buckets, value.total)
        case SummaryMetricFamily(), Summary():
            family.add_metric(label_values, value.count, value.total)
        case ((GaugeMetricFamily() | CounterMetricFamily()), _):
            assert not isinstance(value, Histogram | Summary)
            family.add_metric(label_values, float(value))
        case _:
            raise TypeError(f"{family.name} is not a {type(value).__name__}")
