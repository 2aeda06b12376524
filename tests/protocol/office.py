"""A Desk among probes, and what it reads."""

import itertools
from typing import Any

from actors.commit.messages import AccountRead
from actors.desk.actor import DeskActor
from actors.desk.lives import Lives
from actors.desk.starter import DeskSettings, Starter
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorFailed
from actors.position.messages import ClosePosition
from actors.probe import TestProbe
from persistence.changes import Change
from persistence.state import AccountState
from tests.protocol.stage import ACCOUNT, Stage
from tests.unit.accounts import Account, a_position, walked

POSITION = a_position()
CLOSED = walked(POSITION, 110).position
NOW_US = 1_760_000_000_000_000
ID = POSITION.position_id
WALLET = Account(100).wallet


class Office:
    """A Desk whose committer, and whoever it has already started, are probes."""

    def __init__(self, stage: Stage, **settings: Any) -> None:
        self.stage = stage
        self.published = stage.published
        self.fatal = stage.probe("fatal")
        self.auditors_started = 0
        self.signals_started = 0
        lives = Lives()
        self.starter = Starter(
            stage.directory,
            stage.dispatcher,
            self.published,
            settings=DeskSettings(),
            lives=lives,
            position_ids=itertools.count(402),
        )
        self.actor = DeskActor(
            stage.directory,
            stage.dispatcher,
            self.published,
            starter=self.starter,
            lives=lives,
            start_auditor=self._start_auditor,
            start_signals=self._start_signals,
            on_fatal=self.fatal,
            **settings,
        )
        stage.directory.desk = self.actor.actor_ref
        self.desk: Recipient = self.actor.actor_ref

    def start(self) -> "Office":
        self.stage.start(self.actor)
        return self

    def publish(self, change: Change) -> None:
        self.published.publish(self.published.version.commit_id + 1, (change,), NOW_US)

    def open_position(self) -> TestProbe:
        """A position that is durably open, whose actor is a probe."""
        self.publish(Change(account=ACCOUNT, wallet_after=WALLET, positions=(POSITION,)))
        return self.stage.position(ID)

    def fail(self, kind: str, key: str | int) -> None:
        self.desk.tell(ActorFailed(kind=kind, key=key, error="as the test says"))

    def _start_auditor(self) -> None:
        self.auditors_started += 1

    def _start_signals(self) -> None:
        self.signals_started += 1


def close(office: Office, position_id: int = ID) -> TestProbe:
    client = office.stage.probe("client")
    office.desk.tell(ClosePosition(position_id=position_id, reply_to=client))
    return client


def read_account() -> AccountRead:
    state = AccountState(wallet=WALLET, open_positions=(), keys=(), transfers=())
    return AccountRead(account=ACCOUNT, state=state)
