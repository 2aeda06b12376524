"""The catalogue as docs/metrics.md shows it."""

from backstay.service.metrics.model import Label, Metric, MetricGroup

HEAD = """\
| name | type | labels | unit | meaning | series |
|---|---|---|---|---|---|
"""


def section(group: MetricGroup) -> str:
    """A group's heading and table."""
    return f"## {group.title}\n\n{HEAD}{''.join(map(_row, group.metrics))}"


def _row(metric: Metric) -> str:
    labels = ", ".join(map(_label, metric.labels))
    cells = (f"`{metric.name}`", metric.kind, labels, metric.unit, metric.meaning, metric.series)
    return f"| {' | '.join(map(str, cells))} |\n"


def _label(label: Label) -> str:
    return f"`{label.name}`" + (f" ({', '.join(label.values)})" if label.values else "")
