"""Bugs to plant around markets that are retired."""

from typing import Any

import pytest

import actors.market.actor
from persistence import commits
from persistence.batch import Batch, folded


def markets_retire_under_positions(patch: pytest.MonkeyPatch) -> None:
    """A market goes, whatever is open on it or waits for its price."""
    patch.setattr(actors.market.actor, "retirement_denial", lambda *_: None)


def rows_of_retired_markets_stay(patch: pytest.MonkeyPatch) -> None:
    """A retirement is told, and the market is there again after the next start."""

    def forgetful(*changes: Any, **numbers: Any) -> Batch:
        batch = folded(*changes, **numbers)
        batch.retired.clear()
        return batch

    patch.setattr(commits, "folded", forgetful)
