"""The Committer is the only writer: what has queued up becomes one transaction.

What is told to it comes back as committed, returned or refused, in the order in which it came.
`listener` and `courier` read what it has committed.
"""
