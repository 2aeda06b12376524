"""Opening, watching and closing positions on the page, as a person does."""

import re

import pytest
from playwright.sync_api import Page, Request, Route, expect

from harness.http_api import Api
from tests.browser.chromium import Complaints
from tests.browser.page_parts import card, chip, dialog, events, ladder, level_x, live

REFUSED = "the server responded with a status of 4"


def fill_open_form(page: Page, symbol: str, size: str) -> None:
    """Ask for a LONG of a size."""
    page.get_by_role("button", name="Open position").click()
    form = dialog(page)
    form.get_by_label("Symbol").fill(symbol)
    form.get_by_label("Size", exact=True).fill(size)


def take_profits(page: Page, *rungs: tuple[str, str]) -> None:
    """Fill in take-profits: each with its level and its share."""
    form = dialog(page)
    for number, (level, share) in enumerate(rungs, start=1):
        if number > 1:
            form.get_by_role("button", name="Add a take-profit").click()
        form.get_by_label(f"Take-profit {number}: level").fill(level)
        form.get_by_label(f"Take-profit {number}: share").fill(share)


def submit(page: Page) -> None:
    """Press the open dialog's button that does it."""
    dialog(page).locator("[type=submit]").click()


def test_a_position_goes_up_its_ladder(page: Page, api: Api) -> None:
    """Opened by the form, TP1, TP2 and TP3 are seen to happen, and its close."""
    api.price("BTCUSDT", "100")
    live(page)
    fill_open_form(page, "btc-usdt", "25")
    submit(page)
    expect(card(page, 1)).to_contain_text("0.25 at 100")
    expect(dialog(page)).to_have_count(0)

    for rung, price in ((1, "103"), (2, "106")):
        api.price("BTCUSDT", price)
        expect(events(page)).to_contain_text(f"TP{rung} (")
        hit = card(page, 1).locator(".level.rung.hit")
        expect(hit).to_have_count(rung)
        expect(ladder(page, 1)).to_have_accessible_name(re.compile(f"{rung} of 3 rungs hit"))
    expect(card(page, 1).locator("data")).to_have_attribute("value", "1.50000000")
    api.price("BTCUSDT", "110")

    expect(card(page, 1)).to_have_count(0)
    expect(events(page)).to_contain_text("net 2.32225, in all 2.32225")
    expect(page.locator("#closed")).to_contain_text("+2.32")
    expect(page.locator("#accounts")).to_contain_text("1,002.32")


@pytest.mark.slow
def test_the_stop_is_drawn_moving_only_toward_profit(page: Page, api: Api) -> None:
    """Seen from the entry, LONG to the right and SHORT to the left, whatever the price does."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    api.open("demo", "BTCUSDT", side="SHORT")
    live(page)
    stops = {"103": (100, 105), "101": (100, 105), "104": (100, 105), "97": (None, 100),
             "98": (None, 100), "94": (None, 97), "95": (None, 97)}  # fmt: skip
    ways: dict[int, list[float]] = {1: [], 2: []}

    for price, both in stops.items():
        api.price("BTCUSDT", price)
        for position_id, stop in enumerate(both, start=1):
            if stop is None:
                expect(card(page, position_id)).to_have_count(0)
                continue
            said = re.compile(f"stop-loss {stop},.* mark price {price},")
            expect(ladder(page, position_id)).to_have_accessible_name(said)
            ways[position_id].append(stop_on_the_way(page, position_id))

    assert ways == {1: [0, 0, 0], 2: [-0.5, -0.5, -0.5, 0, 0, 0.3, 0.3]}


def stop_on_the_way(page: Page, position_id: int) -> float:
    """Where the stop is drawn between the entry (0) and the last rung (1)."""
    entry, stop, end = (level_x(page, position_id, kind) for kind in ("entry", "stop", "rung"))
    return round((stop - entry) / (end - entry), 3)


@pytest.mark.slow
def test_a_refusal_is_shown_next_to_what_was_asked(
    page: Page, api: Api, complaints: Complaints
) -> None:
    """The service's own words, in the form, which keeps what was written."""
    complaints.expect(REFUSED)
    api.price("BTCUSDT", "100")
    live(page)

    fill_open_form(page, "BTCUSDT", "2500")
    submit(page)

    expect(dialog(page).get_by_role("alert")).to_contain_text("available 1000.00 USDT")
    expect(dialog(page).get_by_label("Size", exact=True)).to_have_value("2500")


def test_a_retry_keeps_its_key_and_a_new_open_has_another(
    page: Page, api: Api, complaints: Complaints
) -> None:
    """An open whose answer is lost opens one position, however often it is sent."""
    complaints.expect("net::ERR_FAILED")
    api.price("BTCUSDT", "100")
    live(page)
    keys: list[str] = []

    def lose_the_first_answer(route: Route, request: Request) -> None:
        if request.method != "POST":
            route.continue_()
            return
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/positions", lose_the_first_answer)
    fill_open_form(page, "BTCUSDT", "25")
    submit(page)
    expect(dialog(page).get_by_role("alert")).to_contain_text("opens one at most")
    submit(page)
    expect(dialog(page)).to_have_count(0)
    fill_open_form(page, "BTCUSDT", "25")
    submit(page)
    expect(card(page, 2)).to_be_visible()

    assert keys[0] == keys[1] != keys[2]
    assert [position["id"] for position in api.items("/positions")] == [2, 1]


@pytest.mark.slow
def test_a_ladder_of_ones_own_is_opened(page: Page, api: Api) -> None:
    """A SHORT by quantity with its own stop, rungs and shares."""
    api.price("ETHUSDT", "2000")
    live(page)
    fill_open_form(page, "ETHUSDT", "0.05")
    form = dialog(page)
    form.get_by_label("Short").check()
    form.get_by_label("Quantity").check()
    form.get_by_text("Exits", exact=True).click()
    form.get_by_label("Stop-loss", exact=True).fill("4%")
    take_profits(page, ("2%", "50%"), ("5%", "50%"))

    submit(page)

    expect(ladder(page, 1)).to_have_accessible_name(
        "SHORT ETHUSDT: stop-loss 2,080, entry 2,000, next rung TP1 at 1,960, closes 50 %, "
        "mark price 2,000, 0 of 2 rungs hit"
    )


def test_what_is_wrong_in_a_form_is_marked(page: Page, api: Api, complaints: Complaints) -> None:
    """Each wrong field is marked and named as the form has it, the first has the focus."""
    complaints.expect(REFUSED)
    api.price("BTCUSDT", "100")
    live(page)
    fill_open_form(page, "BTCUSDT", "x")
    form = dialog(page)
    form.get_by_text("Exits", exact=True).click()
    take_profits(page, ("two", ""))
    submit(page)

    expect(form.get_by_role("alert")).to_contain_text("notional: write an amount above 0")
    expect(form.get_by_role("alert")).to_contain_text("take_profits.0.at: 'two' is not")
    size = form.get_by_label("Size", exact=True)
    expect(size).to_have_attribute("aria-invalid", "true")
    expect(size).to_be_focused()
    level = form.get_by_label("Take-profit 1: level")
    expect(level).to_have_attribute("aria-invalid", "true")
    expect(level).to_have_accessible_description(re.compile("'two' is not a price"))
    expect(form.get_by_label("Symbol")).not_to_have_attribute("aria-invalid", "true")
    size.fill("25")
    level.fill("99")
    submit(page)

    expect(form.get_by_role("alert")).to_contain_text("take-profit 1 at 99 is not above the entry")
    expect(size).not_to_have_attribute("aria-invalid", "true")


def test_a_position_is_closed_after_a_word_of_warning(page: Page, api: Api) -> None:
    """The dialog says what it will do; the note is kept; the focus has a place to go."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    live(page)

    page.get_by_role("button", name="Close position 1").click()
    expect(dialog(page)).to_contain_text("LONG of 0.25 BTCUSDT in account demo")
    dialog(page).get_by_label("Note").fill("enough")
    submit(page)

    expect(page.locator("#closed")).to_contain_text("By hand")
    assert api.position(1)["close_note"] == "enough"


@pytest.mark.slow
def test_close_all_is_cancelled_and_confirmed_by_keyboard(page: Page, api: Api) -> None:
    """Escape closes nothing and gives the focus back; Tab stays inside; Enter does it."""
    api.price("BTCUSDT", "100")
    for _ in range(3):
        api.open("demo", "BTCUSDT")
    live(page)
    button = page.get_by_role("button", name="Close all")
    expect(card(page, 3)).to_be_visible()

    button.focus()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_contain_text("This closes 3 open positions")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(button).to_be_focused()
    assert api.account("demo")["open_positions"] == 3

    page.keyboard.press("Enter")
    confirm = dialog(page).get_by_role("button", name="Close all")
    for _ in range(20):
        page.keyboard.press("Tab")
        inside = "dialog[open] :focus, body:focus"
        assert page.locator(inside).count() == 1, "the focus left the dialog"
        if confirm.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.locator("#positions-empty")).to_have_text("No position is open.")
    assert api.account("demo")["open_positions"] == 0


@pytest.mark.slow
def test_a_pause_refuses_opens_with_its_reason(
    page: Page, api: Api, complaints: Complaints
) -> None:
    """The head of the page says it, an open is refused with it, and resuming ends it."""
    complaints.expect(REFUSED)
    api.price("BTCUSDT", "100")
    live(page)
    page.get_by_role("button", name="Pause opens").click()
    dialog(page).get_by_label("Reason").fill("lunch")
    submit(page)
    chip(page, "trading", "Opens paused: lunch")

    fill_open_form(page, "BTCUSDT", "25")
    submit(page)
    expect(dialog(page).get_by_role("alert")).to_contain_text("lunch")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Resume opens").click()
    dialog(page).get_by_label("Reason").fill("back")
    submit(page)

    chip(page, "trading", "Opens allowed")


@pytest.mark.slow
def test_a_quarantined_price_is_released(page: Page, api: Api) -> None:
    """The market says that a price waits; a person who may accepts it, and the position acts."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    api.price("BTCUSDT", "40")
    live(page)
    markets = page.locator("#markets")
    expect(markets).to_contain_text("QUARANTINED")

    markets.get_by_role("button", name="Release the candidate 40 of BTCUSDT").click()
    expect(dialog(page)).to_contain_text("the last accepted one is 100")
    submit(page)

    expect(markets).to_contain_text("LIVE")
    expect(page.locator("#closed")).to_contain_text("Stop-loss")


@pytest.mark.slow
def test_a_history_is_a_timeline_and_sentences(page: Page, api: Api) -> None:
    """Of a closed position too; it is drawn, told in the service's words, and added up."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    api.price("BTCUSDT", "103")
    api.close(1)
    live(page)

    page.locator("#closed").get_by_role("button", name="History of position 1").click()

    sentences = [item["text"] for item in api.get("/positions/1/history")["items"]]
    expect(dialog(page).locator("#history-list p")).to_have_text(sentences)
    expect(dialog(page).get_by_role("img", name="Price of BTCUSDT")).to_be_visible()
    net = api.position(1)["net_pnl"]
    expect(dialog(page).locator("#history-pnl dd").last).to_have_attribute("title", net)
