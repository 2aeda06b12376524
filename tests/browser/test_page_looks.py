"""The page for every eye, hand and ear: narrow, dark, by keyboard, by screen reader."""

from itertools import pairwise
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from harness.http_api import Api
from tests.browser.conftest import OpenPage
from tests.browser.page_parts import card, dialog, events, ladder, live

PHONE = {"width": 360, "height": 740}
DIALOGS = (
    "Open position",
    "Pause opens",
    "Close all",
    "Change position 1",
    "Close position 1",
    "History of position 1",
)

CONTRASTS = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3)
    .map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const isWriting = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!isWriting || !node.checkVisibility({ opacityProperty: true })) continue;
    if (node.closest(".visually-hidden, option, title, :disabled")) continue;
    const style = getComputedStyle(node);
    const ink = node instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${node.textContent.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""

UNNAMED = """() => [...document.querySelectorAll("button, input, select, textarea, a, summary")]
  .filter((node) => !(node.labels?.length || node.getAttribute("aria-label")
                      || node.textContent.trim()))
  .map((node) => node.outerHTML)"""

WITHOUT_OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2
    ? document.activeElement.outerHTML : null;
}"""


@pytest.fixture
def busy(api: Api) -> Api:
    """A service with something of everything: long names, great figures, refusals, a quarantine."""
    api.open_account("an-account-with-a-name-that-is-long", "12345678901.5")
    for symbol, price in (("BTCUSDT", "100"), ("1000SHIBUSDT", "0.000012345678901"), ("X", "9")):
        api.price(symbol, price)
    api.open("demo", "BTCUSDT")
    api.open("an-account-with-a-name-that-is-long", "1000SHIBUSDT", "1234567.89", side="SHORT")
    api.post(
        "/positions",
        {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "50",
         "take_profits": [f"{n}%" for n in range(1, 9)]},
        201,
    )  # fmt: skip
    api.price("BTCUSDT", "103.5")
    api.price("X", "900")
    api.close(api.open("demo", "BTCUSDT")["id"])
    api.post("/trading/pause", {"account": "demo", "reason": "a reason of some length, for once"})
    api.open("demo", "BTCUSDT", status=409)
    return api


def overflow(page: Page) -> Any:
    """By how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def shown(page: Page) -> Page:
    """The page, once everything of a busy day is on it."""
    expect(live(page).locator("#events")).to_contain_text("not opened")
    expect(page.locator("#closed tbody tr")).to_have_count(1)
    expect(card(page, 1).locator("svg")).to_be_visible()
    return page


def test_a_phone_needs_no_scrolling_sideways(busy: Api, open_page: OpenPage) -> None:
    """At 360 pixels, the page and each of its dialogs; nothing is cut off inside a panel."""
    page = shown(open_page("/", viewport=PHONE, has_touch=True))
    assert overflow(page) <= 0
    wide = page.evaluate("""() => [...document.querySelectorAll(".panel, .panel *, .top *")]
        .filter((node) => !node.closest(".visually-hidden, svg"))
        .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
        .map((node) => node.outerHTML.slice(0, 120))""")
    assert wide == []

    for name in DIALOGS:
        name = "Resume opens" if name == "Pause opens" else name
        page.get_by_role("button", name=name, exact=True).first.click()
        box = dialog(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert dialog(page).evaluate("node => node.scrollWidth - node.clientWidth") <= 0, name
        page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.slow)])
def test_every_text_can_be_read(
    busy: Api, open_page: OpenPage, scheme: Literal["light", "dark"]
) -> None:
    """At least 4.5 to 1 against what is behind it (WCAG AA), in light and in dark."""
    page = shown(open_page("/", color_scheme=scheme, viewport={"width": 1280, "height": 800}))

    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 18, 24)"
    assert is_dark == (scheme == "dark")
    assert page.evaluate(CONTRASTS) == []
    page.get_by_role("button", name="History of position 1").first.click()
    expect(dialog(page).get_by_role("img")).to_be_visible()
    assert page.evaluate(CONTRASTS) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Change position 1").click()
    dialog(page).get_by_role("slider", name="Stop-loss").press("ArrowRight")
    expect(dialog(page).get_by_role("row", name="Stop-loss")).to_be_visible()
    assert page.evaluate(CONTRASTS) == []


def test_every_control_has_a_name(busy: Api, page: Page) -> None:
    """For a screen reader and for speech input, in the dialogs too."""
    shown(page)

    assert page.evaluate(UNNAMED) == []


@pytest.mark.slow
def test_a_screen_reader_finds_its_way(busy: Api, page: Page) -> None:
    """One heading of the first level, none left out below it, landmarks, tables that are some."""
    shown(page)

    levels = page.evaluate(
        "[...document.querySelectorAll('main h2, main h3, h1')].map((h) => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for role in ("banner", "main", "contentinfo", "search"):
        expect(page.get_by_role(role)).to_have_count(1)
    for name in ("Accounts", "Open positions", "Markets", "Recent events", "Recently closed"):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    row = page.get_by_role("table", name="Accounts").get_by_role("row", name="demo")
    expect(row.get_by_role("cell")).to_have_count(8)
    expect(page.get_by_role("article", name="#1 BTCUSDT ▲ LONG")).to_be_visible()
    expect(ladder(page, 1)).to_be_visible()


@pytest.mark.slow
def test_events_are_said_and_prices_are_not(page: Page, api: Api) -> None:
    """The one live region tells what happened; a price that only moves is told to nobody."""
    api.price("BTCUSDT", "100")
    live(page)
    announcer = page.locator("#announcer")
    api.open("demo", "BTCUSDT")
    expect(announcer).to_contain_text("Position 1: LONG of 0.25 BTCUSDT opened at 100, 25 held")

    api.price("BTCUSDT", "101")

    expect(card(page, 1).locator(".mark-price")).to_have_text("101")
    expect(announcer).to_contain_text("opened at 100")
    regions = ":is([aria-live], [role=status], [role=log], [role=alert]):not(dialog *)"
    expect(page.locator(regions)).to_have_count(1)


@pytest.mark.slow
def test_the_keyboard_reaches_everything_in_order(busy: Api, page: Page) -> None:
    """The way past the head first; then every control, each with a focus that can be seen."""
    shown(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to open positions")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to open positions")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#positions")).to_be_focused()
    seen: list[str] = []

    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(({ ariaLabel, id, name, innerText }) => ariaLabel || id || name || innerText)"
            "(document.activeElement)"
        )
        if "API" in name:
            break
        assert page.evaluate(WITHOUT_OUTLINE) is None
        seen.append(name)

    assert seen[:4] == ["account", "symbol", "side", "order"]
    assert seen.index("Close position 3") < seen.index("Close position 1")
    assert "Release the candidate 900 of X" in seen
    assert seen.count("History of position 4") >= 2, "of the closed one and of its events"


@pytest.mark.slow
def test_who_wants_no_motion_sees_none(open_page: OpenPage, api: Api) -> None:
    """The mark price jumps where it would glide."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    glide = "node => getComputedStyle(node).transitionDuration"

    moving = live(open_page("/", reduced_motion="no-preference"))
    still = live(open_page("/", reduced_motion="reduce"))

    assert card(moving, 1).locator(".mark").evaluate(glide) == "0.25s"
    assert card(still, 1).locator(".mark").evaluate(glide) == "0s"


def test_what_the_api_sends_is_never_markup(page: Page, api: Api) -> None:
    """A name, a reason and a note that look like HTML are shown as they were written."""
    bad = "<img src=x onerror=alert(1)>"
    api.price("BTCUSDT", "100")
    api.open_account("<b>bold<b>", "100")
    api.open("<b>bold<b>", "BTCUSDT")
    api.post("/trading/pause", {"reason": bad})
    api.post("/positions/1/close", {"note": bad})
    live(page)

    expect(page.locator("#trading")).to_have_text(f"‖ Opens paused: {bad}")
    expect(page.locator("#accounts tbody th").first).to_have_text("<b>bold<b>")
    expect(events(page)).to_contain_text(bad)
    expect(page.locator("main img, main b")).to_have_count(0)
