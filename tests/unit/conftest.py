"""Property tests repeat: the same examples on every run, without a time limit for each."""

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=False)


def pytest_configure(config: pytest.Config) -> None:
    """Look further with `pytest --hypothesis-profile=default`."""
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("repeatable")
