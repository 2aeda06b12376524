"""OKX spot, version 5: the channel `trades`.

https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-trades-channel
"""

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from backstay.feeds.venues.decoding import UNREADABLE, Milliseconds, parsed, trades_of, unknown
from backstay.feeds.venues.frames import (
    Decoded,
    GoingAway,
    Heartbeat,
    Notice,
    Subscribed,
    SubscriptionRefused,
)
from backstay.feeds.venues.venue import QUIET_SECONDS, Venue

_SERVICE_UPGRADE = "64008"
# A request that is malformed, and a channel or an instrument that does not exist.
_REFUSALS = {"60012", "60018"}
_NAMED = re.compile(r"instId\W+([A-Z0-9]+(?:-[A-Z0-9]+)+)")


class _Arg(msgspec.Struct, gc=False, tag_field="channel", tag="trades"):
    pass


class _Trade(msgspec.Struct, gc=False, rename="camel"):
    inst_id: str
    trade_id: str
    px: Decimal
    ts: Milliseconds


class _Trades(msgspec.Struct, gc=False):
    arg: _Arg
    data: list[_Trade]


# Not strict, because the venue quotes its integers.
_TRADES = msgspec.json.Decoder(_Trades, strict=False)


def decode(frame: bytes) -> Sequence[Decoded]:
    """The contents of a frame; raises nothing."""
    try:
        trades = _TRADES.decode(frame)
    except UNREADABLE:
        return [_other(frame)]
    return trades_of([(row.ts * 1000, row.inst_id, row.px, row.trade_id) for row in trades.data])


def _other(frame: bytes) -> Decoded:
    if frame == b"pong":
        return Heartbeat()
    match message := parsed(frame):
        case {"event": "subscribe", "arg": {"instId": str(symbol)}}:
            return Subscribed(symbol=symbol)
        case {"event": "error", "code": str(code), "msg": str(why)}:
            return _error(code, why)
        case {"event": "notice", "code": code, "msg": str(why)}:
            return GoingAway(why=why) if code == _SERVICE_UPGRADE else Notice(text=why)
        case {"event": "channel-conn-count-error"}:
            return Notice(text="too many connections for the channel", is_error=True)
        case {"event": "channel-conn-count"}:
            return Notice(text="the channel's connections were counted")
        case {"arg": {"channel": "trades"}}:
            return unknown("odd trade")
        case {"arg": {"channel": str(kind)}} | {"event": str(kind)}:
            return unknown(kind)
    return unknown(message)


def _error(code: str, why: str) -> Decoded:
    text = f"{why} (code {code})"
    if named := _NAMED.search(why):
        return SubscriptionRefused(symbol=named[1], why=text)
    if code in _REFUSALS:
        return SubscriptionRefused(symbol=None, why=text)
    return Notice(text=text, is_error=True)


def _subscribe(symbol: str) -> str:
    message = {"op": "subscribe", "args": [{"channel": "trades", "instId": symbol}]}
    return msgspec.json.encode(message).decode()


OKX = Venue(
    name="okx",
    url="wss://ws.okx.com:8443/ws/v5/public",
    decode=decode,
    spell=lambda base, quote: f"{base}-{quote}",
    # One request a symbol, so that a refusal affects no other symbol.
    subscribe=lambda symbols: [_subscribe(symbol) for symbol in symbols],
    # The venue ends a connection on which nothing was sent for 30 s.
    ping="ping",
    ping_seconds=15.0,
    silence_seconds=25.0,
    quiet_seconds=QUIET_SECONDS,
    # 3 connections a second are allowed.
    connect_seconds_min=1.0,
)
