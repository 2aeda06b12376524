"""The command line in the test's own process: a process for each command costs most of a second."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from backstay.cli.main import main


class CommandLine:
    """Runs commands; each tells its exit code, its standard output and its standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Begin without settings; the tests' own log stays as it is."""
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in os.environ:
            if name.startswith("BACKSTAY_"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("BACKSTAY_DATABASE", "sqlite:///backstay.db")
        monkeypatch.setenv("BACKSTAY_TOKENS_FILE", "backstay-tokens.json")
        monkeypatch.setattr("backstay.replay.playing.configure_logs", lambda *_, **__: None)

    def enter(self, folder: Path, **env: str) -> None:
        """Go to a folder, with these settings in the environment."""
        self._monkeypatch.chdir(folder)
        for name, value in env.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """A command's exit code, standard output and standard error."""
        self._monkeypatch.setattr(sys, "argv", ["backstay", *arguments])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def says(self, *arguments: str) -> str:
        """What a command prints that succeeds."""
        code, out, err = self.run(*arguments)
        assert (code, err) == (0, "")
        return out

    def document(self, *arguments: str) -> Any:
        """What a command that succeeds prints for programs."""
        return json.loads(self.says(*arguments, "--json"))
