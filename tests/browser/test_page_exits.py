"""Exits on the page: seen before they are opened, changed on their drawing, closed in parts."""

import re

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from harness.http_api import Api
from tests.browser.chromium import Complaints
from tests.browser.page_parts import card, dialog, ladder, live

REFUSED = "the server responded with a status of 4"


@pytest.fixture
def market(api: Api, page: Page) -> Api:
    """A market at 100, and the page that shows it."""
    api.price("BTCUSDT", "100")
    live(page)
    return api


def open_form(page: Page, size: str = "25") -> Locator:
    """The form of a LONG of this size, its exits in sight."""
    page.get_by_role("button", name="Open position").click()
    form = dialog(page)
    form.get_by_label("Symbol").fill("BTCUSDT")
    form.get_by_label("Size", exact=True).fill(size)
    form.get_by_text("Exits", exact=True).click()
    return form


def change_form(page: Page, api: Api, **how: str) -> Locator:
    """The form that changes a new position."""
    api.post("/positions", {"account": "demo", "symbol": "BTCUSDT", "side": "LONG",
                            "notional": "25", **how}, 201)  # fmt: skip
    page.get_by_role("button", name="Change position 1").click()
    return dialog(page)


def row(form: Locator, name: str) -> Locator:
    """A row of the preview's table."""
    return form.get_by_role("row", name=re.compile(f"^{name} "))


def submit(form: Locator) -> None:
    """Press the button that does it."""
    form.locator("[type=submit]").click()


def test_a_ladder_is_drawn_with_its_risk_before_it_is_opened(page: Page, market: Api) -> None:
    """Prices, percentages, and money after costs; nothing is open until the form is sent."""
    form = open_form(page)
    drawn = form.get_by_role("img")
    expect(drawn).to_have_accessible_name(re.compile("stop-loss 95, entry 100, next rung TP1"))
    expect(row(form, "Stop-loss")).to_have_text(re.compile("95.*.5.00 %.*all.*.1.41"))
    expect(row(form, "TP3")).to_have_text(re.compile(r"110.*\+10.00 %.*all.*\+2.32"))

    form.get_by_label("Stop-loss", exact=True).fill("98")
    form.get_by_label("Take-profit 1: level").fill("104")
    form.get_by_label("Take-profit 1: share").fill("40%")
    form.get_by_label("Distance").fill("2%")
    form.get_by_label("From", exact=True).fill("rung 1")
    form.get_by_label("Close after").fill("4h")

    expect(drawn).to_have_accessible_name(re.compile("stop-loss 98, .* trail 2%/0.1% from rung 1"))
    expect(row(form, "TP1")).to_have_text(re.compile(r"104.*\+4.00 %.*0.1"))
    assert market.items("/positions") == []
    submit(form)
    expect(card(page, 1)).to_contain_text("trail 2%/0.1% from rung 1, not begun")
    expect(card(page, 1)).to_contain_text("closes at")
    opened = market.position(1)
    assert opened["stop_loss"] == "98"
    assert opened["take_profits"][0]["close"] == "40%"


def test_what_an_open_would_be_refused_for_is_said_at_its_field(
    page: Page, market: Api, complaints: Complaints
) -> None:
    """In the service's words, while it is written, and without taking the focus."""
    complaints.expect(REFUSED)
    form = open_form(page)
    step = form.get_by_label("Step")
    form.get_by_label("Distance").fill("2%")
    step.fill("1")

    expect(step).to_have_accessible_description(re.compile("'1' is not a percentage"))
    expect(step).to_be_focused()
    step.fill("0.2%")
    expect(step).not_to_have_attribute("aria-invalid", "true")
    form.get_by_label("Stop-loss", exact=True).fill("101")
    exits = form.get_by_role("group", name="Exits")
    expect(exits).to_have_accessible_description(re.compile("must lie below its entry of 100"))
    form.get_by_label("Stop-loss", exact=True).fill("")
    form.get_by_label("Size", exact=True).fill("5000")
    size = form.get_by_label("Size", exact=True)
    expect(size).to_have_accessible_description(re.compile("available 1000.00 USDT"))


def test_the_stop_is_tightened_by_the_arrow_keys(page: Page, market: Api) -> None:
    """A step a press, said in words and money before it is sent, and sent with a key."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "PATCH" else None)
    form = change_form(page, market)
    stop = form.get_by_role("slider", name="Stop-loss")
    expect(stop).to_have_attribute("aria-valuetext", "95")

    stop.press("Shift+ArrowRight")
    for _ in range(3):
        stop.press("ArrowRight")

    expect(stop).to_have_attribute("aria-valuetext", "96.3")
    expect(stop).to_be_focused()
    expect(form).to_contain_text("Stop-loss tightened by hand 95 -> 96.3 at mark price 100")
    expect(row(form, "Stop-loss")).to_have_text(re.compile("96.3.*.3.70 %.*.1.0"))
    assert market.position(1)["stop_loss"] == "95"
    submit(form)
    expect(ladder(page, 1)).to_have_accessible_name(re.compile("stop-loss 96.3"))
    assert [request.post_data_json for request in sent] == [{"stop_loss": "96.3"}]
    assert sent[0].headers["idempotency-key"].startswith("page-")


def test_a_stop_that_would_loosen_is_refused_at_its_field(
    page: Page, market: Api, complaints: Complaints
) -> None:
    """With the figures that the service gives; the position stays as it was."""
    complaints.expect(REFUSED)
    form = change_form(page, market)

    form.get_by_role("slider", name="Stop-loss").press("ArrowLeft")

    field = form.get_by_label("Stop-loss", exact=True).and_(form.get_by_role("textbox"))
    expect(field).to_have_value("94.9")
    expect(field).to_have_accessible_description(re.compile("only tightens, it is at 95"))
    submit(form)
    expect(form.get_by_role("alert")).to_contain_text("only tightens")
    assert market.position(1)["stop_loss"] == "95"


def test_a_take_profit_is_dragged(page: Page, market: Api) -> None:
    """To the price where the mouse lets it go; those that were hit stay."""
    form = change_form(page, market)
    handle = form.get_by_role("slider", name="Take-profit 2")
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=4)
    page.mouse.up()

    written = form.get_by_label("Take-profit 2: level")
    expect(written).not_to_have_value("6%")
    price = written.input_value()
    assert 106 < float(price) < 108
    expect(form).to_contain_text("Take-profits ahead replaced by hand")
    submit(form)
    expect(dialog(page)).to_have_count(0)
    assert market.position(1)["take_profit_prices"] == ["103", price, "110"]


def test_a_trail_and_a_time_stop_are_set_and_dropped(page: Page, market: Api) -> None:
    """The card shows the trail with its best price; what is emptied is dropped."""
    form = change_form(page, market)
    form.get_by_label("Distance").fill("4%")
    form.get_by_label("Close after").fill("2d")
    submit(form)
    expect(card(page, 1)).to_contain_text("trail 4%/0.1% from entry, best price 100 · closes at")
    expect(ladder(page, 1)).to_have_accessible_name(re.compile("stop-loss 96, .* best price 100"))
    expect(ladder(page, 1).locator(".trail")).to_have_count(1)

    page.get_by_role("button", name="Change position 1").click()
    form.get_by_label("Distance").fill("")
    form.get_by_label("Step").fill("")
    form.get_by_label("From", exact=True).fill("")
    form.get_by_label("Close after").fill("")
    submit(form)

    expect(card(page, 1)).not_to_contain_text("trail")
    position = market.position(1)
    assert position["asked"]["trailing"] == position["asked"]["close_after"] == "none"
    assert position["stop_loss"] == "96"


def test_a_part_is_closed_once_however_often_it_is_pressed(page: Page, market: Api) -> None:
    """Half of it, with what it comes to; the rest stays open on its ladder."""
    market.open("demo", "BTCUSDT")
    market.price("BTCUSDT", "102")
    page.get_by_role("button", name="Close position 1").click()
    form = dialog(page)
    form.get_by_label("50 %").check()
    expect(form).to_contain_text("At 102 it closes 0.125: net +0.1652, costs included. 0.125 stay")

    form.get_by_role("button", name="Close 50%").dblclick()

    expect(card(page, 1)).to_contain_text("0.125 at 100")
    position = market.position(1)
    assert (position["status"], position["open_quantity"]) == ("OPEN", "0.125")
    assert [item["kind"] for item in market.get("/positions/1/history")["items"]] == [
        "position_opened",
        "position_reduced",
    ]


def test_a_part_whose_answer_is_lost_is_closed_once(
    page: Page, market: Api, complaints: Complaints
) -> None:
    """Pressed again, it is sent with its key: the service answers with what it had done."""
    complaints.expect("net::ERR_FAILED")
    market.open("demo", "BTCUSDT")
    keys: list[str] = []

    def lose_the_first_answer(route: Route, request: Request) -> None:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/positions/1/close", lose_the_first_answer)
    page.get_by_role("button", name="Close position 1").click()
    form = dialog(page)
    form.get_by_label("25 %").check()
    submit(form)
    expect(form.get_by_role("alert")).to_contain_text("it closes it once at most")
    submit(form)

    expect(dialog(page)).to_have_count(0)
    assert keys[0] == keys[1]
    assert market.position(1)["open_quantity"] == "0.1875"


def test_a_history_shows_what_was_asked_and_each_change(page: Page, market: Api) -> None:
    """A trail's moves, a part closed by hand and replaced take-profits are told and drawn."""
    market.post("/positions", {"account": "demo", "symbol": "BTCUSDT", "side": "LONG",
                               "notional": "25", "trailing": "2%"}, 201)  # fmt: skip
    market.price("BTCUSDT", "101")
    market.post("/positions/1/close", {"share": "50%"})
    market.change("/positions/1", {"take_profits": ["104"], "close_after": "3h"})

    page.get_by_role("button", name="History of position 1").first.click()

    shown = dialog(page)
    sentences = [item["text"] for item in market.get("/positions/1/history")["items"]]
    expect(shown.locator("#history-list p")).to_have_text(sentences)
    expect(shown.locator("#history-exits")).to_contain_text("2%/0.1% from entry")
    titles = shown.locator("#history-chart .symbol-of > title")
    expect(titles.filter(has_text="Trail followed to 101")).to_have_count(1)
    expect(titles.filter(has_text="closed by hand")).to_have_count(1)
    stops = shown.locator("#history-chart .level.stop > title")
    expect(stops).to_have_text(["Stop 98", "Stop 98.98"])
