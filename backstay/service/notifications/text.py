"""The messages to people's phones and mailboxes that events become."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from persistence.event_codec import event_of
from persistence.state import StoredEvent
from trading.events.positions import OpenDenied
from trading.events.words import Gravity, Words, words_of
from trading.times import iso_time

LINES_MAX = 20
DIGEST_FROM = 60
"""Up to this many waiting events are told line by line, more of them as one digest."""
LINE_CHARS_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to a target."""

    title: str
    body: str
    gravity: Gravity


DEFAULT_KINDS = (
    "rung_hit",
    "position_reduced",
    "position_closed",
    "open_denied",
    "alert_refused",
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
    """The events to send: of these kinds and, if any are named, of these accounts.

    An event of no account is sent for every account.
    """

    kinds: frozenset[str]
    accounts: frozenset[str] = frozenset()

    def __call__(self, kind: str, account: str | None) -> bool:
        """Whether an event of this kind and account is sent."""
        if kind not in self.kinds:
            return False
        return account is None or not self.accounts or account in self.accounts


def next_message(waiting: Sequence[StoredEvent]) -> tuple[Message, int]:
    """The message of the first waiting events, and how many of them it tells.

    Up to 20 have a line each. Where more wait, one message tells all of them: the gravest as
    lines, the others as numbers of their kinds.
    """
    if len(waiting) <= DIGEST_FROM:
        told = waiting[:LINES_MAX]
        return _message(told, list(map(_line, told))), len(told)
    return _message(waiting, _digest(waiting)), len(waiting)


def _message(told: Sequence[StoredEvent], lines: list[str]) -> Message:
    return Message(
        title=f"Backstay: {_title(told)}",
        body="\n".join(lines),
        gravity=max(_words(event).gravity for event in told),
    )


def _digest(waiting: Sequence[StoredEvent]) -> list[str]:
    by_gravity = sorted(waiting, key=lambda event: (-_words(event).gravity, event.id))
    shown = {event.id for event in by_gravity[: LINES_MAX - 1]}
    others = Counter(event.kind for event in waiting if event.id not in shown)
    counted = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in others.most_common())
    lines = [_line(event) for event in waiting if event.id in shown]
    return [*lines, f"and {others.total()} more: {counted}"]


def _title(told: Sequence[StoredEvent]) -> str:
    """The title of one position's last event, or the number of events."""
    last = told[-1]
    of_one_position = last.position_id is not None and {last.position_id} == {
        event.position_id for event in told
    }
    if len(told) > 1 and not of_one_position:
        return f"{len(told)} events"
    return _words(last).title


def _line(event: StoredEvent) -> str:
    time = iso_time(event.time_us)[:19].replace("T", " ")
    text = f"{time} UTC: {_whose(event)}{_words(event).sentence}"
    return text if len(text) <= LINE_CHARS_MAX else f"{text[: LINE_CHARS_MAX - 3]}..."


def _whose(stored: StoredEvent) -> str:
    """The event's position or account, where its sentence does not name it."""
    if stored.position_id is None:
        return f"{stored.account}: " if stored.kind == OpenDenied.kind else ""
    side = getattr(event_of(stored), "side", None)
    side_text = f"{side} " if side else ""
    return f"position {stored.position_id} of {stored.account} ({side_text}{stored.symbol}): "


@lru_cache(maxsize=1024)
def _words(stored: StoredEvent) -> Words:
    return words_of(event_of(stored))
