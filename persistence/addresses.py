"""Show a database's address without its password and other secrets.

Addresses are split as SQLAlchemy and libpq read them. Where the split is in doubt, more is hidden:
a password may hold any character, even one that should have been escaped.
"""

import re

MASK = "***"
PARAMETERS_SHOWN = frozenset(
    {
        "application_name",
        "connect_timeout",
        "dbname",
        "gssencmode",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "mode",
        "port",
        "sslmode",
        "sslnegotiation",
        "target_session_attrs",
        "tcp_user_timeout",
        "timeout",
        "user",
    }
)
"""The parameters whose value is shown; for others only the name, because they may be secrets."""

_URL = re.compile(r"([\w+]+://)(.*?)(?:\?(\w[^=?&@]*=.*))?", re.DOTALL)
_BAD_PORT = re.compile(r"(?<=:)(?!\d*(?:/|$))[^/\]]*(?=/|$)")


def masked(url: str) -> str:
    """A database's address without its secrets; a text that is not a URL is hidden as a whole."""
    parts = _URL.fullmatch(url)
    if parts is None:
        return MASK
    scheme, rest, query = parts.groups()
    shown = "" if query is None else "?" + "&".join(map(_parameter, query.split("&")))
    if scheme.startswith("sqlite"):
        return f"{scheme}{rest}{shown}"
    # A password may contain an @: the last one ends it.
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    # Without an @, SQLAlchemy reads a password as the port.
    place = _BAD_PORT.sub(MASK, place)
    return f"{scheme}{user}{colon and f':{MASK}'}{at}{place}{shown}"


def _parameter(written: str) -> str:
    name, equals, _ = written.partition("=")
    if not equals:
        return MASK
    return written if name in PARAMETERS_SHOWN else f"{name}={MASK}"
