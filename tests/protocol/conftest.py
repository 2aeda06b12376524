"""The protocol's tests talk to actors with nothing but the probes that users get."""

import logging
from collections.abc import Callable, Iterator

import pytest

from actors.engine.dispatcher import SequentialDispatcher
from actors.engine.pooled import Recipient
from actors.market.messages import Arm
from actors.position.actor import PositionActor
from actors.probe import TestProbe
from tests.protocol.guarded import POSITION
from tests.protocol.stage import SYMBOL, Feed, Stage, a_market
from tests.unit.accounts import TIME_US


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
    ref = stage.start(a_market(stage))
    stage.directory.markets[SYMBOL] = ref
    return ref


@pytest.fixture
def feed(stage: Stage, market: Recipient) -> Feed:
    """The market's prices."""
    return Feed(stage, market)


@pytest.fixture
def position(stage: Stage) -> Recipient:
    """The specification's position, opened at price number 7, and armed."""
    ref = stage.start(PositionActor(stage.directory, POSITION, opened_at_us=TIME_US, after=7))
    stage.market.expect(Arm)
    return ref
