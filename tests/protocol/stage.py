"""One actor among probes: everybody whom it could tell something."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from actors.engine.directory import Directory
from actors.engine.dispatcher import SequentialDispatcher
from actors.engine.pooled import PooledActor, Recipient
from actors.market.actor import MarketActor
from actors.market.messages import Arm, TakePrices
from actors.probe import TestProbe
from actors.published import MarketState, MarketStatus, Published, Version
from actors.wallet.messages import BooksJudged, BooksVerdict
from trading.positions.judging import Triggers

SYMBOL = "BTCUSDT"
ACCOUNT = "demo"

Number = str | int | Decimal


class Stage:
    """A directory where every address is a probe, until an actor takes one of them."""

    def __init__(self, dispatcher: SequentialDispatcher, probe: Callable[[str], TestProbe]) -> None:
        self.dispatcher = dispatcher
        self.probe = probe
        self.directory = Directory()
        self.published = Published(Version())
        self.desk = self.directory.desk = probe("desk")
        self.committer = self.directory.committer = probe("committer")
        self.auditor = self.directory.auditor = probe("auditor")
        self.market = self.directory.markets[SYMBOL] = probe("market")
        self.wallet = self.directory.wallets[ACCOUNT] = probe("wallet")
        self.listener = probe("listener")
        self.directory.listeners = (self.listener,)

    def start(self, actor: PooledActor) -> Recipient:
        """Start the actor that the test is about, and let it come to rest."""
        ref = self.dispatcher.start(actor)
        self.dispatcher.run_until_idle()
        return ref

    def position(self, position_id: int) -> TestProbe:
        """A position of this id."""
        probe = self.probe(f"position {position_id}")
        self.directory.positions[position_id] = probe
        return probe

    def seconds(self) -> int:
        """The virtual time in whole seconds."""
        return self.dispatcher.clock.now_us() // 1_000_000


def a_market(stage: Stage, **former: Any) -> MarketActor:
    """A market that publishes on the stage, from nothing or as a `former` life has left it."""
    return MarketActor(
        stage.directory, stage.dispatcher.clock, SYMBOL, published=stage.published, **former
    )


class Feed:
    """Prices for a market, a second apart, each told as a message of its own."""

    def __init__(self, stage: Stage, market: Recipient) -> None:
        self._stage = stage
        self._market = market

    def __call__(self, *prices: Number) -> None:
        for price in prices:
            self._stage.dispatcher.advance(1)
            now_us = self._stage.dispatcher.clock.now_us()
            self.send([price], [now_us])

    def send(self, prices: list[Number], times_us: list[int]) -> None:
        """One message with these prices, at these exchange times."""
        message = TakePrices(prices=[Decimal(price) for price in prices], times_us=times_us)
        self._market.tell(message)
        self._stage.dispatcher.run_until_idle()


def arm(position_id: int, low: Number, high: Number, after: int | None = None) -> Arm:
    """Wait for these two prices, beginning after a price's number."""
    return Arm(
        position_id=position_id,
        triggers=Triggers(low=Decimal(low), high=Decimal(high)),
        after=after,
    )


def report(stage: Stage) -> MarketStatus:
    """What the market has published of itself."""
    stage.dispatcher.run_until_idle()
    return stage.published.markets[SYMBOL]


def state(stage: Stage) -> MarketState:
    """The market's state now."""
    return report(stage).state(stage.dispatcher.clock.monotonic_us())


def judged(wallet: TestProbe, verdict: BooksVerdict) -> BooksJudged:
    """Expect that a wallet is told this verdict about its books."""
    return wallet.expect(BooksJudged, where=lambda message: message.verdict is verdict)
