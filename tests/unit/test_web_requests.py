"""What a request's hosts say by themselves."""

import pytest

from web.requests import is_address, is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_known_by_its_loopbacks(host: str) -> None:
    """Of both families, and by the name that never leaves it."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.7", "localhost.example", "[::1"])
def test_everything_else_is_elsewhere(host: str) -> None:
    """A name that begins like this machine's is another's."""
    assert not is_loopback(host)


def test_an_address_may_stand_in_brackets() -> None:
    """As it does in a Host header."""
    assert is_address("[2001:db8::1]")
    assert is_address("192.0.2.7")
    assert not is_address("backstay.example")
