"""Where the command line looks for the service."""

from pathlib import Path

import pytest

from backstay.cli.address import address_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BACKSTAY_HOST", "BACKSTAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("localhost:8702", "http://localhost:8702"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("https://backstay.example/at", "https://backstay.example/at"),
    ],
)
def test_an_address_needs_no_scheme(given: str, address: str) -> None:
    """`localhost:8702` is what people type."""
    assert address_of(given) == address


@pytest.mark.parametrize(
    ("toml", "address"),
    [
        ("", "http://127.0.0.1:8470"),
        ("port = 8701", "http://127.0.0.1:8701"),
        ('port = "8701"', "http://127.0.0.1:8701"),
        ('host = "192.0.2.7"', "http://192.0.2.7:8470"),
        ('host = "0.0.0.0"\nport = 8701', "http://127.0.0.1:8701"),
        ('host = "::1"', "http://[::1]:8470"),
        ("port = 0", "http://127.0.0.1:8470"),
    ],
)
def test_the_settings_of_the_folder_say_where_the_service_is(
    folder: Path, toml: str, address: str
) -> None:
    """`serve` and the other commands, run in one folder, mean one service."""
    (folder / "backstay.toml").write_text(toml)
    assert address_of(None) == address


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does for the service."""
    (folder / "backstay.toml").write_text("port = 8701")
    monkeypatch.setenv("BACKSTAY_PORT", "8702")
    assert address_of(None) == "http://127.0.0.1:8702"


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    """It is not taken for a missing one."""
    (folder / "backstay.toml").write_text("port =")
    with pytest.raises(ValueError, match=r"backstay.toml cannot be read: .*give --url"):
        address_of(None)
