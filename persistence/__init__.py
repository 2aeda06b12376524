"""Backstay's database: tables, transactions, migrations; one store in front of them.

Only this package knows SQLAlchemy and the drivers. Its callers give and get values of `trading`,
and those of `changes`, `errors` and `state`, which import no SQLAlchemy.
"""
