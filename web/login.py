"""Logging in with a token: a browser cannot send it as a header everywhere, so a cookie does."""

import base64
import hashlib
import json
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from web.access import COOKIE
from web.access_gate import failed_authentication
from web.access_sessions import SESSION_HOURS
from web.backend import TheBackend
from web.problems import Problem

AFTER_LOGIN = "/docs"

STYLE = "body{font:16px system-ui;max-width:26em;margin:4em auto}input,button{font:inherit}"
STYLE_SHA256 = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_SHA256}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Backstay: log in</title>
<style>{STYLE}</style>
<h1>Backstay</h1>
<form method="post" action="/login">
<p><label>Token<br><input type="password" name="token" autocomplete="current-password"
size="48" required autofocus></label></p>
<p><button>Log in</button></p>
</form>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_page() -> HTMLResponse:
    """The form to log in with."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.post("/login")
async def log_in(request: Request, backend: TheBackend) -> Response:
    """Begin a session: by the form, or by JSON `{"token": ...}`, which is answered with 204."""
    is_json = request.headers.get("content-type", "").startswith("application/json")
    session_id = backend.access.log_in(_token_in(await request.body(), is_json=is_json))
    if session_id is None:
        raise failed_authentication(backend.access, request)
    answer = Response(status_code=204) if is_json else RedirectResponse(AFTER_LOGIN, 303)
    answer.set_cookie(
        COOKIE,
        session_id,
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request, backend: TheBackend) -> Response:
    """End the session, if there is one."""
    backend.access.sessions.end(request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _token_in(body: bytes, *, is_json: bool) -> str:
    try:
        given = json.loads(body)["token"] if is_json else parse_qs(body.decode())["token"][0]
    except (ValueError, KeyError, TypeError):
        given = None
    if not isinstance(given, str):
        raise Problem(422, "invalid_request", 'body refused: give a form or JSON with a "token"')
    return given
