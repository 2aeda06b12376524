"""Text as a terminal may show it: no character that moves the cursor or hides others."""

import json


def printable(text: str, *, keep: str = "") -> str:
    r"""A text whose unprintable characters, but for those of `keep`, are written as `\x1b` is."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape").decode()
        for one in text
    )


def printable_json(document: str) -> str:
    r"""A JSON document on one line whose unprintable characters are written as `\u001b` is."""
    if document.isprintable():
        return document
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in document)


def one_line(text: str) -> str:
    """A text from outside as one line without control characters, fit for any terminal."""
    return printable(" ".join(text.split()))
