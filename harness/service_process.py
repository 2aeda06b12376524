"""The real service as a process of its own, for programs that speak to it over HTTP."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from harness.warm_start import WarmProcess

WITHIN_SECONDS = 60.0
STOP_SECONDS_MAX = 5.0 + 20.0
"""A stop takes five seconds at most, and a busy machine may add; one that hangs never ends."""

COMMAND = [sys.executable, "-c", "from backstay.cli.main import main; main()"]
_LISTENING = re.compile(r"listening on (http://[^\s\"]+)")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with these settings of Backstay's and no others.

    Where they do not say, books and tokens lie in the working directory.
    """
    others = {k: v for k, v in os.environ.items() if not k.startswith("BACKSTAY_")}
    files = {
        "BACKSTAY_DATABASE": "sqlite:///backstay.db",
        "BACKSTAY_TOKENS_FILE": "backstay-tokens.json",
    }
    return others | files | dict(extra or {})


def run_command(*arguments: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run another command in a folder to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=clean_environment(env), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


class ServiceProcess:
    """`backstay serve` in a folder, on a port that the system chooses.

    Leaving the context kills it if it still runs. The same object starts again with the same
    folder and settings, so that a restart finds the same SQLite file.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        warm: bool = False,
    ) -> None:
        """`env` is added to the environment, as `{"BACKSTAY_FEED": "none"}`.

        A `warm` one is forked with its modules in memory, which spares two thirds of the start.
        """
        self._folder = folder
        self._arguments = arguments
        self._env = clean_environment({"BACKSTAY_PORT": "0", **(env or {})})
        self._warm = warm
        self._process: subprocess.Popen[str] | WarmProcess | None = None
        self._reader: threading.Thread | None = None
        self._changed = threading.Condition()
        self._ended = True
        self.lines: list[str] = []

    def start(self) -> Self:
        """Start it, and do not wait."""
        assert self._ended, "the service is already running"
        self.lines = []
        self._ended = False
        self._process = self._begun()
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self

    def wait_for(self, text: str, seconds: float = WITHIN_SECONDS) -> str:
        """Wait for a line of its log that has this text, and return the line."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._line(text) or self._ended, seconds)
        line = self._line(text)
        if not found or line is None:
            raise AssertionError(f"{text!r} did not come:\n{self.log}")
        return line

    def wait_ready(self, seconds: float = WITHIN_SECONDS) -> Self:
        """Wait until it says that it is ready."""
        self.wait_for("ready after", seconds)
        return self

    def wait_ended(self, seconds: float = WITHIN_SECONDS) -> int:
        """Wait until the process has ended, and return its exit code."""
        assert self._process is not None
        assert self._reader is not None
        code = self._process.wait(seconds)
        self._reader.join(seconds)
        return code

    @property
    def url(self) -> str:
        """Where it listens."""
        found = _LISTENING.search(self.wait_for("listening on http"))
        assert found is not None
        return found[1]

    @property
    def log(self) -> str:
        """Its whole log until now."""
        return "\n".join(self.lines)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def client(self, timeout_seconds: float = WITHIN_SECONDS) -> httpx.Client:
        """A client of its API; close it."""
        return httpx.Client(base_url=self.url, timeout=timeout_seconds, trust_env=False)

    def keep_port(self) -> Self:
        """From the next start on, listen where it listens now."""
        self._env["BACKSTAY_PORT"] = self.url.rpartition(":")[2]
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, seconds: float = WITHIN_SECONDS) -> tuple[int, float]:
        """Stop it by SIGTERM; returns the exit code, and how many seconds that took."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.wait_ended(seconds)
        return code, time.monotonic() - began

    def kill(self) -> None:
        """Kill it, as a crash would; without effect if it has ended."""
        if self._process is not None:
            self._process.kill()
            self.wait_ended()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def _begun(self) -> subprocess.Popen[str] | WarmProcess:
        arguments = ["serve", *self._arguments]
        if self._warm:
            return WarmProcess(arguments, self._folder, self._env)
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _line(self, text: str) -> str | None:
        return next((line for line in tuple(self.lines) if text in line), None)

    def _read(self, process: subprocess.Popen[str] | WarmProcess) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
