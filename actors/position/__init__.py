"""One actor a position: the ladder's state machine in a mailbox."""
