"""A session against a local server that speaks as each venue does."""

import threading

import pytest

from harness.venues.listening import HURRIED, IMPATIENT, SYMBOLS, hurried, listening
from harness.venues.server import VenueServer, trades_of

VENUES = tuple(SYMBOLS)


@pytest.mark.parametrize("name", VENUES)
def test_prices_come_after_the_acknowledgement_of_each_symbol(name: str) -> None:
    """Each venue is asked, answers, and its prices arrive exact and in order."""
    first, second = SYMBOLS[name]
    with VenueServer(name) as server, listening(hurried(name), server.url) as (session, sink):
        server.wait_subscribed(first, second)
        server.trade(first, "100.10")
        server.trade(first, "100.2000")
        server.trade(second, "0.00000100")
        sink.wait_for(f"price {second}")
        assert sink.of(f"price {first}") == ["100.10", "100.2000"]
        assert sink.of(f"price {second}") == ["0.00000100"]
        for symbol in (first, second):
            told = [what for what in sink.news if symbol in what[0] or what[1] == symbol]
            assert told[0] == ("served", symbol)
        assert session.state.connected
        assert session.state.unknown == {}
        assert sink.of("lost") == []


@pytest.mark.parametrize("name", ["kraken", "coinbase", "bybit", "okx"])
def test_a_refused_symbol_is_named_and_the_others_go_on(name: str) -> None:
    """A typing error in one symbol costs no other symbol its prices."""
    first, second = SYMBOLS[name]
    with VenueServer(name) as server:
        server.unlist(first)
        with listening(hurried(name), server.url) as (session, sink):
            assert sink.wait_for("refused") == first
            sink.wait_for("served", second)
            server.wait_subscribed(second)
            server.trade(second, "3")
            sink.wait_for(f"price {second}", "3")
            assert tuple(session.state.refused) == (first,)
            assert sink.of("served") == [second]


def test_a_refusal_that_names_nobody_is_found_out() -> None:
    """Binance refuses a request as a whole: its symbols are then asked for one at a time."""
    symbols = ("BTCUSDT", "B/D", "ETHUSDT")
    with (
        VenueServer("binance") as server,
        listening(hurried("binance"), server.url, *symbols) as (_, sink),
    ):
        sink.wait_for("served", "BTCUSDT")
        sink.wait_for("served", "ETHUSDT")
        assert sink.wait_for("refused") == "B/D"


def test_a_symbol_that_is_listed_again_is_served_on_the_next_connection() -> None:
    """A refusal holds as long as a connection."""
    with VenueServer("kraken") as server:
        server.unlist("BTC/USD")
        with listening(hurried("kraken"), server.url) as (session, sink):
            sink.wait_for("refused", "BTC/USD")
            server.list_again("BTC/USD")
            server.drop()
            sink.wait_for("served", "BTC/USD")
            assert session.state.refused == {}


def test_who_is_not_acknowledged_is_asked_for_again() -> None:
    """An answer that got lost, or never came, does not leave a symbol without prices."""
    with VenueServer("kraken") as server:
        server.ignore_requests(1)
        with listening(hurried("kraken"), server.url, timing=IMPATIENT) as (_, sink):
            server.wait_heard("subscribe", times=2)
            sink.wait_for("served", "BTC/USD")
            sink.wait_for("served", "ETH/USD")
            assert server.accepted == 1


@pytest.mark.parametrize(("name", "text"), [("bybit", '{"op":"ping"}'), ("okx", "ping")])
def test_a_venue_that_wants_pings_gets_them(name: str, text: str) -> None:
    """Bybit and OKX end a connection on which nothing is said."""
    venue = hurried(name, ping_seconds=0.02)
    with VenueServer(name) as server, listening(venue, server.url) as (session, _):
        server.wait_heard(text, times=3)
        assert session.state.unknown == {}


def test_a_quiet_venue_is_pinged_and_kept() -> None:
    """A market without trades is no lost connection."""
    venue = hurried("kraken", silence_seconds=2.0, heartbeat_seconds=None)
    with VenueServer("kraken") as server, listening(venue, server.url) as (_, sink):
        server.die_inside()
        server.wait_pinged(3)
        assert sink.of("lost") == []
        assert server.accepted == 1


def test_garbage_is_counted_and_harms_nobody() -> None:
    """What a venue adds to its protocol tomorrow does not end today's session."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url) as news:
        session, sink = news
        server.wait_subscribed("BTC/USD")
        for text in ("{", '{"channel":"ticker"}', '{"channel":"ticker"}', "\x00", "[1]", "7"):
            server.say(text)
        server.trade("BTC/USD", "5")
        sink.wait_for("price BTC/USD", "5")
        assert session.state.unknown["ticker"] == 2
        assert sum(session.state.unknown.values()) == 6
        assert sink.of("lost") == []


def test_kinds_of_unknown_frames_are_bounded() -> None:
    """A metric by kind stays small whatever a venue sends."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url) as news:
        session, sink = news
        server.wait_subscribed("BTC/USD")
        for number in range(100):
            server.say(f'{{"channel":"c{number}"}}')
        server.trade("BTC/USD", "5")
        sink.wait_for("price BTC/USD")
        assert session.state.unknown["other"] == 100 - 32
        assert len(session.state.unknown) == 33


def test_a_trade_that_comes_twice_is_taken_once() -> None:
    """A repeated id is the same trade; an older one that is new goes to the guard, which judges."""
    with VenueServer("binance") as server, listening(hurried("binance"), server.url) as (_, sink):
        server.wait_subscribed("BTCUSDT")
        for price, number in (("1", 7), ("2", 8), ("2", 8), ("1", 7), ("3", 6), ("4", 9)):
            server.trade("BTCUSDT", price, id=number, time_us=number * 1_000_000)
        sink.wait_for("price BTCUSDT", "4")
        assert sink.of("price BTCUSDT") == ["1", "2", "3", "4"]


@pytest.mark.parametrize("name", ["binance", "coinbase"])
def test_a_burst_of_50_000_messages_arrives_whole(name: str) -> None:
    """None is lost, and their order holds."""
    symbol = SYMBOLS[name][0]
    prices = [str(number) for number in range(1, 50_001)]
    with VenueServer(name) as server, listening(hurried(name), server.url) as (_, sink):
        server.wait_subscribed(symbol)
        server.send(trades_of(symbol, prices))
        sink.wait_for(f"price {symbol}", "50000")
        assert sink.of(f"price {symbol}") == prices


def test_a_sink_without_room_blocks_the_venue_and_loses_nothing() -> None:
    """Prices wait in the network while the market catches up; that is no silence."""
    room = threading.Event()
    prices = [str(number) for number in range(1, 5_001)]
    venue = hurried("kraken", silence_seconds=1.5)
    with VenueServer("kraken") as server, listening(venue, server.url) as (_, sink):
        sink.on_prices = lambda: room.wait(2.0)
        server.wait_subscribed("BTC/USD")
        server.send(trades_of("BTC/USD", prices))
        sink.wait_for("price BTC/USD", "1000")
        room.set()
        sink.wait_for("price BTC/USD", "5000")
        assert sink.of("price BTC/USD") == prices
        assert sink.of("lost") == []


def test_a_session_ends_while_it_connects_or_waits() -> None:
    """The service stops in time, whatever the network does."""
    with VenueServer("kraken") as server:
        server.silence(newcomers=True)
        with listening(hurried("kraken"), server.url):
            server.wait_connected()
        server.refuse_connections()
        patient = type(HURRIED)(backoff_first=60.0, look=0.01)
        with listening(hurried("kraken"), server.url, timing=patient) as (_, sink):
            assert "cannot connect" in sink.wait_for("lost")
