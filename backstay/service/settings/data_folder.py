"""The default folder of books and tokens."""

import os
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_data_path

DATABASE_NAME = "backstay.db"
TOKENS_NAME = "backstay-tokens.json"


def data_folder() -> Path:
    """The folder of this user's data, by the platform's convention; systemd names its own."""
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state) if state else user_data_path("backstay", appauthor=False)


def default_file(name: str) -> Path:
    """A data file: the one in the working directory (of former versions) if it exists."""
    former = Path(name)
    return former if former.exists() else data_folder() / name


def default_database() -> str:
    """The database's URL for `default_file`."""
    return f"sqlite:///{default_file(DATABASE_NAME)}"


def make_data_folder() -> None:
    """Make the folder, readable only by its user, unless it exists."""
    data_folder().mkdir(mode=0o700, parents=True, exist_ok=True)


def remarks(chosen_by_default: bool) -> Iterator[str]:
    """Remarks on a database in the place where former versions kept it."""
    former, now = Path(DATABASE_NAME), data_folder() / DATABASE_NAME
    if not chosen_by_default or not former.exists():
        return
    text = f"the books are in {former.absolute()}, where former versions kept them"
    if now.exists():
        yield f"{text}; those in {now} are not used: name one of them in `database`"
    else:
        yield (
            f"{text}; new ones would lie in {now}: to move them, stop the service and run "
            f"`backstay backup {now}`, or name the file in `database`"
        )
