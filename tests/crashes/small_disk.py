"""A disk of a few megabytes that can be filled, and made room on again."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = b"\0" * 4096


class SmallDisk:
    """A file system in memory, of a fixed size; use `small_disk`."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where it is mounted."""
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take every block that is left."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(BLOCK)
            except OSError:
                return

    def free(self) -> None:
        """Give back what was taken."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(*, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one that everybody may look into; where that is not permitted the test is skipped."""
    folder = Path(tempfile.mkdtemp(prefix="backstay-disk-"))
    options = f"size={megabytes}m,mode=755"
    command = ["mount", "-t", "tmpfs", "-o", options, "backstay-test", str(folder)]
    try:
        if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
            pytest.skip("a disk that can be filled takes the right to mount one")
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()
