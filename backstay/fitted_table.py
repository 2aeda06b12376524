"""Tables for a terminal: nothing is cut off, however narrow it is."""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from backstay.printable import one_line

UNBOUNDED = 100_000
_FAINT = "dim"

Columns = Sequence[tuple[str, ...]]
"""A table's headers in groups: those of a group share a column where the table is stacked."""


class FittedTable:
    """A table that keeps one line a row where that fits, and else stacks each group's cells."""

    def __init__(
        self, columns: Columns, rows: Iterable[Sequence[Text]], title: str, caption: str = ""
    ) -> None:
        """Take rows with one cell for each header."""
        self.columns = columns
        self.rows = [list(row) for row in rows]
        self.title = one_line(title)
        self.caption = one_line(caption)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table for the console's width."""
        yield Text(self.title, "bold")
        if self.rows:
            wide = self._table([(header,) for group in self.columns for header in group], gap=2)
            needed = Measurement.get(console, options.update(width=UNBOUNDED), wide).maximum
            yield wide if needed <= options.max_width else self._table(self.columns, gap=1)
        if self.caption:
            yield Text(self.caption, _FAINT)

    def _table(self, columns: Columns, *, gap: int) -> Table:
        table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False)
        for group in columns:
            table.add_column("\n".join(group), overflow="fold")
        for row in self.rows:
            cells, first = [], 0
            for group in columns:
                cells.append(Text("\n").join(row[first : first + len(group)]))
                first += len(group)
            table.add_row(*cells)
        return table
