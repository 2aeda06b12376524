"""What is sent to the venues: the requests that their documentation asks for."""

import json

import pytest

from backstay.feeds.venues.frames import Decoded, Heartbeat, Subscribed
from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.venue import Venue
from tests.unit.venue_frames import FRAMES

TRADE = {"channel": "trade", "symbol": ["BTC/USD", "ETH/USD"]}


@pytest.mark.parametrize(
    ("venue", "symbols", "subscribe"),
    [
        (
            "binance",
            ["BTCUSDT", "ETHUSDT"],
            [{"method": "SUBSCRIBE", "params": ["btcusdt@trade", "ethusdt@trade"], "id": 1}],
        ),
        (
            "kraken",
            ["BTC/USD", "ETH/USD"],
            [{"method": "subscribe", "params": {**TRADE, "snapshot": True}}],
        ),
        (
            "coinbase",
            ["BTC-USD"],
            [
                {"type": "subscribe", "channel": "heartbeats"},
                {"type": "subscribe", "channel": "market_trades", "product_ids": ["BTC-USD"]},
            ],
        ),
        (
            "bybit",
            ["BTCUSDT"],
            [{"op": "subscribe", "req_id": "BTCUSDT", "args": ["publicTrade.BTCUSDT"]}],
        ),
        (
            "okx",
            ["BTC-USDT"],
            [{"op": "subscribe", "args": [{"channel": "trades", "instId": "BTC-USDT"}]}],
        ),
    ],
)
def test_requests_are_those_of_the_documentation(
    venue: str, symbols: list[str], subscribe: list[object]
) -> None:
    """The venue's own words, in its own spelling."""
    assert [json.loads(text) for text in VENUES[venue].subscribe(symbols)] == subscribe


def test_a_gap_is_filled_by_two_requests_however_many_symbols_are_served() -> None:
    """At the venue's rate 200 symbols one by one would take longer than prices can be held back."""
    symbols = [f"A{number}-USD" for number in range(200)]
    resubscribe = VENUES["coinbase"].resubscribe
    assert resubscribe is not None
    assert [json.loads(text) for text in resubscribe(symbols)] == [
        {"type": kind, "channel": "market_trades", "product_ids": symbols}
        for kind in ("unsubscribe", "subscribe")
    ]


@pytest.mark.parametrize("venue", ["coinbase", "bybit", "okx"])
def test_a_venue_that_may_refuse_a_whole_request_is_asked_symbol_by_symbol(venue: str) -> None:
    """A refused symbol takes no other with it."""
    symbols = ["A", "B", "C"]
    asked = [text for text in VENUES[venue].subscribe(symbols) if "heartbeats" not in text]
    assert [sum(f'"{s}"' in text or f".{s}" in text for s in symbols) for text in asked] == [1] * 3


@pytest.mark.parametrize("venue", VENUES.values(), ids=list(VENUES))
def test_silence_is_longer_than_what_breaks_it(venue: Venue) -> None:
    """One lost ping does not end a connection, and rates stay below what the venues allow."""
    if venue.ping is not None:
        assert venue.silence_seconds > venue.ping_seconds
    assert venue.messages_per_second <= 4
    assert venue.connect_seconds_min >= 1
    assert venue.url.startswith("wss://")


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_has_a_frame_for_an_ack_and_for_a_sign_of_life(venue: str) -> None:
    """Each documented kind that a session waits for is among the documented frames."""
    said: list[Decoded] = [
        each for documented in FRAMES if documented.venue == venue for each in documented.says
    ]
    assert any(isinstance(each, Subscribed) for each in said)
    # Binance's sign of life is a ping frame of the WebSocket protocol.
    assert venue == "binance" or Heartbeat() in said
