"""Bugs to plant around a database that became another one under its owner."""

from typing import Any

import pytest

from actors.commit.writer import SafeWriter
from persistence.errors import Damaged, Unavailable


def lost_files_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """A commit counts as soon as SQLite says so: nobody looks where it was written to."""
    commit = SafeWriter.commit

    def believing(self: SafeWriter, *changes: Any, **numbers: Any) -> None:
        try:
            commit(self, *changes, **numbers)
        except Damaged:
            return

    patch.setattr(SafeWriter, "commit", believing)


def lost_files_are_an_outage(patch: pytest.MonkeyPatch) -> None:
    """The owner waits for files to come back that are gone for good."""
    for name in ("commit", "renew"):
        patch.setattr(SafeWriter, name, _waiting(getattr(SafeWriter, name)))


def _waiting(method: Any) -> Any:
    def waiting(self: SafeWriter, *given: Any, **named: Any) -> None:
        try:
            method(self, *given, **named)
        except Damaged as error:
            raise Unavailable(str(error)) from error

    return waiting
