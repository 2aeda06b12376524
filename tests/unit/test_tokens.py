"""The token file: what it holds, how it changes, and what a slip in it does."""

import hmac
import json
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile, TokenFileError, digest_of, find_token


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def names(file: TokenFile) -> list[str]:
    return [token.name for token in file.tokens()]


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope.READ, [Scope.READ]),
        (Scope.TRADE, [Scope.READ, Scope.TRADE]),
        (Scope.ADMIN, [Scope.READ, Scope.TRADE, Scope.ADMIN]),
    ],
)
def test_each_scope_includes_those_before_it(scope: Scope, covered: list[Scope]) -> None:
    """Admin may trade, and trade may read."""
    assert [needed for needed in Scope if scope.covers(needed)] == covered


def test_a_created_token_is_found_by_its_text(file: TokenFile) -> None:
    """The text is long enough that nobody guesses it."""
    text = file.create("bot", Scope.TRADE)

    token = find_token(file.tokens(), text)

    assert token is not None
    assert (token.name, token.scope) == ("bot", Scope.TRADE)
    assert text.startswith("bks_")
    assert len(text) == len("bks_") + 43


def test_the_file_holds_digests_only_and_is_for_its_owner_alone(file: TokenFile) -> None:
    """Who reads the file, or a backup of it, has no token."""
    text = file.create("bot", Scope.READ)

    (entry,) = json.loads(file.path.read_text())

    assert entry["sha256"] == digest_of(text)
    assert set(entry) == {"name", "scope", "sha256", "created_at"}
    assert text not in file.path.read_text()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert list(file.path.parent.iterdir()) == [file.path]


@pytest.mark.parametrize("text", ["", "bks_", "bks_" + "a" * 43, "ä", "\ud800"])
def test_another_text_finds_no_token(file: TokenFile, text: str) -> None:
    """A part of one, its digest or nothing at all."""
    file.create("bot", Scope.READ)

    assert find_token(file.tokens(), text) is None


def test_every_token_is_compared_in_constant_time(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long a search takes says nothing of what was nearly right."""
    first = file.create("first", Scope.READ)
    file.create("second", Scope.READ)
    compared = []
    really = hmac.compare_digest

    def counted(ours: str, theirs: str) -> bool:
        compared.append(ours)
        return really(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    find_token(file.tokens(), first)

    assert compared == [token.sha256 for token in file.tokens()]


def test_a_name_is_taken_once(file: TokenFile) -> None:
    """No second token can pass for the first."""
    file.create("bot", Scope.READ)

    with pytest.raises(TokenFileError, match=r"'bot' exists in .* already"):
        file.create("bot", Scope.ADMIN)


@pytest.mark.parametrize("name", ["", " bot", "bot\n", "b" * 65])
def test_a_name_that_nobody_could_type_is_refused(file: TokenFile, name: str) -> None:
    """A list and a log line show it as it is."""
    with pytest.raises(TokenFileError, match="printable characters"):
        file.create(name, Scope.READ)


def test_a_revoked_token_is_in_force_no_more(file: TokenFile) -> None:
    """Revoking it again says which ones there are."""
    file.create("bot", Scope.READ)
    file.create("page", Scope.READ)

    assert file.revoke("bot").name == "bot"

    assert names(file) == ["page"]
    with pytest.raises(TokenFileError, match=r"no token 'bot' in .*: it holds 'page'"):
        file.revoke("bot")


def test_another_process_s_change_is_noticed(file: TokenFile) -> None:
    """Nobody restarts the service for a token."""
    running = TokenFile(file.path)
    assert names(running) == []

    file.create("bot", Scope.READ)
    assert names(running) == ["bot"]

    file.revoke("bot")
    assert names(running) == []


def test_an_unchanged_file_is_not_read_again(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request costs one look at the file's state."""
    file.create("bot", Scope.READ)
    file.tokens()
    monkeypatch.setattr(TokenFile, "read", lambda _file: pytest.fail("read again"))

    assert names(file) == ["bot"]


def test_tokens_created_at_once_are_all_kept(file: TokenFile) -> None:
    """No creation overwrites another one's."""
    gate = threading.Barrier(4)

    def create(name: str) -> None:
        gate.wait(60)
        TokenFile(file.path).create(name, Scope.READ)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, "abcd"))

    assert sorted(names(file)) == ["a", "b", "c", "d"]


def entry(**changes: Any) -> dict[str, Any]:
    good = {"name": "bot", "scope": "read", "sha256": "0" * 64, "created_at": "2026-01-01"}
    return good | changes


BROKEN: dict[str, tuple[Any, str]] = {
    "no list": ({}, "is not a JSON list of tokens"),
    "no object": (["bot"], "entry 1 is not a JSON object"),
    "unknown field": ([entry(scopes="read")], "entry 1 has the unknown field 'scopes'"),
    "missing field": ([{"name": "bot"}], "entry 1 lacks the field 'created_at'"),
    "no text": ([entry(name=3)], "entry 1: 'name' is not text"),
    "scope": ([entry(scope="root")], "scope 'root' is not read, trade or admin"),
    "digest": ([entry(sha256="F" * 64)], "'sha256' is not a SHA-256 in lower-case hexadecimal"),
    "twice": ([entry(), entry()], "has two tokens named 'bot'"),
}


@pytest.mark.parametrize(("content", "why"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_with_a_file_is_said_with_its_name(
    file: TokenFile, content: Any, why: str
) -> None:
    """Who mends it by hand finds the place."""
    file.path.write_text(json.dumps(content))

    with pytest.raises(TokenFileError, match=why) as caught:
        file.read()

    assert str(file.path) in str(caught.value)


def test_a_file_that_cannot_be_looked_for_opens_nothing(tmp_path: Path) -> None:
    """Only a file that is known to be absent holds no tokens."""
    (tmp_path / "file").write_text("")
    unreachable = TokenFile(tmp_path / "file" / "tokens.json")

    assert names(unreachable) == []
    assert unreachable.is_asked
    absent = TokenFile(tmp_path / "absent.json")
    assert (names(absent), absent.is_asked) == ([], False)


def test_a_deleted_file_holds_no_tokens_and_opens_nothing(file: TokenFile) -> None:
    """Each of its tokens is refused at once, and a token is asked for all the same."""
    file.create("bot", Scope.READ)
    assert names(file) == ["bot"]

    file.path.unlink()

    assert names(file) == []
    assert file.is_asked


def _no_json(path: Path) -> None:
    path.write_text("[{")


def _no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\xfd")


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("slip", [_no_json, _no_text, _a_folder])
def test_a_slip_in_the_file_keeps_the_last_good_tokens(
    file: TokenFile, slip: Callable[[Path], None]
) -> None:
    """A typing error locks nobody out; the log says it once."""
    file.create("bot", Scope.READ)
    running = TokenFile(file.path)
    running.tokens()
    slip(file.path)

    with capture_logs() as logs:
        kept = [names(running), names(running)]

    assert kept == [["bot"], ["bot"]]
    (line,) = logs
    assert line["log_level"] == "error"
    assert str(file.path) in line["event"]


def test_a_file_mended_in_place_is_read_again(file: TokenFile) -> None:
    """Also where neither its time nor its size tells."""
    file.create("bot", Scope.READ)
    good = file.path.read_text()
    file.tokens()
    file.path.write_text("oops")
    with capture_logs():
        file.tokens()

    file.path.write_text(good.replace("bot", "tob"))
    os.utime(file.path, ns=(1, 1))

    assert names(file) == ["tob"]


def test_a_failed_write_leaves_the_file_as_it_was(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs no token, and leaves no other file."""
    file.create("bot", Scope.READ)

    def full(_handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        file.create("page", Scope.READ)

    assert names(file) == ["bot"]
    assert list(file.path.parent.iterdir()) == [file.path]


def test_no_token_is_asked_until_there_was_one(file: TokenFile) -> None:
    """A service that had tokens never becomes open by losing them."""
    file.tokens()
    assert not file.is_asked

    file.create("bot", Scope.READ)
    file.tokens()
    file.revoke("bot")
    file.tokens()
    assert file.is_asked


def test_a_file_that_was_never_good_has_tokens_asked(file: TokenFile) -> None:
    """Being careful, it lets nobody in."""
    file.path.write_text("oops")

    with capture_logs():
        assert names(file) == []

    assert file.is_asked
