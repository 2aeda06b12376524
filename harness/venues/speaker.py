"""What a venue says on one connection, without the socket; the symbols are in its own spelling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A trade as a test scripts it; the venue's form of time and id is the speaker's business."""

    symbol: str
    price: str
    time_us: int
    id: int


class Speaker:
    """One connection's side of a venue's protocol.

    `listed` says whether the venue has a symbol, `past` which trades a snapshot shows, oldest
    first. `subscribed` is what the client gets trades of.
    """

    path = "/"
    going_away: str | None = None

    def __init__(
        self, listed: Callable[[str], bool], past: Callable[[str], Sequence[Trade]]
    ) -> None:
        self.listed = listed
        self.past = past
        self.subscribed: dict[str, None] = {}

    def greeting(self) -> list[str]:
        """What the venue says first."""
        return []

    def hear(self, text: str) -> list[str]:
        """What the venue answers."""
        raise NotImplementedError

    def trades(self, trades: Sequence[Trade]) -> str:
        """A frame of these trades, oldest first, all of one symbol."""
        raise NotImplementedError

    def heartbeat(self) -> str | None:
        """What the venue says to show that it lives; None where pings do that."""
        return None

    def end(self, symbols: Sequence[str]) -> None:
        """Forget subscriptions."""
        for symbol in symbols:
            self.subscribed.pop(symbol, None)


def text_of(message: Any) -> str:
    """A message as JSON."""
    return msgspec.json.encode(message).decode()


def number(text: str) -> msgspec.Raw:
    """A number with just these digits, where a float would drop zeros."""
    return msgspec.Raw(text.encode())


def iso_time(time_us: int) -> str:
    """A time as JSON has it."""
    return f"{EPOCH + timedelta(microseconds=time_us):%Y-%m-%dT%H:%M:%S.%fZ}"
