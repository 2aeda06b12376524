"""The page on a busy day: in light, in dark, on a phone, and one position's history.

With BACKSTAY_SCREENSHOTS=docs/pictures the same day is played slowly, so that the prices make
lines, and the pictures of the README are written.
"""

import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from playwright.sync_api import Page, expect

from harness.http_api import Api, until
from tests.browser.conftest import SCREENSHOTS, OpenPage, Picture
from trading.money import plain, trimmed

STEPS = 8 if os.environ.get(SCREENSHOTS) else 2
"""Prices from one corner of a way to the next: each is sampled before the next, a second later."""

WAYS = {
    "BTCUSDT": ("64000", "65100", "64700", "66300", "65900", "68300", "67900"),
    "ETHUSDT": ("3400", "3425", "3360", "3325", "3345", "3290", "3302.5"),
    "SOLUSDT": ("182", "184.2", "181", "183.4", "178.6", "180.1", "179.35"),
    "XRPUSDT": ("2.45", "2.462", "2.44", "2.471", "2.465", "2.489", "2.4935"),
    "ADAUSDT": ("0.8", "0.826", "0.819", "0.851", "0.843", "0.883", "0.879"),
    "LINKUSDT": ("17.4", "17.1", "17.65", "17.9", "18.4", "18.2", "18.05"),
}

OPENS = (
    {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "200"},
    {"account": "demo", "symbol": "ETHUSDT", "side": "SHORT", "notional": "150",
     "stop_loss": "4%", "take_profits": ["2%@25%", "4%@25%", "6%@25%", "9%@25%"]},
    {"account": "demo", "symbol": "ADAUSDT", "side": "LONG", "notional": "80"},
    {"account": "demo", "symbol": "LINKUSDT", "side": "SHORT", "notional": "60"},
    {"account": "demo", "symbol": "SOLUSDT", "side": "LONG", "notional": "100",
     "trailing": "4%", "close_after": "2d"},
    {"account": "swing", "symbol": "XRPUSDT", "side": "LONG", "notional": "120",
     "stop_loss": "3%", "take_profits": ["4%", "8%"]},
)  # fmt: skip
OPEN, CLOSED = (1, 2, 5, 6), (3, 4)
PHONE = {"width": 390, "height": 844}


def prices(corners: tuple[str, ...]) -> Iterator[str]:
    """A way from corner to corner that wavers a little, and meets each corner exactly."""
    wavering = Random(7)
    digits = Decimal(1).scaleb(Decimal(corners[0]).adjusted() - 4)
    for begin, end in pairwise(map(Decimal, corners)):
        for step in range(1, STEPS + 1):
            price = begin + (end - begin) * step / STEPS
            if step < STEPS:
                price *= 1 + Decimal(wavering.randint(-9, 9)) / 10_000
            yield plain(trimmed(price.quantize(digits)))


@pytest.fixture
def busy_day(api: Api) -> None:
    """Four open positions with rungs hit and ahead, two closed ones, and an account paused."""
    api.open_account("swing", "500")
    api.post("/prices", [{"symbol": symbol, "price": way[0]} for symbol, way in WAYS.items()])
    for body in OPENS:
        api.post("/positions", body, 201)
    points = sampled(api)
    for now in zip(*map(prices, WAYS.values()), strict=True):
        api.post("/prices", [{"symbol": s, "price": p} for s, p in zip(WAYS, now, strict=True)])
        if os.environ.get(SCREENSHOTS):
            points = sampled(api, beyond=points)
    api.post("/trading/pause", {"account": "swing", "reason": "strategy under review"})
    for position_id in CLOSED:
        api.until(position_id, lambda position: position["status"] == "CLOSED")
    api.until(1, lambda position: position["rungs_hit"] == 2)


def sampled(api: Api, beyond: int = 0) -> int:
    """How many points the first market's tape has, once they are more than that."""
    return until(
        lambda: len(api.get("/markets/BTCUSDT/prices")["items"]), lambda count: count > beyond
    )


def shown(page: Page) -> Page:
    """The page once it shows every open position and nothing else."""
    for id_, count in [*((id_, 1) for id_ in OPEN), *((id_, 0) for id_ in CLOSED)]:
        close = page.get_by_role("button", name=f"Close position {id_}", exact=True)
        expect(close).to_have_count(count)
    return page


@pytest.mark.slow
@pytest.mark.usefixtures("busy_day")
def test_a_busy_day_is_shown_in_light_and_dark_and_on_a_phone(
    open_page: OpenPage, picture: Picture
) -> None:
    """The same, in the colours that the reader has chosen; a phone need not scroll sideways."""
    wide = {"width": 1280, "height": 900}
    light = shown(open_page("/", viewport=wide, color_scheme="light"))
    dark = shown(open_page("/", viewport=wide, color_scheme="dark"))
    phone = shown(open_page("/", viewport=PHONE, device_scale_factor=2, has_touch=True))

    picture(light, "page-light")
    picture(dark, "page-dark")
    phone.get_by_role("heading", name="Open positions").evaluate("node => node.scrollIntoView()")
    picture(phone, "page-phone")

    ground = "getComputedStyle(document.body).backgroundColor"
    assert light.evaluate(ground) != dark.evaluate(ground)
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.slow
@pytest.mark.usefixtures("busy_day")
def test_a_position_s_history_is_drawn_and_told(open_page: OpenPage, picture: Picture) -> None:
    """From its open to its last rung: on its price, and in the service's sentences."""
    page = shown(open_page("/", viewport={"width": 1100, "height": 860}))

    closed = page.get_by_role("region", name="Recently closed")
    closed.get_by_role("button", name="History of position 3").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text="TP3 (+10%) hit at")).to_be_visible()
    picture(page, "position")


@pytest.mark.slow
@pytest.mark.usefixtures("busy_day")
def test_a_ladder_is_seen_before_it_is_opened(open_page: OpenPage, picture: Picture) -> None:
    """The form with its drawing and its money: each level, what it closes, and the net there."""
    page = shown(open_page("/", viewport={"width": 1100, "height": 1000}))

    page.get_by_role("button", name="Open position").click()

    form = page.get_by_role("dialog")
    form.get_by_label("Symbol").fill("BTCUSDT")
    form.get_by_label("Size", exact=True).fill("100")
    form.get_by_text("Exits", exact=True).click()
    form.get_by_label("Stop-loss", exact=True).fill("2.5%")
    for number, (level, share) in enumerate((("69000", "40%"), ("71000", "30%"), ("75000", ""))):
        if number > 0:
            form.get_by_role("button", name="Add a take-profit").click()
        form.get_by_label(f"Take-profit {number + 1}: level").fill(level)
        form.get_by_label(f"Take-profit {number + 1}: share").fill(share)
    form.get_by_label("Distance").fill("2%")
    form.get_by_label("From", exact=True).fill("rung 1")
    expect(form.get_by_role("row", name="TP3")).to_contain_text("75,000")
    expect(form.get_by_role("img")).to_be_visible()
    picture(page, "open")
