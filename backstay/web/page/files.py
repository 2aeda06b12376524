"""The page at `/`: plain files, which know of the service what its API tells.

They carry no secret, but like everything else they are shown only to who may read.
"""

import os
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # Asked for each time and mostly answered with 304: a new version is seen at once.
    "Cache-Control": "no-cache",
}


class PageFiles(StaticFiles):
    """The page's files, each with `HEADERS`."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, or 304 where the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


FILES = PageFiles(directory=FOLDER)
router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def front_page(request: Request) -> Response:
    """The page."""
    return await FILES.get_response("index.html", request.scope)
