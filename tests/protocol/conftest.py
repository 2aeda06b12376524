"""The protocol's tests talk to actors with nothing but the probes that users get."""

import logging
from collections.abc import Callable, Iterator

import pytest

from actors.base import Recipient
from actors.dispatcher import SequentialDispatcher
from actors.market import MarketActor
from actors.probe import TestProbe
from tests.protocol.stage import SYMBOL, Feed, Stage


@pytest.fixture
def stage(
    backstay_dispatcher: SequentialDispatcher, backstay_probe: Callable[[str], TestProbe]
) -> Stage:
    """Probes at every address."""
    return Stage(backstay_dispatcher, backstay_probe)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A failure that a test provokes need not fill the report."""
    logger = logging.getLogger("pykka")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture
def market(stage: Stage) -> Recipient:
    """A market that has accepted no price."""
    ref = stage.start(MarketActor(stage.directory, stage.dispatcher.clock, SYMBOL))
    stage.directory.markets[SYMBOL] = ref
    return ref


@pytest.fixture
def feed(stage: Stage, market: Recipient) -> Feed:
    """The market's prices."""
    return Feed(stage, market)
