"""A class's name means one thing in the whole of the product."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("trading", "actors", "persistence", "backstay")


def test_no_two_public_classes_have_one_name() -> None:
    """A reader who meets a name knows which class it is."""
    names = Counter(
        node.name
        for package in PRODUCT
        for path in (ROOT / package).rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    shared = [name for name, count in names.items() if count > 1]
    assert not shared, f"rename all but one class of each of these names: {shared}"
