"""The benchmarks still run: what they print is figures, one JSON line each."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import NAMES

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_prints_its_figures_as_lines_of_json(name: str) -> None:
    """A quick look at each: every line is a figure with a positive value and a unit."""
    if name == "commits" and shutil.which("pgbench") is None:
        pytest.skip("there is no pgbench to compare with")
    ended = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
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
