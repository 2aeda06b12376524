"""Files of recorded trades in the working folder, and what reading them gives."""

import zipfile
from pathlib import Path

import pytest

from backstay.feeds.batches import PriceBatch
from backstay.feeds.errors import InputError
from backstay.feeds.recorded import open_prices

Row = tuple[str, int, str]

T_US = 1_760_054_400_816_129


def write(name: str, *lines: str) -> None:
    Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_zip(name: str, members: dict[str, str]) -> None:
    with zipfile.ZipFile(name, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)


def batches(*specs: str) -> list[PriceBatch]:
    with open_prices(specs) as prices:
        return list(prices)


def rows(*specs: str) -> list[Row]:
    return [
        (symbol, time_us, str(price))
        for symbol, times_us, prices in batches(*specs)
        for time_us, price in zip(times_us, prices, strict=True)
    ]


def refusal(*specs: str) -> str:
    """The message with which reading these files is refused."""
    with pytest.raises(InputError) as caught:
        batches(*specs)
    error = caught.value
    place = error.file if error.line is None else f"{error.file}, line {error.line}"
    assert str(error).startswith(f"{place}: ")
    return str(error)
