"""Probes for machines: liveness, readiness, metrics."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from backstay.web.access.access import Scope, requires
from backstay.web.api.schemas import ProbeBody
from backstay.web.backend import Probe, TheBackend
from backstay.web.problems import answers

router = APIRouter(tags=["operations"])

FAILING: dict[int | str, dict[str, Any]] = {
    503: {"model": ProbeBody, "description": "It is failing; the checks say where"}
}


@router.get("/healthz", responses={**answers(), **FAILING})
async def healthz(backend: TheBackend, response: Response) -> ProbeBody:
    """Whether the process lives: its workers, the Committer and the Desk have moved of late."""
    return _probe_body(backend.liveness(), response)


@router.get("/readyz", responses={**answers(), **FAILING})
async def readyz(backend: TheBackend, response: Response) -> ProbeBody:
    """Whether it is ready: the database, the first health check, the feed, the books."""
    return _probe_body(backend.readiness(), response)


@router.get(
    "/metrics",
    dependencies=[requires(Scope.READ)],
    response_class=PlainTextResponse,
    responses=answers(),
)
async def metrics(backend: TheBackend) -> Response:
    """The figures for Prometheus."""
    body, content_type = backend.metrics()
    return Response(body, headers={"Content-Type": content_type})


def _probe_body(probe: Probe, response: Response) -> ProbeBody:
    response.status_code = 200 if probe.ok else 503
    return ProbeBody(status="ok" if probe.ok else "failing", checks=dict(probe.checks))
