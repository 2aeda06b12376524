"""A market, one a symbol, judges prices and tells the accepted ones to the positions they reach.

It quotes its mark price to opens, closes and moves of stops, or says why there is none.
"""
