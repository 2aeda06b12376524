"""Log in with a token: a browser cannot always send it as a header, so a cookie replaces it."""

import base64
import hashlib
import json
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from backstay.web.access.access import COOKIE
from backstay.web.access.gate import failed_authentication
from backstay.web.access.requests import local_path, prefers_html
from backstay.web.access.sessions import SESSION_HOURS
from backstay.web.backend import TheBackend
from backstay.web.problems import Problem

STYLE = "body{font:16px system-ui;max-width:26em;margin:4em auto}input,button{font:inherit}"
STYLE_SHA256 = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_SHA256}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Backstay: log in</title>
<style>{STYLE}</style>
<h1>Backstay</h1>
%(error)s<form method="post" action="login">
<input type="hidden" name="next" value="%(next)s">
<p><label>Token<br><input type="password" name="token" autocomplete="current-password"
size="48" required autofocus></label></p>
<p><button>Log in</button></p>
</form>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_page(
    request: Request, next_: Annotated[str, Query(alias="next")] = ""
) -> HTMLResponse:
    """Show the login form, which leads on to a path of this service."""
    return _page(_following(next_, request))


@router.post("/login")
async def log_in(request: Request, backend: TheBackend) -> Response:
    """Begin a session: by the form, or by JSON `{"token": ...}`, which is answered with 204."""
    is_json = request.headers.get("content-type", "").startswith("application/json")
    body = await request.body()
    session_id = backend.access.log_in(_token_in(body, is_json=is_json))
    following = _following("" if is_json else _next_in(body), request)
    if session_id is None:
        problem = failed_authentication(backend.access, request)
        if is_json or not prefers_html(request.headers.get("accept", "")):
            raise problem
        return _page(following, problem)
    answer = Response(status_code=204) if is_json else RedirectResponse(following, 303)
    answer.set_cookie(
        COOKIE,
        session_id,
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path=_front_page(request),
    )
    return answer


@router.post("/logout")
async def log_out(request: Request, backend: TheBackend) -> Response:
    """End the session, if there is one."""
    backend.access.sessions.end(request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", path=_front_page(request))
    return answer


def _page(following: str, problem: Problem | None = None) -> HTMLResponse:
    """The form, with the error of the last attempt."""
    error = "" if problem is None else f'<p role="alert">{escape(problem.detail)}</p>\n'
    fields = {"error": error, "next": escape(following)}
    return HTMLResponse(
        _PAGE % fields,
        status_code=200 if problem is None else problem.status,
        headers={**({} if problem is None else problem.headers), "Content-Security-Policy": POLICY},
    )


def _next_in(body: bytes) -> str:
    return parse_qs(body.decode()).get("next", [""])[0]


def _following(given: str, request: Request) -> str:
    """The address after a login, which is always a path of this service."""
    return local_path(given) or _front_page(request)


def _front_page(request: Request) -> str:
    return f"{request.scope['root_path']}/"


def _token_in(body: bytes, *, is_json: bool) -> str:
    try:
        given = json.loads(body)["token"] if is_json else parse_qs(body.decode())["token"][0]
    except (ValueError, KeyError, TypeError, RecursionError):
        given = None
    if not isinstance(given, str):
        raise Problem(422, "invalid_request", 'body refused: give a form or JSON with a "token"')
    return given
