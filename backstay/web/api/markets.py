"""Markets and the prices that the API brings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Discriminator, Field, Tag

from actors.denials import no_market
from actors.desk.messages import OpenMarket
from actors.market.messages import (
    HearPrices,
    JudgedPrice,
    PricesTaken,
    ReleaseCandidate,
    RetireMarket,
    TakePrices,
)
from actors.published import MarketStatus
from backstay.formats import number_text
from backstay.web.access.access import Caller, Scope, requires
from backstay.web.api.bodies import market_body
from backstay.web.api.fields import (
    Market,
    Price,
    RawNumber,
    RequestBody,
    Symbol,
    Timestamp,
    example,
)
from backstay.web.api.paging import PageQuery, page_of
from backstay.web.api.schemas import (
    MarketBody,
    Page,
    PricePoint,
    PriceResult,
    PriceResults,
    PricesBody,
)
from backstay.web.api.waiting import answer_of
from backstay.web.backend import Backend, TheBackend
from backstay.web.problems import answers, problem_for
from backstay.web.stream.price_tape import PriceTapes
from trading.model import Denial, DenialReason
from trading.money import plain
from trading.price_guard import GuardSettings, PriceGuard, Verdict
from trading.times import iso_time, microseconds

router = APIRouter(tags=["markets"], dependencies=[requires(Scope.READ)])

PRICES_MAX = 1000
MARKETS_MAX = 1000
"""Where there are so many markets the API makes no more: each is an actor and a row."""


class PriceRequest(RequestBody):
    """A price of a market that no feed brings prices of; its time is now where none is given."""

    model_config = example(symbol="BTCUSDT", price="60000")

    symbol: Market
    price: RawNumber
    timestamp: Timestamp | None = None


ONE, MANY = "single", "list"


def _one_or_many(body: object) -> str:
    return MANY if isinstance(body, list) else ONE


# Which of both it is shows at once, so that only that one's errors are told.
OneOrMany = Annotated[
    Annotated[PriceRequest, Tag(ONE)]
    | Annotated[list[PriceRequest], Field(max_length=PRICES_MAX), Tag(MANY)],
    Discriminator(_one_or_many),
]


class ReleaseRequest(RequestBody):
    """The quarantined price to accept, named by its value."""

    model_config = example(price="60000")

    price: Price


@router.get("/markets", responses=answers())
async def list_markets(
    backend: TheBackend, page: Annotated[PageQuery, Query()]
) -> Page[MarketBody]:
    """All markets by symbol."""
    published, after = backend.published, page.after_name
    known = {*published.markets, *published.version.markets}
    symbols = sorted(symbol for symbol in known if after is None or symbol > after)
    shown, next_ = page_of(symbols[: page.limit + 1], page.limit, str)
    bound = backend.bound_symbols()
    return Page(items=[_market(backend, symbol, bound) for symbol in shown], next=next_)


@router.get("/markets/{symbol}/prices", responses=answers(404))
async def list_prices(
    symbol: Annotated[Symbol, Path()], request: Request, backend: TheBackend
) -> PricesBody:
    """A market's accepted prices since the service's start, for drawing.

    They are sampled once a second, what lies between two samples is not in them; of the newest
    minute each sample is told, and the older they are, the more samples are one item.
    """
    published = backend.published
    if symbol not in published.markets and symbol not in published.version.markets:
        raise problem_for(no_market(symbol))
    tapes: PriceTapes = request.app.state.price_tapes
    items = [
        PricePoint(
            time=iso_time(point.time_us),
            low=number_text(point.low),
            high=number_text(point.high),
            last=number_text(point.last),
        )
        for point in tapes.points(symbol)
    ]
    return PricesBody(symbol=symbol, items=items)


@router.post(
    "/markets/{symbol}/release",
    dependencies=[requires(Scope.ADMIN)],
    responses=answers(404, 409, 413, 503),
)
async def release(
    symbol: Annotated[Symbol, Path()], request: ReleaseRequest, backend: TheBackend
) -> MarketBody:
    """Accept a market's quarantined price by a person's word."""
    if symbol not in backend.published.markets:
        raise problem_for(no_market(symbol))
    await answer_of(
        backend,
        lambda reply: backend.to_market(
            symbol, ReleaseCandidate(price=request.price, reply_to=reply)
        ),
        what=f"the release of {symbol}",
        on_silence="it may still be accepted; look at the market before you release it again",
    )
    return _market(backend, symbol, backend.bound_symbols())


@router.delete(
    "/markets/{symbol}",
    status_code=204,
    dependencies=[requires(Scope.ADMIN)],
    responses=answers(404, 409, 503),
)
async def retire(symbol: Annotated[Symbol, Path()], backend: TheBackend) -> None:
    """Take a market away that no position is open on; its next price makes it anew."""
    feed = backend.bound_symbols().get(symbol)
    if feed is not None:
        text = f"market {symbol} not retired: the feed {feed} brings its prices; take it off there"
        raise problem_for(Denial(reason=DenialReason.MARKET_IN_USE, text=text))
    await answer_of(
        backend,
        lambda reply: backend.tell(RetireMarket(symbol=symbol, reply_to=reply)),
        what=f"the retirement of {symbol}",
        on_silence="it may still be retired; look for the market before you retire it again",
    )


@router.post("/prices", responses=answers(413, 503))
async def send_prices(
    request: OneOrMany,
    backend: TheBackend,
    caller: Annotated[Caller, requires(Scope.TRADE)],
) -> PriceResults:
    """Bring prices, of each symbol in the order in which they stand.

    A symbol's first price makes its market, which takes the scope admin.
    """
    now_us = backend.clock.now_us()
    prices = [_Sent(item, now_us) for item in (request if isinstance(request, list) else [request])]
    by_symbol: defaultdict[str, list[_Sent]] = defaultdict(list)
    for sent in prices:
        if sent.perpetual is None:
            by_symbol[sent.symbol].append(sent)
        else:
            sent.reject(
                f"{sent.perpetual} is a perpetual, and a pair has one market: send its prices as "
                f"{sent.symbol} if they are to guard the positions of {sent.symbol}",
            )
    bound = backend.bound_symbols()
    for symbol, of_symbol in by_symbol.items():
        if symbol in bound:
            await _hear(backend, symbol, of_symbol)
            for sent in of_symbol:
                sent.reject(f"a feed brings the prices of {symbol}")
        else:
            await _take(backend, caller, symbol, of_symbol, now_us)
    return PriceResults(items=[sent.result() for sent in prices])


class _Sent:
    """A price on its way to being judged."""

    def __init__(self, request: PriceRequest, now_us: int) -> None:
        self.symbol = request.symbol.symbol
        self.perpetual = request.symbol.perpetual
        self.price: Decimal = request.price
        moment = request.timestamp
        self.time_us = None if moment is None else microseconds(moment)
        self._judged = JudgedPrice(
            verdict=Verdict.IGNORED, time_us=now_us if self.time_us is None else self.time_us
        )

    def reject(self, why: str) -> None:
        """Refuse it at the door."""
        self._judged = replace(self._judged, verdict=Verdict.REJECTED, why=why)

    def judge(self, judged: JudgedPrice) -> None:
        """Take what its market says of it."""
        self._judged = judged

    def result(self) -> PriceResult:
        return PriceResult(
            symbol=self.symbol,
            price=plain(self.price),
            timestamp=iso_time(self._judged.time_us),
            result=self._judged.verdict.value,
            reason=self._judged.why,
        )


async def _hear(backend: Backend, symbol: str, prices: Sequence[_Sent]) -> None:
    """While a market's feed is away, let it know what is traded: that never acts."""
    status = backend.published.markets.get(symbol)
    if status is None or status.pause is None:
        return
    await answer_of(
        backend,
        lambda reply: backend.to_market(
            symbol, HearPrices(prices=[sent.price for sent in prices], reply_to=reply)
        ),
        what=f"prices of {symbol}",
    )


async def _take(
    backend: Backend, caller: Caller, symbol: str, prices: Sequence[_Sent], now_us: int
) -> None:
    if symbol not in backend.published.markets:
        prices = _worth_a_market(_no_more_markets(backend, caller), symbol, prices, now_us)
        if not prices:
            return
        await answer_of(
            backend,
            lambda reply: backend.tell(OpenMarket(symbol=symbol, reply_to=reply)),
            what=f"the market of {symbol}",
        )
    taken: PricesTaken = await answer_of(
        backend,
        lambda reply: backend.to_market(
            symbol,
            TakePrices(
                prices=[sent.price for sent in prices],
                times_us=[sent.time_us for sent in prices],
                reply_to=reply,
            ),
        ),
        what=f"prices of {symbol}",
        on_silence="they may still be judged; look at the market before you send them again",
    )
    for sent, judged in zip(prices, taken.judged, strict=True):
        sent.judge(judged)


def _no_more_markets(backend: Backend, caller: Caller) -> str | None:
    """Why a caller's price makes no market; None if it does."""
    if not caller.scope.covers(Scope.ADMIN):
        return "making a market needs the scope admin: have an admin send its first price"
    count = len(backend.published.markets)
    if count >= MARKETS_MAX:
        return f"there are {count} already: send prices of one that is there, or retire one"
    return None


def _worth_a_market(
    refusal: str | None, symbol: str, prices: Sequence[_Sent], now_us: int
) -> Sequence[_Sent]:
    """The prices that a new market would not reject; none where a refusal says why."""
    worthy: list[_Sent] = []
    for sent in prices:
        guard = PriceGuard(GuardSettings())
        verdict = guard.judge(sent.price, sent.time_us, now_us)
        if verdict is Verdict.REJECTED:
            sent.reject(guard.why(verdict, sent.price, sent.time_us, now_us))
        elif refusal is not None:
            sent.reject(
                f"no market of {symbol} made: {refusal}, or have a feed bring those of {symbol}"
            )
        else:
            worthy.append(sent)
    return worthy


def _market(backend: Backend, symbol: str, bound: Mapping[str, str]) -> MarketBody:
    published = backend.published
    status = published.markets.get(symbol)
    if status is None:
        last = published.version.markets.get(symbol)
        status = MarketStatus(symbol=symbol, last=last, received_us=None, price_age_us_max=0)
    return market_body(status, backend.clock.monotonic_us(), bound.get(symbol))
