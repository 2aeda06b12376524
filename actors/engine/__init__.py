"""What actors run on: mailboxes drained by few threads, clocks, addresses, counts, supervision.

Nothing here knows a position or a price.
"""
