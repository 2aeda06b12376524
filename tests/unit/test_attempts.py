"""How often a client may try, and who counts as one client."""

import pytest

from actors.engine.clock import VirtualClock
from backstay.web.access.attempts import CLIENTS_MAX, Attempts, client_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:2", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", "unknown"),
        ("\x1b[2J", "unknown"),
        ("x" * 10_000, "unknown"),
    ],
)
def test_a_client_is_an_address_or_a_network(host: str, name: str) -> None:
    """Who has a network of addresses has one client's attempts; text that is none is one client."""
    assert client_name(host) == name


def test_attempts_beyond_those_of_a_minute_wait() -> None:
    """Until the first of them is a minute old."""
    clock = VirtualClock()
    attempts = Attempts(2, clock)
    assert [attempts.seconds_to_wait("a") for _ in range(3)] == [None, None, 60]
    clock.advance_to(30_500_000)
    assert attempts.seconds_to_wait("a") == 30
    assert attempts.seconds_to_wait("b") is None
    clock.advance_to(60_000_000)
    assert [attempts.seconds_to_wait("a") for _ in range(3)] == [None, None, 60]


def test_the_table_is_bounded() -> None:
    """Of too many clients the one is forgotten whose last attempt is the longest ago."""
    attempts = Attempts(1, VirtualClock())
    for number in range(CLIENTS_MAX):
        assert attempts.seconds_to_wait(str(number)) is None
    assert attempts.seconds_to_wait("0") == 60
    assert attempts.seconds_to_wait("newcomer") is None
    assert len(attempts) == CLIENTS_MAX
    assert attempts.seconds_to_wait("0") == 60
    assert attempts.seconds_to_wait("1") is None
