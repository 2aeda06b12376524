"""docs/ladder.md: its blocks of examples, answered by the rules."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.ladder_page.playing import Example

PAGE = Path(__file__).parents[2] / "docs" / "ladder.md"
PICTURES = PAGE.with_name("pictures")

_BLOCK = re.compile(r"^```ladder( \S+)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANSWER, _GOES_ON, _WIDTH = " " * 4, " " * 6, 98


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of an example as it was played; `picture` is the name of its picture, if it has."""

    picture: str | None
    text: str
    example: Example


def filled(page: str) -> str:
    """The page with the answers that the rules give today."""
    return _BLOCK.sub(lambda found: _played(found).text, page)


def blocks(page: str) -> Iterator[Block]:
    """The examples of the page, played."""
    return map(_played, _BLOCK.finditer(page))


def _played(found: re.Match[str]) -> Block:
    example, lines = Example(), []
    for line in found[2].splitlines():
        if line.startswith(_ANSWER):
            continue
        lines.append(line)
        if line:
            lines += [wrapped for answer in example.answers(line) for wrapped in _wrapped(answer)]
    picture = found[1] or ""
    text = "\n".join([f"```ladder{picture}", *lines, "```"])
    return Block(picture=picture.strip() or None, text=text, example=example)


def _wrapped(answer: str) -> list[str]:
    return textwrap.wrap(
        answer,
        _WIDTH,
        initial_indent=_ANSWER,
        subsequent_indent=_GOES_ON,
        break_long_words=False,
        break_on_hyphens=False,
    )
