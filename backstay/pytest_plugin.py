"""The pytest fixtures that come with the distribution, for tests of your own actors.

pytest loads this module in every project of the environment, so it imports nothing of Backstay's
until a test asks for a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.engine.dispatcher import SequentialDispatcher
    from actors.probe import TestProbe


@pytest.fixture
def backstay_dispatcher() -> SequentialDispatcher:
    """A dispatcher on the test's own thread and a virtual clock, first in, first out."""
    from actors.engine.dispatcher import SequentialDispatcher

    return SequentialDispatcher()


@pytest.fixture
def backstay_probe(
    backstay_dispatcher: SequentialDispatcher,
) -> Callable[[str], TestProbe]:
    """A maker of named probes on the same dispatcher."""
    from actors.probe import TestProbe

    def make(name: str) -> TestProbe:
        return TestProbe(backstay_dispatcher, name=name)

    return make
