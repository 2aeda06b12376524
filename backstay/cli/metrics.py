"""The command that lists what Prometheus can scrape."""

from typing import TYPE_CHECKING, Any

import typer
from rich.console import Group
from rich.text import Text

from backstay.cli.rendering import NOTHING
from backstay.cli.terminal import Json, print_result
from backstay.fitted_table import FittedTable

if TYPE_CHECKING:
    from backstay.service.metrics.model import Label, Metric

app = typer.Typer()


@app.command()
def metrics(as_json: Json = False) -> None:
    """List every metric with its labels, its meaning, and its largest number of series."""
    # Only this command needs it: it takes the actors and the web along.
    from backstay.feeds.venues.registry import VENUES
    from backstay.service.metrics.catalogue import ACCOUNTS, CATALOGUE

    groups = [
        {"title": group.title, "metrics": [_document(metric) for metric in group.metrics]}
        for group in CATALOGUE
    ]
    document = {
        "accounts": ACCOUNTS,
        "venues": len(VENUES),
        "series": sum(metric.series for group in CATALOGUE for metric in group.metrics),
        "groups": groups,
    }
    print_result(document, _tables, as_json=as_json)


def _document(metric: "Metric") -> dict[str, Any]:
    return {
        "name": metric.name,
        "type": str(metric.kind),
        "unit": metric.unit or None,
        "labels": [_label(label) for label in metric.labels],
        "meaning": metric.meaning,
        "series": metric.series,
    }


def _label(label: "Label") -> dict[str, Any]:
    return {
        "name": label.name,
        "values": list(label.values) or None,
        "values_max": label.most,
    }


def _tables(document: dict[str, Any]) -> Group:
    series, accounts, venues = (document[key] for key in ("series", "accounts", "venues"))
    said = f"at most {series} series with {accounts} accounts and {venues} exchanges"
    return Group(*map(_table, document["groups"]), Text(said))


def _table(group: dict[str, Any]) -> FittedTable:
    columns = (("name", "labels", "meaning"), ("type", "series", "unit"))
    return FittedTable(columns, map(_row, group["metrics"]), group["title"])


def _row(metric: dict[str, Any]) -> tuple[Text, ...]:
    labels = "; ".join(
        f"{label['name']}: {', '.join(label['values'])}" if label["values"] else label["name"]
        for label in metric["labels"]
    )
    return (
        Text(metric["name"], "bold"),
        Text(labels or NOTHING),
        Text(metric["meaning"]),
        Text(metric["type"]),
        Text(str(metric["series"])),
        Text(metric["unit"] or NOTHING),
    )
