"""The only writer: one transaction for what has queued up, and the readers of its commits."""
