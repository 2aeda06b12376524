"""The running system as the web sees it: one value that the service fills in."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import Depends, Request

from actors.engine.clock import Clock
from actors.published import Published
from backstay.web.access.connection_stats import ConnectionStats
from backstay.web.hooks.refused_alerts import RefusedAlerts
from backstay.web.request_stats import RequestStats
from backstay.web.stream.event_stream import EventReader, EventStream
from persistence.state import PositionRecord, StoredEvent
from trading.model import PositionStatus

if TYPE_CHECKING:
    from backstay.web.access.access import Access
    from persistence.state import StoredEntry


class Reader(EventReader, Protocol):
    """The database's reads; each method may be called on any thread.

    Each raises `persistence.errors.Unavailable` where the database cannot be used now.
    """

    def read_position(self, position_id: int) -> PositionRecord | None:
        """One position, open or closed; None if unknown."""
        ...

    def read_positions_by_id(self, ids: Sequence[int]) -> tuple[PositionRecord, ...]:
        """The positions with these ids, of one moment and by id; unknown ids have none."""
        ...

    def find_positions(
        self,
        *,
        account: str | None = None,
        status: PositionStatus | None = None,
        symbol: str | None = None,
        before_id: int | None = None,
        limit: int,
    ) -> tuple[PositionRecord, ...]:
        """Positions from the highest id down, at most `limit`, with ids below `before_id`."""
        ...

    def read_entries(
        self, account: str, *, before_number: int | None = None, limit: int
    ) -> "tuple[StoredEntry, ...]":
        """An account's ledger entries from the newest down, at most `limit`."""
        ...

    def read_history(self, position_id: int) -> tuple[StoredEvent, ...]:
        """A position's events, and its symbol's refused prices meanwhile, in order of their ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Whether the process lives, or is ready; `checks` has the state of each part."""

    ok: bool
    checks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """TradingView's hook: its secret, the account of alerts that name none, default notionals.

    `notionals` is money by account, for alerts that give none. `alerts_per_minute` is how many
    alerts are taken; they may come all at once.
    """

    secret: str = field(repr=False)
    account: str
    notionals: Mapping[str, Decimal]
    alerts_per_minute: int = 3_000

    def knows(self, secret: str) -> bool:
        """Whether a text is the secret; how long that takes tells nothing of it."""
        given = secret.encode("utf-8", "surrogatepass")
        return bool(self.secret) and hmac.compare_digest(given, self.secret.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """The parts of the running system that the web uses.

    `tell` goes to the Desk, `to_market` to a symbol's MarketActor (False where there is none),
    `to_signals` to the SignalActor (False where there is none). `bound_symbols` are those whose
    prices a feed brings, each with the feed's name. `metrics` gives the exposition's text and its
    content type, `requests` and `connections` count what is asked of
    the web, and `refused_alerts` what the hook refused. `command_seconds` is
    how long a command may wait for its commit; `hook` is None without one. `root_path` is where a
    proxy serves all this, as `/backstay`.
    """

    tell: Callable[[Any], None]
    to_market: Callable[[str, Any], bool]
    to_signals: Callable[[Any], bool]
    published: Published
    reader: Reader
    clock: Clock
    bound_symbols: Callable[[], Mapping[str, str]]
    liveness: Callable[[], Probe]
    readiness: Callable[[], Probe]
    metrics: Callable[[], tuple[bytes, str]]
    access: "Access"
    events: EventStream
    hook: HookSettings | None = None
    command_seconds: float = 5.0
    root_path: str = ""
    requests: RequestStats = field(default_factory=RequestStats)
    connections: ConnectionStats = field(default_factory=ConnectionStats)
    refused_alerts: RefusedAlerts = field(default_factory=RefusedAlerts)


def backend_of(request: Request) -> Backend:
    """The backend of the app that a request came to."""
    backend = request.app.state.backend
    assert isinstance(backend, Backend)
    return backend


TheBackend = Annotated[Backend, Depends(backend_of)]
"""A handler's parameter of this type is given the backend."""
