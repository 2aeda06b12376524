"""A grid of ladders over the same signals: each one a replay, many at a time, and their ranking."""
