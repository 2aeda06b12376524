"""The five venues' public trade streams, as they are documented."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from harness.venues.speaker import Speaker, Trade, iso_time, number, text_of


class Binance(Speaker):
    """Binance spot, combined streams; a stream of an unknown symbol is taken, and stays empty."""

    path = "/stream"
    going_away = '{"e":"serverShutdown","E":1770123456789}'

    def hear(self, text: str) -> list[str]:
        """Take or end streams; a name that is not a trade stream is an invalid request."""
        asked = msgspec.json.decode(text)
        symbols = []
        for stream in asked["params"]:
            symbol, _, kind = stream.partition("@")
            if kind != "trade" or not symbol.isalnum() or not symbol.islower():
                error = {"code": 2, "msg": f"Invalid request: invalid stream {stream}"}
                return [text_of({"error": error, "id": asked["id"]})]
            symbols.append(symbol.upper())
        if asked["method"] == "SUBSCRIBE":
            self.subscribed |= dict.fromkeys(symbols)
        else:
            self.end(symbols)
        return [text_of({"result": None, "id": asked["id"]})]

    def trades(self, trades: Sequence[Trade]) -> str:
        """A frame of one trade, which is all that Binance sends at once."""
        (trade,) = trades
        time_ms = trade.time_us // 1000
        data = {
            "e": "trade",
            "E": time_ms,
            "s": trade.symbol,
            "t": trade.id,
            "p": trade.price,
            "q": "0.01000000",
            "T": time_ms,
            "m": False,
            "M": True,
        }
        return text_of({"stream": f"{trade.symbol.lower()}@trade", "data": data})


class Kraken(Speaker):
    """Kraken's WebSocket API v2: an answer and a snapshot a symbol."""

    path = "/v2"

    def greeting(self) -> list[str]:
        """Tell that the system is online."""
        data = [{"version": "2.0.0", "system": "online", "api_version": "v2", "connection_id": 7}]
        return [text_of({"channel": "status", "type": "update", "data": data})]

    def hear(self, text: str) -> list[str]:
        """Answer each symbol for itself."""
        asked = msgspec.json.decode(text)
        method = asked["method"]
        times = {"time_in": "2023-09-25T09:04:31.742599Z", "time_out": "2023-09-25T09:04:31.7426Z"}
        if method == "ping":
            return [text_of({"method": "pong", **times})]
        answers: list[str] = []
        for symbol in asked["params"]["symbol"]:
            head: dict[str, Any] = {"method": method}
            if "req_id" in asked:
                head["req_id"] = asked["req_id"]
            error = None
            if not self.listed(symbol):
                error = f"Currency pair not supported {symbol}"
            elif method == "subscribe" and symbol in self.subscribed:
                error = "Already subscribed"
            if error:
                answers.append(
                    text_of({**head, "error": error, "success": False, "symbol": symbol, **times})
                )
                continue
            result = {"channel": "trade", "snapshot": True, "symbol": symbol}
            answers.append(text_of({**head, "result": result, "success": True, **times}))
            if method == "unsubscribe":
                self.end([symbol])
                continue
            self.subscribed[symbol] = None
            if past := self.past(symbol):
                answers.append(self._trades(past, "snapshot"))
        return answers

    def trades(self, trades: Sequence[Trade]) -> str:
        """An update."""
        return self._trades(trades, "update")

    def heartbeat(self) -> str:
        """One a second where nothing else is said."""
        return '{"channel":"heartbeat"}'

    def _trades(self, trades: Sequence[Trade], kind: str) -> str:
        data = [
            {
                "symbol": trade.symbol,
                "side": "buy",
                "price": number(trade.price),
                "qty": number("0.01"),
                "ord_type": "market",
                "trade_id": trade.id,
                "timestamp": iso_time(trade.time_us),
            }
            for trade in trades
        ]
        return text_of({"channel": "trade", "type": kind, "data": data})


class Coinbase(Speaker):
    """Coinbase Advanced Trade: numbered frames, newest trades first."""

    path = "/"

    def __init__(
        self, listed: Callable[[str], bool], past: Callable[[str], Sequence[Trade]]
    ) -> None:
        super().__init__(listed, past)
        self._number = -1
        self._heartbeats = False
        self._counter = 0

    def hear(self, text: str) -> list[str]:
        """Snapshots of what is new, then a list of all that is subscribed."""
        asked = msgspec.json.decode(text)
        symbols: list[str] = asked.get("product_ids", [])
        unknown = [symbol for symbol in symbols if not self.listed(symbol)]
        if unknown:
            return [text_of({"type": "error", "message": f"{unknown[0]} is not a valid product"})]
        answers = []
        if asked["channel"] == "heartbeats":
            self._heartbeats = asked["type"] == "subscribe"
        elif asked["type"] == "unsubscribe":
            self.end(symbols or list(self.subscribed))
        else:
            for symbol in symbols:
                self.subscribed[symbol] = None
                if past := self.past(symbol):
                    answers.append(self._trades(past, "snapshot"))
        channels: dict[str, list[str]] = {}
        if self._heartbeats:
            channels["heartbeats"] = ["heartbeats"]
        if self.subscribed:
            channels["market_trades"] = list(self.subscribed)
        answers.append(self._frame("subscriptions", [{"subscriptions": channels}]))
        return answers

    def trades(self, trades: Sequence[Trade]) -> str:
        """An update."""
        return self._trades(trades, "update")

    def heartbeat(self) -> str:
        """One a second on its channel."""
        self._counter += 1
        at = "2023-06-23 20:31:56.121961769 +0000 UTC m=+91717.525857105"
        event = {"current_time": at, "heartbeat_counter": str(self._counter)}
        return self._frame("heartbeats", [event])

    def _trades(self, trades: Sequence[Trade], kind: str) -> str:
        newest_first = [
            {
                "product_id": trade.symbol,
                "trade_id": str(trade.id),
                "price": trade.price,
                "size": "0.01",
                "time": iso_time(trade.time_us),
                "side": "BUY",
            }
            for trade in reversed(trades)
        ]
        return self._frame("market_trades", [{"type": kind, "trades": newest_first}])

    def _frame(self, channel: str, events: list[Any]) -> str:
        self._number += 1
        return text_of(
            {
                "channel": channel,
                "client_id": "",
                "timestamp": "2023-02-09T20:19:35.39625135Z",
                "sequence_num": self._number,
                "events": events,
            }
        )


class Bybit(Speaker):
    """Bybit v5: one answer a request, which fails as a whole."""

    path = "/v5/public/spot"

    def hear(self, text: str) -> list[str]:
        """Take all topics of a request, or none."""
        asked = msgspec.json.decode(text)
        answer = {"success": True, "ret_msg": asked["op"], "conn_id": "c1", "op": asked["op"]}
        if "req_id" in asked:
            answer["req_id"] = asked["req_id"]
        if asked["op"] == "ping":
            return [text_of(answer | {"ret_msg": "pong"})]
        topics = {topic: topic.removeprefix("publicTrade.") for topic in asked["args"]}
        for topic, symbol in topics.items():
            if not self.listed(symbol):
                why = f"error:handler not found,topic:{topic}"
                return [text_of(answer | {"success": False, "ret_msg": why})]
        if asked["op"] == "subscribe":
            self.subscribed |= dict.fromkeys(topics.values())
        else:
            self.end(list(topics.values()))
        return [text_of(answer)]

    def trades(self, trades: Sequence[Trade]) -> str:
        """A frame, which Bybit calls a snapshot, and which is none."""
        data = [
            {
                "T": trade.time_us // 1000,
                "s": trade.symbol,
                "S": "Buy",
                "v": "0.001",
                "p": trade.price,
                "L": "PlusTick",
                "i": f"{trade.id:08x}-d8dd-5b31-9112-a178eb6023af",
                "BT": False,
            }
            for trade in trades
        ]
        topic = f"publicTrade.{trades[0].symbol}"
        return text_of({"topic": topic, "type": "snapshot", "ts": data[-1]["T"], "data": data})


class Okx(Speaker):
    """OKX v5: an answer an argument, the text `ping`, a notice before an upgrade."""

    path = "/ws/v5/public"
    going_away = (
        '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service'
        ' upgrade. Please reconnect.","connId":"a4d3ae55"}'
    )

    def hear(self, text: str) -> list[str]:
        """Answer each argument for itself; `ping` with `pong`."""
        if text == "ping":
            return ["pong"]
        asked = msgspec.json.decode(text)
        answers = []
        for arg in asked["args"]:
            symbol = arg["instId"]
            if not self.listed(symbol):
                why = f"Wrong URL or channel:trades,instId:{symbol} doesn't exist. Please use the"
                why += " correct URL, channel and parameters referring to API document."
                error = {"event": "error", "code": "60018", "msg": why, "connId": "a4d3ae55"}
                answers.append(text_of(error))
                continue
            if asked["op"] == "subscribe":
                self.subscribed[symbol] = None
            else:
                self.end([symbol])
            answers.append(text_of({"event": asked["op"], "arg": arg, "connId": "a4d3ae55"}))
        return answers

    def trades(self, trades: Sequence[Trade]) -> str:
        """A frame of one trade, or of several of one price and side."""
        data = [
            {
                "instId": trade.symbol,
                "tradeId": str(trade.id),
                "px": trade.price,
                "sz": "0.12060306",
                "side": "buy",
                "ts": str(trade.time_us // 1000),
                "count": "1",
            }
            for trade in trades
        ]
        return text_of({"arg": {"channel": "trades", "instId": trades[0].symbol}, "data": data})


SPEAKERS: dict[str, type[Speaker]] = {
    "binance": Binance,
    "kraken": Kraken,
    "coinbase": Coinbase,
    "bybit": Bybit,
    "okx": Okx,
}
