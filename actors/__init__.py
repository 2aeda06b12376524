"""Mailboxes around the rules of `trading/`.

Between actors there is only `tell`, with frozen messages that carry values. No actor blocks on
another; waiting belongs to the edges.

Each kind of actor has a room: `messages` is what others tell it and what it answers, `actor` is
its mailbox. An actor knows another only by its `messages`; the Desk and `system` make them all.
Packages re-export nothing, so that a message can be imported without its actor.
"""
