"""The recordings of `../shared/data/ws`, where they are, go through the venues' decoders."""

import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard

from backstay.feeds.venues.frames import Decoded, Heartbeat, Notice, Subscribed, Trades, Unknown
from backstay.feeds.venues.registry import VENUES

CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "ws"

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"no recorded frames in {CAPTURES}")

BINANCE = "binance_spot_btcusdt_20240808.nsjson.gz"
BYBIT = "cryptofeed_v3_BYBIT_2026-08-09.jsonl.zst"
KRAKEN = "kraken_v2_single_frames.jsonl"

Row = tuple[str, int, str, int | str]


def decoded(venue: str, frames: Iterable[bytes]) -> Iterator[Decoded]:
    for frame in frames:
        yield from VENUES[venue].decode(frame)


def counts(said: Iterable[Decoded]) -> Counter[str]:
    """How many of each kind: trades by what they hold, the unknown by their names."""
    found: Counter[str] = Counter()
    for each in said:
        match each:
            case Trades():
                found["Trades"] += len(each.prices)
            case Unknown():
                found[each.kind] += 1
            case _:
                found[type(each).__name__] += 1
    return found


def rows(said: Iterable[Decoded]) -> Iterator[Row]:
    """Symbol, time, price to the last digit, and id of every trade."""
    for each in said:
        if isinstance(each, Trades):
            for time_us, price, trade_id in zip(each.times_us, each.prices, each.ids, strict=True):
                yield each.symbol, time_us, str(price), trade_id


def binance_frames() -> list[bytes]:
    with gzip.open(CAPTURES / BINANCE) as file:
        return [line.partition(b" ")[2] for line in file]


def bybit_frames() -> dict[str, list[bytes]]:
    """What each connection received, by the last part of its address."""
    received: dict[str, list[bytes]] = {}
    kinds: dict[str, str] = {}
    with (CAPTURES / BYBIT).open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            entry = json.loads(line)
            if entry["t"] == "connect":
                kinds[entry["conn"]] = entry["addr"].rpartition("/")[2]
            if entry["t"] == "recv":
                received.setdefault(kinds[entry["conn"]], []).append(entry["data"].encode())
    return received


def cryptofeed_frames(name: str) -> list[bytes]:
    """What was received: `seconds: JSON`, where a sent line begins with its address."""
    lines = (CAPTURES / name).read_bytes().splitlines()
    return [line.partition(b": ")[2] for line in lines if line and not line.startswith(b"wss:")]


def exact(frame: bytes) -> object:
    """The frame as the standard library reads it, with decimals for its numbers."""
    return json.loads(frame, parse_float=Decimal, parse_int=Decimal)


def test_the_binance_capture_gives_its_readmes_counts_and_prices() -> None:
    """9,757 trades, digit for digit, and everything else counted by its name."""
    frames = binance_frames()
    said = list(decoded("binance", frames))
    assert counts(said) == {
        "Trades": 9_757,
        "bookTicker": 28_040,
        "depthUpdate": 3_451,
        "object": 1,
    }
    expected = [
        (data["s"], int(data["T"]) * 1000, data["p"], int(data["t"]))
        for data in (json.loads(frame)["data"] for frame in frames if b"@trade" in frame)
    ]
    assert list(rows(said)) == expected


def test_the_bybit_capture_tells_spot_from_perpetual_by_its_connection() -> None:
    """347 trades and 24 acks of one symbol's two markets, each at its own address."""
    received = bybit_frames()
    said = {kind: list(decoded("bybit", frames)) for kind, frames in received.items()}
    found = {kind: counts(each) for kind, each in said.items()}
    assert {kind: (each["Trades"], each["Subscribed"]) for kind, each in found.items()} == {
        "linear": (327, 17),
        "spot": (20, 7),
    }
    assert sum(each["tickers"] for each in found.values()) == 839
    assert set(found["linear"] + found["spot"]) == {
        "Trades",
        "Subscribed",
        "orderbook",
        "tickers",
        "kline",
    }
    for kind, frames in received.items():
        expected = [
            (row["s"], row["T"] * 1000, row["p"], row["i"])
            for frame in frames
            if b'"publicTrade.' in frame
            for row in json.loads(frame)["data"]
        ]
        assert list(rows(said[kind])) == expected


def test_the_kraken_frames_are_understood() -> None:
    """Status, ack, heartbeat and a trade whose price is a JSON number; tickers are unknown."""
    frames = (CAPTURES / KRAKEN).read_bytes().splitlines()
    said = list(decoded("kraken", frames))
    status, ack, heartbeat, trades, *others = said
    assert status == Notice(text="Kraken's system is online")
    assert ack == Subscribed(symbol="BTC/USD")
    assert heartbeat == Heartbeat()
    assert others == [Unknown(kind="ticker")] * 3
    match exact(frames[3]):
        case {"data": [{"price": Decimal() as price, "trade_id": Decimal() as trade_id}]}:
            assert list(rows([trades])) == [
                ("BTC/USD", 1_722_114_960_512_060, str(price), int(trade_id))
            ]
        case other:
            pytest.fail(f"no trade: {other}")


@pytest.mark.parametrize(
    ("venue", "name", "expected"),
    [
        (
            "binance",
            "cryptofeed_BINANCE.ws.1.0",
            {"depthUpdate": 177, "bookTicker": 84, "aggTrade": 2, "kline": 2},
        ),
        (
            "kraken",
            "cryptofeed_KRAKEN.ws.48.0",
            {"heartbeat": 30, "subscriptionStatus": 10, "array": 8, "systemStatus": 1},
        ),
        (
            "kraken",
            "cryptofeed_KRAKEN.ws.49.0",
            {"heartbeat": 31, "subscriptionStatus": 10, "array": 18, "systemStatus": 1},
        ),
        (
            "coinbase",
            "cryptofeed_COINBASE.ws.28.0",
            {
                "l2update": 9_719,
                "ticker": 107,
                "match": 97,
                "snapshot": 10,
                "last_match": 10,
                "subscriptions": 3,
            },
        ),
    ],
)
def test_a_venues_older_protocol_is_counted_as_unknown(
    venue: str, name: str, expected: dict[str, int]
) -> None:
    """Nothing of it is taken for a trade, and nothing raises."""
    assert counts(decoded(venue, cryptofeed_frames(name))) == expected


@pytest.mark.parametrize("venue", VENUES)
def test_another_venues_protocol_is_unknown_to_everybody(venue: str) -> None:
    """Bitstamp's frames, its trades included, are no decoder's."""
    frames = cryptofeed_frames("cryptofeed_BITSTAMP.ws.1.0")
    said = list(decoded(venue, frames))
    assert len(said) == len(frames) == 747
    assert all(isinstance(each, Unknown) for each in said)
