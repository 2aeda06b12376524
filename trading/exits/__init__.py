"""What a ladder can say: levels, take-profits, trail, time stop, and the notation for them.

`level` and `ladder` are the nouns, `exits` the fields that an open may leave to a default,
`notation` the one line that every edge reads and writes, `prices` what levels come to.
"""
