"""The formats of price files, recognised by their first lines."""

from backstay.feeds.formats.layout import Layout
from backstay.feeds.formats.recognition import HEAD_LINES, layout_of
from backstay.feeds.formats.symbol_names import symbol_in_name

__all__ = ["HEAD_LINES", "Layout", "layout_of", "symbol_in_name"]
