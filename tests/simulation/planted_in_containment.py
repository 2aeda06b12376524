"""Bugs to plant into what keeps one failure from being everybody's."""

from collections.abc import Sequence

import pytest

from actors.commit.writer import SafeWriter
from actors.desk.lives import Lives
from actors.desk.set_aside import AsideShelf
from actors.published import Published
from actors.wallet.actor import WalletActor
from actors.wallet.plan import PlannedCommand
from trading.model import Denial, Position


def unexpected_errors_end_the_committer(patch: pytest.MonkeyPatch) -> None:
    """A value that no connection can write ends the only writer."""

    def trusting(self: SafeWriter, *args: object, **kwargs: object) -> None:
        self._writer.commit(*args, **kwargs)  # type: ignore[arg-type]

    patch.setattr(SafeWriter, "commit", trusting)


def refused_batches_fail_together(patch: pytest.MonkeyPatch) -> None:
    """A wallet denies everything that was refused together with one bad command."""

    def careless(self: WalletActor, commands: Sequence[PlannedCommand], denial: Denial) -> None:
        for command in commands:
            self._refusals.deny(command, denial)
        self._flush_soon()

    patch.setattr(WalletActor, "_take_apart", careless)


def nobody_is_set_aside(patch: pytest.MonkeyPatch) -> None:
    """Who fails for good is given one life after another, without end."""
    end = Lives.end
    patch.setattr(Lives, "end", lambda self, kind, key, now: end(self, kind, key, now) or 0.5)


def markets_wait_for_who_is_set_aside(patch: pytest.MonkeyPatch) -> None:
    """A market is not told that a position needs no more prices."""
    patch.setattr(AsideShelf, "_tell", lambda _self, _aside: None)


def commands_for_who_is_set_aside_are_passed_on(patch: pytest.MonkeyPatch) -> None:
    """The Desk does not deny what needs a position that stands still."""

    def hopeful(_self: Published, _position: Position) -> None:
        return None

    patch.setattr(Published, "unguarded_by", hopeful)
