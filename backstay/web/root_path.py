"""A service below a path of its host, as a proxy has it: `https://host.example/backstay/`."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Tells the app below which path it is served; stands outermost.

    Requests may come with that path, or without it where the proxy has cut it off.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        """Stand before an app; `root_path` is like `/backstay`, or empty."""
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            scope["root_path"] = self._root_path
            if self._root_path and scope["path"] == self._root_path:
                await RedirectResponse(f"{self._root_path}/", 308)(scope, receive, send)
                return
        await self._app(scope, receive, send)
