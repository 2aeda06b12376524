"""The app: every route, the layers before them, and the answers to refusals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from backstay.web.access import login
from backstay.web.access.gate import AccessGate
from backstay.web.access.requests import route_path
from backstay.web.access.security_headers import SecurityHeaders
from backstay.web.access.turns import ReadsInTurn
from backstay.web.api import accounts as routes_accounts
from backstay.web.api import caller as routes_caller
from backstay.web.api import close_all as routes_close_all
from backstay.web.api import markets as routes_markets
from backstay.web.api import operations as routes_operations
from backstay.web.api import positions as routes_positions
from backstay.web.api import preview as routes_preview
from backstay.web.api import terms as routes_terms
from backstay.web.api import trading as routes_trading
from backstay.web.api.invalid_requests import error_places
from backstay.web.api.waiting import Reads
from backstay.web.backend import Backend
from backstay.web.hooks import routes as hooks
from backstay.web.hooks.gate import HookGate
from backstay.web.page import api_page
from backstay.web.page import files as page
from backstay.web.problems import (
    RETRY_SOON,
    Problem,
    ProblemBody,
    invalid,
    problem_response,
)
from backstay.web.request_log import RequestLog
from backstay.web.root_path import RootPath
from backstay.web.stream import route as routes_events
from backstay.web.stream.price_tape import PriceTapes
from persistence.errors import UNREADABLE

API_PREFIX = "/api/v1"
DESCRIPTION = """Positions guarded by take-profit ladders and stops, and books that balance.

Decimals are strings. Lists are `{items, next}`: `next` is the `cursor` of the next page. Errors
are problem details (RFC 9457) with a stable `type`. A command is answered once it is durable, or
with 503: send it again, a key or a reference keeps it from being done twice."""

log = structlog.get_logger("backstay")

_KINDS = {
    400: "unreadable_request",
    404: "not_found",
    405: "method_not_allowed",
}


def create_app(backend: Backend) -> FastAPI:
    """The app over a running system."""
    app = FastAPIOffline(
        title="Backstay",
        description=DESCRIPTION,
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_sampling_prices,
    )
    app.state.backend = backend
    app.state.price_tapes = PriceTapes()
    app.state.reads = Reads()
    for module in (
        routes_accounts,
        routes_terms,
        routes_close_all,
        routes_positions,
        routes_preview,
        routes_markets,
        routes_trading,
        routes_events,
        routes_caller,
        hooks,
    ):
        app.include_router(module.router, prefix=API_PREFIX)
        backend.requests.know(module.router.routes, API_PREFIX)
    for router in (routes_operations.router, login.router, page.router, api_page.router):
        app.include_router(router)
        backend.requests.know(router.routes)
    app.mount("/static", page.FILES)
    backend.requests.know(app.routes)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for unreadable in UNREADABLE:
        app.add_exception_handler(unreadable, _on_unavailable)
    app.add_middleware(ReadsInTurn)
    app.add_middleware(
        AccessGate,
        access=backend.access,
        stats=backend.connections,
        hook=HookGate(backend.hook, backend.access, backend.refused_alerts),
    )
    app.add_middleware(RequestLog, stats=backend.requests)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RootPath, root_path=backend.root_path)
    _document_problems(app)
    return app


@asynccontextmanager
async def _sampling_prices(app: FastAPI) -> AsyncIterator[None]:
    """Sample the tapes of prices while the app is served."""
    backend, tapes = app.state.backend, app.state.price_tapes
    sampling = asyncio.create_task(tapes.keep_sampling(backend.published.markets, backend.clock))
    yield
    sampling.cancel()
    with suppress(asyncio.CancelledError):
        await sampling


def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = error_places(error.errors(), request.headers.get("content-type", ""))
    return problem_response(invalid(*places))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    detail = {
        404: "there is nothing at this address; the API is described at /docs",
        405: f"{request.method} is not allowed at this address",
    }.get(status, error.detail)
    headers = dict(error.headers or {})
    if status == 405:
        headers["Allow"] = _allowed_methods(request) or headers["Allow"]
    kind = _KINDS.get(status, "refused")
    return problem_response(Problem(status, kind, detail, headers=headers))


def _allowed_methods(request: Request) -> str:
    """The methods of an address by the document; a router knows only one route's methods."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    address = route_path(request.scope)
    operations = paths.get(address) or next(
        (paths[path] for path in paths if compile_path(path)[0].match(address)), {}
    )
    return ", ".join(sorted(method.upper() for method in operations))


def _on_unavailable(_request: Request, error: Exception) -> Response:
    log.warning("the database cannot be read", error=str(error))
    detail = "the database cannot be read now; ask again"
    return problem_response(Problem(503, "database_unavailable", detail, headers=RETRY_SOON))


def _document_problems(app: FastAPI) -> None:
    """Make the OpenAPI document define the schemas that every route refers to."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            template = "#/components/schemas/{model}"
            schema = ProblemBody.model_json_schema(ref_template=template)
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(schema.pop("$defs"))
            schemas["ProblemBody"] = schema
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend it
