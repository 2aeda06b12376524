"""The exit codes of the command line; 0 is a success."""

EXIT_MISMATCH = 1
"""The books do not balance, or the simulator has found a broken promise."""

EXIT_DECLINED = 1
"""A question was answered with no."""

EXIT_INPUT = 2
"""What was asked cannot be done: it must be asked differently."""

EXIT_ROWS = 4
"""A replay was played, but the price guard held rows of its files back."""

EXIT_FAILED = 3
"""Something outside failed, like a service that does not answer: it may work later."""
