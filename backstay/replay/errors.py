"""How a command can fail, apart from what fails: the command line knows it before it runs any."""


class ReplayError(Exception):
    """The replay cannot go on; the database or a bug is why."""
