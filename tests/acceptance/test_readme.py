"""The README's programs, run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
EMBEDDED, PROBED = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_embedding_example_opens_a_position(tmp_path: Path) -> None:
    """A newcomer who pastes it gets an open position, twice: the second time from the file."""
    for position_id in (1, 2):
        ended = run("-c", EMBEDDED, folder=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert (
            f"OpenDone(record=PositionRecord(position=Position(position_id={position_id},"
            in ended.stdout
        )


def test_the_probe_example_passes(tmp_path: Path) -> None:
    """The fixtures come with the distribution; the example needs no conftest."""
    (tmp_path / "test_example.py").write_text(PROBED)
    ended = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py", folder=tmp_path)
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["--feed", "kraken", "--symbols", "BTCUSD,ETHUSD", "--help"], "Usage: backstay serve "),
        (["wallet", "--help"], "Usage: backstay wallet "),
        (["--help"], "Usage: backstay [OPTIONS] COMMAND"),
    ],
)
def test_run_serves_with_options_alone(arguments: list[str], usage: str) -> None:
    """As the README has it: options without a command are the service's."""
    run_script = README.with_name("run")
    ended = subprocess.run(
        [run_script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert usage in ended.stdout, ended.stdout + ended.stderr
