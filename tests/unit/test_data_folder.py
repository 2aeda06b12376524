"""Where books and tokens lie by default: outside of a checkout, and where they were before."""

from pathlib import Path

import pytest

from backstay.service.settings.data_folder import (
    data_folder,
    default_file,
    make_data_folder,
    remarks,
)
from backstay.service.settings.sources import load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without settings."""
    monkeypatch.delenv("BACKSTAY_DATABASE", raising=False)
    monkeypatch.delenv("BACKSTAY_TOKENS_FILE", raising=False)
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    return tmp_path / "checkout"


def test_books_and_tokens_lie_in_the_users_data(folder: Path, data_home: Path) -> None:
    """Nothing that cleans a checkout deletes them."""
    settings = load().settings
    assert settings.database == f"sqlite:///{data_home}/backstay/backstay.db"
    assert settings.tokens_file == data_home / "backstay" / "backstay-tokens.json"
    assert list(folder.iterdir()) == []
    assert list(remarks(chosen_by_default=True)) == []


def test_the_folder_is_for_its_user_alone(folder: Path) -> None:
    """It is made where it is not there; making it again changes nothing."""
    make_data_folder()
    make_data_folder()
    assert data_folder().stat().st_mode & 0o777 == 0o700


def test_books_in_the_working_directory_are_used_on_and_said(folder: Path) -> None:
    """An upgrade loses nobody's books; the word says where new ones would lie."""
    (folder / "backstay.db").touch()
    (folder / "backstay-tokens.json").touch()
    settings = load().settings
    assert settings.database == "sqlite:///backstay.db"
    assert settings.tokens_file == Path("backstay-tokens.json")
    (remark,) = remarks(chosen_by_default=True)
    assert remark.startswith(f"the books are in {folder / 'backstay.db'}, where former versions")
    assert f"`backstay backup {data_folder() / 'backstay.db'}`" in remark
    assert list(remarks(chosen_by_default=False)) == []


def test_two_places_with_books_are_both_named(folder: Path) -> None:
    """Those that are not used are not forgotten."""
    (folder / "backstay.db").touch()
    make_data_folder()
    (data_folder() / "backstay.db").touch()
    (remark,) = remarks(chosen_by_default=True)
    assert f"those in {data_folder() / 'backstay.db'} are not used" in remark


def test_under_systemd_its_state_directory_is_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user that exists only while the service runs has no home."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/backstay:/var/lib/other")
    assert default_file("backstay.db") == Path("/var/lib/backstay/backstay.db")
