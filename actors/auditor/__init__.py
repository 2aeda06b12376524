"""The Auditor checks the books of all accounts in turn, and of one when a caller asks.

It compares each wallet's row with its ledger and with the wallet's memory, tells the wallet the
result, and decides whether a repair would restore the row. It writes nothing but its events.
"""
