"""The exit codes of the command line; 0 is a success."""

EXIT_MISMATCH = 1
"""The books do not balance, or the simulator found a broken promise."""

EXIT_DECLINED = 1
"""A question was answered with no."""

EXIT_INPUT = 2
"""The command cannot be done as it was asked; change it."""

EXIT_ROWS = 4
"""A replay was played, but its price guard did not accept every row."""

EXIT_FAILED = 3
"""Something outside failed, such as a service that does not answer; it may work later."""
