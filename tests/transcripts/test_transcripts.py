"""One rule a transcript: prices and commands, and the whole history that they make.

    ./test tests/transcripts --rewrite-transcripts

writes what happens now into the files; read the difference before you commit it.
"""

from pathlib import Path

import pytest

from tests.transcripts.transcript import played

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_a_transcript_s_history_comes_out_again(path: Path, pytestconfig: pytest.Config) -> None:
    """Every event, denial, balance and trigger, word for word."""
    text = path.read_text()
    now = played(text)
    if pytestconfig.getoption("--rewrite-transcripts"):
        path.write_text(now)
        return
    assert now == text


def test_a_line_that_is_no_command_is_refused() -> None:
    """A misspelt command would pass in silence otherwise."""
    with pytest.raises(ValueError, match="'prize 100' is not a command"):
        played("> prize 100\n")
