"""Listeners of commits: the log, metrics, event streams. The books do not depend on them."""

from collections.abc import Callable

import structlog

from actors.commit.messages import Announced
from actors.engine.pooled import PooledActor

log = structlog.get_logger(__name__)

Listener = Callable[[Announced], None]


class ListenerActor(PooledActor):
    """Tells a listener of every commit, in order, on an actor's own turns.

    The books do not depend on a listener. A listener that raises is logged, and is still told of
    the next commit.
    """

    def __init__(self, name: str, listener: Listener) -> None:
        """Tell `listener`, which logs know by `name`."""
        super().__init__()
        self._name = name
        self._listener = listener

    def on_receive(self, message: Announced) -> None:
        """Pass one commit on."""
        try:
            self._listener(message)
        except Exception:
            log.exception("listener failed", listener=self._name, commit_id=message.commit_id)
