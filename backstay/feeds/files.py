"""Open text files, plain or compressed as gzip or zip; the first bytes tell which."""

import gzip
import os
import zipfile
import zlib
from typing import Protocol

from backstay.feeds.errors import InputError

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNREAD = {
    b"PAR1": "Parquet; save it as CSV",
    b"ARROW1": "Feather (Arrow); save it as CSV, as `freqtrade convert-data` does",
    b"FEA1": "Feather; save it as CSV",
    b"\x89HDF": "HDF5; save it as CSV",
    b"SQLite format 3": "an SQLite database; save its prices as CSV",
    b"\x28\xb5\x2f\xfd": "Zstandard; unpack it with unzstd",
    b"BZh": "bzip2; unpack it with bunzip2",
    b"\xfd7zXZ": "xz; unpack it with unxz",
    b"7z\xbc\xaf": "7-Zip; unpack it",
    b"Rar!": "RAR; unpack it",
    b"%PDF": "PDF; fetch the data as CSV",
}
"""The first bytes of other files, their format, and the remedy."""

# RuntimeError is zipfile's word for a password, and its child for an unknown compression.
_READING_ERRORS = (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile)


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class InputFile:
    """An open file, unpacked as it is read.

    `name` is as the user gave it, `data_name` is the name of its data (a zip's member);
    `size` counts the bytes on disk.
    """

    def __init__(self, name: str) -> None:
        """Open a file.

        Raises:
            InputError: if it does not exist, cannot be read, or is a zip that does not hold one
            file.
        """
        self.name = self.data_name = name
        try:
            self._disk = open(name, "rb")  # noqa: SIM115, PTH123 - closed by close()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"cannot be opened: {reason}; check the path", file=name) from None
        self.size = os.fstat(self._disk.fileno()).st_size
        try:
            self._data = self._unpacked()
        except BaseException as error:
            self._disk.close()
            if isinstance(error, _READING_ERRORS):
                raise self._unreadable(error) from None
            raise

    @property
    def position(self) -> int:
        """The number of bytes on disk that were read."""
        return self.size if self._disk.closed else self._disk.tell()

    def read(self, size: int) -> bytes:
        """Read up to `size` unpacked bytes; none at the end.

        Raises:
            InputError: if the file is damaged.
        """
        try:
            return self._data.read(size)
        except _READING_ERRORS as error:
            raise self._unreadable(error) from None

    def close(self) -> None:
        """Close the file; may be repeated."""
        self._data.close()
        self._disk.close()

    def _unpacked(self) -> _Stream:
        magic = self._disk.peek(16)[:16]
        if magic.startswith(_GZIP):
            return gzip.GzipFile(fileobj=self._disk)
        if magic.startswith(_ZIP):
            return self._zip_member()
        for beginning, seen in _UNREAD.items():
            if magic.startswith(beginning):
                raise InputError(f"is {seen}", file=self.name)
        return self._disk

    def _zip_member(self) -> _Stream:
        archive = zipfile.ZipFile(self._disk)
        if "xl/workbook.xml" in archive.namelist():
            raise InputError("is an Excel workbook; save its sheet as CSV", file=self.name)
        members = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            raise InputError(
                f"zip holds {len(members)} files, not one; unpack it and name the files",
                file=self.name,
            )
        self.data_name = members[0].filename
        return archive.open(members[0])

    def _unreadable(self, error: Exception) -> InputError:
        return InputError(
            f"cannot be read: {error}; it may be damaged or cut short, fetch it again",
            file=self.name,
        )
