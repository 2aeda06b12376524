"""A replay's report as one page that needs nothing else: `report.html`, opened as a file.

Its look and its charts are those of the service's page (`backstay/web/page/static`); the rest
lies in `static/` beside this file. A Content-Security-Policy lets the page load nothing and run
only the scripts that were written into it.
"""

import hashlib
import json
import re
from base64 import b64encode
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from backstay.replay.event_tape import EventTape
from backstay.replay.report.data import page_data
from backstay.replay.report.price_buckets import PriceBuckets
from backstay.replay.report.report import write_whole

PAGE_NAME = "report.html"

_OWN = files("backstay.replay.report") / "static"
_SHARED = files("backstay.web.page") / "static"
_STYLES = (_SHARED / "theme.css", _OWN / "report.css")
_MODULES = (_SHARED / "chart.js", _OWN / "report_table.js", _OWN / "report_text.js")


def write_html(
    report: dict[str, Any], prices: PriceBuckets, events: EventTape, folder: Path
) -> Path:
    """Write `report.html` into a folder, which is made if need be; whole or not at all.

    `report` is made by `report_of`; equal arguments give equal bytes.
    """
    return write_whole(folder, PAGE_NAME, page_html(page_data(report, prices, events)))


def page_html(data: dict[str, Any]) -> str:
    """The page around its data."""
    style = "".join(map(_text, _STYLES))
    imports = {f"./{module.name}": _data_url(_text(module)) for module in _MODULES}
    modules = json.dumps({"imports": imports})
    script = _text(_OWN / "report.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(modules)} {_hash(script)} data:"
    )
    parts = {
        "policy": policy,
        "style": style,
        "modules": modules,
        "data": _harmless_json(data),
        "script": script,
    }
    # One pass, so that no text within a part is taken for a placeholder.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _text(_OWN / "report.html"))


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")


def _data_url(script: str) -> str:
    return f"data:text/javascript;base64,{b64encode(script.encode()).decode()}"


def _hash(text: str) -> str:
    """The hash by which a policy allows a script or style of the page itself."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harmless_json(data: dict[str, Any]) -> str:
    """JSON in which no text can end its script element or begin a comment."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
