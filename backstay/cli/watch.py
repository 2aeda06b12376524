"""Redraw a table until the user stops watching."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import sleep

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from backstay.cli.client import ServiceAway

WATCH_SECONDS = 2
"""How long a drawing stays."""


def watch(
    draw: Callable[[], RenderableType],
    console: Console,
    *,
    pause: Callable[[int], object] = sleep,
) -> None:
    """Draw until Ctrl-C, even while the service does not answer.

    `draw` asks the service; its last drawing stays until there is a newer one.
    """
    shown: RenderableType = ""
    away_since: datetime | None = None
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        try:
            while True:
                try:
                    shown, away_since = draw(), None
                    line = Text(f"{_now():%H:%M:%S} UTC; Ctrl-C ends", "dim")
                except ServiceAway as away:
                    away_since = away_since or _now()
                    line = Text(f"{away} (asking again since {away_since:%H:%M:%S} UTC)", "yellow")
                # The line comes first, so that a table longer than the terminal cannot hide it.
                live.update(Group(line, shown), refresh=True)
                pause(WATCH_SECONDS)
        except KeyboardInterrupt:
            return


def _now() -> datetime:
    return datetime.now(UTC)
