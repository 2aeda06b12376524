"""Cells of CSV that a spreadsheet shows as they are."""

import re

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def inert(cell: object) -> object:
    """A cell that is not a formula: text that begins like one gets an apostrophe before it."""
    if not isinstance(cell, str) or not cell.startswith(_FORMULA_BEGINS):
        return cell
    return cell if _NUMBER.fullmatch(cell) else f"'{cell}"
