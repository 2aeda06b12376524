"""Backstay's database: tables, transactions, migrations; one store in front of them.

Only this package knows SQLAlchemy and the drivers. Values of `trading` go in and come out.
What goes in and out is in modules that import no SQLAlchemy: `changes`, `errors`, `state`.
"""
