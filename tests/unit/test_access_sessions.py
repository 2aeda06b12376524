"""Logins of browsers: they stand for a token, end in time, and are not kept without bound."""

from actors.engine.clock import VirtualClock
from backstay.web.access.sessions import SESSION_HOURS, SESSIONS_MAX, Sessions

TOKEN = "0" * 64
LIFE_US = SESSION_HOURS * 3600 * 1_000_000


def test_a_session_stands_for_its_token() -> None:
    """Its id leads to the token's digest, and no other text does."""
    sessions = Sessions(VirtualClock())

    session_id = sessions.begin(TOKEN)

    assert sessions.token_of(session_id) == TOKEN
    assert sessions.token_of(session_id + "x") is None
    assert sessions.token_of(TOKEN) is None


def test_a_session_ends_after_twelve_hours() -> None:
    """To the microsecond, however much it was used."""
    clock = VirtualClock()
    sessions = Sessions(clock)
    session_id = sessions.begin(TOKEN)

    clock.advance_to(LIFE_US - 1)
    assert sessions.token_of(session_id) == TOKEN

    clock.advance_to(LIFE_US)
    assert sessions.token_of(session_id) is None


def test_a_session_ends_with_its_logout() -> None:
    """Ending it again is harmless."""
    sessions = Sessions(VirtualClock())
    session_id = sessions.begin(TOKEN)

    sessions.end(session_id)
    sessions.end(session_id)

    assert sessions.token_of(session_id) is None


def test_with_too_many_sessions_the_oldest_ends() -> None:
    """Logins cannot fill the memory."""
    sessions = Sessions(VirtualClock())

    begun = [sessions.begin(TOKEN) for _ in range(SESSIONS_MAX + 1)]

    assert sessions.token_of(begun[0]) is None
    assert {sessions.token_of(session_id) for session_id in begun[1:]} == {TOKEN}


def test_a_token_with_many_logins_ends_its_own() -> None:
    """An admin's login outlives a thousand with a token that may only read."""
    sessions = Sessions(VirtualClock())
    admins = sessions.begin("the digest of an admin's token")
    begun = [sessions.begin(TOKEN) for _ in range(SESSIONS_MAX)]

    assert sessions.token_of(admins) is not None
    assert sessions.token_of(begun[0]) is None
    assert sessions.token_of(begun[1]) == TOKEN
