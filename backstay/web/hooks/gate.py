"""Limit the alerts that the hook takes, before their bodies are read."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection
from starlette.types import Scope

from backstay.web.access.access import Access
from backstay.web.access.requests import client_of, route_path
from backstay.web.backend import HookSettings
from backstay.web.hooks.refused_alerts import RefusedAlerts
from backstay.web.problems import Problem, too_many

HOOKS = "/api/v1/hooks/"
TRADINGVIEW = HOOKS + "tradingview/"


class HookGate:
    """Lets alerts with the right secret through in bursts, and few guesses of it.

    All senders of the secret share one limit, which is the hook's own. A wrong secret counts as a
    failed authentication of its address, whatever the address of the hook, so that its answer does
    not tell whether there is a hook.
    """

    def __init__(
        self, settings: HookSettings | None, access: Access, refused: RefusedAlerts
    ) -> None:
        """Without settings there is no hook, and every secret is wrong."""
        self._settings = settings
        self._access = access
        self._refused = refused
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        per_minute = 1 if settings is None else settings.alerts_per_minute
        self._rate = RateLimitItemPerMinute(per_minute, namespace="hook")

    def is_for(self, scope: Scope) -> bool:
        """Whether a request's address is below the hooks'."""
        return route_path(scope).startswith(HOOKS)

    def check(self, request: HTTPConnection) -> None:
        """Count an alert, or a wrong secret; raises `Problem` where there are too many."""
        secret = route_path(request.scope).removeprefix(TRADINGVIEW)
        if self._settings is not None and self._settings.knows(secret):
            if not self._limiter.hit(self._rate):
                reset_time = self._limiter.get_window_stats(self._rate).reset_time
                seconds = max(1, math.ceil(reset_time - time.time()))
                raise too_many(
                    f"alerts: hook_alerts_per_minute is {self._settings.alerts_per_minute}", seconds
                )
            return
        failed_seconds = self._access.failures_seconds(client_of(request))
        if failed_seconds is not None:
            raise too_many("wrong secrets from this address", failed_seconds)

    def refused(self, problem: Problem, scope: Scope) -> None:
        """Tell of a refusal before the hook's route was reached, if it is an alert's."""
        if self.is_for(scope) and scope["method"] == "POST":
            self._refused.problem(problem, client_of(HTTPConnection(scope)))
