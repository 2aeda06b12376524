"""The options that say a position's exits, and what of a request's body they come to."""

from typing import Annotated, Any

import typer

StopLoss = Annotated[
    str | None, typer.Option(help="The stop-loss: a price, or a distance from the entry as 5%.")
]
TakeProfits = Annotated[
    list[str] | None,
    typer.Option(
        help="A take-profit, once for each: 65000, 3%, 65000@40% to close a share, "
        "65000@40%>breakeven to say where the stop goes; none for no take-profit."
    ),
]
Trail = Annotated[
    str | None,
    typer.Option(help='A trail: 2%, "2%/0.5% from rung 2", "600 from 65000", or none.'),
]
CloseAfter = Annotated[
    str | None, typer.Option(help="A time stop: 4h, 30m, 2d after the entry, or none.")
]
TakeProfitFill = Annotated[
    str | None,
    typer.Option(help="Whether a take-profit closes at the market's price or its level."),
]


def exits_body(
    stop_loss: str | None,
    take_profit: list[str] | None,
    trail: str | None,
    close_after: str | None,
    take_profit_fill: str | None = None,
) -> dict[str, Any]:
    """The exits of a request's body; what is not given is left out."""
    rungs: Any = take_profit
    if take_profit is not None and [one.strip().lower() for one in take_profit] == ["none"]:
        rungs = "none"
    given = {
        "stop_loss": stop_loss,
        "take_profits": rungs or None,
        "trailing": trail,
        "close_after": close_after,
        "take_profit_fill": take_profit_fill,
    }
    return {name: value for name, value in given.items() if value is not None}
