"""Many tabs of one browser: they share one event stream, and need no more connections than one."""

import re

from playwright.sync_api import Page, expect

from harness.http_api import Api, until
from tests.browser.chromium import Complaints
from tests.browser.page_parts import card, events, live

TABS = 7
"""One more than the connections that a browser has to a host."""

HIDE = """() => {
    Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOW = """() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def streams(api: Api) -> int:
    """How many event streams the service has open."""
    found = re.search(r"^backstay_event_stream_clients (\d+)", api.text("/metrics"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def many_tabs(page: Page, complaints: Complaints) -> list[Page]:
    """The page in so many tabs of one browser, all of them live."""
    tabs = [page]
    while len(tabs) < TABS:
        tab = page.context.new_page()
        complaints.watch(tab, page.url.rstrip("/"))
        tab.goto("/")
        tabs.append(tab)
    return [live(tab) for tab in tabs]


def test_seven_tabs_share_one_stream(page: Page, api: Api, complaints: Complaints) -> None:
    """Each is live and shows what happens, also what happened before it came."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    tabs = many_tabs(page, complaints)
    assert streams(api) == 1

    api.open("demo", "BTCUSDT")

    for tab in tabs:
        expect(card(tab, 2)).to_be_visible()
        expect(events(tab).get_by_text("opened at 100")).to_have_count(2)


def test_another_tab_follows_the_stream_when_its_follower_goes(
    page: Page, api: Api, complaints: Complaints
) -> None:
    """Closed or hidden; nothing is missed, nothing comes twice, and hidden tabs have no stream."""
    api.price("BTCUSDT", "100")
    first, second, *others = many_tabs(page, complaints)

    first.close()
    api.open("demo", "BTCUSDT")
    expect(card(second, 1)).to_be_visible()
    second.evaluate(HIDE)
    api.open("demo", "BTCUSDT")
    for tab in others:
        expect(card(tab, 2)).to_be_visible()
        expect(events(tab).get_by_text("opened at 100")).to_have_count(2)
    assert streams(api) == 1

    for tab in others:
        tab.evaluate(HIDE)
    until(lambda: streams(api), lambda count: count == 0)
    api.open("demo", "BTCUSDT")
    second.evaluate(SHOW)
    expect(card(second, 3)).to_be_visible()
    expect(events(second).get_by_text("opened at 100")).to_have_count(3)
    assert streams(api) == 1


def test_without_locks_each_tab_has_its_own_stream(page: Page, api: Api) -> None:
    """An address without TLS that is not this machine's has no locks in a browser."""
    page.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    page.reload()
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    expect(card(live(page), 1)).to_be_visible()
