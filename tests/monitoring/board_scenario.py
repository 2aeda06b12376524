"""A short day of trading that leaves something on every panel, and what the boards show of it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from harness.http_api import Api, until
from harness.service_process import ServiceProcess
from harness.venues.server import VenueServer
from tests.acceptance.house import run_sql
from tests.monitoring.boards import QUERYING, label_values, substituted, variables
from tests.monitoring.processes import Prometheus

ALL = {"job": ".+", "instance": ".+", "account": ".+"}
TIMES = {"__rate_interval": "4s", "__range": "2m"}
TAKEN = 180_000  # a total that is off by this many units of 1e-8

Tiles = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What there is to see afterwards.

    `tiles` are each board's tiles before the books were broken, `broken` those after it, by
    `board / title` and the series' label; `account` is the API's answer at the first.
    """

    prometheus: Prometheus
    start: float
    account: Mapping[str, Any]
    tiles: Tiles
    broken: Tiles

    def chosen(self) -> dict[str, str]:
        """The variables' values, as Grafana finds them for the queries of their boards."""
        values: dict[str, str] = {}
        for variable in variables(QUERYING["books"]):
            selector, label = label_values(variable)
            found = self.prometheus.get(
                f"/api/v1/label/{label}/values", **{"match[]": substituted(selector, values)}
            )["data"]
            values[label] = "|".join(found)
        return values


@contextmanager
def played(folder: Path) -> Iterator[Played]:
    """Play it against a real service, venue and Prometheus, which go on until the context ends."""
    database = f"sqlite:///{folder / 'backstay.db'}"
    with ExitStack() as stack:
        venue = stack.enter_context(VenueServer("kraken"))
        env = {
            "BACKSTAY_FEED": "kraken",
            "BACKSTAY_FEEDS__KRAKEN__URL": venue.url,
            "BACKSTAY_FEEDS__KRAKEN__SYMBOLS": "BTCUSD",
            "BACKSTAY_DATABASE": database,
            "BACKSTAY_AUDIT_SECONDS": "1",
        }
        service = stack.enter_context(ServiceProcess(folder, env=env, warm=True)).wait_ready()
        prometheus = stack.enter_context(Prometheus(folder, [service.url]))
        api = stack.enter_context(Api(service))
        client = stack.enter_context(service.client())
        start = time.time()
        # A counter that was not seen at 0 has not risen.
        prometheus.wait_for("sum(backstay_positions_opened_total) == 0")
        _trade(api, client, venue)
        _refuse(api, prometheus)
        _reconnect(venue, prometheus)
        prometheus.wait_for("sum(backstay_positions_closed_total) == 2")
        prometheus.wait_for("sum(backstay_opens_denied_total) == 2")
        prometheus.wait_for("sum(backstay_wallet_balance{kind='locked'}) == 50")
        account, tiles = api.account("demo"), _tiles(prometheus)
        run_sql(database, f"UPDATE accounts SET total = total - {TAKEN} WHERE account = 'demo'")
        prometheus.wait_for('ALERTS{alertname="WalletHealthMismatch", alertstate="firing"}')
        broken = _tiles(prometheus)
        yield Played(
            prometheus=prometheus, start=start, account=account, tiles=tiles, broken=broken
        )


def _trade(api: Api, client: httpx.Client, venue: VenueServer) -> None:
    """LONG: three rungs and a close by hand; SHORT: a rung, and a stop-loss."""
    venue.wait_subscribed("BTC/USD")
    venue.trade("BTC/USD", "100")
    until(lambda: [it for it in api.items("/markets") if it["last_price"] == "100"])
    first, second = (api.open("demo", "BTCUSD")["id"] for _ in range(2))
    stopped = api.open("demo", "BTCUSD", side="SHORT")["id"]
    moved = client.patch(f"/api/v1/positions/{first}", json={"stop_loss": "97"})
    assert moved.is_success, moved.text
    venue.trade("BTC/USD", "103")
    for position in (first, second):
        api.until(position, lambda it: it["rungs_hit"] == 1)
    api.close(second)
    venue.trade("BTC/USD", "106")
    api.until(first, lambda it: it["rungs_hit"] == 2)
    api.until(stopped, lambda it: it["close_reason"] == "STOP_LOSS")
    api.price("ETHUSDT", "50")
    other = api.open("demo", "ETHUSDT", side="SHORT")["id"]
    api.price("ETHUSDT", "48.5")
    api.until(other, lambda it: it["rungs_hit"] == 1)


def _refuse(api: Api, prometheus: Prometheus) -> None:
    """Prices that are rejected and quarantined, and two opens that are denied."""
    assert api.price("ETHUSDT", "-1")["result"] == "rejected"
    assert api.price("ETHUSDT", "20")["result"] == "quarantined"
    assert api.price("ETHUSDT", "48.6")["result"] == "accepted"
    api.open("demo", "ETHUSDT", "1000000", status=422)
    api.post("/trading/pause", {"account": "demo", "reason": "lunch"})
    api.open("demo", "ETHUSDT", status=409)
    prometheus.wait_for('backstay_trading_paused{by="operator"} == 1')
    api.post("/trading/resume", {"account": "demo", "reason": "lunch is over"})


def _reconnect(venue: VenueServer, prometheus: Prometheus) -> None:
    """The venue drops the connection, and takes the next."""
    venue.drop()
    prometheus.wait_for("backstay_feed_reconnects_total == 1 and backstay_feed_connected == 1")


def _tiles(prometheus: Prometheus) -> Tiles:
    """Every tile's figures now, with everything chosen."""
    return {
        f"{board['title']} / {panel['title']}": {
            " ".join(sample.labels.values()): sample.value
            for target in panel["targets"]
            for sample in prometheus.query(substituted(target["expr"], ALL | TIMES))
        }
        for board in QUERYING.values()
        for panel in board["panels"]
        if panel["type"] == "stat"
    }
