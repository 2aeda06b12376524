"""The validator's messages in plain words: the only place that replaces pydantic's texts."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]

_WHOLE_NUMBER = "write a whole number, such as 100"
_NUMBER = "write a number, such as 2.5"
_TIME = "write a time with its offset, such as 2026-01-31T12:00:00Z"
_TEXT = "write it as text"
_LIST = "give a list"
_OBJECT = "give an object, such as {...}"

_FIXED = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "string_type": _TEXT,
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": "it has too many digits",
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_aware": _TIME,
}

_BY_CONTEXT: Mapping[str, Callable[[Context], str]] = {
    "string_too_short": lambda c: _at_least(c["min_length"]),
    "string_too_long": lambda c: f"write at most {_counted(c['max_length'], 'character')}",
    "string_pattern_mismatch": lambda c: f"write it in the form {c['pattern']}",
    "too_short": lambda c: f"give at least {c['min_length']}",
    "too_long": lambda c: f"give at most {c['max_length']}",
    "greater_than": lambda c: f"write more than {_bound(c['gt'])}",
    "greater_than_equal": lambda c: f"write at least {_bound(c['ge'])}",
    "less_than": lambda c: f"write less than {_bound(c['lt'])}",
    "less_than_equal": lambda c: f"write at most {_bound(c['le'])}",
    "literal_error": lambda c: f"write {c['expected']}",
    "enum": lambda c: f"write {c['expected']}",
    "decimal_max_places": lambda c: (
        f"write at most {_counted(c['decimal_places'], 'decimal place')}"
    ),
    "decimal_max_digits": lambda c: f"write at most {_counted(c['max_digits'], 'digit')}",
}

_SHOULD = re.compile(r"^([A-Z]\w*)( input)? should ")


def in_words(error: Mapping[str, Any]) -> str:
    """The error of a value, and the remedy.

    `error` is one of pydantic's `ValidationError.errors()`. A message of our own stays as it is.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _BY_CONTEXT:
        return _BY_CONTEXT[kind](context)
    message: str = error["msg"].removeprefix("Value error, ")
    return _SHOULD.sub("it should ", message)


def _at_least(count: int) -> str:
    return "it is empty" if count == 1 else f"write at least {_counted(count, 'character')}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _bound(value: Any) -> str:
    """A bound in people's notation: a day rather than its midnight."""
    return value.date().isoformat() if hasattr(value, "date") else str(value)
