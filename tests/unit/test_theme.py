"""The theme's colours: readable in light and in dark."""

import re
from importlib.resources import files

import pytest

TEXT = ("ink", "muted", "gain", "loss", "entry", "stop", "rung", "mark", "accent", "danger")
GROUNDS = ("page", "surface", "raised")
CONTRAST_MIN = 4.5
"""What WCAG 2 asks of text at level AA."""


def palettes() -> list[dict[str, str]]:
    """The colours of light, and those of dark."""
    css = files("backstay.web.page").joinpath("static", "theme.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, flags=re.DOTALL)[:2]
    return [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks]


def luminance(colour: str) -> float:
    """A colour's relative luminance: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_text_is_readable_on_every_ground(palette: dict[str, str]) -> None:
    """Each colour that text has, on each ground that there is."""
    pairs = [(palette[text], palette[ground]) for text in TEXT for ground in GROUNDS]
    pairs.append((palette["on-accent"], palette["accent"]))
    assert [pair for pair in pairs if contrast(*pair) < CONTRAST_MIN] == []
