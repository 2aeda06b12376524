"""The Auditor checks the books, in turn and when it is asked.

It compares each wallet's row with its ledger and with the wallet's memory, tells the wallet what
it has found, and decides whether a repair would mend it. It writes nothing but its events.
"""
