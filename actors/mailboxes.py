"""Count the waiting messages by kind of actor, from the mailboxes and without a lock."""

from collections.abc import Iterable
from itertools import islice

import pykka

from actors.commit.actor import CommitterActor
from actors.engine.directory import Directory
from actors.engine.pooled import Mailbox, Recipient
from actors.engine.supervised import ActorKind

POSITIONS_LOOKED_AT = 2_000
"""Looking at 100,000 mailboxes each time would cost more than all else that is looked at."""


class Mailboxes:
    """The deepest mailbox of each kind of actor.

    Of positions some are looked at each time, in turn.
    """

    def __init__(self, directory: Directory) -> None:
        """Look at these actors."""
        self._directory = directory
        self._next_position = 0

    def deepest(self) -> dict[ActorKind, int]:
        """How many messages wait where most of a kind do.

        The Committer's are also those that it has taken and not written yet.
        """
        directory = self._directory
        return {
            ActorKind.DESK: _depth(directory.desk),
            ActorKind.MARKET: _deepest(list(directory.markets.values())),
            ActorKind.POSITION: _deepest(self._some_positions()),
            ActorKind.WALLET: _deepest(list(directory.wallets.values())),
            ActorKind.COMMITTER: _depth(directory.committer) + _unwritten(directory.committer),
            ActorKind.AUDITOR: _depth(directory.auditor),
            ActorKind.SIGNALS: _depth(directory.signals),
        }

    def _some_positions(self) -> Iterable[Recipient]:
        refs = list(self._directory.positions.values())
        start = self._next_position if self._next_position < len(refs) else 0
        self._next_position = start + POSITIONS_LOOKED_AT
        return islice(refs, start, self._next_position)


def _deepest(refs: Iterable[Recipient]) -> int:
    return max(map(_depth, refs), default=0)


def _depth(ref: Recipient | None) -> int:
    inbox = ref.actor_inbox if isinstance(ref, pykka.ActorRef) else None
    return inbox.depth() if isinstance(inbox, Mailbox) else 0


def _unwritten(ref: Recipient | None) -> int:
    inbox = ref.actor_inbox if isinstance(ref, pykka.ActorRef) else None
    actor = inbox.actor if isinstance(inbox, Mailbox) else None
    return actor.waiting if isinstance(actor, CommitterActor) else 0
