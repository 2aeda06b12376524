"""Alerts and recording rules: correct by Prometheus' own tools, tested, and explained."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.processes import ROOT, RULES, program

PROMETHEUS = ROOT / "prometheus"
TESTS = sorted((PROMETHEUS / "tests").glob("*_test.yml"))
SERIES = re.compile(r"\b(?:backstay|process)_\w+")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def rules() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDS = {rule["record"]: rule for rule in rules() if "record" in rule}


def run(name: str, *arguments: str | Path) -> None:
    """Run one of Prometheus' tools; the test fails with what it says."""
    command = [program(name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_clean() -> None:
    """Prometheus takes them, and its linter finds nothing."""
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES)


def test_the_rules_do_what_their_tests_say() -> None:
    """Each alert fires, does not fire, is over again, and does not rely on a series being there."""
    run("promtool", "test", "rules", *TESTS)


def test_the_configurations_are_correct() -> None:
    """Those of Prometheus, beside a service and in compose.yaml, and Alertmanager's."""
    run("promtool", "check", "config", "--lint=all", "--lint-fatal", PROMETHEUS / "prometheus.yml")
    # The token's file is there in the container alone.
    compose = PROMETHEUS / "prometheus.compose.yml"
    run("promtool", "check", "config", "--syntax-only", compose)
    run("amtool", "check-config", PROMETHEUS / "alertmanager.yml")


def test_both_configurations_of_prometheus_differ_in_addresses_and_token_only() -> None:
    """What was tried beside a service is what runs in compose.yaml."""
    plain, composed = (
        yaml.safe_load((PROMETHEUS / name).read_text())
        for name in ("prometheus.yml", "prometheus.compose.yml")
    )
    for config in (plain, composed):
        (job,) = config["scrape_configs"]
        job.pop("authorization", None)
        for part in (*job["static_configs"], *config["alerting"]["alertmanagers"]):
            for target in part.get("static_configs", [part]):
                del target["targets"]
    assert plain == composed


def test_every_alert_is_tested_to_fire_to_be_silent_and_to_end() -> None:
    """Of a case in which it fires, what comes later is that it is over."""
    fires, silent, ends = set[str](), set[str](), set[str]()
    for path in TESTS:
        for case in yaml.safe_load(path.read_text())["tests"]:
            fired = set[str]()
            for asked in case.get("alert_rule_test", []):
                name = asked["alertname"]
                if asked["exp_alerts"]:
                    fired.add(name)
                else:
                    (ends if name in fired else silent).add(name)
            fires |= fired
    assert (set(ALERTS) - fires, set(ALERTS) - silent, set(ALERTS) - ends) == (set(), set(), set())


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_is_wrong_and_what_to_do(name: str) -> None:
    """How bad it is, a sentence, the figures, and the place in the runbook."""
    alert = ALERTS[name]
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert "{{" in alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    """Each says what it means, what to look at, and what to do."""
    sections = re.split(r"^## ", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)[1:]
    texts = dict(section.split("\n", 1) for section in sections)
    assert set(texts) == set(ALERTS)
    for name, text in texts.items():
        for part in ("**Means**", "**Look at**", "**Do**"):
            assert text.count(part) == 1, (name, part)
        severity = ALERTS[name]["labels"]["severity"]
        assert text.lstrip().startswith(f"*{severity}*"), name


def test_every_metric_of_a_rule_exists() -> None:
    """A rule about a metric that nobody shows is silent for ever."""
    text = (ROOT / "docs" / "metrics.md").read_text()
    known = set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
    used = {
        SUFFIX.sub("", name)
        for rule in rules()
        for text in (rule["expr"], *rule.get("annotations", {}).values())
        for name in SERIES.findall(re.sub(r"[\w]+:[\w:]+", "", text))
    }
    assert used
    assert used - known == set()


@pytest.mark.parametrize("name", RECORDS)
def test_every_recording_rule_is_named_by_level_metric_and_operation(name: str) -> None:
    """Whoever reads `account:backstay_wallet_drift:max_abs` knows what it was made of."""
    level, metric, operation = name.split(":")
    assert level in {"instance", "account", "venue"}
    assert metric in RECORDS[name]["expr"]
    assert operation
