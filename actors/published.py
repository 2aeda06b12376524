"""What readers see: one immutable version of everything, published after each commit.

Beside it stand what is newer than any commit: each market's last price, and each account's last
health report.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from immutables import Map

from persistence.changes import Change
from trading.books import HealthReport
from trading.exposure import NOTHING, Exposure
from trading.model import (
    Denial,
    DenialReason,
    MarketPrice,
    Pause,
    Position,
    PositionStatus,
    Wallet,
)
from trading.price_guard import Verdict
from trading.times import NEVER_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The durable state of one moment: wallets, open positions, kept prices, pauses.

    `positions` has every open position, `by_account` the same ones, and `exposures` what they come
    to by account and symbol; `opened_at_us` is when each one's open was committed. The pause of all
    accounts has the key None.
    """

    commit_id: int = 0
    wallets: Map[str, Wallet] = Map()
    positions: Map[int, Position] = Map()
    by_account: Map[str, Map[int, Position]] = Map()
    exposures: Map[str, Map[str, Exposure]] = Map()
    opened_at_us: Map[int, int] = Map()
    markets: Map[str, MarketPrice] = Map()
    pauses: Map[str | None, Pause] = Map()

    def after(self, commit_id: int, changes: tuple[Change, ...], now_us: int) -> "Version":
        """The version that changes lead to which were committed at a time."""
        wallets = self.wallets.mutate()
        positions = self.positions.mutate()
        by_account = self.by_account.mutate()
        exposures = self.exposures.mutate()
        opened_at_us = self.opened_at_us.mutate()
        markets = self.markets.mutate()
        pauses = self.pauses.mutate()
        for change in changes:
            if change.wallet_after is not None:
                wallets[change.wallet_after.account] = change.wallet_after
            for position in change.positions:
                position_id, account = position.position_id, position.account
                before = positions.get(position_id)
                by_symbol = exposures.get(account, Map())
                exposure = by_symbol.get(position.symbol, NOTHING).after(before, position)
                if exposure != NOTHING:
                    exposures[account] = by_symbol.set(position.symbol, exposure)
                elif position.symbol in by_symbol:
                    exposures[account] = by_symbol.delete(position.symbol)
                of_account = by_account.get(account, Map())
                if position.status is PositionStatus.OPEN:
                    positions[position_id] = position
                    by_account[account] = of_account.set(position_id, position)
                    if before is None:
                        opened_at_us[position_id] = now_us
                elif before is not None:
                    del positions[position_id]
                    by_account[account] = of_account.delete(position_id)
                    del opened_at_us[position_id]
            for market in change.markets:
                markets[market.symbol] = market
            for symbol in change.retired:
                markets.pop(symbol, None)
            for pause in change.pauses:
                pauses[pause.account] = pause
            for scope in change.resumed:
                pauses.pop(scope, None)
        return Version(
            commit_id=commit_id,
            wallets=wallets.finish(),
            positions=positions.finish(),
            by_account=by_account.finish(),
            exposures=exposures.finish(),
            opened_at_us=opened_at_us.finish(),
            markets=markets.finish(),
            pauses=pauses.finish(),
        )

    def pause_of(self, account: str) -> Pause | None:
        """The pause that an account's opens are refused by, if any."""
        return self.pauses.get(account) or self.pauses.get(None)


class MarketState(StrEnum):
    """Whether a market's price may be acted on, and why not."""

    LIVE = "LIVE"
    STALE = "STALE"
    QUARANTINED = "QUARANTINED"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPause:
    """Why nothing of a market is judged or quoted, and since when by our time of day."""

    why: str
    since_us: int


class Heard(NamedTuple):
    """A price that was not accepted, and so is not acted on, and the guard's verdict."""

    price: Decimal
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStatus:
    """A market as it stands: its last accepted price, and what keeps it from being acted on.

    `received_us` is by the monotonic clock, None if none was received since `unheard_since`.
    `heard` is the newest price of all, where it was not accepted. The counts are of prices since
    then, by the guard's verdict, and of how often the times began anew because a clock was wrong;
    `armed` positions wait for their triggers, the earliest of their time stops falls due at
    `due_us`.
    """

    symbol: str
    last: MarketPrice | None
    received_us: int | None
    price_age_us_max: int
    unheard_since: str = "the start"
    candidate: Decimal | None = None
    pause: MarketPause | None = None
    heard: Heard | None = None
    accepted: int = 0
    rejected: int = 0
    ignored: int = 0
    quarantined: int = 0
    rebased: int = 0
    armed: int = 0
    due_us: int = NEVER_US

    def age_us(self, monotonic_us: int) -> int | None:
        """How long ago the last price was received."""
        return None if self.received_us is None else monotonic_us - self.received_us

    def state(self, monotonic_us: int) -> MarketState:
        """The market's state at a moment of the monotonic clock."""
        if self.pause is not None:
            return MarketState.PAUSED
        if self.candidate is not None:
            return MarketState.QUARANTINED
        age_us = self.age_us(monotonic_us)
        is_live = age_us is not None and age_us <= self.price_age_us_max
        return MarketState.LIVE if is_live else MarketState.STALE


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """An actor that has failed for good, as `why` says: only the next start brings it back.

    `account` is whose position or wallet it is, `symbol` whose market.
    """

    kind: str
    key: str | int
    account: str | None
    symbol: str | None
    why: str
    since_us: int

    @property
    def part(self) -> str:
        """What people call it: `position 1`, `account demo`, `market BTCUSDT`, `the auditor`."""
        match self.kind:
            case "wallet":
                return f"account {self.key}"
            case "position" | "market":
                return f"{self.kind} {self.key}"
            case _:
                return f"the {self.kind}"

    @property
    def text(self) -> str:
        """What it means, and why."""
        match self.kind:
            case "position":
                what = "is not guarded"
            case "wallet":
                what = "books nothing, and its positions are not guarded"
            case "market":
                what = "judges no price, and its positions are not guarded"
            case "auditor":
                what = "checks no books"
            case _:
                what = "stands still"
        return f"{self.part} {what}: {self.why}"


class Published:
    """Holds the newest of everything; readers on any thread take a value whole, and never wait.

    Only the Committer publishes versions, before it answers anybody: who was answered reads their
    own write. `markets` is written by the MarketActors, `health` by the Auditor, `feed_pauses` by
    the feeds: why one has paused a symbol, None where it brings prices. `database_away` says why
    the Committer cannot write at present, if so, and `ended` why it never will again. `audited_us`
    is when the Auditor last got on, on the monotonic clock. The Desk writes `set_aside`: what has
    failed for good.
    """

    def __init__(self, version: Version) -> None:
        """Begin with what was restored."""
        self.version = version
        self.markets: dict[str, MarketStatus] = {}
        self.health: dict[str, HealthReport] = {}
        self.feed_pauses: dict[str, str | None] = {}
        self.set_aside: dict[tuple[str, str | int], SetAside] = {}
        self.database_away: str | None = None
        self.ended: Denial | None = None
        self.audited_us: int | None = None

    @property
    def deposed(self) -> bool:
        """Whether another owner has taken over."""
        return self.ended is not None and self.ended.reason is DenialReason.DEPOSED

    @property
    def damaged(self) -> bool:
        """Whether the database's files are not those any more that were written."""
        return self.ended is not None and self.ended.reason is DenialReason.DATABASE_DAMAGED

    def last_price(self, symbol: str) -> MarketPrice | None:
        """Return the last accepted price of a symbol, also of an earlier life of the service."""
        status = self.markets.get(symbol)
        return status.last if status else self.version.markets.get(symbol)

    def has_price(self, symbol: str) -> bool:
        """Whether a price of the symbol was accepted since the start."""
        status = self.markets.get(symbol)
        return status is not None and status.received_us is not None

    def unkept_prices(self) -> tuple[MarketPrice, ...]:
        """Return the last prices that the database does not have: the price guard's references."""
        kept = self.version.markets
        last = [status.last for status in self.markets.copy().values()]
        return tuple(price for price in last if price and kept.get(price.symbol) != price)

    def unguarded_by(self, position: Position) -> SetAside | None:
        """What is set aside that an open position needs: itself, its wallet or its market."""
        if not self.set_aside:
            return None
        return (
            self.set_aside.get(("position", position.position_id))
            or self.set_aside.get(("wallet", position.account))
            or self.set_aside.get(("market", position.symbol))
        )

    def standing_still(self) -> tuple[SetAside, ...]:
        """What is set aside and still missed; a position may have been closed meanwhile."""
        opened = self.version.positions
        return tuple(
            one
            for one in self.set_aside.copy().values()
            if one.kind != "position" or one.key in opened
        )

    def publish(self, commit_id: int, changes: tuple[Change, ...], now_us: int) -> None:
        """Make committed changes visible, all at once."""
        self.version = self.version.after(commit_id, changes, now_us)
