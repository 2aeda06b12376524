"""A position runs its ladder: it is told the prices that reach it, and hands on its new state.

Its wallet makes each state durable. A position ends when its close is.
"""
