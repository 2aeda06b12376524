"""Tables on narrow and wide terminals, and the table that is drawn again and again."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from backstay.cli import show as commands_show
from backstay.cli.client import CallRefused, ServiceAway
from backstay.cli.rendering import (
    history_tables,
    one_position_table,
    positions_table,
    transactions_table,
    wallet_table,
)
from backstay.cli.watch import watch
from tests.unit.stub_service import ACCOUNT, CLOSED, POSITION, StubService, page
from tests.unit.test_commands_show import HISTORY, TRANSACTION


def drawn(table: RenderableType, columns: int) -> list[str]:
    """The lines of a table on a terminal of that width."""
    console = Console(file=io.StringIO(), width=columns, color_system=None)
    console.print(table)
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_where_there_is_room_a_position_is_one_line() -> None:
    """So that `grep` finds it whole."""
    lines = drawn(positions_table(page(POSITION, CLOSED)), 200)
    assert len(lines) == 4
    row = "12401 demo BTCUSDT LONG 0.00026178 1 of 3 2026-01-31 12:00 - "
    assert " ".join(lines[2].split()).startswith(row)


def test_on_80_columns_a_position_is_three_lines_and_whole() -> None:
    """The columns are stacked, and nothing of any value is cut or broken."""
    lines = drawn(positions_table(page(POSITION, CLOSED)), 80)
    assert len(lines) == 10
    assert max(map(len, lines)) <= 80
    first = "12401 BTCUSDT 0.00026178 2026-01-31 12:00 95500.123 95500.123 +0.916252"
    assert " ".join(lines[4].split()) == first
    assert " ".join(lines[5].split()) == "demo LONG 1 of 3 - 99000.5 101230 0.00"
    assert " ".join(lines[6].split()) == "+0.916252"


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_no_width_loses_a_character(columns: int) -> None:
    """Where even the stacked columns are too wide, their cells are folded."""
    long = POSITION | {"account": "an-account-with-a-name-of-64-characters" + "x" * 25}
    for table in (
        positions_table(page(long)),
        wallet_table(ACCOUNT | {"total_balance": "12345678901.12345678"}),
        transactions_table("demo", page(TRANSACTION)),
        history_tables(HISTORY),
    ):
        whole = sorted("".join("".join(drawn(table, 1000)).split()))
        assert sorted("".join("".join(drawn(table, columns)).split())) == whole


@pytest.mark.parametrize(
    ("pnl", "style"),
    [("2.50000000", "green"), ("-2.50000000", "red"), ("0.00000000", ""), (None, "dim")],
)
def test_a_gain_is_green_and_a_loss_red(pnl: str | None, style: str) -> None:
    """Colour only repeats what the sign says."""
    cell = positions_table(page(POSITION | {"unrealized_pnl": pnl})).rows[0][-3]
    assert cell.style == style


def test_a_position_says_what_no_take_profit_closes() -> None:
    """Close fractions that sum to 0.9 leave a tenth that waits for its stop-loss: it is said."""
    tenth = POSITION | {"untargeted_fraction": "0.1"}
    told = "10 % of the quantity has no take-profit: it stays open until the stop-loss or a close"
    assert told in "\n".join(drawn(one_position_table(tenth), 120))
    assert "no take-profit" not in "\n".join(drawn(one_position_table(POSITION), 120))
    closed = CLOSED | {"untargeted_fraction": "0.1"}
    assert "no take-profit" not in "\n".join(drawn(one_position_table(closed), 120))


class Watched:
    """A terminal, what a service answers it at each drawing, and Ctrl-C after the last."""

    def __init__(self, *answers: RenderableType | Exception) -> None:
        self._answers = list(answers)
        self.pauses = 0
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=True, width=100, color_system=None)
        watch(self._draw, console, pause=self._pause)

    def _draw(self) -> RenderableType:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _pause(self, seconds: int) -> None:
        assert seconds > 0
        self.pauses += 1
        if not self._answers:
            raise KeyboardInterrupt


def test_a_watched_table_is_drawn_anew_until_ctrl_c() -> None:
    """Each drawing takes the place of the one before; the end is no error."""
    watched = Watched(Text("first"), Text("second"), Text("third"))
    printed = watched.file.getvalue()
    assert watched.pauses == 3
    assert printed.index("first") < printed.index("second") < printed.index("third")
    erase_line_and_go_up = "\x1b[2K\x1b[1A"
    assert printed.count(erase_line_and_go_up) >= 2


def test_a_watched_table_outlives_its_service() -> None:
    """The last drawing stays, with a line that says what is wrong, until there is a newer one."""
    away = ServiceAway("no service answers at http://x: start it with `backstay serve`")
    watched = Watched(Text("first"), away, away, Text("second"))
    printed = watched.file.getvalue()
    assert printed.count("no service answers at http://x") == 2
    assert printed.count("asking again since") == 2
    assert printed.count("first") == 3
    assert printed.rindex("asking again") < printed.index("second")


def test_a_refusal_ends_the_watching() -> None:
    """What asking again cannot mend is told at once."""
    with pytest.raises(CallRefused, match="no valid token"):
        Watched(Text("first"), CallRefused("no valid token"))


def test_positions_are_watched_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """`positions --watch` asks the service anew for each drawing."""
    stub = StubService(monkeypatch)
    stub.answers("GET positions", page(POSITION))
    stub.answers("GET positions", page(CLOSED))
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
    shown: list[Any] = []

    def twice(draw: Callable[[], RenderableType], console: Console) -> None:
        assert console is terminal
        shown.extend((draw(), draw()))

    monkeypatch.setattr(commands_show, "stdout", lambda: terminal)
    monkeypatch.setattr(commands_show, "watch_positions", twice)
    assert stub.run("positions", "--watch") == 0
    assert [table.rows[0][0].plain for table in shown] == ["12401", "12400"]
