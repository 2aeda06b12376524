"""Parts become panels of Grafana."""

from itertools import count
from typing import TypeVar, assert_never

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import (
    heatmap,
    prometheus,
    stat,
    statetimeline,
    text,
    timeseries,
)
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import heatmap as heatmap_models
from grafana_foundation_sdk.models import text as text_models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.boards.parts import Board, Common, Graph, Heatmap, Panel, Query, Text, Tile, Timeline

DATASOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")

WIDTH = 24
TILE_HEIGHT = 4
GRAPH_HEIGHT = 8
TEXT_HEIGHT = 40

NEUTRAL = "text"

Builder = TypeVar("Builder", stat.Panel, timeseries.Panel, statetimeline.Panel, heatmap.Panel)
AnyBuilder = stat.Panel | timeseries.Panel | statetimeline.Panel | heatmap.Panel | text.Panel


def draw_rows(drawn: builders.Dashboard, board: Board) -> None:
    """Put a board's rows on a dashboard, with ids in the order of the panels."""
    ids = count(1)
    for row in board.rows:
        drawn.with_row(builders.Row(row.title).id(next(ids)))
        for panel in row.panels:
            drawn.with_panel(_draw(panel).id(next(ids)))


def _draw(panel: Panel) -> AnyBuilder:
    match panel:
        case Tile():
            return _tile(panel)
        case Graph():
            return _graph(panel)
        case Timeline():
            return _timeline(panel)

        case Heatmap():
            return _heatmap(panel)
        case Text():
            return _text(panel)

        case _:
            assert_never(panel)


def _tile(tile: Tile) -> stat.Panel:
    builder = _common(stat.Panel(), tile, TILE_HEIGHT)
    targets = [_target(query, index).instant() for index, query in enumerate(tile.queries)]
    return (
        builder.targets([*targets])
        .color_scheme(builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .color_mode(
            common.BigValueColorMode.BACKGROUND if tile.words else common.BigValueColorMode.VALUE
        )
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _graph(graph: Graph) -> timeseries.Panel:
    builder = _common(timeseries.Panel(), graph, GRAPH_HEIGHT)
    targets = [_target(query, index).range() for index, query in enumerate(graph.queries)]
    builder = (
        builder.targets([*targets])
        .color_scheme(
            builders.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
        )
        .line_width(1)
        .fill_opacity(25 if graph.stacked else 8)
        .show_points(common.VisibilityMode.NEVER)
        .axis_soft_min(0)
        .legend(_legend())
        .tooltip(
            common_builders.VizTooltipOptions()
            .hide_zeros(graph.bars)
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
    )
    if graph.bars:
        builder.draw_style(common.GraphDrawStyle.BARS).fill_opacity(60).interval("1m")
        if graph.unit == "short":
            builder.decimals(0)  # Prometheus estimates a rise: 1.08 is 1
    if graph.stacked or graph.bars:
        builder.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if graph.steps:
        builder.thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(
                common.GraphThresholdsStyleMode.DASHED
            )
        )
    for name, color in graph.colors.items():
        fixed = {"mode": dashboard.FieldColorModeId.FIXED, "fixedColor": color}
        builder.override_by_name(name, [dashboard.DynamicConfigValue("color", fixed)])
    return builder


def _timeline(timeline: Timeline) -> statetimeline.Panel:
    builder = _common(statetimeline.Panel(), timeline, GRAPH_HEIGHT)
    targets = [_target(query, index).range() for index, query in enumerate(timeline.queries)]
    return (
        builder.targets([*targets])
        .color_scheme(builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .merge_values(True)
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .fill_opacity(70)
        .legend(_legend())
    )


def _heatmap(panel: Heatmap) -> heatmap.Panel:
    builder = _common(heatmap.Panel(), panel, GRAPH_HEIGHT)
    targets = [
        _target(query, index).range().format(PromQueryFormat.HEATMAP)
        for index, query in enumerate(panel.queries)
    ]
    return (
        builder.targets([*targets])
        .calculate(False)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heatmap_models.HeatmapColorMode.SCHEME)
            .scheme("Blues")
            .scale(heatmap_models.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(32)
            .fill("semi-dark-blue")
            .reverse(False)
        )
        .y_axis(heatmap.YAxisConfig().unit(panel.unit))
        .cell_values(heatmap.CellValues().unit("short"))
        .show_y_histogram()
        .hide_from(common_builders.HideSeriesConfig().legend(False).tooltip(False).viz(False))
    )


def _text(panel: Text) -> text.Panel:
    return (
        text.Panel()
        .title(panel.title)
        .description(panel.description)
        .mode(text_models.TextMode.MARKDOWN)
        .content(panel.content)
        .transparent(True)
        .height(TEXT_HEIGHT)
        .span(WIDTH)
    )


def _legend() -> common_builders.VizLegendOptions:
    return (
        common_builders.VizLegendOptions()
        .show_legend(True)
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
    )


def _common(builder: Builder, panel: Common, height: int) -> Builder:
    steps = [dashboard.Threshold(value=None, color="green" if panel.steps else NEUTRAL)]
    steps += [dashboard.Threshold(value=value, color=color) for value, color in panel.steps]
    builder = (
        builder.title(panel.title)
        .description(panel.description)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .no_value(panel.no_data)
        .height(height)
        .span(panel.width)
        .thresholds(builders.ThresholdsConfig().steps(steps))
    )
    if panel.decimals is not None:
        builder.decimals(panel.decimals)
    if panel.words:
        results = {
            str(value): dashboard.ValueMappingResult(text=word.text, color=word.color, index=index)
            for index, (value, word) in enumerate(panel.words.items())
        }
        builder.mappings([dashboard.ValueMap(options=results)])
    return builder


def _target(query: Query, index: int) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(DATASOURCE).expr(query.expr)
    return target.ref_id("ABCDEFGH"[index]).legend_format(query.legend)
