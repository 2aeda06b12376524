"""Prometheus and Alertmanager as processes of their own, for tests that ask them.

    with Prometheus(tmp_path, [service.url]) as prometheus:
        (sample,) = prometheus.wait_for('backstay_wallet_healthy{account="demo"} == 1')

A test that needs a program which the machine does not have is skipped, saying which.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import pytest

from harness.http_api import until

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
JOB = "backstay"
END_SECONDS_MAX = 20.0
_LISTENING = re.compile(r'msg="Listening on" address=(127\.0\.0\.1:\d+)')


def program(name: str) -> str:
    """The path of a program; the test that needs it is skipped where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here (Debian: apt-get install prometheus prometheus-alertmanager)")
    return found


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer, with its last value."""

    labels: Mapping[str, str]
    value: float


class Server:
    """One of Prometheus' programs in a folder, on a loopback port that the system chooses.

    Entering the context starts it and returns once it is ready; leaving ends it.
    """

    def __init__(self, folder: Path, name: str, config: Mapping[str, Any], *options: str) -> None:
        """`config` is its configuration file; its data are kept in the same folder."""
        self._folder = folder / name
        self._program = program(name)
        self._config = config
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(trust_env=False, timeout=END_SECONDS_MAX)

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self._client.base_url).rstrip("/")

    @property
    def log(self) -> str:
        """Its whole log until now."""
        return (self._folder / "log").read_text(errors="replace")

    def get(self, path: str, **query: Any) -> Any:
        """What it answers, as JSON; anything but a success fails the test."""
        answer = self._client.get(path, params=query)
        assert answer.is_success, f"{path} {query}: {answer.text}"
        return answer.json()

    def __enter__(self) -> Self:
        self._folder.mkdir()
        # JSON is YAML as well.
        (self._folder / "config.yml").write_text(json.dumps(self._config))
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self._program,
                    "--config.file=config.yml",
                    "--web.listen-address=127.0.0.1:0",
                    *self._options,
                ],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            address = until(self._listening, lambda found: found is not None)
            assert address is not None
            self._client.base_url = httpx.URL(f"http://{address[1]}")
            until(lambda: self._client.get("/-/ready").is_success)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _listening(self) -> re.Match[str] | None:
        assert self._process is not None
        assert self._process.poll() is None, f"{self._program} ended:\n{self.log}"
        return _LISTENING.search(self.log)

    def _end(self) -> None:
        self._client.close()
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Prometheus(Server):
    """A Prometheus that scrapes services, and judges rules, every second unless told otherwise."""

    def __init__(
        self,
        folder: Path,
        services: Sequence[str],
        *,
        rules: Sequence[Path] = RULES,
        alertmanager: str | None = None,
        interval: str = "1s",
    ) -> None:
        """`services` are the URLs of running services, `alertmanager` is one's URL."""
        config: dict[str, Any] = {
            "global": {
                "scrape_interval": interval,
                "scrape_timeout": interval,
                "evaluation_interval": interval,
            },
            "rule_files": [str(path.resolve()) for path in rules],
            "scrape_configs": [_targets(services) | {"job_name": JOB}],
        }
        if alertmanager is not None:
            config["alerting"] = {"alertmanagers": [_targets([alertmanager])]}
        super().__init__(folder, "prometheus", config, "--storage.tsdb.path=data")

    def query(self, expression: str) -> list[Sample]:
        """What an expression is now: its series, or one sample without labels for a scalar."""
        data = self.get("/api/v1/query", query=expression)["data"]
        if data["resultType"] == "scalar":
            return [Sample(labels={}, value=float(data["result"][1]))]
        return [
            Sample(labels=series["metric"], value=float(series["value"][1]))
            for series in data["result"]
        ]

    def query_range(
        self, expression: str, start: float, end: float, step: float = 1.0
    ) -> list[tuple[Mapping[str, str], list[float]]]:
        """What an expression was: each series' labels, and its values in order."""
        data = self.get("/api/v1/query_range", query=expression, start=start, end=end, step=step)[
            "data"
        ]
        return [
            (series["metric"], [float(value) for _, value in series["values"]])
            for series in data["result"]
        ]

    def wait_for(self, expression: str) -> list[Sample]:
        """What an expression is once it is anything."""
        return until(lambda: self.query(expression))


class Alertmanager(Server):
    """An Alertmanager that has nobody beside it."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        """`config` is its configuration, as in `prometheus/alertmanager.yml`."""
        options = ("--storage.path=data", "--cluster.listen-address=")
        super().__init__(folder, "prometheus-alertmanager", config, *options)


def _targets(urls: Sequence[str]) -> dict[str, Any]:
    return {"static_configs": [{"targets": [urlsplit(url).netloc for url in urls]}]}
