"""What every simulation runs with."""

import logging
from collections.abc import Iterator

import pytest
import structlog

import actors.price_history


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of injected failures are not worth a line each."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    pykka_log = logging.getLogger("pykka")
    pykka_log.disabled = True
    yield
    pykka_log.disabled = False
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def eager_trimming(monkeypatch: pytest.MonkeyPatch) -> None:
    """A market forgets at once what nobody can ask for, so that a missing question shows."""
    monkeypatch.setattr(actors.price_history, "_TRIM_MIN", 0)
