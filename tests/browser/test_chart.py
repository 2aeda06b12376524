"""`chart.js` by itself: what it draws, in a real browser."""

from base64 import b64encode
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Complaints

START_MS = 1_760_054_400_000
MINUTE_MS = 60_000
DRAW_MS_MAX = 50


@pytest.fixture
def charts(browser: Browser, complaints: Complaints) -> Iterator[Page]:
    """A page with `chart` (the module) and `show(svg)`, and the theme."""
    static = files("backstay.web.page").joinpath("static")
    script = b64encode(static.joinpath("chart.js").read_bytes()).decode()
    page = browser.new_page(viewport={"width": 800, "height": 600})
    complaints.watch(page, "null")
    page.set_content(f"<style>{static.joinpath('theme.css').read_text()}</style><main></main>")
    page.evaluate(
        """async (url) => {
          window.chart = await import(url);
          window.show = (svg) => document.querySelector("main").replaceChildren(svg);
        }""",
        f"data:text/javascript;base64,{script}",
    )
    yield page
    page.close()


def draw(charts: Page, kind: str, **options: Any) -> None:
    """Draw a chart of 800 x 300 pixels."""
    charts.evaluate(
        "([kind, options]) => show(chart[kind](options))",
        [kind, {"label": "a chart", "width": 800, "height": 300, **options}],
    )


def prices(count: int) -> list[dict[str, Any]]:
    """Prices that rise by 1 a minute, as the API tells them."""
    return [
        {
            "time": START_MS + index * MINUTE_MS,
            "low": f"{99 + index}.5",
            "high": f"{100 + index}.5",
            "last": f"{100 + index}",
        }
        for index in range(count)
    ]


def test_each_kind_of_mark_has_its_own_shape_and_says_what_it_is(charts: Page) -> None:
    """Who does not tell the colours apart sees the shapes; who points at one reads its text."""
    kinds = ["entry", "rung", "stop", "exit", "note"]
    marks = [
        {"time": START_MS + index * MINUTE_MS, "price": "100", "kind": kind, "text": f"an {kind}"}
        for index, kind in enumerate(kinds)
    ]
    draw(charts, "priceChart", series=prices(5), marks=marks)
    titles = charts.locator("svg .symbol-of > title").all_text_contents()
    shapes = charts.locator("svg .symbol").evaluate_all(
        "(all) => all.map((it) => it.attributes.d.value)"
    )
    assert titles == [f"an {kind}" for kind in kinds]
    assert len(set(shapes)) == len(kinds)


def test_marks_in_one_place_are_one_mark_with_all_their_texts(charts: Page) -> None:
    """A gap hits several rungs at one price: none of them hides another."""
    marks = [
        {"time": START_MS, "price": "100", "kind": "rung", "text": f"TP{rung}"} for rung in (1, 2)
    ]
    draw(charts, "priceChart", series=prices(5), marks=marks)
    assert charts.locator("svg .symbol-of > title").all_text_contents() == ["TP1\nTP2"]


def test_a_higher_price_is_higher_up(charts: Page) -> None:
    """Scales keep the order of prices and times."""
    draw(charts, "priceChart", series=prices(20))
    points = charts.locator("svg .line").get_attribute("d") or ""
    places = [tuple(map(float, point.split())) for point in points[1:].split("L")]
    assert len(places) == 20
    assert places == sorted(places)
    assert [top for _, top in places] == sorted((top for _, top in places), reverse=True)


@pytest.mark.parametrize("width", [320, 1600])
def test_axes_are_readable_at_any_width(charts: Page, width: int) -> None:
    """A few labels of round values that neither meet nor leave the picture; times are UTC."""
    charts.set_viewport_size({"width": width, "height": 600})
    levels = [{"price": "110.123456", "kind": "stop", "text": "stop-loss 110.123456"}]
    draw(charts, "priceChart", width=width - 20, series=prices(600), levels=levels)
    boxes = charts.locator("svg text").evaluate_all(
        """(all) => all.map((it) => {
          const { left, right, top, bottom } = it.getBoundingClientRect();
          return { text: it.textContent, left, right, top, bottom };
        })"""
    )
    texts = {box["text"] for box in boxes}
    assert {"2025-10-10, UTC", "400", "stop-loss 110.123456"} <= texts
    assert 6 <= len(boxes) <= 30
    assert all(box["left"] >= 0 and box["right"] <= width for box in boxes)
    labels = [box for box in boxes if not box["text"].startswith("stop")]
    meeting = [
        (one["text"], other["text"])
        for index, one in enumerate(labels)
        for other in labels[:index]
        if one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] < other["bottom"] - 2
        and other["top"] < one["bottom"] - 2
    ]
    assert meeting == []


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("priceChart", {}),
        ("priceChart", {"series": prices(1)}),
        ("priceChart", {"levels": [{"price": "5", "kind": "mark", "text": "mark"}]}),
        ("lineChart", {}),
        ("lineChart", {"series": [{"name": "a", "kind": "gain", "points": []}], "fill": True}),
        (
            "lineChart",
            {"series": [{"name": "a", "kind": "gain", "points": [{"time": 1, "value": "0"}]}]},
        ),
        ("barChart", {}),
        ("barChart", {"bars": [{"text": "none", "value": 0, "kind": "gain"}]}),
        ("barChart", {"bars": [{"text": "a loss", "value": "-2", "kind": "loss"}]}),
    ],
)
def test_little_or_nothing_is_drawn_too(charts: Page, kind: str, options: dict[str, Any]) -> None:
    """Nothing yet, one value or none but zero: a picture with a name, and no broken number."""
    draw(charts, kind, **options)
    drawn = charts.locator("main").inner_html()
    assert charts.get_by_role("img", name="a chart").is_visible()
    assert not any(word in drawn for word in ("NaN", "Infinity", "undefined", "null"))


def test_two_thousand_points_are_drawn_at_once(charts: Page) -> None:
    """A chart never holds up the page."""
    options = {
        "label": "many",
        "width": 1200,
        "height": 400,
        "series": prices(2_000),
        "marks": [
            {"time": START_MS + n * MINUTE_MS, "price": str(100 + n), "kind": "exit", "text": "x"}
            for n in range(0, 2_000, 10)
        ],
    }
    spent = charts.evaluate(
        """(options) => [1, 2, 3].map(() => {
          const start = performance.now();
          show(chart.priceChart(options));
          document.querySelector("svg").getBoundingClientRect();
          return performance.now() - start;
        })""",
        options,
    )
    assert min(spent) < DRAW_MS_MAX


@pytest.mark.parametrize(
    ("span_ms", "expected"),
    [
        (5_000, ["00:00:01", "00:00:05"]),
        (3 * 3_600_000, ["01:00", "03:00"]),
        (3 * 86_400_000, ["10-11", "10-13"]),
        (400 * 86_400_000, ["2026-01", "2026-11"]),
        (9 * 365 * 86_400_000, ["2026-01", "2034-01"]),
    ],
)
def test_time_ticks_are_round_moments(charts: Page, span_ms: int, expected: list[str]) -> None:
    """Seconds, minutes, hours, days, months and years, whichever is readable."""
    found = charts.evaluate(
        "([from, to]) => chart.timeTicks(from, to, 8)", [START_MS, START_MS + span_ms]
    )
    texts = [tick["text"] for tick in found]
    assert 2 <= len(texts) <= 9
    assert set(expected) <= set(texts)
