"""Where notifications go: what is understood, and what is never shown."""

import os
from pathlib import Path

import pytest

from backstay.service.notifications.target import Target, targets_of
from backstay.service.settings.sources import SettingsError, load

TELEGRAM = "tgram://123456789:AbcdefGhijklmnopqrstuvwxyzAbcdefGhi/12315544"
MAIL = "mailto://user:pass-word@example.com?to=a@example.com,b@example.com"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no setting in the environment."""
    for name in tuple(os.environ):
        if name.startswith("BACKSTAY_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_sent_unless_asked_for() -> None:
    """Without a setting there is no target."""
    assert load().settings.notify_urls == ()


@pytest.mark.parametrize("between", [",", ", ", " ", "\n"])
def test_urls_are_listed_and_may_have_commas(
    folder: Path, monkeypatch: pytest.MonkeyPatch, between: str
) -> None:
    """Commas, blanks or lines separate; a mail's recipients stay together."""
    urls = folder / "urls"
    urls.write_text(f"{TELEGRAM}{between}{MAIL}\n")
    monkeypatch.setenv("BACKSTAY_NOTIFY_URLS_FILE", str(urls))
    given = [url.get_secret_value() for url in load().settings.notify_urls]
    assert given == [TELEGRAM, MAIL]


def test_urls_are_shown_masked(folder: Path) -> None:
    """`backstay config`, and the settings' own text, say only how many there are."""
    (folder / "backstay.toml").write_text(f'notify_urls = ["{TELEGRAM}", "{MAIL}"]\n')
    loaded = load()
    shown = {name: value for name, value, _ in loaded.shown()}
    assert shown["notify_urls"] == "********, ********"
    for secret in ("AbcdefGhi", "pass-word"):
        assert secret not in repr(loaded)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("tgrm://geheim/1", "one that begins tgrm:// is not understood"),
        ("json://", "one that begins json:// is not understood"),
        ("geheim", "one without scheme:// is not understood"),
    ],
)
def test_a_url_that_nobody_understands_is_refused_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    """At the start, naming the setting, its source and the service."""
    monkeypatch.setenv("BACKSTAY_NOTIFY_URLS", f"{TELEGRAM}, {url}" if "://" in url else url)
    with pytest.raises(SettingsError) as refused:
        load()
    [line] = refused.value.lines
    assert line.startswith("setting notify_urls (environment variable BACKSTAY_NOTIFY_URLS)")
    assert reason in line
    assert "geheim" not in line
    assert "Abcdef" not in line


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    """A kind that is never told would be missed silently."""
    with pytest.raises(SettingsError, match="unknown kind rung_hti: choose among account_opened"):
        load({"notify_kinds": "rung_hit, rung_hti"})


def test_a_targets_name_is_its_own_and_tells_nothing() -> None:
    """The same URL has the same name in every life; no part of a secret is in it."""
    first, second = targets_of((TELEGRAM, MAIL, TELEGRAM))
    assert first.name == Target(TELEGRAM).name
    assert first.name.startswith("tgram-")
    assert second.name.startswith("mailto-")
    assert len({first.name, second.name, Target(f"{TELEGRAM}?silent=yes").name}) == 3
