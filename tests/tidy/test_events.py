"""A new event touches its type, its words and who acts on it; its documentation follows."""

import re
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from backstay.service.notifications.text import DEFAULT_KINDS
from persistence.event_codec import EVENT_TYPES
from trading.events import Event
from trading.events.words import Gravity, words_of
from trading.model import Costs

ROOT = Path(__file__).parents[2]
NAMING_KINDS = {
    "backstay/service/notifications/text.py": "which kinds are sent by default",
    "persistence/divergences.py": "which event goes with which ledger entry, in SQL",
}
"""Modules that name events by their kind, as text, and why."""

APPRISE_TYPES = {
    Gravity.INFO: "info",
    Gravity.GAIN: "success",
    Gravity.LOSS: "warning",
    Gravity.WARNING: "warning",
    Gravity.FAILURE: "failure",
}
PLAIN: dict[Any, Any] = {int: 1, str: "text", Decimal: Decimal(1), bool: False, Costs: Costs()}


def sample(event_type: type[Event]) -> Event:
    """An event of a type, with plain values in all fields."""
    hints = get_type_hints(event_type)
    return event_type(**{field.name: plain(hints[field.name]) for field in fields(event_type)})


def plain(hint: Any) -> Any:
    """A value of a type that events have."""
    if type(None) in get_args(hint):
        return None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return PLAIN.get(hint, ())


def test_an_event_is_named_by_its_type() -> None:
    """Whoever acts on an event matches its type; a kind as text would miss a renamed one."""
    kinds = "|".join(EVENT_TYPES)
    modules = [
        path
        for package in ("actors", "backstay", "persistence", "trading")
        for path in sorted((ROOT / package).rglob("*.py"))
        # The simulator's model is written a second time, apart from the types, on purpose.
        if "simulation" not in path.parts and "migrations" not in path.parts
    ]
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in modules
        if path.parent.name != "events" and re.search(rf'"({kinds})"', path.read_text())
    }
    # Reasons for a denial share two of the names.
    assert naming - {"trading/model.py"} == set(NAMING_KINDS)


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_the_page_about_notifications_has_each_event(kind: str) -> None:
    """Its row says how grave it is, and whether it is sent by default."""
    page = (ROOT / "docs" / "notifications.md").read_text()
    rows = re.findall(rf"^\| `{kind}` \| (\w+).* \| (yes|no)\b.* \|$", page, re.MULTILINE)
    gravity = words_of(sample(EVENT_TYPES[kind])).gravity
    assert rows == [(APPRISE_TYPES[gravity], "yes" if kind in DEFAULT_KINDS else "no")]
