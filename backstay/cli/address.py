"""Find the address of the service for the command line."""

import os
import tomllib
from pathlib import Path
from typing import Any

from backstay.service.settings.names import PREFIX, TOML_NAME

PORT = 8470
HOST = "127.0.0.1"
ANY_HOST = frozenset({"0.0.0.0", "::", ""})


def address_of(given: str | None) -> str:
    """The service's address: the given one, else that of the settings that `serve` would read.

    Only `host` and `port` are read, from the environment and from `backstay.toml` of the working
    directory. They are not checked here: the service refuses invalid settings.
    """
    if given is not None:
        return given if "://" in given else f"http://{given}"
    toml = _toml()
    host = str(os.environ.get(f"{PREFIX}HOST", toml.get("host", HOST)))
    port = str(os.environ.get(f"{PREFIX}PORT", toml.get("port", PORT)))
    if host in ANY_HOST:
        host = HOST
    # 0 means any free port, which a client cannot know.
    is_port = port.isascii() and port.isdigit() and int(port) != 0
    return f"http://{f'[{host}]' if ':' in host else host}:{port if is_port else PORT}"


def _toml() -> dict[str, Any]:
    try:
        return tomllib.loads(Path(TOML_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{TOML_NAME} cannot be read: {error}; give --url") from None
