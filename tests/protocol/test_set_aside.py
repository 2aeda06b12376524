"""The Desk when somebody fails for good: one key stands still, and everybody else goes on."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.auditor.messages import CheckHealth
from actors.commit.messages import CommitChange, ReadAccount, ReadFailed, ReadPosition
from actors.desk.lives import FAILURES_MAX
from actors.desk.set_aside import denial_of
from actors.engine.pooled import Recipient
from actors.market.messages import Arm, Disarm, QuotePrice
from actors.messages import Denied
from actors.position.actor import PositionActor
from actors.position.messages import ChangePosition, ClosePosition, Stranded
from actors.published import SetAside
from actors.wallet.messages import OpenAccount, OpenPosition, TransferFunds
from tests.protocol.office import ID, POSITION, Office, close
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import TIME_US
from trading.events.services import PartSetAside
from trading.exits.exits import NOTHING_SAID
from trading.exits.level import Level
from trading.model import Denial, DenialReason, Side
from trading.positions.changing import Changes

FAILURES, _ = FAILURES_MAX[0]


@pytest.fixture
def office(stage: Stage) -> Office:
    """A Desk with one open position, whose actor is a probe."""
    office = Office(stage).start()
    office.open_position()
    return office


def fail_for_good(office: Office, kind: str, key: str | int) -> PartSetAside:
    """Let somebody fail once too often; returns what is told of it."""
    for _ in range(FAILURES + 1):
        office.fail(kind, key)
    office.stage.dispatcher.run_until_idle()
    (event,) = office.stage.committer.expect(CommitChange).change.events
    assert isinstance(event, PartSetAside)
    return event


def denied(office: Office, command: Callable[[Recipient], Any]) -> str:
    """Why a command is denied as one that needs what is set aside."""
    client = office.stage.probe("client")
    office.desk.tell(command(client))
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.SET_ASIDE
    return denial.text


def test_a_position_that_fails_for_good_is_set_aside(stage: Stage, office: Office) -> None:
    """It is told durably and published; its market keeps nothing for it; no process ends."""
    event = fail_for_good(office, "position", ID)
    assert (event.part, event.position_id) == (f"position {ID}", ID)
    assert (event.account, event.symbol) == (ACCOUNT, SYMBOL)
    assert event.why == "as the test says"
    (aside,) = office.published.standing_still()
    assert aside.text == f"position {ID} is not guarded: as the test says"
    stage.market.expect(Disarm)
    office.fatal.expect_nothing()


def test_commands_for_a_position_that_is_set_aside_are_denied(office: Office) -> None:
    """Those that come, and those that waited for its next life."""
    office.fail("position", ID)
    waiting = close(office)
    for _ in range(FAILURES):
        office.fail("position", ID)
    assert waiting.expect(Denied).denial.reason is DenialReason.SET_ASIDE
    why = denied(office, lambda client: ClosePosition(position_id=ID, reply_to=client))
    assert why.startswith(f"position {ID} is not guarded: as the test says")
    assert "restart the service" in why
    denied(
        office,
        lambda client: ChangePosition(
            position_id=ID, changes=Changes(stop_loss=Level(Decimal(99))), reply_to=client
        ),
    )


def test_a_wallet_that_is_set_aside_takes_only_its_account_out(
    stage: Stage, office: Office
) -> None:
    """Its commands are denied, also those that waited; another account's are passed on."""
    position = stage.position(ID)
    office.fail("wallet", ACCOUNT)
    stage.committer.expect(ReadAccount)
    client = stage.probe("client")
    transfer = TransferFunds(account=ACCOUNT, amount=Decimal(1), reference="t", reply_to=client)
    office.desk.tell(transfer)
    for _ in range(FAILURES):
        office.fail("wallet", ACCOUNT)
    stage.dispatcher.run_until_idle()
    assert client.expect(Denied).denial.reason is DenialReason.SET_ASIDE
    for command in (
        lambda to: TransferFunds(account=ACCOUNT, amount=Decimal(1), reference="u", reply_to=to),
        lambda to: OpenAccount(account=ACCOUNT, initial_balance=Decimal(1), reply_to=to),
        lambda to: ClosePosition(position_id=ID, reply_to=to),
        an_open,
    ):
        assert denied(office, command).startswith(f"account {ACCOUNT} books nothing")
    assert not position.expect(Stranded).books
    other = stage.directory.wallets["other"] = stage.probe("other")
    office.desk.tell(
        TransferFunds(account="other", amount=Decimal(1), reference="t", reply_to=client)
    )
    other.expect(TransferFunds)


def test_a_market_that_is_set_aside_guards_none_of_its_positions(
    stage: Stage, office: Office
) -> None:
    """Its opens and its positions' commands are denied, and the page says why it is paused."""
    office.starter.market(SYMBOL)
    position = stage.position(ID)
    event = fail_for_good(office, "market", SYMBOL)
    assert (event.part, event.symbol, event.account) == (f"market {SYMBOL}", SYMBOL, None)
    assert "judges no price" in denied(office, an_open)
    assert "judges no price" in denied(
        office, lambda client: ClosePosition(position_id=ID, reply_to=client)
    )
    assert position.expect(Stranded).books
    pause = office.published.markets[SYMBOL].pause
    assert pause is not None
    assert pause.why == "set aside: as the test says"


def test_without_the_auditor_no_check_is_waited_for(office: Office) -> None:
    """Whoever asks is told."""
    fail_for_good(office, "auditor", "auditor")
    why = denied(office, lambda client: CheckHealth(account=ACCOUNT, reply_to=client))
    assert why.startswith("the auditor checks no books: as the test says")


def test_what_is_set_aside_begins_no_more(stage: Stage, office: Office) -> None:
    """A timer or a row that comes late gives it no next life."""
    fail_for_good(office, "position", ID)
    stage.dispatcher.advance(10)
    assert ID not in stage.directory.positions
    assert office.published.unguarded_by(POSITION) is not None


def test_a_position_whose_row_cannot_be_read_is_set_aside_at_once(
    stage: Stage, office: Office
) -> None:
    """There is nothing to begin from."""
    office.fail("position", ID)
    read = stage.wallet.expect(ReadPosition)
    read.reply_to.tell(ReadFailed(read=read, detail="ladder is not JSON"))
    stage.dispatcher.run_until_idle()
    (aside,) = office.published.standing_still()
    assert aside.why == "ladder is not JSON"


def test_a_wallet_whose_rows_cannot_be_read_is_set_aside_at_once(
    stage: Stage, office: Office
) -> None:
    """There is nothing to begin from."""
    office.fail("wallet", ACCOUNT)
    read = stage.committer.expect(ReadAccount)
    stage.committer.reply(ReadFailed(read=read, detail="no such status"))
    stage.dispatcher.run_until_idle()
    assert [aside.kind for aside in office.published.standing_still()] == ["wallet"]


def test_a_stranded_position_denies_whoever_waits(stage: Stage) -> None:
    """Nobody waits for a market or wallet that does not come back."""
    position = stage.start(PositionActor(stage.directory, POSITION, opened_at_us=TIME_US, after=7))
    stage.market.expect(Arm)
    client = stage.probe("client")
    position.tell(ClosePosition(position_id=ID, reply_to=client))
    stage.market.expect(QuotePrice)
    denial = an_aside_denial()
    position.tell(Stranded(denial=denial, books=True))
    assert client.expect(Denied).denial == denial


def an_open(client: Recipient) -> OpenPosition:
    return OpenPosition(
        account=ACCOUNT,
        symbol=SYMBOL,
        side=Side.LONG,
        exits=NOTHING_SAID,
        notional=Decimal(10),
        reply_to=client,
    )


def an_aside_denial() -> Denial:
    return denial_of(
        SetAside(kind="market", key=SYMBOL, account=None, symbol=SYMBOL, why="w", since_us=1)
    )
