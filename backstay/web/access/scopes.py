"""The scopes of tokens and sessions."""

from enum import StrEnum


class Scope(StrEnum):
    """The rights of a token; each scope includes those before it."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Whether this scope suffices where another one is needed."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)
