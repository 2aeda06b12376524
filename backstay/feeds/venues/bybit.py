"""Bybit spot, version 5: one `publicTrade.<SYMBOL>` a symbol.

https://bybit-exchange.github.io/docs/v5/websocket/public/trade
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from backstay.feeds.venues.decoding import UNREADABLE, Milliseconds, parsed, trades_of, unknown
from backstay.feeds.venues.frames import Decoded, Heartbeat, Notice, Subscribed, SubscriptionRefused
from backstay.feeds.venues.venue import QUIET_SECONDS, Venue

_TOPIC = "publicTrade."
_NAMED = re.compile(re.escape(_TOPIC) + r"(\w+)")


class _Trade(msgspec.Struct, gc=False):
    s: str
    T: Milliseconds
    p: Decimal
    i: str


class _Trades(msgspec.Struct, gc=False):
    topic: str
    data: list[_Trade]


_TRADES = msgspec.json.Decoder(_Trades)


def decode(frame: bytes) -> Sequence[Decoded]:
    """The contents of a frame; raises nothing."""
    try:
        trades = _TRADES.decode(frame)
    except UNREADABLE:
        return [_other(frame)]
    if not trades.topic.startswith(_TOPIC):
        return [_other(frame)]
    # Its `type` is always `snapshot`, though nothing of the past is sent.
    return trades_of([(row.T * 1000, row.s, row.p, row.i) for row in trades.data])


def _other(frame: bytes) -> Decoded:
    match message := parsed(frame):
        case {"op": "pong"} | {"op": "ping", "ret_msg": "pong"}:
            return Heartbeat()
        case {"op": "subscribe", "success": bool(success), "ret_msg": str(why), **rest}:
            return _answer(success, why, rest.get("req_id"))
        case {"success": False, "ret_msg": str(why)}:
            return Notice(text=why, is_error=True)
        case {"topic": str(topic)}:
            kind = topic.partition(".")[0]
            return unknown("odd trade" if topic.startswith(_TOPIC) else kind)
        case {"op": str(kind)}:
            return unknown(kind)
    return unknown(message)


def _answer(success: bool, why: str, request: object) -> Decoded:
    symbol = request if isinstance(request, str) and request else None
    if named := _NAMED.search(why):
        symbol = named[1]
    if success or "already subscribed" in why:
        return Subscribed(symbol=symbol)
    return SubscriptionRefused(symbol=symbol, why=why)


def _subscribe(symbol: str) -> str:
    # The request's id comes back in its answer, which names the symbol in no other way.
    message = {"op": "subscribe", "req_id": symbol, "args": [_TOPIC + symbol]}
    return msgspec.json.encode(message).decode()


BYBIT = Venue(
    name="bybit",
    url="wss://stream.bybit.com/v5/public/spot",
    decode=decode,
    spell=lambda base, quote: base + quote,
    # One request a symbol, though ten fit into one: an unknown symbol refuses all of a request.
    subscribe=lambda symbols: [_subscribe(symbol) for symbol in symbols],
    ping='{"op":"ping"}',
    ping_seconds=20.0,
    silence_seconds=30.0,
    quiet_seconds=QUIET_SECONDS,
    # 500 connections in 5 minutes are allowed.
    connect_seconds_min=1.0,
)
