"""The benchmarks work: each prints figures that a program can read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quiet_prices", "actors", "commits", "latency", "replay"])
def test_a_benchmark_prints_its_figures(name: str) -> None:
    """Every line is one figure: its bench, name, value and unit."""
    ended = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    figures = [json.loads(line) for line in ended.stdout.splitlines()]
    assert figures
    for figure in figures:
        assert figure["bench"] == name
        assert figure["figure"]
        assert figure["value"] > 0
        assert figure["unit"]
