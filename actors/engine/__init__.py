"""The engine below the actors: mailboxes, few threads, clocks, addresses, counts, supervision.

No module here knows a position or a price.
"""
