"""The API's description as a page: Swagger UI, from files that come with the package."""

import base64
import hashlib
import re

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

FILES = "/static-offline-docs"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def api_page(request: Request) -> HTMLResponse:
    """Swagger UI over the OpenAPI document."""
    root_path = request.scope["root_path"]
    page = get_swagger_ui_html(
        openapi_url=f"{root_path}/openapi.json",
        title="Backstay: the API",
        swagger_js_url=f"{root_path}{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{root_path}{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{root_path}/static/icon.svg",
        # The page would have its document judged by a host on the internet.
        swagger_ui_parameters={"validatorUrl": None},
    )
    page.headers["Content-Security-Policy"] = _policy(bytes(page.body))
    return page


def _policy(page: bytes) -> str:
    """The policy of `/`, with this page's own scripts and Swagger UI's styles and pictures."""
    digests = [hashlib.sha256(script).digest() for script in _SCRIPT.findall(page)]
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
