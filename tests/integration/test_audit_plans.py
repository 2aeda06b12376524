"""What an audit asks PostgreSQL costs one pass over each table, whatever it knows of them."""

from contextlib import closing

from persistence.divergences import IN_ONE_PASS, statements
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper, by_hand

POSITIONS = 12_000
"""With so many, PostgreSQL plans loops within loops, unless it is told not to."""


def test_no_rule_reads_a_table_again_for_each_row_of_another(postgres_database: str) -> None:
    """Tables that nobody has analysed are taken for small, and such a plan then takes hours."""
    with closing(Store.open(postgres_database)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account(balance="1000000"))
        for begin in range(1, POSITIONS, 100):
            ids = range(begin, begin + 100)
            keeper.commit(*(keeper.opens_position(number, quantity="0.01") for number in ids))
    with by_hand(postgres_database) as cursor:
        cursor.execute(f"BEGIN; {IN_ONE_PASS}")
        for statement in statements("postgresql"):
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Nested Loop" not in plan, f"{statement}\n{plan}"
