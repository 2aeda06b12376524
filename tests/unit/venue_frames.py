"""Frames written from the venues' documentation, and what each says."""

from backstay.feeds.venues.frames import (
    GoingAway,
    Heartbeat,
    Notice,
    Numbered,
    Subscribed,
    SubscriptionRefused,
    Unknown,
)
from tests.unit.documented import T_US, Documented, trades
from tests.unit.venue_frames_bybit_okx import BYBIT, OKX

BINANCE = (
    Documented("binance", "ack", b'{"result":null,"id":1}', (Subscribed(symbol=None),)),
    Documented(
        "binance",
        "refusal",
        b'{"code":2,"msg":"Invalid request: too many parameters","id":1}',
        (SubscriptionRefused(symbol=None, why="Invalid request: too many parameters"),),
    ),
    Documented(
        "binance",
        "refusal inside an error",
        b'{"error":{"code":3,"msg":"Invalid JSON"},"id":null}',
        (SubscriptionRefused(symbol=None, why="Invalid JSON"),),
    ),
    Documented(
        "binance",
        "trade",
        b'{"stream":"ethbtc@trade","data":{"e":"trade","E":1780000000001,"s":"ETHBTC","t":77,'
        b'"p":"0.03120000","q":"1.5","T":1780000000000,"m":false,"M":true}}',
        (trades("ETHBTC", ("0.03120000", T_US, 77)),),
    ),
    Documented(
        "binance",
        "shutdown",
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1780000000000}}',
        (GoingAway(why="Binance sent serverShutdown"),),
    ),
    Documented(
        "binance",
        "shutdown outside a stream",
        b'{"e":"serverShutdown","E":1780000000000}',
        (GoingAway(why="Binance sent serverShutdown"),),
    ),
    Documented(
        "binance",
        "trade without a price",
        b'{"stream":"ethbtc@trade","data":{"e":"trade","s":"ETHBTC","t":77,"T":1780000000000}}',
        (Unknown(kind="odd trade"),),
    ),
    Documented(
        "binance",
        "other stream",
        b'{"stream":"ethbtc@bookTicker","data":{"u":4,"s":"ETHBTC","b":"1","B":"1"}}',
        (Unknown(kind="bookTicker"),),
    ),
)

KRAKEN = (
    Documented(
        "kraken",
        "ack",
        b'{"method":"subscribe","result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},'
        b'"success":true,"time_in":"2026-05-28T20:26:40.1Z","time_out":"2026-05-28T20:26:40.2Z"}',
        (Subscribed(symbol="BTC/USD"),),
    ),
    Documented(
        "kraken",
        "refusal",
        b'{"error":"Currency pair not supported FOO/USD","method":"subscribe","success":false,'
        b'"symbol":"FOO/USD","time_in":"2026-05-28T20:26:40.1Z"}',
        (SubscriptionRefused(symbol="FOO/USD", why="Currency pair not supported FOO/USD"),),
    ),
    Documented(
        "kraken",
        "second subscription",
        b'{"error":"Already subscribed","method":"subscribe","success":false,"symbol":"A/B"}',
        (Subscribed(symbol="A/B"),),
    ),
    Documented(
        "kraken",
        "refusal of all",
        b'{"error":"Malformed request","method":"subscribe","success":false}',
        (SubscriptionRefused(symbol=None, why="Malformed request"),),
    ),
    Documented(
        "kraken",
        "error",
        b'{"error":"Malformed request","method":"error","success":false}',
        (Notice(text="Malformed request", is_error=True),),
    ),
    Documented(
        "kraken",
        "several trades",
        b'{"channel":"trade","type":"update","data":['
        b'{"symbol":"BTC/USD","side":"buy","price":61000.1,"qty":0.5,"ord_type":"limit",'
        b'"trade_id":901,"timestamp":"2026-05-28T20:26:40.000001Z"},'
        b'{"symbol":"SHIB/USD","side":"sell","price":0.00000000910,"qty":1e6,"ord_type":"market",'
        b'"trade_id":5,"timestamp":"2026-05-28T20:26:40.000000Z"},'
        b'{"symbol":"BTC/USD","side":"buy","price":61000,"qty":0.5,"ord_type":"limit",'
        b'"trade_id":902,"timestamp":"2026-05-28T20:26:40.000001Z"}]}',
        (
            trades("SHIB/USD", ("0.00000000910", T_US, 5)),
            trades("BTC/USD", ("61000.1", T_US + 1, 901), ("61000", T_US + 1, 902)),
        ),
    ),
    Documented(
        "kraken",
        "snapshot",
        b'{"channel":"trade","type":"snapshot","data":[{"symbol":"BTC/USD","side":"buy",'
        b'"price":61000.0,"qty":0.5,"ord_type":"limit","trade_id":900,'
        b'"timestamp":"2026-05-28T20:26:40Z"}]}',
        (trades("BTC/USD", ("61000.0", T_US, 900), snapshot=True),),
    ),
    Documented("kraken", "heartbeat", b'{"channel":"heartbeat"}', (Heartbeat(),)),
    Documented("kraken", "pong", b'{"method":"pong","req_id":1}', (Heartbeat(),)),
    Documented(
        "kraken",
        "status",
        b'{"channel":"status","type":"update","data":[{"api_version":"v2",'
        b'"connection_id":12345678901234567890,"system":"online","version":"2.0.9"}]}',
        (Notice(text="Kraken's system is online"),),
    ),
    Documented(
        "kraken",
        "maintenance",
        b'{"channel":"status","type":"update","data":[{"system":"maintenance"}]}',
        (Notice(text="Kraken's system is maintenance", is_error=True),),
    ),
    Documented(
        "kraken",
        "trade without a time",
        b'{"channel":"trade","type":"update","data":[{"symbol":"A/B","price":1,"trade_id":1}]}',
        (Unknown(kind="odd trade"),),
    ),
    Documented("kraken", "version 1", b'{"event":"heartbeat"}', (Unknown(kind="heartbeat"),)),
)

COINBASE = (
    Documented(
        "coinbase",
        "ack",
        b'{"channel":"subscriptions","client_id":"","timestamp":"2026-05-28T20:26:40.123456789Z",'
        b'"sequence_num":1,"events":[{"subscriptions":{"heartbeats":["h"],'
        b'"market_trades":["BTC-USD","ETH-USD"]}}]}',
        (Numbered(number=1), Subscribed(symbol="BTC-USD"), Subscribed(symbol="ETH-USD")),
    ),
    Documented(
        "coinbase",
        "ack of heartbeats",
        b'{"channel":"subscriptions","sequence_num":0,"events":[{"subscriptions":'
        b'{"heartbeats":["h"]}}]}',
        (Numbered(number=0), Notice(text="subscribed to heartbeats")),
    ),
    Documented(
        "coinbase",
        "refusal",
        b'{"type":"error","message":"FOO-USD is not a valid product"}',
        (SubscriptionRefused(symbol="FOO-USD", why="FOO-USD is not a valid product"),),
    ),
    Documented(
        "coinbase",
        "refusal with a reason",
        b'{"type":"error","message":"Failed to subscribe","reason":"FOO-USD is not valid"}',
        (SubscriptionRefused(symbol="FOO-USD", why="Failed to subscribe: FOO-USD is not valid"),),
    ),
    Documented(
        "coinbase",
        "error",
        b'{"type":"error","message":"rate limit exceeded"}',
        (Notice(text="rate limit exceeded", is_error=True),),
    ),
    Documented(
        "coinbase",
        "heartbeat",
        b'{"channel":"heartbeats","client_id":"","timestamp":"2026-05-28T20:26:40Z",'
        b'"sequence_num":9,"events":[{"current_time":"2026-05-28 20:26:40 +0000 UTC",'
        b'"heartbeat_counter":3}]}',
        (Numbered(number=9), Heartbeat()),
    ),
    Documented(
        "coinbase",
        "several trades",
        b'{"channel":"market_trades","client_id":"","timestamp":"2026-05-28T20:26:41Z",'
        b'"sequence_num":7,"events":[{"type":"update","trades":['
        b'{"product_id":"BTC-USD","trade_id":"1000","price":"61000.03","size":"1","side":"BUY",'
        b'"time":"2026-05-28T20:26:40.000002Z"},'
        b'{"product_id":"BTC-USD","trade_id":"999","price":"61000.02","size":"1","side":"BUY",'
        b'"time":"2026-05-28T20:26:40.000002Z"},'
        b'{"product_id":"ETH-USD","trade_id":"12","price":"2500","size":"1","side":"SELL",'
        b'"time":"2026-05-28T20:26:40.000001Z"}]}]}',
        (
            Numbered(number=7),
            trades("ETH-USD", ("2500", T_US + 1, "12")),
            trades("BTC-USD", ("61000.02", T_US + 2, "999"), ("61000.03", T_US + 2, "1000")),
        ),
    ),
    Documented(
        "coinbase",
        "snapshot, newest first",
        b'{"channel":"market_trades","client_id":"","timestamp":"2026-05-28T20:26:41Z",'
        b'"sequence_num":2,"events":[{"type":"snapshot","trades":['
        b'{"product_id":"BTC-USD","trade_id":"3","price":"61000.3","size":"1","side":"BUY",'
        b'"time":"2026-05-28T20:26:40.000009Z"},'
        b'{"product_id":"BTC-USD","trade_id":"2","price":"61000.2","size":"1","side":"BUY",'
        b'"time":"2026-05-28T20:26:40Z"},'
        b'{"product_id":"BTC-USD","trade_id":"1","price":"61000.1","size":"1","side":"BUY",'
        b'"time":"2026-05-28T20:26:40Z"}]}]}',
        (
            Numbered(number=2),
            trades(
                "BTC-USD",
                ("61000.1", T_US, "1"),
                ("61000.2", T_US, "2"),
                ("61000.3", T_US + 9, "3"),
                snapshot=True,
            ),
        ),
    ),
    Documented(
        "coinbase",
        "trade of an odd time",
        b'{"channel":"market_trades","sequence_num":5,"events":[{"type":"update","trades":'
        b'[{"product_id":"A-B","trade_id":"3","price":"1","time":"yesterday"}]}]}',
        (Numbered(number=5), Unknown(kind="odd market_trades")),
    ),
    Documented(
        "coinbase",
        "other channel",
        b'{"channel":"ticker","sequence_num":3,"events":[]}',
        (Numbered(number=3), Unknown(kind="ticker")),
    ),
)

FRAMES = (*BINANCE, *KRAKEN, *COINBASE, *BYBIT, *OKX)
