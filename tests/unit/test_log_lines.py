"""The log's last part: a queue and a thread, so that whoever logs never waits."""

import os
import threading

from backstay.logs import configure_logs
from backstay.service.running.log_queue import LogLines


def read_lines(descriptor: int, count: int) -> list[str]:
    """The next lines of a pipe."""
    data = b""
    while data.count(b"\n") < count:
        data += os.read(descriptor, 65_536)
    return data.decode().splitlines()


def test_lines_are_lost_and_counted_while_nobody_reads() -> None:
    """The writer returns at once; what is read later is the oldest, then how many are missing."""
    reading, writing = os.pipe()
    lines = LogLines(writing, lines_max=3)
    configure_logs(style="json", file=lines)
    text = "x" * 100_000 + "\n"  # more than a pipe holds: the thread stands in the first line
    for _ in range(50):
        lines.write(text)
    assert 46 <= lines.lost <= 47  # one is being written, perhaps not taken yet
    lost = lines.lost

    read = read_lines(reading, 50 - lost + 1)
    assert read[:-1] == ["x" * 100_000] * (50 - lost)
    assert '"event": "log lines were lost: their reader stood still"' in read[-1]
    assert f'"lines": {lost}' in read[-1]


def test_a_drain_waits_for_every_line_and_not_for_ever() -> None:
    """A process that ends gives its last lines a moment."""
    reading, writing = os.pipe()
    lines = LogLines(writing)
    lines.write("last words\n")
    lines.drain(5)
    assert os.read(reading, 100) == b"last words\n"

    lines.write("y" * 1_000_000)
    waiting = threading.Thread(target=lines.drain, args=(0.05,))
    waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()


def test_lines_that_a_reader_has_gone_from_are_counted() -> None:
    """A pipe that broke loses each line; no line tells of it, because it would be lost as well."""
    reading, writing = os.pipe()
    os.close(reading)
    lines = LogLines(writing)
    lines.write("one\n")
    lines.write("two\n")
    lines.drain(5)
    assert lines.lost == 2


def test_a_line_that_has_no_encoding_is_written_with_escapes() -> None:
    """A lone surrogate of somebody's JSON ends no thread."""
    reading, writing = os.pipe()
    lines = LogLines(writing)
    lines.write("\ud800\n")
    lines.drain(5)
    assert os.read(reading, 100) == b"\\ud800\n"
