"""Coinbase Advanced Trade: the channels `market_trades` and `heartbeats`.

https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from backstay.feeds.venues.decoding import UNREADABLE, Moment, parsed, trades_of, unknown
from backstay.feeds.venues.frames import (
    Decoded,
    Heartbeat,
    Notice,
    Numbered,
    Subscribed,
    SubscriptionRefused,
)
from backstay.feeds.venues.venue import Venue
from trading.times import microseconds

_PRODUCT = re.compile(r"\b[A-Z0-9]+-[A-Z0-9]+\b")


class _Trade(msgspec.Struct, gc=False):
    product_id: str
    trade_id: str
    price: Decimal
    time: Moment


class _Event(msgspec.Struct, gc=False):
    type: Literal["snapshot", "update"]
    trades: list[_Trade]


class _MarketTrades(msgspec.Struct, gc=False, tag_field="channel", tag="market_trades"):
    sequence_num: int
    events: list[_Event]


_MARKET_TRADES = msgspec.json.Decoder(_MarketTrades)


def decode(frame: bytes) -> Sequence[Decoded]:
    """The contents of a frame, `Numbered` first; raises nothing."""
    try:
        message = _MARKET_TRADES.decode(frame)
    except UNREADABLE:
        return _other(frame)
    decoded: list[Decoded] = [Numbered(number=message.sequence_num)]
    for event in message.events:
        trades = event.trades
        if len(trades) > 1:
            # A snapshot comes newest first. Ids grow with time, and order the trades of one
            # microsecond.
            trades.sort(key=lambda trade: (trade.time, len(trade.trade_id), trade.trade_id))
        decoded += trades_of(
            [(microseconds(row.time), row.product_id, row.price, row.trade_id) for row in trades],
            snapshot=event.type == "snapshot",
        )
    return decoded


def _other(frame: bytes) -> list[Decoded]:
    message = parsed(frame)
    decoded: list[Decoded] = []
    match message:
        case {"sequence_num": int(number)}:
            decoded = [Numbered(number=number)]
    match message:
        case {"channel": "heartbeats"}:
            decoded.append(Heartbeat())
        case {"channel": "subscriptions", "events": [{"subscriptions": dict(channels)}, *_]}:
            decoded += _subscriptions(channels)
        case {"type": "error", "message": str(what), "reason": str(why)}:
            decoded.append(_error(f"{what}: {why}"))
        case {"type": "error", "message": str(why)}:
            decoded.append(_error(why))
        case {"channel": "market_trades"}:
            decoded.append(unknown("odd market_trades"))
        case {"channel": str(kind)} | {"type": str(kind)}:
            decoded.append(unknown(kind))
        case _:
            decoded.append(unknown(message))
    return decoded


def _subscriptions(channels: dict[str, object]) -> list[Decoded]:
    # Each answer lists all subscriptions so far, not only those of the last request.
    match channels:
        case {"market_trades": [str(), *_] as symbols}:
            return [Subscribed(symbol=str(symbol)) for symbol in symbols]
    return [Notice(text=f"subscribed to {', '.join(channels) or 'nothing'}")]


def _error(why: str) -> Decoded:
    if product := _PRODUCT.search(why):
        return SubscriptionRefused(symbol=product[0], why=why)
    return Notice(text=why, is_error=True)


def _request(kind: str, symbols: Sequence[str]) -> str:
    message = {"type": kind, "channel": "market_trades", "product_ids": symbols}
    return msgspec.json.encode(message).decode()


def _subscribe(symbols: Sequence[str]) -> list[str]:
    # The heartbeats come first: a connection without a subscription ends after 5 s. Then one
    # request a product, so that a refusal affects no other product.
    heartbeats = msgspec.json.encode({"type": "subscribe", "channel": "heartbeats"}).decode()
    return [heartbeats, *(_request("subscribe", [symbol]) for symbol in symbols)]


COINBASE = Venue(
    name="coinbase",
    url="wss://advanced-trade-ws.coinbase.com",
    decode=decode,
    spell=lambda base, quote: f"{base}-{quote}",
    subscribe=_subscribe,
    # Whatever is served is a product: all of them fit into one request.
    resubscribe=lambda symbols: [_request("unsubscribe", symbols), _request("subscribe", symbols)],
    # Heartbeats come every second.
    silence_seconds=10.0,
    heartbeat_seconds=10.0,
    # 8 a second are allowed for an address, which other programs may share.
    messages_per_second=4.0,
)
