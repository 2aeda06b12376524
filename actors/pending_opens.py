"""The opens that a wallet has begun and not decided."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from actors.base import Recipient
from actors.messages import OpenDone, OpenPosition
from actors.protocol import PositionRead


@dataclass(slots=True)
class PendingOpen:
    """An open on its way, and everybody who waits for its outcome.

    It waits for a quote first; once it has one, for its commit.
    """

    request: OpenPosition
    waiting: list[Recipient] = field(default_factory=list)
    quoted: bool = False


class PendingOpens:
    """Opens by the position id that they would get, and by their idempotency keys.

    The id of an open that is denied was never told to anybody; the next open gets it.
    """

    __slots__ = ("_by_id", "_by_key", "_position_ids", "_unused_ids")

    def __init__(self, position_ids: Iterator[int]) -> None:
        """`position_ids` gives out ids that nobody else gets."""
        self._position_ids = position_ids
        self._unused_ids: deque[int] = deque()
        self._by_id: dict[int, PendingOpen] = {}
        self._by_key: dict[str, int] = {}

    def add(self, request: OpenPosition) -> int:
        """Begin an open, and return the id of the position that it may become."""
        position_id = self._unused_ids.popleft() if self._unused_ids else next(self._position_ids)
        self._by_id[position_id] = PendingOpen(request, [request.reply_to])
        if request.idempotency_key is not None:
            self._by_key[request.idempotency_key] = position_id
        return position_id

    def get(self, position_id: int) -> PendingOpen | None:
        """The open that may become a position."""
        return self._by_id.get(position_id)

    def by_key(self, key: str) -> PendingOpen | None:
        """The open that was begun with an idempotency key."""
        position_id = self._by_key.get(key)
        return None if position_id is None else self._by_id[position_id]

    def symbol_of(self, position_id: int) -> str:
        """The symbol that an open asks for."""
        return self._by_id[position_id].request.symbol

    def unquoted(self, symbol: str) -> tuple[int, ...]:
        """The ids of the opens that wait for a symbol's market."""
        return tuple(
            position_id
            for position_id, pending in self._by_id.items()
            if pending.request.symbol == symbol and not pending.quoted
        )

    def end(self, position_id: int, *, id_is_free: bool = False) -> list[Recipient]:
        """Forget an open that is decided, and return who waits for the outcome."""
        pending = self._by_id.pop(position_id)
        if pending.request.idempotency_key is not None:
            del self._by_key[pending.request.idempotency_key]
        if id_is_free:
            self._unused_ids.append(position_id)
        return pending.waiting


class RepeatedOpen:
    """Takes the row of the position that a known key has opened, and answers with it."""

    __slots__ = ("_reply_to",)

    def __init__(self, reply_to: Recipient) -> None:
        """Answer this client."""
        self._reply_to = reply_to

    def tell(self, message: PositionRead) -> None:
        """Take the row that was read."""
        assert message.position is not None, "a taken key has a position"
        self._reply_to.tell(OpenDone(position=message.position, repeated=True))
