"""The log of the service: one form for everybody's lines, and no secret in a traceback."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import logging, structlog
from backstay.logs import configure_logs
configure_logs(style={style!r})
structlog.get_logger("x").info("one", account="demo")
logging.getLogger("uvicorn.error").warning("two %s", 2)
logging.getLogger("noise").info("never")
def fail():
    secret = "hidden"
    raise ValueError("three")
try:
    fail()
except ValueError:
    structlog.get_logger("x").exception("of ours")
    logging.getLogger("pykka").exception("of others")
"""


def logged(style: str) -> str:
    """What a process with these logs writes."""
    script = SCRIPT.format(style=style)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout == ""
    return ended.stderr


def test_everybody_s_lines_are_json_with_a_time_and_a_level() -> None:
    """Structlog's and the standard library's alike; a traceback is part of its line."""
    lines = [json.loads(line) for line in logged("json").splitlines()]
    assert [line["event"] for line in lines] == ["one", "two 2", "of ours", "of others"]
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    assert lines[0]["account"] == "demo"
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert all("ValueError: three" in line["exception"] for line in lines[2:])


def test_a_traceback_does_not_show_what_variables_held() -> None:
    """They may be secrets; the source line itself is harmless."""
    for style in ("json", "text"):
        text = logged(style)
        assert text.count("ValueError: three") == 2
        assert "hidden" not in text.replace('secret = "hidden"', "")


def test_lines_that_cannot_be_written_are_lost_and_nothing_else() -> None:
    """Whoever logs, an actor above all, goes on: the disk may be full, or the reader gone."""
    for style in ("json", "text"):
        script = SCRIPT.format(style=style) + "\nprint('went on')"
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(
                [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=full, check=False
            )
        assert ended.stdout == b"went on\n"


HOSTILE = """
import logging, structlog
from backstay.logs import configure_logs
configure_logs(style={style!r})
hostile = "a\\x1b[2J\\x9b2K\\r\\n2030-01-01 [info] forged\\u202e\\ud800"
structlog.get_logger("x").info(hostile, **{{hostile: hostile}}, parts=[hostile], kept=1.5)
logging.getLogger("uvicorn.error").warning("%s", hostile)
try:
    raise ValueError(hostile)
except ValueError:
    structlog.get_logger("x").exception("failed")
"""


def test_only_printable_text_leaves_the_log_from_any_field() -> None:
    """What a client sends moves no cursor, hides nothing and begins no line of its own."""
    for style in ("json", "text"):
        ended = subprocess.run(
            [sys.executable, "-c", HOSTILE.format(style=style)], capture_output=True, check=True
        )
        text = ended.stderr.decode()
        assert text.replace("\n", "").isprintable()
        assert not [line for line in text.splitlines() if line.startswith("2030-01-01")]
        assert text.count("forged") >= 5
    json_lines = logged_hostile_json()
    assert json_lines[0]["kept"] == 1.5
    assert "\x1b[2J" in str(json_lines[0]["event"])


def logged_hostile_json() -> list[dict[str, object]]:
    """The same lines as a program reads them: nothing of them is changed."""
    ended = subprocess.run(
        [sys.executable, "-c", HOSTILE.format(style="json")], capture_output=True, check=True
    )
    return [json.loads(line) for line in ended.stderr.splitlines()]
