"""One file for each kind of row: how a value is written as a row, and how the row is read back.

A row to write is a tuple in the order of its table's columns, of integers, text and None as
`persistence.columns` has them: the same tuple for both engines. A row function names each column
once; the order is the table's. Values that are read are bound to no session.

A new field of a position touches `persistence.tables`, `position.py` and a migration.
"""
