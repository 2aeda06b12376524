"""The running system as the web sees it: one value that the service fills in."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from actors.engine.clock import Clock
from actors.published import Published
from actors.signals.messages import NoteRefusal
from backstay.web.access.connection_stats import ConnectionStats
from backstay.web.hooks.refused_alerts import RefusedAlerts
from backstay.web.request_stats import RequestStats
from backstay.web.stream.event_stream import EventStream
from trading.model import CostRates

if TYPE_CHECKING:
    from backstay.web.access.access import Access
    from persistence.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Whether the process lives, or is ready; `checks` has the state of each part."""

    ok: bool
    checks: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """TradingView's hook: its secret, the account of alerts that name none, default notionals.

    `notionals` is money by account, for alerts that give none. `alerts_per_minute` is how many
    alerts are taken a minute; they may come all at once.
    """

    secret: str = field(repr=False)
    account: str
    notionals: Mapping[str, Decimal]
    alerts_per_minute: int = 3_000

    def knows(self, secret: str) -> bool:
        """Whether a text is the secret; the time of the check reveals nothing about it."""
        given = secret.encode("utf-8", "surrogatepass")
        return bool(self.secret) and hmac.compare_digest(given, self.secret.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """The parts of the running system that the web uses.

    `tell` goes to the Desk, `to_market` to a symbol's MarketActor (False where there is none),
    `to_signals` to the SignalActor (False where there is none), and so does `note_refusal`, which
    has no answer. `bound_symbols` are those whose prices a feed brings, each with the feed's name.
    `reader` is the database; the web only reads it, on any thread. `metrics` returns the
    exposition's text and its content type. `requests`, `connections` and `refused_alerts` are
    counts for metrics. `rates` are the costs of accounts that have none of their own.
    `command_seconds` is how long a command may wait for its commit; `hook` is None without one.
    `root_path` is the path at which a proxy serves the app, such as `/backstay`.
    """

    tell: Callable[[Any], None]
    to_market: Callable[[str, Any], bool]
    to_signals: Callable[[Any], bool]
    note_refusal: Callable[[NoteRefusal], object]
    published: Published
    reader: "Store"
    clock: Clock
    bound_symbols: Callable[[], Mapping[str, str]]
    liveness: Callable[[], Probe]
    readiness: Callable[[], Probe]
    metrics: Callable[[], tuple[bytes, str]]
    access: "Access"
    events: EventStream
    rates: CostRates
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
