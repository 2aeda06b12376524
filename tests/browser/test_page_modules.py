"""The page's pure modules, run where they will run: in the browser."""

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from harness.service_process import ServiceProcess
from tests.browser.page_parts import imported

LONG = {
    "id": 7,
    "account": "demo",
    "symbol": "BTCUSDT",
    "side": "LONG",
    "status": "OPEN",
    "open_quantity": "0.25",
    "entry_price": "100",
    "stop_loss": "95",
    "take_profit_prices": ["103", "106", "110"],
    "take_profits": [
        {"at": "3%", "price": "103", "close": "0%", "stop": "breakeven", "hit": True},
        {"at": "6%", "price": "106", "close": "50%", "stop": "previous", "hit": False},
        {"at": "10%", "price": "110", "close": "50%", "stop": "previous", "hit": False},
    ],
    "asked": {"trailing": "none"},
    "trailing_best_price": None,
    "closes_at": None,
    "rungs_hit": 1,
    "next_take_profit": "106",
    "mark_price": "104",
}
SHORT = {
    **LONG,
    "side": "SHORT",
    "stop_loss": "105",
    "take_profit_prices": ["97", "94", "90"],
    "next_take_profit": "94",
}


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of the service for all of these: nothing that they do changes it."""
    folder = tmp_path_factory.mktemp("modules")
    with (
        ServiceProcess(folder, "--feed", "none", warm=True) as service,
        browser.new_context(base_url=service.wait_ready().url) as context,
    ):
        page = context.new_page()
        page.goto("/")
        yield page


def model(page: Page, position: Any, mark: str | None, width: int = 600) -> Any:
    """A ladder's drawing as data."""
    expression = "m.ladderModel(a.position, a.mark, a.width)"
    argument = {"position": position, "mark": mark, "width": width}
    return imported(page, "ladder.js", expression, argument)


def test_decimals_are_exact(page: Page) -> None:
    """Sums, differences, products and quotients of long numbers equal Python's, half to even."""
    random = Random(4)
    texts = [
        f"{random.choice(('', '-'))}{random.randrange(10**digits)}.{random.randrange(10**9):09}"
        for digits in (1, 4, 13)
        for _ in range(40)
    ] + ["0", "-0.5", "0.00000001", "2.5", "90000000000"]
    pairs = [(random.choice(texts), random.choice(texts[:-5])) for _ in range(200)]
    expression = """a.map(([x, y]) => {
        const [p, q] = [m.decimal(x), m.decimal(y)];
        return [m.add(p, q), m.subtract(p, q), m.multiply(p, q), m.rounded(m.multiply(p, q), 8),
                m.quotient(p, q, 8)].map(m.plain).concat(m.compare(p, q));
    })"""

    found = imported(page, "decimal.js", expression, pairs)

    money = Decimal("0.00000001")
    with localcontext(prec=80, rounding=ROUND_HALF_EVEN):
        for (left, right), (*values, order) in zip(pairs, found, strict=True):
            x, y = Decimal(left), Decimal(right)
            expected = [x + y, x - y, x * y, (x * y).quantize(money), (x / y).quantize(money)]
            assert [Decimal(value) for value in values] == expected, (left, right)
            assert order == (x > y) - (x < y)


def test_what_is_no_decimal_is_refused(page: Page) -> None:
    """An exponent, a blank or a word is not an amount: nothing is guessed."""
    expression = """a.map((text) => { try { m.decimal(text); return "taken"; }
        catch (error) { return error.name; } })"""

    found = imported(page, "decimal.js", expression, ["1e5", "", " 1", "NaN", "1.", ".5", "1,0"])

    assert found == ["RangeError"] * 7


def test_live_pnl_is_what_the_service_would_say(page: Page) -> None:
    """Of the open quantity, toward profit, rounded once to money; none without a price."""
    expression = """a.map(([position, mark]) => {
        const pnl = m.unrealizedPnl(position, mark);
        return pnl && `${pnl.units} ${pnl.scale}`;
    })"""
    odd = {**SHORT, "open_quantity": "0.333333333333333333"}

    found = imported(
        page, "positions.js", expression, [[LONG, "104"], [SHORT, "104"], [odd, "97"], [LONG, None]]
    )

    assert found == ["100000000 8", "-100000000 8", "100000000 8", None]


def test_a_total_pnl_has_what_is_booked_in_it(page: Page) -> None:
    """The parts closed so far and what is open; none without a price."""
    expression = """a.map(([position, mark]) => {
        const pnl = m.totalPnl(position, mark);
        return pnl && `${pnl.units} ${pnl.scale}`;
    })"""
    reduced = {**LONG, "net_pnl": "0.33000000"}

    found = imported(page, "positions.js", expression, [[reduced, "104"], [reduced, None]])

    assert found == ["133000000 8", None]


def test_figures_are_rounded_once_for_people(page: Page) -> None:
    """Two decimals, four below one, thousands apart, and a minus that is one."""
    expression = """[m.money("1234567.125"), m.money("-0.005"), m.money(null),
        m.signedMoney({units: -1250000n, scale: 8}),
        m.signedMoney({units: 123450000000n, scale: 8}),
        m.signedMoney({units: 0n, scale: 8}), m.figure("64250.500"), m.percent("0.25"),
        m.duration(59), m.duration(7260), m.count(2000, "position")]"""

    found = imported(page, "format.js", expression)

    assert found == [
        *("1,234,567.12", "0.00", "\N{EN DASH}", "\N{MINUS SIGN}0.0125", "+1,234.50", "0.00"),
        *("64,250.5", "25 %", "59 s", "2 h", "2,000 positions"),
    ]


def test_a_ladder_says_what_it_shows(page: Page) -> None:
    """Its text alternative has stop, entry, next rung with its share, mark price and progress."""
    said = model(page, LONG, "104")["label"]

    assert said == (
        "LONG BTCUSDT: stop-loss 95, entry 100, next rung TP2 at 106, closes 50 %, "
        "mark price 104, 1 of 3 rungs hit"
    )


def test_a_trail_and_a_time_stop_are_said_too(page: Page) -> None:
    """With the best price that the trail has followed, and when the position will be closed."""
    trailing = {
        **LONG,
        "asked": {"trailing": "2%/0.1% from rung 1"},
        "trailing_best_price": "105",
        "closes_at": "2026-01-31T12:00:00.000000Z",
    }

    drawn = model(page, trailing, "104")
    waiting = model(page, {**trailing, "trailing_best_price": None}, "104")

    assert drawn["label"].endswith(
        "trail 2%/0.1% from rung 1, best price 105, closes at 2026-01-31 12:00:00 UTC"
    )
    assert drawn["trail"]["stop"] < drawn["trail"]["best"]
    assert "trail 2%/0.1% from rung 1, not begun" in waiting["label"]
    assert waiting["trail"] is None


def test_the_arrow_keys_step_by_the_fourth_digit_of_a_price(page: Page) -> None:
    """Exactly, whatever the size of the price; a pointer lands on a multiple of the step."""
    steps = "a.map((price) => m.stepAt(price)).map(({ units, scale }) => `${units}e-${scale}`)"
    prices = ["64250.5", "104", "0.8", "0.000012345", "1000000"]
    near = "a.map(([x, price]) => m.priceNear(x, m.stepAt(price)))"

    assert imported(page, "views/ladder_handles.js", steps, prices) == [
        *("10e-0", "1e-1", "1e-4", "1e-8", "1000e-0")
    ]
    found = imported(
        page, "views/ladder_handles.js", near, [[64253.7, "64250"], [0.80004, "0.8"], [-3, "104"]]
    )
    assert found == ["64250", "0.8", None]


def test_a_short_is_a_long_in_a_mirror(page: Page) -> None:
    """The same distances from the entry, on the other side of it."""
    long, short = model(page, LONG, "104"), model(page, SHORT, "96")

    def places(drawn: Any) -> dict[str, float]:
        return {level["text"].split(" ")[0]: level["x"] for level in drawn["levels"]}

    def mirrored(x: float) -> float:
        return round(600 - x, 6)

    assert {k: mirrored(x) for k, x in places(short).items()} == {
        k: round(x, 6) for k, x in places(long).items()
    }
    assert round(mirrored(short["mark"]["x"]), 1) == long["mark"]["x"]
    assert [long["mark"]["tone"], short["mark"]["tone"]] == ["gain", "gain"]


def test_a_stop_beyond_the_entry_keeps_profit(page: Page) -> None:
    """What lies between entry and stop is at risk before, and kept after the stop has moved."""
    before, after = model(page, LONG, "104"), model(page, {**LONG, "stop_loss": "103"}, "106")

    assert [zone["kind"] for zone in before["zones"]] == ["aim", "risk"]
    assert [zone["kind"] for zone in after["zones"]] == ["aim", "kept"]


def test_a_ladder_fits_whatever_it_holds(page: Page) -> None:
    """No rung, eight rungs, a price far away or none: nothing is drawn outside, no label on one."""
    crowded = {
        **LONG,
        "take_profit_prices": [f"{100 + n / 10}" for n in range(1, 9)],
        "take_profits": [{"at": "103", "close": "0%"}] * 8,
    }
    bare = {**LONG, "take_profit_prices": [], "take_profits": [], "rungs_hit": 0}

    for position in (LONG, SHORT, crowded, bare, {**bare, "stop_loss": "100"}):
        for mark in ("104", "1", "1000000", None):
            for width in (250, 600):
                drawn = model(page, position, mark, width)
                places = [level["x"] for level in drawn["levels"]]
                if mark is not None:
                    places += [drawn["mark"]["x"], drawn["mark"]["labelX"]]
                assert all(0 <= x <= width for x in places), drawn
                assert drawn["levels"][-1]["labelX"] is not None, "the stop always has its label"


def test_frames_are_read_however_they_are_cut(page: Page) -> None:
    """The stream's text in one piece or letter by letter gives the same events."""
    text = 'retry: 2000\nid: 4\n\n: still here\n\nid: 5\nevent: x\ndata: {"a":"b: c"}\n\n'
    expression = """[[a], [...a]].map((pieces) => {
        const frames = new m.Frames();
        return pieces.flatMap((piece) => frames.take(piece));
    })"""

    whole, letters = imported(page, "stream.js", expression, text)

    assert whole == letters == [{"id": 4, "data": None}, {"id": 5, "data": '{"a":"b: c"}'}]
