"""Test your own actors: a probe is a queryable mailbox, and a dispatcher runs on virtual time.

The fixtures come with the distribution, from `backstay.pytest_plugin`:

    def test_market_tells_a_reached_position(backstay_dispatcher, backstay_probe):
        position = backstay_probe("position")
        directory = Directory()
        directory.positions[401] = position
        market = backstay_dispatcher.start(
            MarketActor(
                directory, backstay_dispatcher.clock, "BTCUSDT", published=Published(Version())
            )
        )
        market.tell(Arm(position_id=401, triggers=Triggers(low=None, high=Decimal(103)), after=0))
        market.tell(TakePrices(prices=[Decimal(104)], times_us=[1]))
        assert position.expect(PriceReached).price == 104
        position.expect_nothing(for_=60)
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from actors.engine.dispatcher import SequentialDispatcher

M = TypeVar("M")


class TestProbe:
    """Stands in for an actor, a listener or a client: whatever can be told something.

    With a `SequentialDispatcher` it first lets every actor finish, and waits in virtual time;
    without one it waits for other threads in real time.
    """

    __test__ = False

    def __init__(
        self, dispatcher: SequentialDispatcher | None = None, *, name: str = "probe"
    ) -> None:
        """A probe that has received nothing."""
        self.name = name
        self._dispatcher = dispatcher
        self._unread: deque[Any] = deque()
        self._last: Any = None
        self._arrived = threading.Condition()

    def tell(self, message: Any) -> None:
        """Take a message; what makes a probe a recipient."""
        with self._arrived:
            self._unread.append(message)
            self._arrived.notify_all()

    def expect(
        self,
        message_type: type[M],
        where: Callable[[M], bool] | None = None,
        within: float = 1.0,
    ) -> M:
        """Take the first unread message of a type for which `where` holds.

        Others stay unread. Raises `AssertionError`, with what was received, when none comes
        within so many seconds.
        """
        if self._dispatcher is not None:
            self._dispatcher.run_until_idle()
            found = self._take(message_type, where)
            if found is None:
                self._dispatcher.advance(within)
                found = self._take(message_type, where)
        else:
            with self._arrived:
                self._arrived.wait_for(lambda: self._has(message_type, where), timeout=within)
            found = self._take(message_type, where)
        if found is None:
            raise AssertionError(
                f"{self.name} expected {message_type.__name__} within {within} s, "
                f"received {list(self._unread) or 'nothing'}"
            )
        self._last = found
        return found

    def expect_nothing(self, for_: float = 0.1) -> None:
        """Hold that no message is unread and none comes for so many seconds."""
        if self._dispatcher is not None:
            self._dispatcher.run_until_idle()
            self._dispatcher.advance(for_)
        else:
            with self._arrived:
                self._arrived.wait_for(lambda: bool(self._unread), timeout=for_)
        if self._unread:
            raise AssertionError(f"{self.name} expected nothing, received {list(self._unread)}")

    def reply(self, message: Any) -> None:
        """Answer the message that was expected last, at its `reply_to`."""
        if self._last is None:
            raise AssertionError(f"{self.name} has expected nothing that it could reply to")
        self._last.reply_to.tell(message)

    def unread(self) -> tuple[Any, ...]:
        """What was received and not taken yet."""
        return tuple(self._unread)

    def _has(self, message_type: type[M], where: Callable[[M], bool] | None) -> bool:
        return any(_matches(message, message_type, where) for message in tuple(self._unread))

    def _take(self, message_type: type[M], where: Callable[[M], bool] | None) -> M | None:
        with self._arrived:
            for index, message in enumerate(self._unread):
                if _matches(message, message_type, where):
                    del self._unread[index]
                    return message  # type: ignore[no-any-return]  # it is of the type asked for
        return None


def _matches(message: Any, message_type: type[M], where: Callable[[M], bool] | None) -> bool:
    return isinstance(message, message_type) and (where is None or where(message))
