"""Kraken spot, version 2 of its WebSocket API: the channel `trade`.

https://docs.kraken.com/api/docs/websocket-v2/trade
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from backstay.feeds.venues.decoding import UNREADABLE, Moment, parsed, trades_of, unknown
from backstay.feeds.venues.frames import Decoded, Heartbeat, Notice, Subscribed, SubscriptionRefused
from backstay.feeds.venues.venue import Venue
from trading.times import microseconds


class _Trade(msgspec.Struct, gc=False):
    symbol: str
    price: Decimal  # a JSON number, which msgspec reads digit by digit for a Decimal
    trade_id: int
    timestamp: Moment


class _Trades(msgspec.Struct, gc=False, tag_field="channel", tag="trade"):
    type: Literal["snapshot", "update"]
    data: list[_Trade]


_TRADES = msgspec.json.Decoder(_Trades)


def decode(frame: bytes) -> Sequence[Decoded]:
    """The contents of a frame; raises nothing."""
    try:
        trades = _TRADES.decode(frame)
    except UNREADABLE:
        return [_other(frame)]
    return trades_of(
        [(microseconds(row.timestamp), row.symbol, row.price, row.trade_id) for row in trades.data],
        snapshot=trades.type == "snapshot",
    )


def _other(frame: bytes) -> Decoded:
    match message := parsed(frame):
        case {"channel": "heartbeat"} | {"method": "pong"}:
            return Heartbeat()
        case {"method": "subscribe", "success": True, "result": {"symbol": str(symbol)}}:
            return Subscribed(symbol=symbol)
        case {"method": "subscribe", "error": str(why), "symbol": str(symbol)}:
            if why == "Already subscribed":
                return Subscribed(symbol=symbol)
            return SubscriptionRefused(symbol=symbol, why=why)
        case {"method": "subscribe", "error": str(why)}:
            return SubscriptionRefused(symbol=None, why=why)
        case {"error": str(why)}:
            return Notice(text=why, is_error=True)
        case {"channel": "status", "data": [{"system": str(system)}, *_]}:
            return Notice(text=f"Kraken's system is {system}", is_error=system != "online")
        case {"channel": "trade"}:
            return unknown("odd trade")
        case {"channel": str(kind)} | {"event": str(kind)} | {"method": str(kind)}:
            return unknown(kind)
    return unknown(message)


def _subscribe(symbols: Sequence[str]) -> list[str]:
    if not symbols:
        return []
    # The snapshot has the last trades, so that a quiet market has a price at once.
    params = {"channel": "trade", "symbol": list(symbols), "snapshot": True}
    return [msgspec.json.encode({"method": "subscribe", "params": params}).decode()]


KRAKEN = Venue(
    name="kraken",
    url="wss://ws.kraken.com/v2",
    decode=decode,
    spell=lambda base, quote: f"{base}/{quote}",
    # One request: the venue answers it symbol by symbol.
    subscribe=_subscribe,
    # A heartbeat comes every second in which nothing else does.
    silence_seconds=10.0,
    heartbeat_seconds=10.0,
    # About 150 connections in 10 minutes are allowed.
    connect_seconds_min=5.0,
)
