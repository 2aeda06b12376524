"""Quotes: a price to act on, or the reason why there is none."""

from dataclasses import replace
from decimal import Decimal

from actors.engine.pooled import PooledActor, Recipient, stop_soon
from actors.market.messages import PriceQuoted, QuoteDenied, QuotePrice, SetPause
from actors.position.messages import PriceReached
from tests.protocol.stage import ACCOUNT, SYMBOL, Feed, Stage, a_market, arm
from trading.model import Denial, DenialReason, MarketPrice


def ask(stage: Stage, market: Recipient, *, force: bool = False) -> None:
    """Ask for a position that waits for its triggers."""
    market.tell(arm(7, "0.01", 1000))
    market.tell(
        QuotePrice(
            account=ACCOUNT, position_id=7, for_open=False, force=force, reply_to=stage.wallet
        )
    )


def denial(stage: Stage, market: Recipient, *, force: bool = False) -> Denial:
    ask(stage, market, force=force)
    return stage.wallet.expect(QuoteDenied).denial


def quoted(stage: Stage, market: Recipient, *, force: bool = False) -> PriceQuoted:
    ask(stage, market, force=force)
    return stage.wallet.expect(PriceQuoted)


def test_a_quote_has_the_price_its_time_and_its_number(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The last accepted one, and nothing unusual about it."""
    feed(99, 100)
    quote = quoted(stage, market)
    assert quote == PriceQuoted(
        position_id=7,
        symbol=SYMBOL,
        price=Decimal(100),
        time_us=stage.dispatcher.clock.now_us(),
        number=2,
        note=None,
    )


def test_without_a_price_there_is_no_quote(stage: Stage, market: Recipient) -> None:
    """Not even a forced one."""
    for force in (False, True):
        told = denial(stage, market, force=force)
        assert told.reason is DenialReason.PRICE_UNKNOWN
        assert told.text == "no price of BTCUSDT has been accepted yet"


def test_a_stale_price_is_not_quoted(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Sixty seconds are fresh, more are not; the text says how old it is."""
    feed(100)
    stage.dispatcher.advance(60)
    quoted(stage, market)
    stage.dispatcher.advance(1)
    told = denial(stage, market)
    assert told.reason is DenialReason.PRICE_STALE
    assert told.text == (
        "BTCUSDT is stale: its last price was received 61 s ago, at most 60 s are allowed"
    )


def test_a_price_that_is_not_accepted_refreshes_nothing(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Rejected and outdated prices are no sign that the last one is still right."""
    feed(100)
    stage.dispatcher.advance(50)
    feed("NaN", 0)
    feed.send([100], [0])
    stage.dispatcher.advance(10)
    assert denial(stage, market).reason is DenialReason.PRICE_STALE


def test_age_is_measured_from_receipt(stage: Stage, market: Recipient, feed: Feed) -> None:
    """A price whose exchange time is old is fresh when it has just come in."""
    stage.dispatcher.advance(3600)
    feed.send([100], [1])
    assert quoted(stage, market).time_us == 1


def test_a_former_lifes_price_is_no_price_to_act_on(stage: Stage) -> None:
    """After a restart nothing was received yet; the guard alone knows it."""
    last = MarketPrice(symbol=SYMBOL, price=Decimal(100), time_us=1)
    market = stage.start(a_market(stage, last=last))
    told = denial(stage, market)
    assert told.reason is DenialReason.PRICE_STALE
    assert told.text == "BTCUSDT is stale: no price was received since the start"


def test_a_paused_market_quotes_nothing(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Until its venue is back, and has brought a price: the last one is from before the pause."""
    feed(100)
    market.tell(SetPause(why="its venue's connection is down"))
    told = denial(stage, market)
    assert told.reason is DenialReason.PAUSED_BY_NETWORK
    assert told.text == "BTCUSDT is paused: its venue's connection is down"
    market.tell(SetPause(why=None))
    told = denial(stage, market)
    assert told.reason is DenialReason.PRICE_STALE
    assert told.text == "BTCUSDT is stale: no price was received since its venue is back"
    market.tell(SetPause(why=None))
    feed(101)
    market.tell(SetPause(why=None))
    assert quoted(stage, market).price == 101


def test_a_quarantined_market_quotes_nothing(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Neither the old price nor the one that waits may be acted on."""
    feed(100, 40)
    told = denial(stage, market)
    assert told.reason is DenialReason.MARKET_QUARANTINED
    assert told.text == (
        "BTCUSDT is quarantined: a price of 40 waits against the last accepted 100"
    )


def test_force_takes_the_last_price_and_says_why_that_is_unusual(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Stale, paused or quarantined: the note goes into the ledger with it."""
    feed(100)
    stage.dispatcher.advance(61)
    stale = quoted(stage, market, force=True)
    assert stale.price == 100
    assert stale.note is not None
    assert stale.note.startswith("forced: BTCUSDT is stale: ")
    market.tell(SetPause(why="its venue's connection is down"))
    paused = quoted(stage, market, force=True)
    assert paused.note == "forced: BTCUSDT is paused: its venue's connection is down"


def test_force_on_a_healthy_market_is_nothing_unusual(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """No note."""
    feed(100)
    assert quoted(stage, market, force=True).note is None


def question(stage: Stage, number: int = 1) -> QuotePrice:
    """What position 7 asks before it closes or moves its stop."""
    return QuotePrice(
        account=ACCOUNT, position_id=7, for_open=False, reply_to=stage.wallet, question=number
    )


def test_a_quote_keeps_every_price_until_the_position_arms(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """None reaches it in between; the first after the quote that reaches its new stop does."""
    position = stage.position(7)
    market.tell(arm(7, 95, 103))
    feed(97, 100)
    market.tell(question(stage, 5))
    quote = stage.wallet.expect(PriceQuoted)
    assert quote.price == 100
    assert quote.question == 5
    feed(99, 97, 94, 104)
    position.expect_nothing(for_=0)
    market.tell(arm(7, 98, 103, after=quote.number))
    hit = position.expect(PriceReached)
    assert hit.price == 97
    assert hit.number == quote.number + 2


def test_an_arm_from_before_the_quote_counts_no_more(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The position has not seen the quote yet, and arms again when it has."""
    position = stage.position(7)
    market.tell(arm(7, 95, 103))
    feed(100, 101)
    market.tell(question(stage))
    quote = stage.wallet.expect(PriceQuoted)
    market.tell(arm(7, 95, 103, after=quote.number - 1))
    feed(94)
    position.expect_nothing(for_=0)
    market.tell(arm(7, 95, 103, after=quote.number))
    assert position.expect(PriceReached).price == 94


def test_a_position_is_quoted_a_price_when_it_is_armed(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Before that it may have a price to judge which comes first."""
    feed(100)
    market.tell(question(stage))
    stage.wallet.expect_nothing(for_=0)
    feed(101)
    market.tell(arm(7, 95, 103))
    assert stage.wallet.expect(PriceQuoted).price == 101


def test_a_quote_that_nobody_takes_changes_nothing(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A former life's question must not keep the next one's triggers out of the book."""
    gone = stage.dispatcher.start(PooledActor())
    stop_soon(gone)
    position = stage.position(7)
    feed(100)
    asked = question(stage)
    market.tell(replace(asked, reply_to=gone))
    market.tell(arm(7, 95, 103))
    feed(94)
    assert position.expect(PriceReached).price == 94
