"""The replay's report in a real browser, opened as a file."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal
from backstay.feeds.simulated import simulated_signals
from tests.acceptance.taped_replay import TapedReplay, simulated_replay, taped_replay
from tests.browser.chromium import Complaints
from tests.browser.conftest import Picture
from trading.exits.notation import exits_from
from trading.model import Side

OpenReport = Callable[..., Page]


@pytest.fixture(scope="module")
def replay() -> TapedReplay:
    """Sixty positions in three symbols."""
    return simulated_replay(7)


@pytest.fixture
def open_report(
    browser: Browser, complaints: Complaints, replay: TapedReplay, tmp_path: Path
) -> Iterator[OpenReport]:
    """Writes the report and opens it from the disk."""
    contexts = []

    def open_report(replay: TapedReplay = replay, **how: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        page = context.new_page()
        complaints.watch(page, "file://")
        page.goto(replay.write(tmp_path).as_uri())
        expect(page.locator("#rungs svg")).to_be_visible()
        return page

    yield open_report
    for context in contexts:
        context.close()


def net_pnls(page: Page) -> list[float]:
    texts = page.locator("#table tbody td:nth-child(5)").all_text_contents()
    return [float(text.replace("\u2212", "-").replace(",", "")) for text in texts]


def test_everything_is_drawn_from_one_file(
    open_report: OpenReport, replay: TapedReplay, picture: Picture
) -> None:
    """Figures, curves, prices with marks, outcomes; nothing else is asked for."""
    requests: list[str] = []
    page = open_report()
    page.on("request", lambda request: requests.append(request.url))
    page.reload()
    expect(page.locator("#rungs svg")).to_be_visible()
    picture(page, "report", full_page=True)
    assert [url for url in requests if not url.startswith("data:")] == [page.url]
    expect(page).to_have_title("Replay of account demo")
    expect(page.locator("#equity g:not(.legend) > .line")).to_have_count(2)
    expect(page.locator("#drawdown .area")).to_have_count(1)
    expect(page.locator("#prices svg")).to_have_count(len(replay.prices.symbols))
    for kind in ("entry", "rung", "exit"):
        assert page.locator(f"#prices .symbol-of.{kind}").count() > 0
    assert page.locator("#prices .level.stop").count() > 0
    counted = page.locator("#histogram .bar > title").all_text_contents()
    closed = sum(it["status"] == "CLOSED" for it in replay.report["positions"])
    assert sum(int(text.split(": ")[1].split()[0]) for text in counted) == closed
    expect(page.locator("#health")).to_contain_text("Every check passed")


@pytest.mark.slow
def test_the_table_is_sorted_by_keyboard(open_report: OpenReport, replay: TapedReplay) -> None:
    """A column's name is a button: once for the least first, again for the greatest."""
    page = open_report()
    expect(page.locator("#table tbody tr")).to_have_count(50)
    header = page.get_by_role("columnheader", name="Net PnL")
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert net_pnls(page) == sorted(net_pnls(page))
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert net_pnls(page) == sorted(net_pnls(page), reverse=True)
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.locator("#table tbody tr")).to_have_count(len(replay.report["positions"]) - 50)


@pytest.mark.slow
def test_open_positions_are_sorted_to_the_end_either_way(open_report: OpenReport) -> None:
    """Whoever looks for the highest exits does not find first what has none."""
    page = open_report()
    exits = page.locator("#table tbody td:nth-child(11)")
    for _ in ("ascending", "descending"):
        page.get_by_role("columnheader", name="Exit").get_by_role("button").press("Enter")
        page.get_by_role("button", name="Next").press("Enter")
        expect(exits.last).to_have_text("")
        expect(exits.first).not_to_have_text("")


def test_one_loss_of_an_account_of_any_name_is_drawn(open_report: OpenReport) -> None:
    """The name stays a text, and the loss has the whole width of its picture."""
    batch = PriceBatch("BTCUSDT", [1_000_000, 2_000_000], [Decimal(100), Decimal(94)])
    signal = replace(simulated_signals(7)[0], symbol="BTCUSDT", side=Side.LONG, time_us=1)
    page = open_report(taped_replay([batch], [signal], account="</script><!--<b>"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Replay of account </script><!--<b>")
    expect(page.locator("#table tbody tr")).to_have_count(1)
    bars = page.locator("#histogram .bar")
    expect(bars.first).to_have_class("bar loss")
    expect(page.locator("#histogram .bar > title").first).to_contain_text(": 1 positions")
    assert bars.count() > 5


def test_a_position_is_shown_on_its_price(
    open_report: OpenReport, replay: TapedReplay, picture: Picture
) -> None:
    """From the table to the chart: its own ladder, how its stop went, and back to all."""
    page = open_report()
    position = replay.report["positions"][9]
    page.get_by_role("button", name="Show position 10 on").press("Enter")
    expect(page.get_by_role("heading", name=position["symbol"])).to_be_focused()
    chart = page.get_by_role("img", name="position 10, ")
    expect(chart).to_be_visible()
    picture(page, "report-position")
    names = chart.locator(".level text").all_text_contents()
    assert f"entry {position['entry_price']}" in names
    rungs = position["take_profit_prices"]
    assert {f"TP{n} {price}" for n, price in enumerate(rungs, 1)} <= set(names)
    stops = chart.locator(".level.stop > title").all_text_contents()
    # To breakeven at the first rung, to the first rung at the second; the third closes all.
    assert stops[1:] == [f"stop-loss {price}" for price in (position["entry_price"], rungs[0])]
    assert stops[-1] in names
    page.get_by_role("button", name="Show all positions").press("Enter")
    expect(chart).to_have_count(0)


def test_a_trail_and_a_time_stop_are_drawn_and_counted(open_report: OpenReport) -> None:
    """What was asked for, each move of the stop-loss, and what closed the position."""
    minute_us = 60_000_000
    times = [1_760_054_400_000_000 + index * minute_us for index in range(4)]
    batch = PriceBatch("BTCUSDT", times, [Decimal(price) for price in (100, 101, 102, 102)])
    exits = exits_from({"trailing": "2%", "close_after": "3m", "take_profits": "110"})
    signal = RecordedSignal(
        signal_id="s-1",
        time_us=times[0],
        symbol="BTCUSDT",
        side=Side.LONG,
        notional=Decimal(25),
        exits=exits,
        line=2,
    )

    page = open_report(taped_replay([batch], [signal]))

    expect(page.locator("#table tbody tr")).to_contain_text("time stop")
    expect(page.locator("#table tbody tr")).to_contain_text("trailing 2%/0.1% from entry")
    expect(page.locator("#reasons svg")).to_contain_text("time stop")
    page.get_by_role("button", name="Show position 1 on").press("Enter")
    chart = page.get_by_role("img", name="position 1, ")
    stops = chart.locator(".level.stop > title").all_text_contents()
    assert stops == ["stop-loss 98", "stop-loss 98.98", "stop-loss 99.96"]
    marks = chart.locator(".symbol-of > title")
    expect(marks.filter(has_text="trail of 1 followed to 101, stop-loss 98.98")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_fits_a_phone_in_light_and_dark(
    open_report: OpenReport, picture: Picture, scheme: str
) -> None:
    """Nothing is wider than the screen, and the colours are the reader's choice."""
    page = open_report(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    picture(page, f"report-phone-{scheme}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    light = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((it) => it > 128)"
    )
    assert light == (scheme == "light")


@pytest.mark.slow
def test_paper_shows_every_position(open_report: OpenReport, replay: TapedReplay) -> None:
    """What is printed has no pages to turn, and is black on white."""
    page = open_report(color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#table tbody tr")).to_have_count(len(replay.report["positions"]))


def test_a_replay_that_opened_nothing_is_shown_too(open_report: OpenReport) -> None:
    """One price and no signal: every picture says that there is nothing to draw."""
    batch = PriceBatch("BTCUSDT", [1_760_054_400_000_000], [Decimal(100)])
    page = open_report(taped_replay([batch], []))
    expect(page.locator("#prices svg")).to_be_visible()
    expect(page.locator("#histogram svg")).to_contain_text("no values")
    expect(page.locator("#table tbody tr")).to_have_count(0)
    expect(page.locator("#denied")).to_be_hidden()


@pytest.mark.slow
def test_candles_are_said_to_be_candles(
    open_report: OpenReport, replay: TapedReplay, tmp_path: Path
) -> None:
    """Who reads the figures knows that the order within a candle is an assumption."""
    candles = {"count": 1440, "interval_seconds": 60, "order": "open, nearer extreme, ..., close"}
    page = open_report(
        TapedReplay({**replay.report, "candles": candles}, replay.prices, replay.events)
    )
    note = page.locator("#candles")
    expect(note).to_contain_text("Made from 1,440 candles of 1 min")
    expect(note).to_contain_text("open, nearer extreme, ..., close")


@pytest.mark.slow
def test_files_that_were_out_of_order_are_named(
    open_report: OpenReport, replay: TapedReplay
) -> None:
    """Who reads the figures knows that rows were moved."""
    moved = [{"file": "<b>.csv", "rows": "newest first", "late_rows": 1_440}]
    page = open_report(
        TapedReplay({**replay.report, "reordered": moved}, replay.prices, replay.events)
    )
    note = page.locator("#reordered")
    expect(note).to_contain_text("<b>.csv was newest first: 1,440 rows came after a later one.")
