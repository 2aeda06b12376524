"""Mailboxes around the rules of `trading/`.

Between actors there is only `tell`, with frozen messages that carry values. No actor blocks on
another; waiting belongs to the edges.
"""
