"""Refusals and failures as problem details (RFC 9457): a stable `type`, the reason, the remedy."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from trading.model import Denial, DenialReason

TYPE_PREFIX = "urn:backstay:problem:"
MEDIA_TYPE = "application/problem+json"
RETRY_SOON = {"Retry-After": "1"}

_STATUSES = {
    DenialReason.ACCOUNT_EXISTS: 409,
    DenialReason.ACCOUNT_UNKNOWN: 404,
    DenialReason.AMOUNT_INVALID: 422,
    DenialReason.BOOKS_MISMATCH: 409,
    DenialReason.CANDIDATE_UNKNOWN: 409,
    DenialReason.DATABASE_DAMAGED: 503,
    DenialReason.DEADLINE_PASSED: 503,
    DenialReason.DEPOSED: 503,
    DenialReason.INSUFFICIENT_BALANCE: 422,
    DenialReason.KEY_CONFLICT: 409,
    DenialReason.LADDER_INVALID: 422,
    DenialReason.LIMIT_OPEN_POSITIONS: 422,
    DenialReason.LIMIT_POSITION_NOTIONAL: 422,
    DenialReason.LIMIT_SYMBOL_NOTIONAL: 422,
    DenialReason.MARKET_IN_USE: 409,
    DenialReason.MARKET_QUARANTINED: 409,
    DenialReason.NOTHING_TO_REPAIR: 409,
    DenialReason.NOTIONAL_TOO_SMALL: 422,
    DenialReason.PAUSED_BY_NETWORK: 409,
    DenialReason.POSITION_CLOSED: 409,
    DenialReason.POSITION_UNKNOWN: 404,
    DenialReason.PRICE_STALE: 409,
    DenialReason.PRICE_UNKNOWN: 404,
    DenialReason.REPAIR_IMPOSSIBLE: 409,
    DenialReason.SET_ASIDE: 503,
    DenialReason.SHUTTING_DOWN: 503,
    DenialReason.STOP_INVALID: 422,
    DenialReason.TRADING_PAUSED: 409,
    DenialReason.WRITE_REFUSED: 409,
}

_DESCRIPTIONS = {
    400: "The request cannot be read",
    401: "No valid token or login came with the request",
    403: "The caller's scope does not allow this, or a page of another site sent it",
    404: "The resource does not exist",
    408: "The request did not come in time, and nothing was done",
    409: "Denied: the current state does not allow it",
    413: "The body is too large",
    421: "The request names a host that is not this one",
    422: "The request is not valid, or is denied because of its values",
    429: "Too many failed attempts, or too many alerts",
    431: "The request's head is too large",
    500: "A bug; the log has it under the answer's X-Request-ID",
    503: "Not answered in time; the request may have been carried out; send it again",
}


DETAIL_CHARS_MAX = 2_000
ERRORS_TOLD_MAX = 10
"""The number of errors in the detail; `errors` has all of them."""


class ErrorPlace(BaseModel):
    """One error in a request, and its place."""

    place: str = Field(description="such as `body.notional` or `query.limit`")
    detail: str


class ProblemBody(BaseModel):
    """A problem document."""

    type: str = Field(description=f"stable: `{TYPE_PREFIX}` and the reason")
    title: str
    status: int
    detail: str
    errors: list[ErrorPlace] | None = None


class Problem(Exception):
    """Ends a request with a problem document, of which `kind` becomes the type and the title."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[ErrorPlace] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind.replace("_", "-")
        # It repeats the request, which may be very long.
        self.detail = (
            detail if len(detail) <= DETAIL_CHARS_MAX else detail[:DETAIL_CHARS_MAX] + "..."
        )
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """The problem document as plain data."""
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.kind,
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error.model_dump() for error in self.errors]
        return document


def problem_for(denial: Denial) -> Problem:
    """The problem for a denial, with its text."""
    status = _STATUSES[denial.reason]
    headers = RETRY_SOON if status == 503 else None
    return Problem(status, denial.reason, denial.text, headers=headers)


def invalid(*errors: ErrorPlace) -> Problem:
    """The problem of a request with these errors; its detail has them on one line."""
    told = [f"{_named(error.place)}: {error.detail}" for error in errors[:ERRORS_TOLD_MAX]]
    if len(errors) > ERRORS_TOLD_MAX:
        told.append(f"and {len(errors) - ERRORS_TOLD_MAX} more")
    return Problem(422, "invalid_request", "; ".join(told), errors=errors)


def _named(place: str) -> str:
    """A field's name as its sender knows it: `symbol` of `body.symbol`."""
    _, dot, name = place.partition(".")
    return name if dot else place


def too_many(what: str, seconds: int) -> Problem:
    """The problem for a client that has made too many attempts."""
    return Problem(
        429,
        "too_many_requests",
        f"too many {what}; try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )


def problem_response(problem: Problem) -> JSONResponse:
    """A problem as an answer."""
    return JSONResponse(
        problem.document(),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's refusals for OpenAPI: these statuses, and those that any route may answer."""
    reference = {"$ref": "#/components/schemas/ProblemBody"}
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": reference}},
        }
        for status in sorted({400, 401, 403, 408, 421, 422, 429, 431, 500, *statuses})
    }
