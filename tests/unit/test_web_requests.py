"""What a request's hosts say by themselves."""

import pytest
from starlette.types import Scope

from backstay.web.access.requests import foreign_sign, is_address, is_loopback, route_path


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


LOCAL: Scope = {"client": ("127.0.0.1", 40_000), "http_version": "1.1", "headers": []}


@pytest.mark.parametrize(
    ("scope", "host"),
    [
        ({"client": ("203.0.113.9", 1)}, "localhost"),
        ({"client": None}, "localhost"),
        ({"headers": [(b"x-forwarded-host", b"localhost")]}, "localhost"),
        ({"headers": [(b"via", b"1.1 x")]}, "localhost"),
        ({"http_version": "1.0"}, "127.0.0.1"),
        ({}, "backstay.example"),
        ({}, "192.0.2.7"),
    ],
)
def test_a_sign_of_a_proxy_is_found(scope: Scope, host: str) -> None:
    """nginx speaks HTTP/1.0 and adds no header where its configuration says `proxy_pass` alone."""
    assert foreign_sign({**LOCAL, **scope}, host) is not None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.0.0.2"])
def test_a_request_of_this_machine_shows_no_sign(host: str) -> None:
    """By whichever name of the loopback it is sent."""
    assert foreign_sign(LOCAL, host) is None


@pytest.mark.parametrize(
    ("path", "below"),
    [("/a/b/x", "/x"), ("/a/b/", "/"), ("/x", "/x"), ("/a/bx", "/a/bx"), ("/a/b", "/a/b")],
)
def test_a_path_is_known_with_and_without_the_root_path(path: str, below: str) -> None:
    """A proxy may cut the prefix off, or leave it."""
    assert route_path({"path": path, "root_path": "/a/b"}) == below
