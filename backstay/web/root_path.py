"""A service that a proxy serves below a path of its host: `https://host.example/backstay/`."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Tells the app the path below which it is served; the outermost layer.

    Requests may come with that path, or without it if the proxy removes it.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        """Wrap an app; `root_path` is like `/backstay`, or empty."""
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
