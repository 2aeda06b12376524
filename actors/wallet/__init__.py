"""One actor an account, the only source of its balance changes.

`waiting_commands` holds what has not been decided, and `pending_opens` the
opens that wait for a quote. `plan` decides purely what all of it comes to, and `trading_gate` says
what keeps the account from trading.
"""
