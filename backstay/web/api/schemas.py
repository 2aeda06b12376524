"""The bodies of the API's answers. Decimals are strings, times are ISO 8601 in UTC."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")

Money = Annotated[str, Field(description="money with 8 decimals", examples=["25.00000000"])]
Number = Annotated[str, Field(description="a price or quantity", examples=["64250.5"])]
Time = Annotated[str, Field(examples=["2026-01-31T12:00:00.000000Z"])]


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` is the cursor of the next part, null at the end."""

    items: list[T]
    next: str | None


class AskedBody(BaseModel):
    """Exits as they were asked for, in the one-line notation."""

    stop_loss: str
    take_profits: str
    trailing: str
    close_after: str
    take_profit_fill: Literal["price", "level"]


class TakeProfitBody(BaseModel):
    """A take-profit: its level as it was asked for, its price, the share that it closes.

    `stop` is where it sends the stop-loss: keep, breakeven, breakeven_net, previous, or a level.
    """

    at: str
    price: Number
    close: str
    stop: str
    hit: bool


class PositionBody(BaseModel):
    """A position: its gross and net PnL and costs are realized, by the parts closed so far.

    `unrealized_pnl` is that of the rest before its costs, and `total_pnl` its sum with `net_pnl`;
    both are null while an open position's market has no price. `open_quantity` is the rest.
    `asked` has the exits as they were asked for, `take_profits` what they came to, and
    `untargeted_fraction` the share of `quantity` that none closes: it waits for the stop-loss or a
    close by hand. `trailing_best_price` is the best price that the trail has followed, null before
    it begins; from `closes_at` on, any price closes the position.
    `signal_id` is the idempotency key that it was opened with. `entry_time` and `exit_time` are
    the prices', `opened_at` and `closed_at` the commits'. `unguarded` says why its stop and
    take-profits do not act, where it, its account or its market is set aside.
    """

    id: int
    account: str
    signal_id: str | None
    symbol: str
    side: Literal["LONG", "SHORT"]
    status: Literal["OPEN", "CLOSED"]
    quantity: Number
    open_quantity: Number
    notional: Money
    entry_price: Number
    entry_time: Time
    opened_at: Time
    exit_price: Number | None
    exit_time: Time | None
    closed_at: Time | None
    close_reason: Literal["TAKE_PROFIT", "STOP_LOSS", "TIME", "MANUAL"] | None
    close_note: str | None
    rungs_hit: int
    stop_loss: Number
    take_profit_prices: list[Number]
    take_profits: list[TakeProfitBody]
    asked: AskedBody
    trailing_best_price: Number | None
    closes_at: Time | None
    untargeted_fraction: Number
    next_take_profit: Number | None
    mark_price: Number | None
    unguarded: str | None
    unrealized_pnl: Money | None
    gross_pnl: Money
    costs: Money
    net_pnl: Money
    total_pnl: Money | None


class OpenedBody(PositionBody):
    """A position that was opened.

    `market_note` says which prices guard it, if it was asked for under a perpetual's name.
    """

    market_note: str | None


class PnlBody(BaseModel):
    """The PnL of the parts closed so far: gross, each cost, net."""

    gross: Money
    entry_fee: Money
    exit_fee: Money
    spread: Money
    slippage: Money
    net: Money


class HistoryItem(BaseModel):
    """Something that happened; `text` is for people, `data` has the event's own fields.

    `time` is that of the price that caused it, or else our clock's; `done_at` is the commit's.
    `gravity` is info, gain, loss, warning or failure.
    """

    id: int
    time: Time
    done_at: Time
    kind: str
    text: str
    gravity: str
    data: dict[str, Any]


class HistoryBody(BaseModel):
    """Everything that happened to a position, in order, and what it came to."""

    position: PositionBody
    items: list[HistoryItem]
    pnl: PnlBody


class ClosedBody(BaseModel):
    """A closed position; `already_closed` if another request had closed it."""

    position: PositionBody
    already_closed: bool


class DeniedClose(BaseModel):
    """A position that was not closed, and why: a problem document."""

    id: int
    problem: dict[str, Any]


class UnreadableBody(BaseModel):
    """A row of the database that cannot be read, and what to do about it."""

    table: str
    row: str = Field(description="its key: a position's id, an entry's number")
    account: str | None = Field(description="whose row it is, where that can be read")
    detail: str


class CloseAllBody(BaseModel):
    """The outcome of each open position; `pending` are the ids without an answer yet.

    `unreadable` are those that are closed, and whose rows cannot be read.
    """

    closed: list[PositionBody]
    unreadable: list[UnreadableBody] = []
    denied: list[DeniedClose]
    pending: list[int]


class PriceResult(BaseModel):
    """The verdict on a price; `reason` if it was not accepted."""

    symbol: str
    price: str
    timestamp: Time
    result: Literal["accepted", "rejected", "ignored", "quarantined"]
    reason: str | None


class PriceResults(BaseModel):
    """The verdict on each price, in the order in which they were sent."""

    items: list[PriceResult]


class PriceCountsBody(BaseModel):
    """Counts of prices since the service's start, by verdict."""

    accepted: int
    rejected: int
    ignored: int
    quarantined: int


class MarketBody(BaseModel):
    """A market: its last accepted price, how old it is, and what keeps it from being acted on."""

    symbol: str
    state: Literal["LIVE", "STALE", "QUARANTINED", "PAUSED"]
    last_price: Number | None
    last_price_time: Time | None
    age_seconds: Annotated[
        float | None, Field(description="since it was received; null if not since the start")
    ]
    candidate: Annotated[Number | None, Field(description="the quarantined price")]
    feed: Annotated[
        str | None, Field(description="the feed that brings its prices; null where none does")
    ]
    paused: Annotated[str | None, Field(description="why no price of it is judged, if so")]
    prices: PriceCountsBody


class PricePoint(BaseModel):
    """The prices of a stretch of time that ended at `time`, with `last`."""

    time: Time
    low: Number
    high: Number
    last: Number


class PricesBody(BaseModel):
    """A market's accepted prices since the service's start, sampled once a second.

    The oldest come first, and the older they are, the more samples a point stands for.
    """

    symbol: str
    items: list[PricePoint]


class PauseBody(BaseModel):
    """A pause of opens."""

    reason: str
    since: Time


class TradingBody(BaseModel):
    """Whether positions may be opened: `paused` for all accounts, and by account."""

    paused: bool
    reason: str | None
    since: Time | None
    accounts: dict[str, PauseBody]


class ProbeBody(BaseModel):
    """The state of the process, part by part."""

    status: Literal["ok", "failing"]
    checks: dict[str, str]
