"""The token file: the callers of the API, and their scopes.

A JSON list of `{name, scope, sha256, created_at}`. Only digests are kept: a token's text is shown
once, when it is created. A running service notices a change by itself.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from backstay.web.access.scopes import Scope

PREFIX = "bks_"
RANDOM_BYTES = 32
NAME_CHARS_MAX = 64

log = structlog.get_logger("backstay")


class TokenFileError(ValueError):
    """The token file cannot be used, or not as asked; the text names it and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A stored token: `sha256` is the digest of its text in hexadecimal."""

    name: str
    scope: Scope
    sha256: str
    created_at: str


def digest_of(text: str) -> str:
    """The stored digest of a token's text: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def find_token(tokens: Sequence[Token], text: str) -> Token | None:
    """The token with this text; takes the same time whether or not it exists."""
    digest = digest_of(text)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.sha256, digest):
            found = token
    return found


class TokenFile:
    """The tokens of one file, read again whenever the file was changed.

    `is_asked` is True once the file has held a token, or could not be read. From then on every
    request needs a token, so that revoking the last one, or an error in the file, opens nothing.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; one that does not exist holds no tokens."""
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self.is_asked = False

    def read(self) -> tuple[Token, ...]:
        """The file's tokens now; raises `TokenFileError` if it cannot be read."""
        try:
            content = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise TokenFileError(f"token file {self.path} cannot be read: {error}") from None
        if not isinstance(content, list):
            raise TokenFileError(f"token file {self.path} is not a JSON list of tokens")
        tokens = tuple(self._token(number, entry) for number, entry in enumerate(content, 1))
        names = [token.name for token in tokens]
        for name in names:
            if names.count(name) > 1:
                raise TokenFileError(f"token file {self.path} has two tokens named {name!r}")
        return tokens

    def tokens(self) -> tuple[Token, ...]:
        """The tokens in force: the file's, or the last valid ones if it cannot be read."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._tokens = self.read()
                self.is_asked = self.is_asked or bool(self._tokens)
            except TokenFileError as error:
                self.is_asked = True
                log.error(f"{error}; the tokens read before stay in force", file=str(self.path))
        return self._tokens

    def create(self, name: str, scope: Scope) -> str:
        """Add a token; returns its text, which is not stored."""
        if not name.isprintable() or name != name.strip() or not 0 < len(name) <= NAME_CHARS_MAX:
            raise TokenFileError(
                f"token name {name!r} refused: give 1 to {NAME_CHARS_MAX} printable characters "
                "without spaces around them"
            )
        text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        created_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        token = Token(name=name, scope=scope, sha256=digest_of(text), created_at=created_at)
        with self._changing():
            tokens = self.read()
            if any(other.name == name for other in tokens):
                raise TokenFileError(
                    f"token {name!r} exists in {self.path} already: revoke it, or take another name"
                )
            self._write([*tokens, token])
        return text

    def revoke(self, name: str) -> Token:
        """Remove a token; a running service refuses it from its next request on."""
        with self._changing():
            tokens = self.read()
            for token in tokens:
                if token.name == name:
                    self._write([other for other in tokens if other is not token])
                    return token
        held = ", ".join(repr(token.name) for token in tokens) or "none"
        raise TokenFileError(f"no token {name!r} in {self.path}: it holds {held}")

    def _token(self, number: int, entry: Any) -> Token:
        where = f"token file {self.path}, entry {number}"
        fields = set(Token.__slots__)
        if not isinstance(entry, dict):
            raise TokenFileError(f"{where} is not a JSON object")
        if unknown := sorted(entry.keys() - fields):
            raise TokenFileError(f"{where} has the unknown field {unknown[0]!r}")
        if missing := sorted(fields - entry.keys()):
            raise TokenFileError(f"{where} lacks the field {missing[0]!r}")
        if wrong := sorted(field for field in fields if not isinstance(entry[field], str)):
            raise TokenFileError(f"{where}: {wrong[0]!r} is not text")
        if entry["scope"] not in list(Scope):
            raise TokenFileError(f"{where}: scope {entry['scope']!r} is not read, trade or admin")
        if len(entry["sha256"]) != 64 or entry["sha256"].strip("0123456789abcdef"):
            raise TokenFileError(f"{where}: 'sha256' is not a SHA-256 in lower-case hexadecimal")
        return Token(**{**entry, "scope": Scope(entry["scope"])})

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Allow one change at a time: of two at once, one would be lost."""
        folder = os.open(self.path.absolute().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, tokens: Sequence[Token]) -> None:
        content = json.dumps([asdict(token) for token in tokens], indent=2) + "\n"
        # mkstemp makes a file of mode 0600; renaming it is atomic.
        handle, name = tempfile.mkstemp(dir=self.path.absolute().parent, prefix=".backstay-tokens-")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
