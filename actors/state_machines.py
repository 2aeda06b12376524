"""Print docs/state-machines.md, drawn from the tables: `python -m actors.state_machines`."""

import sys
import textwrap
from typing import Any

from actors.commit.ownership import OWNER
from actors.engine.machine import Machine
from actors.position.phases import POSITION
from actors.wallet.pending_opens import OPEN
from actors.wallet.waiting_commands import CHANGE

MACHINES: tuple[tuple[Machine[Any, Any], str, str], ...] = (
    (
        POSITION,
        "actors/position/phases.py",
        "While a position is OPEN, prices and callers move it. From CLOSING on its exit is fixed: "
        "no price moves it, and every caller that asks for the close waits for the same outcome. "
        "The row in the database says OPEN until the close is durable, then CLOSED. A position "
        "that fails while it is CLOSING starts again from its row. The wallet's next life may say "
        "once more that a close is durable.",
    ),
    (
        OPEN,
        "actors/wallet/pending_opens.py",
        "An open that is ASKED waits for the market's price; one that is QUOTED waits for its "
        "commit. OPENED and DENIED end it, and every caller with its key gets the outcome. An open "
        "whose commit is returned, or is refused with others, stays QUOTED and is decided again.",
    ),
    (
        CHANGE,
        "actors/wallet/waiting_commands.py",
        "A wallet has at most one change in flight. What arrives while a change is IN FLIGHT is "
        "gathered after the Committer's answer, and becomes the next change. The wallet's memory "
        "advances only with an answer that says that the change is committed.",
    ),
    (
        OWNER,
        "actors/commit/ownership.py",
        "An owner that is AWAY retries without end. A commit ends the outage, or a renewal while "
        "nothing waits; a read does not. An owner that is DAMAGED or DEPOSED never writes again. "
        "One that is DEPOSED ends its process at once; one that is DAMAGED waits for its operator, "
        "because a new process could begin with an empty database.",
    ),
)
"""Each machine with the file of its table and what a reader of the picture should know."""

HEAD = """\
# State machines

Each picture is drawn from the table that the code moves by. A move that a table does not hold
raises `InvalidMoveError`, which ends the actor like any other bug. This page is generated:
`python -m actors.state_machines > docs/state-machines.md`.

"""

TAIL = """\
## A market

A market has no stored state, and so no table. `MarketStatus.state` in `actors/published.py` derives
its state from the facts each time. The first that holds counts: PAUSED while its feed pauses it or
it is retired, QUARANTINED while the price guard has a candidate, STALE while the last accepted
price is too old, else LIVE. Time alone makes a market STALE, so a stored state could be wrong.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(_section(*each) for each in MACHINES) + "\n" + TAIL


def _section(machine: Machine[Any, Any], path: str, text: str) -> str:
    title = machine.name[0].upper() + machine.name[1:]
    return f"## {title}\n\n{textwrap.fill(text, 100)}\n\nTable: `{path}`.\n\n{mermaid(machine)}"


def mermaid(machine: Machine[Any, Any]) -> str:
    """A machine as a diagram that forges and documentation sites draw from its text."""
    moves = [
        f"    {state.name} --> {after.name}: {event}"
        for (state, event), after in machine.moves.items()
    ]
    leaving = {state for (state, _), after in machine.moves.items() if after is not state}
    ends = [f"    {state.name} --> [*]" for state in type(machine.start) if state not in leaving]
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {machine.start.name}", *moves, *ends]
    return "\n".join([*lines, "```", ""])


if __name__ == "__main__":
    sys.stdout.write(page())
