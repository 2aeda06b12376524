"""Construct the actors: the only place that knows each kind's arguments."""

from collections.abc import Iterator
from dataclasses import dataclass

from actors.desk.lives import Lives
from actors.desk.restore import Restored
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.supervised import ActorKind
from actors.market.actor import MarketActor
from actors.market.messages import SetPause
from actors.market.settings import MarketSettings
from actors.position.actor import PositionActor
from actors.published import MarketPause, Published
from actors.wallet.actor import WalletActor
from actors.wallet.memory import Memory
from trading.costs import DEFAULT_RATES
from trading.model import CostRates, MarketPrice, Position

MARKET_LIFE_PRICES = 1 << 40
"""The distance between the price numbers of a market's lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """The settings that actors are started with.

    Newer last prices are written every `keep_prices_seconds`; if None, only with commits and at a
    stop.
    """

    rates: CostRates = DEFAULT_RATES
    market: MarketSettings = MarketSettings()
    keep_prices_seconds: float | None = None


class Starter:
    """Starts markets, wallets and positions, and writes them into the directory.

    Each is written before it runs, because its first message may bring it an answer.
    """

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        published: Published,
        *,
        settings: DeskSettings,
        lives: Lives,
        position_ids: Iterator[int],
    ) -> None:
        """`position_ids` gives out ids above every one in the database."""
        self._directory = directory
        self._dispatcher = dispatcher
        self._published = published
        self._settings = settings
        self._lives = lives
        self._position_ids = position_ids

    def restore(self, durable: Restored) -> None:
        """Start every actor from the database, except those that cannot start."""
        version = durable.version
        for symbol, last in sorted(version.markets.items()):
            self.market(symbol, last=last)
        for account, memory in durable.memories.items():
            self.wallet(account, memory)
        unreadable = {part.key for part in durable.cannot_start if part.kind is ActorKind.MARKET}
        for position_id, position in sorted(version.positions.items()):
            if position.account not in durable.memories:
                continue
            symbol = position.symbol
            if symbol not in self._directory.markets and symbol not in unreadable:
                self.market(symbol)
            self.position(position, opened_at_us=version.opened_at_us[position_id], after=None)

    def market(
        self, symbol: str, last: MarketPrice | None = None, pause: MarketPause | None = None
    ) -> None:
        """Start a symbol's market from its last accepted price, if there is one."""
        actor = MarketActor(
            self._directory,
            self._dispatcher.clock,
            symbol,
            published=self._published,
            settings=self._settings.market,
            last=last,
            pause=pause,
            first_number=self._lives.ended(ActorKind.MARKET, symbol) * MARKET_LIFE_PRICES,
        )
        if symbol in self._published.feed_pauses:
            # Its former life may not have been told. This comes before any other message.
            actor.actor_ref.tell(SetPause(why=self._published.feed_pauses[symbol]))
        self._directory.markets[symbol] = actor.actor_ref
        self._dispatcher.start(actor)

    def wallet(self, account: str, memory: Memory) -> None:
        """Start an account's wallet from the durable state."""
        actor = WalletActor(
            self._directory,
            self._dispatcher.clock,
            account,
            published=self._published,
            memory=memory,
            rates=self._settings.rates,
            position_ids=self._position_ids,
            former_life=self._lives.ended(ActorKind.WALLET, account) > 0,
        )
        self._directory.wallets[account] = actor.actor_ref
        self._dispatcher.start(actor)

    def position(self, position: Position, *, opened_at_us: int, after: int | None) -> None:
        """Start an open position's actor, guarding it against the prices after a number."""
        actor = PositionActor(self._directory, position, opened_at_us=opened_at_us, after=after)
        self._directory.positions[position.position_id] = actor.actor_ref
        self._dispatcher.start(actor)
