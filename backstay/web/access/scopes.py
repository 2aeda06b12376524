"""How far a token or a session may reach."""

from enum import StrEnum


class Scope(StrEnum):
    """How far a token reaches; each scope includes those before it."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Whether this scope suffices where another one is needed."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)
