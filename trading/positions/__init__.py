"""A position's state machine, purely: how it opens, what a price and a person do to it, its close.

`opening` makes one of a fill, `judging` takes each price, `changing` a person's wishes, `trailing`
the stop that follows, and `closing` books what is closed. None of them knows an actor or a row.
"""
