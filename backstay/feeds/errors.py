"""Errors in a user's input."""


class InputError(Exception):
    """A file that cannot be read as asked: the place (`file`, `line`), the fault, the remedy."""

    def __init__(self, reason: str, *, file: str, line: int | None = None) -> None:
        """Compose the message `prices.csv, line 12: price 'abc' is not a number; ...`."""
        super().__init__(f"{file}{'' if line is None else f', line {line}'}: {reason}")
        self.file = file
        self.line = line
