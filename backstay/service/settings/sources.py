"""Gather the settings from their sources, check them, and remember each one's source."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from backstay.service.settings.names import DEFAULT, PREFIX, TOML_NAME
from backstay.service.settings.settings import Settings
from backstay.service.settings.venues import VENUE_SETTINGS
from backstay.web.wording import in_words
from persistence.addresses import masked
from trading.money import plain

SECRETS_DIR = "BACKSTAY_SECRETS_DIR"
_FILE = "_FILE"
_FOLDERS = (SECRETS_DIR, "CREDENTIALS_DIRECTORY")
_OTHERS = ("BACKSTAY_TOKEN", "BACKSTAY_TOKEN_FILE", "BACKSTAY_URL", SECRETS_DIR)
_TEST_PREFIX = "BACKSTAY_TEST_"
NAMES = tuple(
    name
    for field in Settings.model_fields
    for name in (VENUE_SETTINGS if field == "feeds" else (field,))
)
"""Every setting; a dot separates a table of backstay.toml from the setting in it."""

_SECRET = "********"
_HOLDING_SECRETS = ("hook_secret", "database", "notify_urls")


class SettingsError(ValueError):
    """Settings that the service cannot start with, one line each."""

    def __init__(self, lines: list[str]) -> None:
        """Keep the lines apart, so that each can be printed by itself."""
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The effective settings, and the source of each by its name."""

    settings: Settings
    sources: Mapping[str, str]

    def shown(self) -> Iterator[tuple[str, str, str]]:
        """Name, value and source of every setting, as text; secrets are masked."""
        for name in NAMES:
            yield name, _shown(name, _value(self.settings, name)), self.sources[name]


def load(options: Mapping[str, object] | None = None, folder: Path | None = None) -> Loaded:
    """Gather the settings; `options` are the command line's (None: not given).

    `backstay.toml` is read from `folder`, the working directory unless given.

    Raises:
        SettingsError: with a line for each unknown name and each impossible value.
    """
    toml = (folder or Path()) / TOML_NAME
    lines: list[str] = []
    given: dict[str, tuple[object, str]] = {}
    gathered = (
        _of_toml(toml, lines),
        _of_secrets(lines),
        _of_file_variables(lines),
        _of_environment(lines),
        _of_options(options or {}),
    )
    for layer in gathered:
        for name, value, source in layer:
            given[name] = (value, source)
    sources = dict.fromkeys(NAMES, DEFAULT) | {name: source for name, (_, source) in given.items()}
    values: dict[str, Any] = {name: value for name, (value, _) in given.items()}
    try:
        settings = Settings(**_nested(values))
    except ValidationError as error:
        lines += [
            _impossible(details, values, sources)
            for details in error.errors()
            # A default that depends on another setting needs that setting's value.
            if details["type"] != "default_factory_not_called"
        ]
    if lines:
        raise SettingsError(lines)
    return Loaded(settings=settings, sources=sources)


_Layer = list[tuple[str, object, str]]


def _of_options(options: Mapping[str, object]) -> _Layer:
    given = ((name, value) for name, value in options.items() if value not in (None, [], ()))
    return [(name, value, f"option --{name.replace('_', '-')}") for name, value in given]


def _of_environment(lines: list[str]) -> _Layer:
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and not _is_known(variable):
            known = [_variable(name) for name in NAMES]
            lines.append(
                f"environment variable {variable} is not a setting{_nearest(variable, known)}"
            )
    values = EnvSettingsSource(Settings)()
    values |= {name: os.environ[_variable(name)] for name in _given_for_venues()}
    return [
        (name, value, f"environment variable {_variable(name)}")
        for name, value in values.items()
        if name in NAMES
    ]


def _given_for_venues() -> list[str]:
    """The venues' settings from the environment, as text; pydantic would read lists as JSON."""
    return [name for name in VENUE_SETTINGS if _variable(name) in os.environ]


def _variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.replace(".", "__").upper()


def _is_known(variable: str) -> bool:
    if variable in _OTHERS or variable.startswith(_TEST_PREFIX):
        return True
    known = {_variable(name) for name in NAMES}
    return variable in known or variable.removesuffix(_FILE) in known


def _of_file_variables(lines: list[str]) -> _Layer:
    layer: _Layer = []
    for name in NAMES:
        variable = f"{_variable(name)}{_FILE}"
        path = os.environ.get(variable)
        if path is not None:
            text = _read(Path(path), variable, lines)
            if text is not None:
                layer.append((name, text, f"file {path} ({variable})"))
    return layer


def _of_secrets(lines: list[str]) -> _Layer:
    layer: _Layer = []
    for variable in reversed(_FOLDERS):
        folder = os.environ.get(variable)
        if folder is None:
            continue
        if not Path(folder).is_dir():
            lines.append(
                f"{variable} {folder} is not a folder: give one that holds a file for each setting"
            )
            continue
        for name in NAMES:
            path = Path(folder) / name
            text = _read(path, variable, lines) if path.is_file() else None
            if text is not None:
                layer.append((name, text, f"file {path}"))
    return layer


def _read(path: Path, variable: str, lines: list[str]) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        lines.append(f"{variable}: file {path} cannot be read: {reason}")
        return None


def _of_toml(path: Path, lines: list[str]) -> _Layer:
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text, parse_float=Decimal)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        lines.append(f"{path} cannot be read: {error}")
        return []
    values = _flat(values)
    unknown = [name for name in values if name not in NAMES]
    lines += [f"{path}: {name} is not a setting{_nearest(name, NAMES)}" for name in unknown]
    return [(name, value, str(path)) for name, value in values.items() if name in NAMES]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings in a table of tables, with a dotted name each."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if name not in NAMES and isinstance(value, dict) and value:
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `_flat`."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *tables, last = name.split(".")
        table = nested
        for each in tables:
            table = table.setdefault(each, {})
        table[last] = value
    return nested


def _nearest(name: str, known: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else "; `backstay config` lists them"


def _impossible(
    details: ErrorDetails, values: Mapping[str, object], sources: Mapping[str, str]
) -> str:
    """One line for one impossible setting, with the refused value unless it is a secret."""
    reason = in_words(details)
    if not details["loc"]:
        return reason
    given = ".".join(map(str, details["loc"]))
    name = next(known for known in NAMES if f"{given}.".startswith(f"{known}."))
    key = given.removeprefix(name)
    may_hold_one = name in _HOLDING_SECRETS or name.endswith(".url")
    value = "" if may_hold_one else f" {values.get(name)!s}"
    return f"setting {name}{key}{value} ({sources[name]}) is refused: {reason}"


def _value(settings: Settings, name: str) -> object:
    match name.split("."):
        case ["feeds", venue, of_venue]:
            return getattr(settings.feeds[venue], of_venue)
        case _:
            return getattr(settings, name)


def _shown(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return _SECRET
        case Decimal():
            return plain(value)
        case tuple():
            return ", ".join(_shown(name, one) for one in value)
        case dict():
            return ", ".join(f"{key}={plain(amount)}" for key, amount in value.items())
    return masked(str(value)) if name == "database" else str(value)
