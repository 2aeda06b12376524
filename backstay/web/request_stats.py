"""Requests counted by route: by the router's template, never by the request's address."""

from collections.abc import Hashable, Iterable

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

from actors.engine.stats import Histogram

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER_METHOD = "other"
UNMATCHED = "unmatched"
"""The label of requests without a route: their address or method is unknown, or they were refused
before routing."""

STATUSES = ("2xx", "3xx", "4xx", "5xx")
SECONDS = (0.005, 0.025, 0.1, 0.5, 2.5)

FILE_METHODS = ("GET", "HEAD")


class RequestStats:
    """Counts of each route's requests, by method and status, and the times of its answers.

    An answer counts when it begins: an event stream's may last for days.
    """

    def __init__(self) -> None:
        """Begin with no routes, so that every request is unmatched."""
        self.requests: dict[tuple[str, str, str], int] = {}
        self.seconds: dict[str, Histogram] = {}
        self._templates: dict[Hashable, str] = {}
        self._expect(UNMATCHED, (*METHODS, OTHER_METHOD))

    def know(self, routes: Iterable[BaseRoute], prefix: str = "") -> None:
        """Count requests of these routes by their templates, after a prefix, from 0 on."""
        for route in routes:
            if isinstance(route, Mount):
                template = f"{prefix}{route.path}/{{path}}"
                self._templates[route.app] = template
                self._expect(template, FILE_METHODS)
            elif isinstance(route, Route):
                template = prefix + route.path_format
                self._templates[route.endpoint] = template
                self._expect(template, route.methods or ())

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count an answer that began `seconds` after its request."""
        template = self._templates.get(scope.get("endpoint"), UNMATCHED)
        method = scope["method"]
        if (template, method, STATUSES[0]) not in self.requests:
            template = UNMATCHED
            method = method if method in METHODS else OTHER_METHOD
        self.requests[template, method, f"{status // 100}xx"] += 1
        self.seconds[template].observe(seconds)

    def _expect(self, template: str, methods: Iterable[str]) -> None:
        self.seconds.setdefault(template, Histogram(SECONDS))
        for method in methods:
            for status in STATUSES:
                self.requests.setdefault((template, method, status), 0)
