"""An account's terms for its opens: cost rates, and exits for what an open does not say."""

from dataclasses import replace
from decimal import Decimal

import pytest
from immutables import Map

from actors.auditor.messages import CheckHealth
from actors.commit.messages import ChangeRefused
from actors.messages import Denied
from actors.probe import TestProbe
from actors.wallet.messages import SetCosts, SetExits, TermsSet
from tests.protocol.stage import ACCOUNT, Stage
from tests.protocol.trading_floor import Floor
from trading.costs import DEFAULT_RATES
from trading.exits.exits import Exits
from trading.exits.notation import exits_from
from trading.model import CostRates, DenialReason, Pause

CHEAP = CostRates(fee=Decimal("0.001"), spread=Decimal(0), slippage=Decimal(0))
TRAILED = exits_from({"stop_loss": "none", "take_profits": "none", "trailing": "2%"})


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with an account of 100, whose commits the test confirms."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


def set_costs(floor: Floor, rates: CostRates | None) -> TestProbe:
    client = floor.stage.probe("client")
    floor.wallet.tell(SetCosts(account=ACCOUNT, rates=rates, reply_to=client))
    return client


def set_exits(floor: Floor, exits: Exits) -> TestProbe:
    client = floor.stage.probe("client")
    floor.wallet.tell(SetExits(account=ACCOUNT, exits=exits, reply_to=client))
    return client


def test_terms_hold_for_the_opens_after_them(floor: Floor) -> None:
    """A position keeps those that it was opened with."""
    before = floor.opened(10)
    clients = set_costs(floor, CHEAP), set_exits(floor, TRAILED)
    floor.confirm(floor.change())
    for client in clients:
        client.expect(TermsSet)
    after = floor.opened(10)
    assert (before.rates, before.stop_price) == (DEFAULT_RATES, Decimal(95))
    assert (after.rates, after.stop_price, after.take_profit_prices) == (CHEAP, Decimal(98), ())


def test_the_same_terms_again_are_answered_without_a_commit(floor: Floor) -> None:
    """However their figures are written."""
    set_costs(floor, CHEAP)
    floor.confirm(floor.change())
    again = set_costs(floor, replace(CHEAP, fee=Decimal("0.0010")))
    assert again.expect(TermsSet).wallet.rates == CHEAP
    floor.stage.committer.expect_nothing()


def test_terms_are_answered_once_they_are_durable(floor: Floor) -> None:
    """And not at all from memory."""
    client = set_exits(floor, TRAILED)
    change = floor.change()
    client.expect_nothing(for_=0)
    floor.confirm(change)
    assert client.expect(TermsSet).wallet.exits == TRAILED


def test_a_pause_refuses_no_terms(floor: Floor) -> None:
    """It refuses opens only."""
    floor.published.version = replace(
        floor.published.version, pauses=Map({None: Pause(account=None, reason="news", since_us=0)})
    )
    client = set_costs(floor, CHEAP)
    floor.confirm(floor.change())
    client.expect(TermsSet)


def test_a_halted_wallet_denies_terms(stage: Stage, floor: Floor) -> None:
    """Those that were on their way when it was halted, and those that come later."""
    first = set_costs(floor, CHEAP)
    change = floor.change()
    floor.answer(
        change, ChangeRefused(change_id=change.change_id, wallet_changed=True, detail="another row")
    )
    stage.auditor.expect(CheckHealth)
    for client in (first, set_exits(floor, TRAILED)):
        assert client.expect(Denied).denial.reason is DenialReason.BOOKS_MISMATCH
    stage.committer.expect_nothing()


@pytest.mark.parametrize("fee", ["-0.001", "0.26", "NaN"])
def test_rates_that_are_no_fraction_are_refused(floor: Floor, fee: str) -> None:
    """A percentage by mistake, or no number: the sender is told at once."""
    with pytest.raises(ValueError, match="is not between 0% and 10%"):
        set_costs(floor, replace(CHEAP, fee=Decimal(fee)))


def test_exits_that_guard_nothing_are_refused(floor: Floor) -> None:
    """An open that says nothing itself would be denied."""
    with pytest.raises(ValueError, match="there is no stop-loss"):
        set_exits(floor, exits_from({"stop_loss": "none"}))
