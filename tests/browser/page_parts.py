"""Parts of the page at `/`, as tests find them: by what they say, as people do."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

LIVE = "● Live"
UNREACHABLE = r"Failed to load resource: net::ERR_"
"""What a browser's console says of each request to a service that is away."""


def live(page: Page) -> Page:
    """The page, once it has read everything and hears the events."""
    expect(page.locator("#connection")).to_have_text(LIVE)
    return page


def card(page: Page, position_id: int) -> Locator:
    """An open position's card."""
    return page.locator(f'#position-list > [data-position="{position_id}"]')


def ladder(page: Page, position_id: int) -> Locator:
    """An open position's drawing."""
    return card(page, position_id).get_by_role("img")


def dialog(page: Page) -> Locator:
    """The dialog that is open."""
    return page.locator("dialog[open]")


def events(page: Page) -> Locator:
    """The list of recent events."""
    return page.locator("#events")


def chip(page: Page, name: str, text: str) -> None:
    """Wait until a part of the status says this."""
    expect(page.locator(f"#{name}")).to_contain_text(text)


def level_x(page: Page, position_id: int, kind: str) -> float:
    """Where a level is drawn, in pixels from the left; of the rungs the last one."""
    level = card(page, position_id).locator(f".level.{kind}").last
    transform = level.get_attribute("transform")
    found = re.match(r"translate\(([\d.]+) 0\)", transform or "")
    assert found is not None, transform
    return float(found[1])


def imported(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    """What an expression of a module (as `m`) and an argument (as `a`) comes to in the browser."""
    script = f"async (a) => {{ const m = await import('/static/{module}'); return {expression}; }}"
    return page.evaluate(script, argument)
