"""Browser sessions: a cookie represents the token that its browser logged in with."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from actors.engine.clock import Clock
from backstay.web.access.shares import fullest
from backstay.web.access.tokens import digest_of
from trading.times import SECOND_US

SESSION_HOURS = 12
SESSIONS_MAX = 1000
RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Login:
    """A login: by the token with this digest, until a time of the monotonic clock."""

    token_sha256: str
    ends_us: int


class Sessions:
    """The logins of this process, in memory.

    With too many, the oldest login of the token that has the most is ended.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with no logins."""
        self._clock = clock
        # By the digest of its id, so that the time of a look-up reveals nothing about an id.
        self._sessions: dict[str, Login] = {}

    def begin(self, token_sha256: str) -> str:
        """Log in; returns the session's id, for the cookie."""
        now_us = self._clock.monotonic_us()
        while len(self._sessions) >= SESSIONS_MAX:
            self._end_oldest_of(fullest(self._holders(), token_sha256))
        session_id = secrets.token_urlsafe(RANDOM_BYTES)
        ends_us = now_us + SESSION_HOURS * 3600 * SECOND_US
        self._sessions[digest_of(session_id)] = Login(token_sha256, ends_us)
        return session_id

    def token_of(self, session_id: str) -> str | None:
        """The digest of the token that a session began with; None if it ended or never was."""
        key = digest_of(session_id)
        session = self._sessions.get(key)
        if session is None:
            return None
        if session.ends_us <= self._clock.monotonic_us():
            del self._sessions[key]
            return None
        return session.token_sha256

    def end(self, session_id: str) -> None:
        """End a session; a session that does not exist is ignored."""
        self._sessions.pop(digest_of(session_id), None)

    def _holders(self) -> Iterator[str]:
        return (session.token_sha256 for session in self._sessions.values())

    def _end_oldest_of(self, token_sha256: str) -> None:
        holders = zip(self._sessions, self._holders(), strict=True)
        del self._sessions[next(key for key, holder in holders if holder == token_sha256)]
