"""From the service to the operator: real processes, the committed rules, a webhook at the end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.acceptance.house import run_sql
from tests.monitoring.processes import ROOT, RULES, Alertmanager, Prometheus
from tests.webhook import Webhook


def change_balance(database_url: str, amount: str) -> None:
    """Change a balance behind the service's back."""
    run_sql(database_url, f"UPDATE accounts SET total = total + {amount} WHERE account = 'demo'")


def impatient(folder: Path) -> list[Path]:
    """The rules as they are, but for how long an alert waits before it is told."""
    copies = []
    for rules in RULES:
        copy = folder / rules.name
        copy.write_text(re.sub(r"\bfor: \w+", "for: 1s", rules.read_text()))
        copies.append(copy)
    return copies


def alertmanager_config(hook: Webhook) -> Any:
    """The configuration as it is, but for the receiver's address and how long a group waits."""
    config = yaml.safe_load((ROOT / "prometheus" / "alertmanager.yml").read_text())
    config["route"] |= {"group_wait": "100ms", "group_interval": "1s"}
    (webhook,) = config["receivers"][0]["webhook_configs"]
    webhook["url"] = urlsplit(hook.url)._replace(scheme="http").geturl()
    return config


class Operator:
    """Who reads what the webhook was sent."""

    def __init__(self, hook: Webhook) -> None:
        self._hook = hook

    def wait_for(self, name: str, status: str, text: str = "") -> dict[str, Any]:
        """The last that was told of an alert, once it has this status and text."""

        def last() -> dict[str, Any]:
            told = [alert for alert in self.alerts() if alert["labels"]["alertname"] == name]
            return told[-1] if told else {}

        def is_so() -> bool:
            alert = last()
            return alert.get("status") == status and text in alert["annotations"]["description"]

        self._hook.wait_for(is_so)
        return last()

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert of every message."""
        return [alert for message in self._hook.messages for alert in message["alerts"]]


@contextmanager
def watched(folder: Path, service: ServiceProcess) -> Iterator[tuple[Prometheus, Operator]]:
    """A service that Prometheus scrapes, with an operator who is told of alerts."""
    with (
        Webhook() as hook,
        Alertmanager(folder, alertmanager_config(hook)) as alertmanager,
        Prometheus(
            folder, [service.url], rules=impatient(folder), alertmanager=alertmanager.url
        ) as prometheus,
    ):
        yield prometheus, Operator(hook)


def test_a_balance_changed_by_hand_reaches_the_operator(
    postgres_database: str, tmp_path: Path
) -> None:
    """The alert names the account and the figures; it is over once the balance is put back."""
    env = {"BACKSTAY_DATABASE": postgres_database, "BACKSTAY_AUDIT_SECONDS": "1"}
    with (
        ServiceProcess(tmp_path, "--feed", "none", env=env, warm=True) as service,
        Api(service) as api,
        watched(tmp_path, service) as (prometheus, operator),
    ):
        api.open_account("other")
        prometheus.wait_for('count(backstay_wallet_healthy{job="backstay"} == 1) == 2')

        change_balance(postgres_database, "-0.18")
        alert = operator.wait_for("WalletHealthMismatch", "firing")
        assert (alert["labels"]["account"], alert["labels"]["severity"]) == ("demo", "critical")
        assert "total -0.18000000" in alert["annotations"]["description"]
        assert "first entry that diverges is number 1." in alert["annotations"]["description"]
        assert api.health("demo")["first_divergent_entry"] == 1
        assert [s.labels["account"] for s in prometheus.query("backstay_wallet_healthy == 1")] == [
            "other"
        ]

        change_balance(postgres_database, "0.18")
        operator.wait_for("WalletHealthMismatch", "resolved")
        named = {alert["labels"].get("account") for alert in operator.alerts()}
        assert "other" not in named


@pytest.mark.slow
def test_a_service_that_is_killed_is_missed(tmp_path: Path) -> None:
    """A service that is well raises nothing; a dead one's silence does, until it is back."""
    with ServiceProcess(tmp_path, "--feed", "none", warm=True) as service:
        service.wait_ready().keep_port()
        with watched(tmp_path, service) as (prometheus, operator):
            prometheus.wait_for("account:backstay_wallet_drift:max_abs == 0")
            assert prometheus.query('ALERTS{alertname!="ServiceDown"}') == []

            service.kill()
            alert = operator.wait_for("ServiceDown", "firing", "answers a scrape")
            assert alert["labels"]["severity"] == "critical"

            service.start().wait_ready()
            operator.wait_for("ServiceDown", "resolved")
            with service.client() as client:
                assert client.get("/readyz").status_code == httpx.codes.OK
