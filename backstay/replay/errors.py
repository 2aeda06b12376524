"""The kinds of failures of a command; the command line imports them before any command runs."""


class ReplayError(Exception):
    """The replay cannot go on, because of the database or a bug."""
