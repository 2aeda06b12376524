"""Read text in blocks of whole lines, in any encoding; a JSON array's items count as lines."""

import codecs
import re

from backstay.feeds.errors import InputError
from backstay.feeds.files import InputFile

_BLOCK_BYTES = 65_536
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHINESE = "gb18030"
"""GBK and its successor; its letters, digits and commas are those of ASCII."""

_ARRAY = re.compile(r"\[([^\[\]]*)\]")
_ARRAYS = re.compile(r"\s*\[\s*\[")
_NOT_TABLES = (
    (
        re.compile(r"\s*\[?\s*\{"),
        "is JSON of objects; of JSON files only freqtrade's arrays of numbers can be read; "
        "save it as CSV with the columns timestamp and price",
    ),
    (re.compile(r"\s*<"), "is a web page or XML, not a table; download the file itself"),
)
"""The beginning of other text files, their format, and the remedy."""


class TextFile:
    """An open file of text.

    `line` is the number of the next block's first line; in JSON, of its first inner array.
    """

    def __init__(self, name: str) -> None:
        """Open a file, and find its encoding.

        Raises:
            InputError: if that cannot be done, with the remedy.
        """
        self.file = InputFile(name)
        self.line = 1
        self._carried = ""
        self._is_begun = self._is_json = self._is_closed = False
        try:
            self._first = self.file.read(_BLOCK_BYTES)
            self._decoder = codecs.getincrementaldecoder(self._encoding(self._first))()
        except BaseException:
            self.file.close()
            raise

    def first_block(self) -> str:
        """The first block, from its first line that is not blank.

        Raises:
            InputError: if there is none.
        """
        while block := self.block():
            content = block.lstrip()
            if content:
                start = block.rfind("\n", 0, len(block) - len(content)) + 1
                return block[start:]
        raise self.error("is empty; leave the file out")

    def block(self) -> str:
        """The next whole lines, each with its newline; nothing at the end.

        Raises:
            InputError: naming the line where the text ends.
        """
        block = self._next_block()
        self.line += block.count("\n")
        return block

    def close(self) -> None:
        """Close the file; may be repeated."""
        self.file.close()

    def error(self, reason: str, line: int | None = None) -> InputError:
        """An error in this file, with its place."""
        return InputError(reason, file=self.file.name, line=line)

    def _next_block(self) -> str:
        while True:
            text, ended = self._read()
            if not self._is_begun and text.strip():
                self._begin(text)
            text = self._carried + text
            block = self._arrays(text, ended) if self._is_json else self._lines(text, ended)
            if block or ended:
                return block
            if len(self._carried) > _BLOCK_BYTES:
                raise self.error(
                    f"line is longer than {_BLOCK_BYTES} bytes: this is not a table of trades or "
                    "candles",
                    self.line,
                )

    def _begin(self, text: str) -> None:
        self._is_begun = True
        self._is_json = _ARRAYS.match(text) is not None
        for beginning, seen in _NOT_TABLES:
            if beginning.match(text):
                raise self.error(seen)

    def _lines(self, text: str, ended: bool) -> str:
        """Cut whole lines off a text, and keep the rest for the next block.

        At the file's end a last line without a newline belongs to this block.
        """
        end = len(text) if ended else text.rfind("\n") + 1
        self._carried = text[end:]
        lines = text[:end]
        if ended and lines and not lines.endswith("\n"):
            lines += "\n"
        return lines.replace("\r\n", "\n") if "\r" in lines else lines

    def _arrays(self, text: str, ended: bool) -> str:
        """Cut whole inner arrays off a text, each as a line without quotes and white space."""
        end = text.rfind("]") + 1
        arrays, self._carried = text[:end], text[end:]
        rows = ["".join(row.replace('"', "").split()) + "\n" for row in _ARRAY.findall(arrays)]
        between = (_ARRAY.sub("", arrays) + (self._carried if ended else "")).strip()
        self._is_closed = between.endswith("]") if between else self._is_closed
        if between.strip(" \t\r\n,[]") or (ended and not self._is_closed):
            raise self.error(
                "JSON holds something else than arrays of numbers, or is cut short; "
                "fetch it again, or save it as CSV",
                self.line + len(rows),
            )
        return "".join(rows)

    def _read(self) -> tuple[str, bool]:
        """The next characters, and whether the file has ended."""
        data = self._first or self.file.read(_BLOCK_BYTES)
        self._first = b""
        ended = len(data) < _BLOCK_BYTES
        try:
            return self._decoder.decode(data, ended), ended
        except UnicodeDecodeError as error:
            raise self._not_text(error.object[: error.start].count(b"\n")) from None

    def _encoding(self, data: bytes) -> str:
        for mark, encoding in _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                return encoding
        if 0 in data:
            pairs = data[:1_000]
            for encoding, zeros in (("utf-16-le", pairs[1::2]), ("utf-16-be", pairs[::2])):
                if zeros.count(0) > len(zeros) * 3 // 4:
                    return encoding
            raise self._not_text(data.count(b"\n", 0, data.index(0)))
        try:
            codecs.getincrementaldecoder("utf-8")().decode(data)
        except UnicodeDecodeError as error:
            try:
                codecs.getincrementaldecoder(_CHINESE)().decode(data)
            except UnicodeDecodeError:
                raise self._not_text(data.count(b"\n", 0, error.start)) from None
            return _CHINESE
        return "utf-8"

    def _not_text(self, newlines: int) -> InputError:
        return self.error(
            "is not text in UTF-8, UTF-16 or GBK; plain text, .gz and .zip are read",
            self.line + self._carried.count("\n") + newlines,
        )
