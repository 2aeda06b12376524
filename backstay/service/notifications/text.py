"""Which events become which message to people's phones and mailboxes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from backstay.web.api.history import sentence
from persistence.state import StoredEvent
from trading.money import ZERO
from trading.times import iso_time

LINES_MAX = 20
DIGEST_FROM = 60
"""So many waiting events and fewer are told line by line, more of them as one digest."""
LINE_CHARS_MAX = 300


class Level(IntEnum):
    """How grave a message is; many services colour it by that."""

    INFO = 0
    SUCCESS = 1
    WARNING = 2
    FAILURE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a target is sent."""

    title: str
    body: str
    level: Level


KINDS: Mapping[str, tuple[Level, str]] = MappingProxyType(
    {
        "position_opened": (Level.INFO, "position {position_id} of {account} opened"),
        "open_denied": (Level.WARNING, "{side} of {symbol} denied in {account}"),
        "rung_hit": (Level.SUCCESS, "position {position_id} of {account} hit TP{rung}"),
        "stop_moved": (Level.INFO, "stop-loss of position {position_id} of {account} tightened"),
        "position_reduced": (Level.SUCCESS, "position {position_id} of {account} reduced"),
        "position_closed": (Level.WARNING, "position {position_id} of {account} closed"),
        "shortfall_covered": (Level.FAILURE, "shortfall of {account} covered"),
        "trading_paused": (Level.WARNING, "opens of {scope} paused"),
        "trading_resumed": (Level.INFO, "opens of {scope} allowed again"),
        "market_paused": (Level.WARNING, "{symbol} paused"),
        "market_resumed": (Level.INFO, "{symbol} resumed"),
        "market_stale": (Level.WARNING, "{symbol} has no price"),
        "price_quarantined": (Level.WARNING, "price of {symbol} quarantined"),
        "price_times_rebased": (Level.WARNING, "prices of {symbol}: a clock was wrong"),
        "quarantine_ended": (Level.INFO, "quarantine of {symbol} ended"),
        "health_mismatch_found": (Level.FAILURE, "books of {account} do not balance"),
        "wallet_repaired": (Level.WARNING, "wallet of {account} repaired"),
        "health_restored": (Level.SUCCESS, "books of {account} balance again"),
        "part_set_aside": (Level.FAILURE, "{part} is set aside"),
    }
)
"""What can be told: how grave it is, and its title."""

DEFAULT_KINDS = (
    "rung_hit",
    "position_reduced",
    "position_closed",
    "open_denied",
    "trading_paused",
    "trading_resumed",
    "market_paused",
    "market_resumed",
    "market_stale",
    "price_times_rebased",
    "shortfall_covered",
    "health_mismatch_found",
    "wallet_repaired",
    "health_restored",
    "part_set_aside",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are told: of these kinds and, unless there are none, of these accounts.

    What concerns no account in particular concerns every one.
    """

    kinds: frozenset[str]
    accounts: frozenset[str] = frozenset()

    def __call__(self, kind: str, account: str | None) -> bool:
        """Whether such an event is told."""
        if kind not in self.kinds:
            return False
        return account is None or not self.accounts or account in self.accounts


def next_message(waiting: Sequence[StoredEvent]) -> tuple[Message, int]:
    """The message of the first waiting events, and of how many of them it tells.

    Up to 20 have a line each. Where very many wait, all of them are told in one message: the
    gravest as lines, the others as numbers of their kinds.
    """
    if len(waiting) <= DIGEST_FROM:
        told = waiting[:LINES_MAX]
        return _message(told, list(map(_line, told))), len(told)
    return _message(waiting, _digest(waiting)), len(waiting)


def _message(told: Sequence[StoredEvent], lines: list[str]) -> Message:
    return Message(
        title=f"Backstay: {_title(told)}",
        body="\n".join(lines),
        level=max(_level(event) for event in told),
    )


def _digest(waiting: Sequence[StoredEvent]) -> list[str]:
    by_gravity = sorted(waiting, key=lambda event: (-_level(event), event.id))
    shown = {event.id for event in by_gravity[: LINES_MAX - 1]}
    others = Counter(event.kind for event in waiting if event.id not in shown)
    counted = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in others.most_common())
    lines = [_line(event) for event in waiting if event.id in shown]
    return [*lines, f"and {others.total()} more: {counted}"]


def _title(told: Sequence[StoredEvent]) -> str:
    """What the last event of one position is called, or how many events there are."""
    last = told[-1]
    of_one_position = last.position_id is not None and {last.position_id} == {
        event.position_id for event in told
    }
    if len(told) > 1 and not of_one_position:
        return f"{len(told)} events"
    fields = _fields(last)
    return KINDS[last.kind][1].format(**fields, scope=fields.get("account") or "all accounts")


def _level(event: StoredEvent) -> Level:
    if event.kind == "position_closed" and Decimal(_fields(event)["net_pnl_total"]) > ZERO:
        return Level.SUCCESS
    return KINDS[event.kind][0]


def _line(event: StoredEvent) -> str:
    fields = _fields(event)
    time = iso_time(event.time_us)[:19].replace("T", " ")
    text = f"{time} UTC: {_who(event, fields)}{sentence(event.kind, fields)}"
    return text if len(text) <= LINE_CHARS_MAX else f"{text[: LINE_CHARS_MAX - 3]}..."


def _who(event: StoredEvent, fields: dict[str, Any]) -> str:
    if event.position_id is None:
        return f"{event.account}: " if event.kind == "open_denied" else ""
    side = f"{fields['side']} " if "side" in fields else ""
    return f"position {event.position_id} of {event.account} ({side}{event.symbol}): "


def _fields(event: StoredEvent) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(event.data)
    return fields
