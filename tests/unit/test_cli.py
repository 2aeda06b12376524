"""How the command line ends where something is wrong with itself."""

import pytest

from backstay.service.exits import EXIT_FAILED
from tests.unit.stub_service import StubService


def test_a_bug_is_shown_and_is_no_mismatch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its traceback is what helps; exit code 1 would say that the books do not balance."""
    stub = StubService(monkeypatch)
    stub.gives("GET accounts", KeyError("no such field"))
    assert stub.run("wallet") == EXIT_FAILED
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "KeyError: 'no such field'" in shown
