"""The engine below the actors: mailboxes, few threads, clocks, addresses, counts, supervision.

Nothing here knows a position or a price.
"""
