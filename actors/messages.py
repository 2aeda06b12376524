"""What several rooms say: the edge's `Reply`, a denial, a ping, a position's record.

Each actor's own messages, with the answers to them, are in the `messages` file of its room. A
command is an imperative; an answer and a notice are in the past tense. Every message is frozen and
carries values only. Money is in the account's currency; times end in `_us` and are microseconds.
"""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from actors.engine.pooled import Recipient
from persistence.state import PositionRecord
from trading.model import Denial, Position


class Reply:
    """A `reply_to` for the edges: the first message that it is told becomes the result."""

    def __init__(self) -> None:
        """Nothing has been answered yet."""
        self.future: Future[Any] = Future()

    def tell(self, message: Any) -> None:
        """Take the answer; a second one is ignored, and one that comes after a cancel."""
        with suppress(InvalidStateError):
            self.future.set_result(message)

    def get(self, timeout_seconds: float | None = None) -> Any:
        """Wait for the answer; raises `TimeoutError` when it does not come in time."""
        return self.future.result(timeout_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A command was refused; nothing has changed."""

    denial: Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An answer with the position and the times of its commits."""

    record: PositionRecord

    @property
    def position(self) -> Position:
        """The position itself."""
        return self.record.position


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Ask whether an actor still moves."""

    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """An actor moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRestarted:
    """A symbol's market has started anew: arm again."""

    symbol: str
