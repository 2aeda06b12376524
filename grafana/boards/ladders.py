"""The board of the ladders: what prices did to positions, and how fast it was booked."""

from grafana.boards.parts import IN_RANGE, PER_BAR, SHADES, Board, Graph, Heatmap, Query, Row, Tile
from grafana.boards.promql import buckets, now, quantiles, some_per_bar, within_range

SIDES = {"LONG": "semi-dark-blue", "SHORT": "semi-dark-orange"}


def _rungs(side: str) -> Graph:
    return Graph(
        title=f"Rungs hit, {side}",
        description=f"Take-profits that prices reached and that are committed, {PER_BAR}.",
        queries=(
            Query(some_per_bar("take_profit_hits_total", "rung", f'side="{side}"'), "TP{{rung}}"),
        ),
        no_data="None in this time",
        bars=True,
    )


NOW = Row(
    "Now, and in the time shown",
    (
        Tile(
            title="Open positions",
            description="Open positions of all accounts, by side.",
            queries=(Query(now("positions_open", "side"), "{{side}}"),),
            no_data="Nothing scraped",
        ),
        Tile(
            title="Beyond the stop",
            description=(
                "Positions whose newest price is past their stop-loss and that are not closed yet."
                " More than a moment of this means that stops are not honoured."
            ),
            queries=(Query(now("positions_beyond_stop")),),
            no_data="Nothing scraped",
            steps=((1, "red"),),
        ),
        Tile(
            title="Past the time stop",
            description=(
                "Positions whose time stop has passed and that are not closed yet: no price has"
                " come. A silent or paused market closes nothing."
            ),
            queries=(Query(now("positions_past_time_stop")),),
            no_data="Nothing scraped",
            steps=((1, "semi-dark-orange"),),
        ),
        Tile(
            title="Rungs hit",
            description=f"Take-profits that prices reached, by side. {IN_RANGE}",
            queries=(Query(within_range("take_profit_hits_total", "side"), "{{side}}"),),
            no_data="Nothing scraped",
            decimals=0,
        ),
        Tile(
            title="Stop moves",
            description=f"Stop-losses that were moved, by rungs, trails or by hand. {IN_RANGE}",
            queries=(Query(within_range("stop_loss_moves_total")),),
            no_data="Nothing scraped",
            decimals=0,
        ),
        Tile(
            title="Closed",
            description=f"Positions that were closed, for whatever reason. {IN_RANGE}",
            queries=(Query(within_range("positions_closed_total")),),
            no_data="Nothing scraped",
            decimals=0,
        ),
        Tile(
            title="Opens denied",
            description=f"Positions that Backstay refused to open. {IN_RANGE}",
            queries=(Query(within_range("opens_denied_total")),),
            no_data="Nothing scraped",
            decimals=0,
        ),
    ),
)

LADDERS_ROW = Row(
    "Ladders",
    (
        _rungs("LONG"),
        _rungs("SHORT"),
        Graph(
            title="Stop moves by destination",
            description=(
                "Stop-losses moved by a rung to breakeven or elsewhere (rung),"
                f" by a trail, or by hand, {PER_BAR}."
            ),
            queries=(Query(some_per_bar("stop_loss_moves_total", "to"), "{{to}}"),),
            no_data="None in this time",
            bars=True,
        ),
        Graph(
            title="Closes by reason",
            description=f"Positions closed by a rung, the stop-loss, time or hand, {PER_BAR}.",
            queries=(
                Query(
                    some_per_bar("positions_closed_total", "reason, side"), "{{reason}} {{side}}"
                ),
            ),
            no_data="None in this time",
            bars=True,
            colors={
                "TAKE_PROFIT LONG": "semi-dark-green",
                "TAKE_PROFIT SHORT": "dark-green",
                "STOP_LOSS LONG": "semi-dark-red",
                "STOP_LOSS SHORT": "dark-red",
                "TIME LONG": "semi-dark-orange",
                "TIME SHORT": "dark-orange",
                "MANUAL LONG": "semi-dark-purple",
                "MANUAL SHORT": "dark-purple",
            },
        ),
        Graph(
            title="Open positions over time",
            description="Open positions of all accounts, by side.",
            queries=(Query(now("positions_open", "side"), "{{side}}"),),
            no_data="Nothing scraped",
            stacked=True,
            colors=SIDES,
        ),
        Graph(
            title="Opened",
            description=f"Positions opened, {PER_BAR}.",
            queries=(Query(some_per_bar("positions_opened_total", "side"), "{{side}}"),),
            no_data="None in this time",
            bars=True,
            colors=SIDES,
        ),
    ),
)

SPEED = Row(
    "From price to commit",
    (
        Heatmap(
            title="Price to commit",
            description=(
                "How long after the market accepted the price that closes a position its close was"
                " committed; closes by hand are left out. Darker: more closes."
            ),
            queries=(Query(buckets("position_close_seconds"), "{{le}}"),),
            no_data="Nothing closed",
            unit="s",
        ),
        Graph(
            title="Price to commit, quantiles",
            description="Half, 95 % and 99 % of the closes were committed within this time.",
            queries=quantiles("position_close_seconds"),
            no_data="Nothing closed",
            unit="s",
            colors=SHADES,
            steps=((1, "red"),),
        ),
    ),
)

DENIALS = Row(
    "Refused and paused",
    (
        Graph(
            title="Opens denied by reason",
            description=(
                f"Opens that Backstay refused, {PER_BAR}. The reasons are those of the API's"
                " problems and of the events."
            ),
            queries=(Query(some_per_bar("opens_denied_total", "reason"), "{{reason}}"),),
            no_data="None in this time",
            bars=True,
        ),
        Graph(
            title="Trading paused",
            description=(
                "What opens nothing: markets without a connection (network), scopes that a person"
                " paused (operator), accounts whose books do not balance (health)."
            ),
            queries=(Query(now("trading_paused", "by"), "{{by}}"),),
            no_data="Nothing scraped",
            colors={
                "network": "semi-dark-orange",
                "operator": "semi-dark-purple",
                "health": "red",
            },
        ),
        Graph(
            title="Beyond the stop over time",
            description=(
                "Positions whose newest price, accepted or not, is past the stop-loss and that are"
                " not closed yet."
            ),
            queries=(Query(now("positions_beyond_stop"), "beyond the stop"),),
            no_data="Nothing scraped",
            colors={"beyond the stop": "red"},
            width=24,
        ),
    ),
)

LADDERS = Board(
    uid="backstay-ladders",
    title="Backstay / Ladders",
    description="What prices did to positions, what was refused, and how fast it was booked.",
    rows=(NOW, LADDERS_ROW, SPEED, DENIALS),
)
