"""Processes that begin with the service's modules in memory: a start costs a fork, not its imports.

They are forked by a server of Python's own, which has only imported. What is tested of a start
itself, of its time or of its memory, begins cold.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, TextIO

from backstay.cli.main import main

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["backstay.service.running.serve", __name__])


class WarmProcess:
    """`backstay` with some arguments, in a folder; as far as it is needed, a `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        """Start it; what it writes to stderr comes out of `stderr`."""
        reading, writing = os.pipe()
        self.stderr: TextIO = os.fdopen(reading, encoding="utf-8")
        self._process = _CONTEXT.Process(
            target=_run, args=(list(arguments), str(folder), dict(env), _Handed(writing))
        )
        self._process.start()
        os.close(writing)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def wait(self, timeout: float) -> int:
        """Wait for its end, and return its exit code, or the signal that ended it, negative."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("backstay", timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self._process.kill()


class _Handed:
    """A descriptor on its way to the process that is about to be forked."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        return _taken, (DupFd(self._descriptor),)


def _taken(handed: Any) -> int:
    descriptor: int = handed.detach()
    return descriptor


def _run(arguments: list[str], folder: str, env: dict[str, str], stderr: int) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor, is_now in ((0, nowhere), (1, nowhere), (2, stderr)):
        os.dup2(is_now, descriptor)
    os.close(nowhere)
    os.close(stderr)
    sys.argv = ["backstay", *arguments]
    main()
