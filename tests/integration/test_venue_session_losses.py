"""A session whose connections are lost, in every way there is, against a local server."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import pytest

from backstay.feeds.venues.connection import MESSAGE_BYTES_MAX
from backstay.feeds.venues.link import Timing
from harness.venues.listening import IMPATIENT, SYMBOLS, WAIT_SECONDS, hurried, listening
from harness.venues.server import VenueServer

Misbehaviour = Callable[[VenueServer], None]
LOSSES: dict[str, tuple[Misbehaviour, str]] = {
    "reset": (lambda server: server.drop(), "reset"),
    "plain FIN": (lambda server: server.drop(reset=False), "without a close frame"),
    "close frame": (lambda server: server.close(1001, "going home"), "1001 going home"),
    "close without a code": (lambda server: server.send_bytes(b"\x88\x00"), "without a code"),
    "empty frame": (lambda server: server.say(""), "empty frame"),
    "no frame": (lambda server: server.send_bytes(b"\xf1\x02ab"), "rsv"),
}


class EndlessGreeting:
    """A server that answers every client with headers until the client has gone."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._given_up = threading.Semaphore(0)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait_given_up(self, clients: int) -> None:
        """Wait until so many clients have closed their connections."""
        for _ in range(clients):
            assert self._given_up.acquire(timeout=WAIT_SECONDS)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._greet, args=(sock,), daemon=True).start()

    def _greet(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n")
            while True:
                sock.sendall(b"X-More: to come\r\n")
        self._given_up.release()


@pytest.mark.parametrize("name", ["kraken", "binance"])
@pytest.mark.parametrize("loss", LOSSES)
def test_after_a_loss_everything_is_subscribed_again(name: str, loss: str) -> None:
    """The loss is told with its reason after the prices before it, and before those after it."""
    misbehave, reason = LOSSES[loss]
    symbol = SYMBOLS[name][0]
    with VenueServer(name) as server, listening(hurried(name), server.url) as (session, sink):
        server.wait_subscribed(*SYMBOLS[name])
        server.trade(symbol, "1")
        misbehave(server)
        assert reason in sink.wait_for("lost")
        sink.wait_for("served", symbol, times=2)
        server.trade(symbol, "2")
        sink.wait_for(f"price {symbol}", "2")
        news = [kind for kind, what in sink.news if symbol in kind or kind == "lost"]
        # Kraken's snapshot says that the last price is the present one still.
        after = 2 if name == "kraken" else 1
        assert news == [f"price {symbol}", "lost", *[f"price {symbol}"] * after]
        assert len(sink.of("served")) == 4
        assert session.state.reconnects == 1
        assert session.state.why_lost is None


@pytest.mark.parametrize("name", SYMBOLS)
def test_a_half_open_connection_is_given_up(name: str) -> None:
    """A venue that says nothing, not even to a ping, is lost, though no packet tells so."""
    venue = hurried(name, silence_seconds=0.15, ping_seconds=0.05)
    with VenueServer(name) as server, listening(venue, server.url) as (_, sink):
        server.wait_subscribed(*SYMBOLS[name])
        server.silence()
        assert sink.wait_for("lost") == "nothing was heard for 0.15 s"
        server.wait_subscribed(*SYMBOLS[name])
        sink.wait_for("served", SYMBOLS[name][0], times=2)


@pytest.mark.parametrize("name", ["kraken", "coinbase"])
def test_a_connection_that_answers_pings_and_sends_no_heartbeat_is_left(name: str) -> None:
    """Its socket lives, and what is behind it does not: no trade would come."""
    venue = hurried(name, silence_seconds=0.3, heartbeat_seconds=2.0)
    with VenueServer(name) as server, listening(venue, server.url) as (session, sink):
        server.wait_subscribed(*SYMBOLS[name])
        server.trade(SYMBOLS[name][0], "1")
        server.die_inside()
        assert sink.wait_for("lost") == "neither a heartbeat nor a trade came for 2 s"
        assert session.state.why_lost is not None or session.state.reconnects > 0
        sink.wait_for("served", SYMBOLS[name][0], times=2)


def test_heartbeats_alone_keep_a_connection() -> None:
    """A market without trades is no dead connection."""
    venue = hurried("kraken", silence_seconds=0.3, heartbeat_seconds=1.5)
    with VenueServer("kraken") as server, listening(venue, server.url) as (session, sink):
        server.wait_subscribed(*SYMBOLS["kraken"])
        server.wait_pinged(8)
        assert sink.of("lost") == []
        assert session.state.reconnects == 0


@pytest.mark.parametrize("name", ["binance", "bybit", "okx"])
def test_a_venue_without_heartbeats_and_trades_is_renewed(name: str) -> None:
    """Beside the old connection, so that nothing is paused or lost if it was only quiet."""
    venue = hurried(name, quiet_seconds=0.3)
    with VenueServer(name) as server, listening(venue, server.url) as (_, sink):
        server.wait_connected(3)
        server.wait_subscribed(*SYMBOLS[name])
        server.trade(SYMBOLS[name][0], "1")
        sink.wait_for(f"price {SYMBOLS[name][0]}", "1")
        assert sink.of("lost") == []


def test_a_server_that_accepts_and_never_answers_is_left() -> None:
    """The handshake has its time limit too."""
    timing = Timing(backoff_first=0.01, connect=0.1, look=0.01)
    with VenueServer("kraken") as server:
        server.silence(newcomers=True)
        with listening(hurried("kraken"), server.url, timing=timing) as (session, sink):
            sink.wait_for("lost")
            assert not session.state.connected
            server.speak()
            sink.wait_for("served", "BTC/USD")
            assert session.state.connected


def test_a_server_that_greets_without_end_is_left_and_costs_no_thread() -> None:
    """A header a moment is an answer that never comes, whatever each read's time limit says."""
    timing = Timing(backoff_first=0.01, connect=0.2, look=0.01)
    with (
        EndlessGreeting() as greeting,
        listening(hurried("kraken"), greeting.url, timing=timing) as (session, sink),
    ):
        assert "not connected within" in sink.wait_for("lost")
        greeting.wait_given_up(2)
        assert not session.state.connected


def test_a_message_without_end_costs_the_connection_and_not_the_session() -> None:
    """It is cut off long before it fills the memory; the next connection serves."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url) as (_, sink):
        server.wait_subscribed("BTC/USD")
        server.send_bytes(b"\x81\x7f" + (2**62).to_bytes(8) + b" " * (MESSAGE_BYTES_MAX + 1))
        assert "more than 4,194,304 bytes" in sink.wait_for("lost")
        sink.wait_for("served", "BTC/USD", times=2)
        server.trade("BTC/USD", "7")
        sink.wait_for("price BTC/USD", "7")


def test_a_refused_connection_is_tried_again_until_it_is_accepted() -> None:
    """A venue that is down for a while is back as soon as it is; the loss is told once."""
    with VenueServer("kraken") as server:
        server.refuse_connections()
        with listening(hurried("kraken"), server.url) as (session, sink):
            assert "refused" in sink.wait_for("lost")
            assert "refused" in (session.state.why_lost or "")
            server.accept_connections()
            sink.wait_for("served", "ETH/USD")
            assert len(sink.of("lost")) == 1


def test_connections_that_prove_nothing_are_begun_ever_more_slowly() -> None:
    """Being accepted is no success: the backoff begins anew only once something is served."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url) as (_, sink):
        server.wait_subscribed(*SYMBOLS["kraken"])
        server.ignore_requests(10_000)
        for times in range(2, 6):
            server.drop()
            server.wait_connected(times)
        assert len(sink.of("lost")) == 1
        server.ignore_requests(0)
        sink.wait_for("served", "BTC/USD", times=2)


def test_a_connection_on_which_nothing_is_acknowledged_is_left() -> None:
    """A venue that lives and does not answer may do so on another connection."""
    with VenueServer("kraken") as server:
        server.ignore_requests(10_000)
        with listening(hurried("kraken"), server.url, timing=IMPATIENT) as (_, sink):
            assert "no symbol was acknowledged" in sink.wait_for("lost")
            server.ignore_requests(0)
            sink.wait_for("served", "BTC/USD")


def test_connections_are_begun_no_faster_than_the_venue_allows() -> None:
    """Whatever the backoff draws, a venue's rule holds."""
    venue = hurried("kraken", connect_seconds_min=2.0)
    with VenueServer("kraken") as server, listening(venue, server.url) as (_, sink):
        server.wait_subscribed("BTC/USD")
        server.drop()
        sink.wait_for("lost")
        with pytest.raises(AssertionError):
            server.wait_for(lambda: server.accepted > 1, "a hasty connection", seconds=0.3)
        sink.wait_for("served", "BTC/USD", times=2)


def test_a_snapshot_after_a_loss_acts_with_its_newest_trade_only() -> None:
    """What was traded while trading was paused reaches no position; the present price does."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url) as (_, sink):
        server.wait_subscribed("BTC/USD")
        server.trade("BTC/USD", "100")
        sink.wait_for("price BTC/USD", "100")
        server.refuse_connections()
        server.drop()
        for price in ("20", "300", "90"):
            server.trade("BTC/USD", price)
        server.accept_connections()
        server.wait_subscribed("BTC/USD")
        server.trade("BTC/USD", "91")
        sink.wait_for("price BTC/USD", "91")
        assert sink.of("price BTC/USD") == ["100", "90", "91"]


def test_a_gap_in_the_sequence_is_filled_in_its_order() -> None:
    """Coinbase numbers its frames: what was lost is asked for again, on the same connection."""
    with VenueServer("coinbase") as server, listening(hurried("coinbase"), server.url) as news:
        session, sink = news
        server.wait_subscribed(*SYMBOLS["coinbase"])
        server.trade("BTC-USD", "100")
        server.trade("BTC-USD", "70", lost=True)
        server.trade("BTC-USD", "101")
        sink.wait_for("price BTC-USD", "101")
        assert sink.of("price BTC-USD") == ["100", "70", "101"]
        server.wait_heard("unsubscribe")
        assert session.state.gaps == 1
        assert server.accepted == 1
        assert sink.of("lost") == []


def test_a_gap_that_no_snapshot_fills_holds_prices_up_for_a_limited_time() -> None:
    """A market does not stand still because a venue does not answer."""
    with (
        VenueServer("coinbase") as server,
        listening(hurried("coinbase"), server.url, timing=IMPATIENT) as news,
    ):
        session, sink = news
        server.wait_subscribed(*SYMBOLS["coinbase"])
        server.ignore_requests(10_000)
        server.heartbeat()
        server.trade("BTC-USD", "70", lost=True)
        server.trade("BTC-USD", "101")
        sink.wait_for("price BTC-USD", "101")
        assert session.state.gaps == 1


@pytest.mark.parametrize("method", ["prices", "served", "lost"])
def test_a_bug_in_the_sink_costs_the_connection_and_not_the_session(
    method: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is logged with its traceback; the thread lives, and tries again."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url) as (_, sink):
        sink.wait_for("served", "BTC/USD")

        def fail(*_: object) -> None:
            monkeypatch.undo()
            raise ZeroDivisionError("planted")

        monkeypatch.setattr(sink, method, fail)
        server.trade("BTC/USD", "1")
        server.drop()
        sink.wait_for("served", "BTC/USD", times=2)
        server.trade("BTC/USD", "2")
        sink.wait_for("price BTC/USD", "2")
    assert "ZeroDivisionError: planted" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["binance", "okx"])
def test_an_announced_shutdown_is_followed_without_a_pause(name: str) -> None:
    """A new connection serves before the old one is let go; no price is missed or taken twice."""
    symbol = SYMBOLS[name][0]
    with VenueServer(name) as server, listening(hurried(name), server.url) as (session, sink):
        server.wait_subscribed(*SYMBOLS[name])
        prices = [str(number) for number in range(1, 201)]
        server.announce_shutdown()
        for price in prices[:100]:
            server.trade(symbol, price)
        server.wait_connected(2)
        for price in prices[100:]:
            server.trade(symbol, price)
        server.wait_for(
            lambda: session.state.reconnects == 1 and len(server.connections()) == 1, "one left"
        )
        server.trade(symbol, "201")
        sink.wait_for(f"price {symbol}", "201")
        assert sink.of(f"price {symbol}") == [*prices, "201"]
        assert sink.of("lost") == []
        assert len(sink.of("served")) == 2


def test_a_connection_is_renewed_before_the_venue_ends_it() -> None:
    """Binance ends every connection after a day; ours are not that old."""
    venue = hurried("binance", renew_seconds=0.2)
    with VenueServer("binance") as server, listening(venue, server.url) as (_, sink):
        server.wait_connected(3)
        server.wait_subscribed("BTCUSDT")
        server.trade("BTCUSDT", "7")
        sink.wait_for("price BTCUSDT", "7")
        assert sink.of("lost") == []


def test_a_renewal_that_fails_is_tried_again_while_the_old_connection_serves() -> None:
    """A venue that takes no new connections is still a venue that serves."""
    venue = hurried("kraken", renew_seconds=0.1)
    with VenueServer("kraken") as server, listening(venue, server.url) as (_, sink):
        server.wait_subscribed("BTC/USD")
        server.refuse_connections()
        server.trade("BTC/USD", "1")
        sink.wait_for("price BTC/USD", "1")
        before = server.accepted
        server.accept_connections()
        server.wait_connected(before + 2)
        server.trade("BTC/USD", "2")
        sink.wait_for("price BTC/USD", "2")
        assert sink.of("lost") == []
