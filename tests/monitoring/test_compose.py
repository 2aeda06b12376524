"""compose.yaml, as far as it can be checked where no engine runs."""

import re
import shutil
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.monitoring.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_a_client_takes_it() -> None:
    """Docker's plugin, or the older program: whichever is here."""
    for client in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(client[0]) is None:
            continue
        known = subprocess.run([*client, "version"], capture_output=True, check=False)
        if known.returncode == 0:
            break
    else:
        pytest.skip("no docker compose here (Debian: apt-get install docker-compose)")
    done = subprocess.run(
        [*client, "-f", "compose.yaml", "config", "-q"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_it_has_everything_and_each_part_says_how_it_is() -> None:
    """The image of Backstay brings its health check with it."""
    assert set(SERVICES) == {"postgres", "backstay", "prometheus", "alertmanager", "grafana"}
    assert "\nHEALTHCHECK " in (ROOT / "deploy" / "Dockerfile").read_text()
    without = {name for name, service in SERVICES.items() if "healthcheck" not in service}
    assert without == {"backstay"}


def test_nobody_outside_the_machine_reaches_it() -> None:
    """Every port is published on loopback; the database's on none."""
    ports = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert all(port.startswith("127.0.0.1:") for of_one in ports.values() for port in of_one)
    assert ports["postgres"] == []


def test_secrets_are_files_that_are_not_in_the_tree() -> None:
    """No variable holds one, and each file is named to whoever reads it alone."""
    assert all(secret.keys() == {"file"} for secret in COMPOSE["secrets"].values())
    assert {secret["file"].split("/")[0] for secret in COMPOSE["secrets"].values()} == {"secrets"}
    given = [secret for service in SERVICES.values() for secret in service.get("secrets", [])]
    assert sorted(given) == sorted(COMPOSE["secrets"])
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|DATABASE", name):
                assert str(value).startswith("/run/secrets/"), name


def test_what_it_mounts_is_there() -> None:
    """Files of the tree are read only; what is written is in a volume with a name."""
    volumes = set()
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source, _, target = mount.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert target.endswith(":ro"), mount
            else:
                volumes.add(source)
    assert volumes == set(COMPOSE["volumes"])


def test_prometheus_and_grafana_find_the_others_by_their_names() -> None:
    """The addresses of the configurations are services, on the ports that they listen on."""
    text = (ROOT / "prometheus" / "prometheus.compose.yml").read_text()
    addresses = re.findall(r"targets: \[(.*)\]", text)
    for source in (ROOT / "grafana" / "provisioning" / "datasources").glob("*.y*ml"):
        for found in yaml.safe_load(source.read_text())["datasources"]:
            addresses.append(urlsplit(found["url"]).netloc)
    assert len(addresses) == 3
    for address in addresses:
        name, _, port = address.partition(":")
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert SERVICES["backstay"]["environment"]["BACKSTAY_ALLOWED_HOSTS"] == "backstay"
