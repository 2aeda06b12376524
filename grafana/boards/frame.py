"""What all boards have around their panels: variables, annotations, and ways to the others."""

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from grafana.boards.drawing import DATASOURCE, draw_rows
from grafana.boards.parts import Board
from grafana.boards.promql import now, series

TAG = "backstay"

ALL = dashboard.VariableOption(text="All", value="$__all", selected=True)


class PrometheusAnnotation(dashboard.AnnotationQuery):
    """An annotation with what the Prometheus data source reads of it, which the SDK leaves out."""

    def __init__(
        self, name: str, expr: str, *, color: str, title: str, text: str, at_value: bool = False
    ) -> None:
        """`title` and `text` take `{{label}}` for a label's value.

        With `at_value`, each event is at its value, a time in milliseconds.
        """
        super().__init__(name=name, expr=expr, datasource=DATASOURCE, icon_color=color)
        self._title = title
        self._text = text
        self._at_value = at_value

    def to_json(self) -> dict[str, object]:
        """What the SDK writes, and the rest."""
        return super().to_json() | {
            "step": "15s",
            "tagKeys": "",
            "textFormat": self._text,
            "titleFormat": self._title,
            "useValueForTime": self._at_value,
        }


def _annotations() -> list[dashboard.AnnotationQuery]:
    """What is marked on every graph of every board."""
    return [
        PrometheusAnnotation(
            "Restarts",
            f"1000 * {series('process_start_time_seconds')}",
            color="semi-dark-blue",
            title="Backstay started",
            text="{{instance}}",
            at_value=True,
        ),
        PrometheusAnnotation(
            "Pauses",
            f"{now('trading_paused', 'by')} > 0",
            color="semi-dark-purple",
            title="Trading paused",
            text="by {{by}}",
        ),
        PrometheusAnnotation(
            "Alerts",
            # An alert on something that is absent carries no job.
            'ALERTS{alertstate="firing", job=~"$job|"}',
            color="red",
            title="{{alertname}}",
            text="{{severity}} {{account}}{{venue}}{{actor}}",
        ),
    ]


def draw(board: Board) -> str:
    """A board as the JSON that Grafana reads."""
    drawn = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .time("now-1h", "now")
        .timezone("browser")
        .refresh("15s")
        .variables(_variables())
        .links(_links())
    )
    draw_rows(drawn, board)
    built = drawn.build()
    built.annotations = dashboard.AnnotationContainer(list_val=_annotations())
    text = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built)
    return f"{text}\n"


def _variables() -> list[Builder[dashboard.VariableModel]]:
    build_info = "backstay_build_info"
    of_job = f'{build_info}{{job=~"$job"}}'
    accounts = 'backstay_wallet_healthy{job=~"$job", instance=~"$instance"}'
    return [
        builders.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _labels("job", f"label_values({build_info}, job)", "Prometheus' name for the service"),
        _labels("instance", f"label_values({of_job}, instance)", "Processes of the service"),
        _labels(
            "account",
            f"label_values({accounts}, account)",
            "Accounts; what is not kept by account shows all of them",
        ),
    ]


def _labels(name: str, query: str, description: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(name.capitalize())
        .description(description)
        .query({"qryType": 1, "query": query, "refId": f"variable-{name}"})
        .datasource(DATASOURCE)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(ALL)
    )


def _links() -> list[Builder[dashboard.DashboardLink]]:
    return [
        builders.DashboardLink("Backstay")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
        .tooltip("The other boards, and the runbook"),
    ]
