"""Explain to the client why its request is invalid."""

from collections.abc import Mapping, Sequence
from typing import Any

from backstay.web.api.markets import MANY, ONE
from backstay.web.problems import ErrorPlace
from backstay.web.wording import in_words

JSON_ADVICE = "send JSON with `Content-Type: application/json`"

_INTERNAL = frozenset({ONE, MANY})
"""Names in a place that only tell which of several models a body was read as."""


def error_places(errors: Sequence[Mapping[str, Any]], content_type: str) -> list[ErrorPlace]:
    """FastAPI's errors of one request with this content type, each with its place."""
    in_body = [error for error in errors if error["loc"][0] == "body"]
    if in_body and not _is_json(content_type):
        others = [_told(error) for error in errors if error["loc"][0] != "body"]
        return [ErrorPlace(place="body", detail=JSON_ADVICE), *others]
    return [_told(error) for error in errors]


def _told(error: Mapping[str, Any]) -> ErrorPlace:
    location = error["loc"]
    if error["type"] == "json_invalid":
        why = error.get("ctx", {}).get("error", error["msg"])
        return ErrorPlace(place="body", detail=f"no JSON at character {location[-1]}: {why}")
    if location[0] == "body" and error["type"] in ("model_attributes_type", "model_type"):
        return ErrorPlace(place=_place(location), detail="give a JSON object, such as {...}")
    return ErrorPlace(place=_place(location), detail=in_words(error))


def _place(location: Sequence[str | int]) -> str:
    kept = [part for number, part in enumerate(location) if number != 1 or part not in _INTERNAL]
    return ".".join(map(str, kept))


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
