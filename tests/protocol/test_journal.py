"""The journal: what happened, in the specification's words."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from actors.commit.messages import Announced
from actors.log_lines import write_journal
from persistence.changes import Change
from tests.protocol.stage import Stage
from tests.unit.accounts import TIME_US, Account, a_ladder, a_position
from trading.events.accounts import HealthMismatchFound, HealthRestored
from trading.events.markets import PriceQuarantined, QuarantineEnded
from trading.model import Side

Say = Callable[[Change], list[str]]


@pytest.fixture
def say(stage: Stage) -> Say:
    """What the journal says of a committed change."""

    def say(change: Change) -> list[str]:
        with capture_logs() as lines:
            write_journal(Announced(commit_id=1, first_event_id=1, changes=(change,)))
        return [line["event"] for line in lines]

    return say


def of(account: Account) -> Change:
    """Everything that happened to an account, as one change."""
    return Change(
        account="demo",
        wallet_after=account.wallet,
        entries=tuple(account.entries),
        events=tuple(account.events),
    )


def test_a_short_names_its_rungs_by_falls(say: Say) -> None:
    """TP1 of a SHORT is at -3 %."""
    account = Account(100)
    account.open(a_position(Side.SHORT))
    account.price(97)
    assert say(of(account))[1] == "TP1 hit for position 401 at -3%. Stop-loss: 105 → 100"


def test_a_part_has_its_own_breakdown(say: Say) -> None:
    """Gross, every cost, net and its share of that part's value."""
    account = Account(100)
    account.open(a_position(quantity=1, ladder=a_ladder(3, 6, closes=("0.25", "0.75"))))
    account.price(103)
    lines = say(of(account))
    assert lines[2] == (
        "PnL Calculation: Gross PnL=$0.75 (+3%), Entry Fee=$0.065, Exit Fee=$0.06695, "
        "Spread=$0.02575, Slippage=$0.012875, Total Costs=$0.171, Net PnL=$0.579 (+2.32%)"
    )
    assert lines[-1] == "Wallet updated: Freed $25.00, PnL=$0.58, Available: $0.00 → $25.58"


def test_a_loss_is_written_with_its_sign(say: Say) -> None:
    """The stop and what it cost."""
    account = Account(100)
    account.open(a_position())
    account.price(95)
    assert say(of(account))[-1] == (
        "✓ Position 401 closed: stop-loss at 95 reached, Net PnL: $-1.4124 (-5.65%)"
    )


def test_a_shortfall_is_an_error_line(say: Say) -> None:
    """In the specification's words, with what was done instead of clamping."""
    account = Account(25)
    account.open(a_position(Side.SHORT, ladder=a_ladder(50, stop=60)))
    account.price(220)
    assert "Balance would be negative, shortfall of $5.29 covered" in say(of(account))


def test_transfers_and_accounts_have_their_lines(say: Say) -> None:
    """What opened the account, and what came in."""
    account = Account(100)
    account.transfer(50)
    assert say(of(account)) == [
        "Account demo opened with 100 USDT",
        "50 transferred, reference t1",
        "Wallet updated: Opened account with 100 USDT, $100.00, Available: $0.00 → $100.00",
        "Wallet updated: Deposit: t1, $50.00, Available: $100.00 → $150.00",
    ]


def test_a_quarantine_is_told_from_its_beginning_to_its_end(say: Say) -> None:
    """Which price waits, against which, and what became of it."""
    began = PriceQuarantined(
        symbol="BTCUSDT", price=Decimal(40), last_price=Decimal(100), time_us=TIME_US
    )
    ended = QuarantineEnded(
        symbol="BTCUSDT",
        outcome="dropped",
        candidate=Decimal(40),
        price=Decimal(101),
        time_us=TIME_US,
    )
    assert say(Change(account=None, events=(began, ended))) == [
        "Price 40 of BTCUSDT quarantined: too far from the last accepted 100",
        "Quarantine of BTCUSDT ended: candidate 40 dropped at 101",
    ]


def test_doubt_about_the_books_is_told_and_its_end_too(say: Say) -> None:
    """Until when opens are refused."""
    found = HealthMismatchFound(
        account="demo",
        failed_checks=("total",),
        expected=Decimal("102.50"),
        actual=Decimal("102.32"),
        difference=Decimal("-0.18"),
        first_divergent_entry=3,
        time_us=TIME_US,
    )
    restored = HealthRestored(account="demo", time_us=TIME_US)
    assert say(Change(account="demo", events=(found, restored))) == [
        "Books of demo do not balance, its opens are refused: total failed, expected 102.50, "
        "actual 102.32",
        "Books of demo balance again, its opens are allowed",
    ]
