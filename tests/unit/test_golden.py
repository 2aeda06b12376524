"""The worked numbers that Backstay must reproduce, through the rules as they run live."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.accounts import Account, a_ladder, a_position, walked
from trading.costs import DEFAULT_RATES, closing_costs, gross_pnl
from trading.events.positions import PositionClosed, PositionReduced, RungHit
from trading.exits.ladder import DEFAULT_LADDER
from trading.model import CostRates, EntryType, LedgerEntry, Side
from trading.money import ZERO, plain, trimmed
from trading.positions.opening import quantity_for

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "cases.json"

Case = dict[str, Any]

SEED_CLOSE: Case = {
    "side": "LONG",
    "notional": "25",
    "entry_price": "100",
    "exit_price": "110",
    "fee_rate": "0.0026",
    "spread_rate": "0.001",
    "slippage_rate": "0.0005",
    "gross_pnl": "2.50",
    "entry_fee": "0.065",
    "exit_fee": "0.0715",
    "spread": "0.0275",
    "slippage": "0.01375",
    "costs": "0.17775",
    "net_pnl": "2.32225",
    "net_pnl_percent": "9.289",
    "wallet_before_open": "100",
    "available_after_open": "75",
    "locked_after_open": "25",
    "total_after_close": "102.32225",
    "available_after_close": "102.32225",
    "locked_after_close": "0",
}

SINGLE_TRADE: Case = {
    "fee_rate": "0.0025",
    "quantity": "30",
    "entry_price": "2.0",
    "long": {"2.1": "2.6925", "1.9": "-3.2925", "2.2": "5.685"},
    "short": {"2.1": "-3.3075", "1.9": "2.7075"},
}

EXCHANGE_PNL: list[Case] = [
    {
        "side": "LONG",
        "quantity": "0.2",
        "entry_price": "7000",
        "exit_price": "7500",
        "gross_pnl": "100",
    },
    {
        "side": "SHORT",
        "quantity": "0.4",
        "entry_price": "6000",
        "exit_price": "5000",
        "gross_pnl": "400",
    },
]


def part(fraction: str, exit_price: str, released: str, gross: str, costs: str, net: str) -> Case:
    return {
        "fraction": fraction,
        "exit_price": exit_price,
        "released": released,
        "gross_pnl": gross,
        "costs": costs,
        "net_pnl": net,
    }


PARTIAL_CLOSES: list[Case] = [
    {
        "side": "LONG",
        "notional": "100",
        "entry_price": "100",
        "what": "all three rungs",
        "parts": [
            part("0.25", "103", "25.00000000", "0.75000000", "0.17057500", "0.57942500"),
            part("0.25", "106", "25.00000000", "1.50000000", "0.17365000", "1.32635000"),
            part("0.5", "110", "50.00000000", "5.00000000", "0.35550000", "4.64450000"),
        ],
        "net_pnl": "6.55027500",
    },
    {
        "side": "LONG",
        "notional": "100",
        "entry_price": "100",
        "what": "first rung, then the stop at breakeven",
        "parts": [
            part("0.25", "103", "25.00000000", "0.75000000", "0.17057500", "0.57942500"),
            part("0.75", "100", "75.00000000", "0E-8", "0.50250000", "-0.50250000"),
        ],
        "net_pnl": "0.07692500",
    },
    {
        "side": "SHORT",
        "notional": "100",
        "entry_price": "100",
        "what": "all three rungs",
        "parts": [
            part("0.25", "97", "25.00000000", "0.75000000", "0.16442500", "0.58557500"),
            part("0.25", "94", "25.00000000", "1.50000000", "0.16135000", "1.33865000"),
            part("0.5", "90", "50.00000000", "5.00000000", "0.31450000", "4.68550000"),
        ],
        "net_pnl": "6.60972500",
    },
]


def test_the_copied_figures_are_those_of_the_golden_file() -> None:
    """The figures below stand here word for word as in the golden file."""
    if not GOLDEN.exists():
        pytest.skip(f"no {GOLDEN}: the copied figures stand alone")
    assert json.loads(GOLDEN.read_text()) == {
        "seed_close": SEED_CLOSE,
        "single_trade": SINGLE_TRADE,
        "exchange_pnl": EXCHANGE_PNL,
        "partial_closes": PARTIAL_CLOSES,
    }


def test_the_default_rates_are_those_of_the_worked_close() -> None:
    """Without settings a position costs what the specification's worked close costs."""
    assert (
        CostRates(
            fee=Decimal(SEED_CLOSE["fee_rate"]),
            spread=Decimal(SEED_CLOSE["spread_rate"]),
            slippage=Decimal(SEED_CLOSE["slippage_rate"]),
        )
        == DEFAULT_RATES
    )


def seed_account() -> Account:
    account = Account(SEED_CLOSE["wallet_before_open"])
    notional, entry = Decimal(SEED_CLOSE["notional"]), Decimal(SEED_CLOSE["entry_price"])
    quantity = quantity_for(notional, entry)
    assert account.open(a_position(entry_price=entry, quantity=quantity)) is None
    return account


def test_the_worked_open_locks_the_notional() -> None:
    """Opening 25 USDT out of 100 leaves 75 available and the total as it was."""
    wallet = seed_account().wallet
    assert wallet.total == Decimal(SEED_CLOSE["wallet_before_open"])
    assert wallet.available == Decimal(SEED_CLOSE["available_after_open"])
    assert wallet.locked == Decimal(SEED_CLOSE["locked_after_open"])


@pytest.mark.parametrize("prices", [("103", "106", "110"), ("110",)], ids=["steps", "gap"])
def test_the_worked_close_earns_what_the_specification_says(prices: tuple[str, ...]) -> None:
    """Gross, each cost and net of the specification's close are exact, by steps and by a gap."""
    account = seed_account()
    for price in prices:
        account.price(price)
    *_, close = account.events
    assert isinstance(close, PositionClosed)
    assert close.exit_price == Decimal(SEED_CLOSE["exit_price"])
    assert close.released == close.notional == Decimal(SEED_CLOSE["notional"])
    assert close.gross_pnl == Decimal(SEED_CLOSE["gross_pnl"])
    assert close.costs.entry_fee == Decimal(SEED_CLOSE["entry_fee"])
    assert close.costs.exit_fee == Decimal(SEED_CLOSE["exit_fee"])
    assert close.costs.spread == Decimal(SEED_CLOSE["spread"])
    assert close.costs.slippage == Decimal(SEED_CLOSE["slippage"])
    assert close.costs.total == Decimal(SEED_CLOSE["costs"])
    assert close.net_pnl == close.net_pnl_total == Decimal(SEED_CLOSE["net_pnl"])
    assert close.net_pnl / close.notional * 100 == Decimal(SEED_CLOSE["net_pnl_percent"])


def test_the_worked_close_frees_the_wallet() -> None:
    """After the close all 102.32225 are available, nothing is locked, and the books agree."""
    account = seed_account()
    account.price("110")
    assert account.wallet.total == Decimal(SEED_CLOSE["total_after_close"])
    assert account.wallet.available == Decimal(SEED_CLOSE["available_after_close"])
    assert account.wallet.locked == Decimal(SEED_CLOSE["locked_after_close"])
    assert account.health().status == "HEALTHY"


def test_the_worked_entries_keep_the_specifications_fields() -> None:
    """The ledger of the worked close reads as the specification writes it."""
    account = seed_account()
    account.price("110")
    opening, open_, close = account.entries
    assert told(opening) == (EntryType.OPENING, "100", "0", "100", None)
    assert told(open_) == (EntryType.POSITION_OPEN, "-25", "100", "75", 401)
    assert told(close) == (EntryType.POSITION_CLOSE, "2.32225", "75", "102.32225", 401)
    assert opening.description == "Opened account with 100 USDT"
    assert open_.description == "Opened LONG position for BTCUSDT: 0.25 @ $100.000000"
    assert close.description == (
        "Closed LONG BTCUSDT: TP3 (+10%) reached, Net PnL=$2.32 (Gross=$2.50, Costs=$0.18)"
    )


def told(entry: LedgerEntry) -> tuple[EntryType, str, str, str, int | None]:
    return (
        entry.entry_type,
        plain(trimmed(entry.amount)),
        plain(trimmed(entry.balance_before)),
        plain(trimmed(entry.balance_after)),
        entry.position_id,
    )


@pytest.mark.parametrize(
    ("side", "exit_price", "net"),
    [
        (Side(side.upper()), exit_price, net)
        for side in ("long", "short")
        for exit_price, net in SINGLE_TRADE[side].items()
    ],
)
def test_a_single_trade_earns_its_move_less_a_fee_on_both_sides(
    side: Side, exit_price: str, net: str
) -> None:
    """One entry and one exit with 0.25 % fee a side give the published profit."""
    entry, quantity = Decimal(SINGLE_TRADE["entry_price"]), Decimal(SINGLE_TRADE["quantity"])
    rates = CostRates(fee=Decimal(SINGLE_TRADE["fee_rate"]), spread=ZERO, slippage=ZERO)
    account = Account(100)
    account.open(a_position(side, entry_price=entry, quantity=quantity, rates=rates))
    account.close(401, exit_price)
    assert account.wallet.total - 100 == Decimal(net)


@pytest.mark.parametrize("case", EXCHANGE_PNL, ids=lambda case: str(case["side"]))
def test_gross_pnl_is_the_exchanges(case: Case) -> None:
    """Gross PnL agrees with an exchange's published examples."""
    assert gross_pnl(
        Side(case["side"]),
        entry_price=Decimal(case["entry_price"]),
        exit_price=Decimal(case["exit_price"]),
        quantity=Decimal(case["quantity"]),
    ) == Decimal(case["gross_pnl"])


@pytest.mark.parametrize("case", PARTIAL_CLOSES, ids=lambda case: f"{case['side']} {case['what']}")
def test_each_part_releases_and_earns_its_share(case: Case) -> None:
    """Ladder and wallet give every part's release, gross, costs and net to the last digit."""
    account = Account(case["notional"])
    quantity = quantity_for(Decimal(case["notional"]), Decimal(case["entry_price"]))
    ladder = a_ladder(3, 6, 10, closes=("0.25", "0.25", "0.5"))
    account.open(a_position(Side(case["side"]), quantity=quantity, ladder=ladder))
    for each in case["parts"]:
        locked, total = account.wallet.locked, account.wallet.total
        account.price(each["exit_price"])
        told = account.events[-1]
        assert isinstance(told, PositionReduced | PositionClosed)
        assert told.quantity == quantity * Decimal(each["fraction"])
        assert told.exit_price == Decimal(each["exit_price"])
        assert told.released == locked - account.wallet.locked == Decimal(each["released"])
        assert told.gross_pnl == Decimal(each["gross_pnl"])
        assert told.costs.total == Decimal(each["costs"])
        assert told.net_pnl == account.wallet.total - total == Decimal(each["net_pnl"])
    assert account.positions[401].net_pnl == Decimal(case["net_pnl"])
    assert isinstance(told, PositionClosed)
    assert told.net_pnl_total == Decimal(case["net_pnl"])
    assert account.health().status == "HEALTHY"


def test_costs_of_the_worked_close_are_told_by_kind() -> None:
    """The cost rule alone gives the worked close's four costs."""
    costs = closing_costs(
        DEFAULT_RATES,
        entry_price=Decimal(100),
        exit_price=Decimal(110),
        quantity=Decimal("0.25"),
    )
    kinds = (costs.entry_fee, costs.exit_fee, costs.spread, costs.slippage)
    named = ("entry_fee", "exit_fee", "spread", "slippage")
    assert kinds == tuple(Decimal(SEED_CLOSE[kind]) for kind in named)


def test_scenario_1_the_rungs_are_reported_one_after_another() -> None:
    """TP1 sends the stop to breakeven, TP2 to TP1, and TP3 closes at once."""
    steps = walked(a_position(ladder=DEFAULT_LADDER), 103, 106, 110).events
    hits = [event for event in steps if isinstance(event, RungHit)]
    assert [(hit.rung, plain(hit.stop_before), plain(hit.stop_after)) for hit in hits] == [
        (1, "95", "100"),
        (2, "100", "103"),
        (3, "103", "106"),
    ]
    assert isinstance(steps[-1], PositionClosed)
    assert len(steps) == 4
