"""A standby's answers while another process owns the database: probes, metrics, a refusal."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backstay.web.access.security_headers import SecurityHeaders
from backstay.web.problems import RETRY_SOON, Problem, problem_response


def standby_app(state: Callable[[], str], metrics: Callable[[], tuple[bytes, str]]) -> ASGIApp:
    """The app of a process that waits for the database.

    `state` says on one line what it waits for. None of its answers is a secret, so it needs no
    token.
    """

    def checks() -> dict[str, str]:
        return {"owner": f"standby: {state()}"}

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "checks": checks()})

    async def readyz(_request: Request) -> Response:
        return JSONResponse({"status": "failing", "checks": checks()}, status_code=503)

    async def figures(_request: Request) -> Response:
        body, content_type = metrics()
        return Response(body, headers={"Content-Type": content_type})

    async def everything_else(scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"this process is a standby and takes no requests ({state()}): ask the owner"
        problem = Problem(503, "standby", detail, headers=RETRY_SOON)
        await problem_response(problem)(scope, receive, send)

    return SecurityHeaders(
        Starlette(
            routes=[
                Route("/healthz", healthz),
                Route("/readyz", readyz),
                Route("/metrics", figures),
                Mount("/", everything_else),
            ]
        )
    )
