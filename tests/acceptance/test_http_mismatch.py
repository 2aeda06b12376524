"""A balance that was changed by hand, as clients and machines that watch meet it over HTTP."""

from decimal import Decimal
from pathlib import Path

import httpx

from harness.http_api import Api, until
from harness.service_process import ServiceProcess
from tests.acceptance.house import run_sql

DRIFT = 'backstay_wallet_drift{account="demo",check="total"} -0.18'


def change_balance(database_url: str, amount: str) -> None:
    units = Decimal(amount) * (10**8 if database_url.startswith("sqlite") else 1)
    run_sql(database_url, f"UPDATE accounts SET total = total + {units} WHERE account = 'demo'")


def test_a_mismatch_makes_it_not_ready_and_never_ends_it(database_url: str, tmp_path: Path) -> None:
    """It is found without being asked for, refuses that account's opens only, and can be mended."""
    env = {"BACKSTAY_DATABASE": database_url, "BACKSTAY_AUDIT_SECONDS": "1"}
    with (
        ServiceProcess(tmp_path, "--feed", "none", env=env, warm=True) as service,
        Api(service) as api,
        service.client() as client,
    ):

        def readiness() -> httpx.Response:
            return client.get("/readyz")

        api.open_account("other")
        api.price("BTCUSDT", "100")
        position_id = api.open("demo", "BTCUSDT")["id"]
        assert readiness().is_success

        change_balance(database_url, "-0.18")
        until(lambda: readiness().status_code == httpx.codes.SERVICE_UNAVAILABLE)
        assert readiness().json()["checks"]["health"] == "MISMATCH in demo"
        assert client.get("/healthz").is_success
        assert DRIFT in client.get("/metrics").text
        health = api.health("demo")
        assert (health["status"], health["difference"]) == ("MISMATCH", "-0.18000000")
        denied = api.open("demo", "BTCUSDT", status=409)
        assert denied["type"] == "urn:backstay:problem:books-mismatch"
        assert api.open("other", "BTCUSDT")["status"] == "OPEN"

        change_balance(database_url, "0.18")
        until(lambda: readiness().is_success)
        assert api.health("demo")["status"] == "HEALTHY"
        assert api.open("demo", "BTCUSDT")["status"] == "OPEN"
        assert api.close(position_id)["position"]["status"] == "CLOSED"
        assert api.health("demo")["status"] == "HEALTHY"
