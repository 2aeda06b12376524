"""Frames written from the documentation of Bybit and OKX."""

from backstay.feeds.venues.frames import (
    GoingAway,
    Heartbeat,
    Notice,
    Subscribed,
    SubscriptionRefused,
    Unknown,
)
from tests.unit.documented import T_US, Documented, trades

BYBIT = (
    Documented(
        "bybit",
        "ack",
        b'{"success":true,"ret_msg":"subscribe","conn_id":"c1","req_id":"BTCUSDT",'
        b'"op":"subscribe"}',
        (Subscribed(symbol="BTCUSDT"),),
    ),
    Documented(
        "bybit",
        "ack without an id",
        b'{"success":true,"ret_msg":"","conn_id":"c1","req_id":"","op":"subscribe"}',
        (Subscribed(symbol=None),),
    ),
    Documented(
        "bybit",
        "refusal",
        b'{"success":false,"ret_msg":"error:handler not found,topic:publicTrade.FOOUSDT",'
        b'"conn_id":"c1","req_id":"","op":"subscribe"}',
        (
            SubscriptionRefused(
                symbol="FOOUSDT", why="error:handler not found,topic:publicTrade.FOOUSDT"
            ),
        ),
    ),
    Documented(
        "bybit",
        "refusal of a spot symbol",
        b'{"success":false,"ret_msg":"Invalid symbol :[publicTrade.FOOUSDT]","op":"subscribe"}',
        (SubscriptionRefused(symbol="FOOUSDT", why="Invalid symbol :[publicTrade.FOOUSDT]"),),
    ),
    Documented(
        "bybit",
        "refusal told by its id",
        b'{"success":false,"ret_msg":"args size >10","req_id":"FOOUSDT","op":"subscribe"}',
        (SubscriptionRefused(symbol="FOOUSDT", why="args size >10"),),
    ),
    Documented(
        "bybit",
        "second subscription",
        b'{"success":false,"ret_msg":"error:already subscribed,topic:publicTrade.BTCUSDT",'
        b'"op":"subscribe"}',
        (Subscribed(symbol="BTCUSDT"),),
    ),
    Documented(
        "bybit",
        "error",
        b'{"success":false,"ret_msg":"Request not authorized","conn_id":"c1","op":""}',
        (Notice(text="Request not authorized", is_error=True),),
    ),
    Documented(
        "bybit",
        "pong",
        b'{"success":true,"ret_msg":"pong","conn_id":"c1","req_id":"","op":"ping"}',
        (Heartbeat(),),
    ),
    Documented(
        "bybit",
        "pong of other channels",
        b'{"op":"pong","args":["1780000000000"],"conn_id":"c1"}',
        (Heartbeat(),),
    ),
    Documented(
        "bybit",
        "several trades",
        b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1780000000009,"data":['
        b'{"T":1780000000000,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"61000.50","L":"PlusTick",'
        b'"i":"2290000000000000001","BT":false,"RPI":false,"seq":10},'
        b'{"T":1780000000000,"s":"BTCUSDT","S":"Buy","v":"0.002","p":"61000.60","L":"PlusTick",'
        b'"i":"2290000000000000000","BT":false,"RPI":false,"seq":11}]}',
        (
            trades(
                "BTCUSDT",
                ("61000.50", T_US, "2290000000000000001"),
                ("61000.60", T_US, "2290000000000000000"),
            ),
        ),
    ),
    Documented(
        "bybit",
        "trade without an id",
        b'{"topic":"publicTrade.A","data":[{"T":1780000000000,"s":"A","p":"1"}]}',
        (Unknown(kind="odd trade"),),
    ),
    Documented(
        "bybit",
        "other topic",
        b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT"},"ts":1}',
        (Unknown(kind="tickers"),),
    ),
)

OKX = (
    Documented(
        "okx",
        "ack",
        b'{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"c1"}',
        (Subscribed(symbol="BTC-USDT"),),
    ),
    Documented(
        "okx",
        "refusal of an unknown instrument",
        b'{"event":"error","code":"60018","msg":"Wrong URL or channel:trades,instId:FOO-USDT '
        b'doesn\'t exist. Please use the correct URL, channel and parameters.","connId":"c1"}',
        (
            SubscriptionRefused(
                symbol="FOO-USDT",
                why="Wrong URL or channel:trades,instId:FOO-USDT doesn't exist. Please use the"
                " correct URL, channel and parameters. (code 60018)",
            ),
        ),
    ),
    Documented(
        "okx",
        "refusal of a request",
        b'{"event":"error","code":"60012","msg":"Invalid request: {\\"op\\": \\"subscribe\\", '
        b'\\"args\\":[{ \\"channel\\" : \\"trades\\", \\"instId\\" : \\"BTC-USDT\\"}]}"}',
        (
            SubscriptionRefused(
                symbol="BTC-USDT",
                why='Invalid request: {"op": "subscribe", "args":[{ "channel" : "trades",'
                ' "instId" : "BTC-USDT"}]} (code 60012)',
            ),
        ),
    ),
    Documented(
        "okx",
        "refusal without a symbol",
        b'{"event":"error","code":"60012","msg":"Invalid request","connId":"c1"}',
        (SubscriptionRefused(symbol=None, why="Invalid request (code 60012)"),),
    ),
    Documented(
        "okx",
        "error",
        b'{"event":"error","code":"60014","msg":"Requests too frequent","connId":"c1"}',
        (Notice(text="Requests too frequent (code 60014)", is_error=True),),
    ),
    Documented(
        "okx",
        "service upgrade",
        b'{"event":"notice","code":"64008","msg":"Closed soon for a service upgrade."}',
        (GoingAway(why="Closed soon for a service upgrade."),),
    ),
    Documented(
        "okx",
        "connection count",
        b'{"event":"channel-conn-count","channel":"trades","connCount":"2","connId":"c1"}',
        (Notice(text="the channel's connections were counted"),),
    ),
    Documented("okx", "pong", b"pong", (Heartbeat(),)),
    Documented(
        "okx",
        "several trades",
        b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":['
        b'{"instId":"BTC-USDT","tradeId":"502","px":"61000.2","sz":"1","side":"buy",'
        b'"ts":"1780000000001","count":"3","source":"0","seqId":8},'
        b'{"instId":"BTC-USDT","tradeId":"501","px":"61000.1","sz":"1","side":"buy",'
        b'"ts":"1780000000000","count":"1","source":"0","seqId":7}]}',
        (trades("BTC-USDT", ("61000.1", T_US, "501"), ("61000.2", T_US + 1000, "502")),),
    ),
    Documented(
        "okx",
        "trade without an id",
        b'{"arg":{"channel":"trades","instId":"A-B"},"data":[{"instId":"A-B","px":"1","ts":"1"}]}',
        (Unknown(kind="odd trade"),),
    ),
    Documented(
        "okx",
        "other channel",
        b'{"arg":{"channel":"tickers","instId":"A-B"},"data":[{"instId":"A-B","last":"1"}]}',
        (Unknown(kind="tickers"),),
    ),
)
