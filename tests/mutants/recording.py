"""A plugin for pytest: how long each test took that passed, written to a file at the end."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

SECONDS_FILE = "BACKSTAY_TEST_SECONDS_FILE"

_seconds: Counter[str] = Counter()
_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up setup, call and teardown; with xdist, all workers' reports come here."""
    _seconds[report.nodeid] += report.duration  # type: ignore[assignment]
    if not report.passed:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write them, where this is not one of the workers."""
    if not hasattr(session.config, "workerinput"):
        passed = {name: took for name, took in _seconds.items() if name not in _failed}
        Path(os.environ[SECONDS_FILE]).write_text(json.dumps(passed), encoding="utf-8")
