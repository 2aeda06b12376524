"""The Committer is the only writer: it writes all queued changes in one transaction.

It answers each change as committed, returned or refused, in the order in which they came.
`listener` and `courier` read the committed events.
"""
