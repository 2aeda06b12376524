"""Ways in which a hand, a disk or a bug may spoil a database, as SQL that its triggers let pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tests.acceptance.house import House, Number

_TRIGGERS = (
    ("wallet_transactions", "append_only", ("no_update", "no_delete")),
    ("events", "append_only", ("no_update", "no_delete")),
    ("positions", "closed_is_terminal", ("closed_is_terminal",)),
)


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """What is done to an account's rows, and what is said of it.

    The account has four entries: opening, open and close of its first position, open of its last.
    `entry` is the number that the audit names, `says` what it says; `restored` are the figures
    that a repair writes, and `why_not` says why it writes none.
    """

    sql: tuple[str, ...]
    entry: int | None
    says: str
    restored: Mapping[str, str] = field(default_factory=dict)
    why_not: str | None = None

    def statements(self, url: str, account: str) -> list[str]:
        """The SQL for one account: `{one}` is 1 as money, `{first}` and `{last}` its positions."""
        one = "100000000" if url.startswith("sqlite") else "1"
        zero = "'0'" if url.startswith("sqlite") else "0"
        names = {
            "one": one,
            "zero": zero,
            "account": account,
            "first": f"(SELECT MIN(id) FROM positions WHERE account = '{account}')",
            "last": f"(SELECT MAX(id) FROM positions WHERE account = '{account}')",
        }
        return [statement.format(**names) for statement in self.sql]


def unprotect(run: Callable[..., object], url: str) -> None:
    """Drop the triggers that keep rows from being changed."""
    for table, name, names in _TRIGGERS:
        if url.startswith("sqlite"):
            run(*(f"DROP TRIGGER {table}_{one}" for one in names))
        else:
            run(f"DROP TRIGGER {table}_{name} ON {table}")


def units(house: House, amount: Number) -> str:
    """An amount as the database writes money."""
    scale = 10**8 if house.url.startswith("sqlite") else 1
    return str(Decimal(amount) * scale)


_ROW = "UPDATE accounts SET {} WHERE account = '{{account}}'"
_ENTRY = "UPDATE wallet_transactions SET {} WHERE account = '{{account}}' AND number = {}"
_LAST = "UPDATE positions SET {} WHERE id = {{last}}"
_GONE = "DELETE FROM wallet_transactions WHERE account = '{{account}}' AND number = {}"


def _row(changes: str, entry: int, says: str, **restored: str) -> Corruption:
    return Corruption(sql=(_ROW.format(changes),), entry=entry, says=says, restored=restored)


def _entry(changes: str, number: int, says: str, why_not: str | None = None) -> Corruption:
    sql = (_ENTRY.format(changes, number),)
    return Corruption(sql=sql, entry=number, says=says, why_not=why_not)


TOTAL, LOCKED, AVAILABLE = "102.32225000", "25.00000000", "77.32225000"

OF_THE_ROW = {
    "total_higher": _row("total = total + {one}", 4, "total: expected", total_balance=TOTAL),
    "total_lower": _row("total = total - {one}", 4, "is 101.32225", total_balance=TOTAL),
    "locked_higher": _row("locked = locked + {one}", 4, "locked: expected", locked_balance=LOCKED),
    "locked_lower": _row("locked = locked - {one}", 4, "is 24", locked_balance=LOCKED),
    "both_higher": _row(
        "total = total + {one}, locked = locked + {one}",
        4,
        "used: expected 26",
        total_balance=TOTAL,
        locked_balance=LOCKED,
    ),
    "nothing_locked": _row("locked = 0", 4, "is 0", locked_balance=LOCKED),
    "initial_higher": _row(
        "initial_balance = initial_balance + {one}",
        1,
        "the initial balance is 101",
        initial_balance="100.00000000",
    ),
    "count_lower": _row("entries = entries - 1", 4, "4 entries, the wallet counts 3", entries="4"),
    "older_row": _row(
        "total = 100 * {one}, locked = 25 * {one}, entries = 2",
        4,
        "is 100",
        total_balance=TOTAL,
        entries="4",
    ),
    "all_figures": _row(
        "total = {one}, locked = 0, entries = 1, initial_balance = 0",
        1,
        "is 1",
        initial_balance="100.00000000",
        total_balance=TOTAL,
        locked_balance=LOCKED,
        entries="4",
    ),
}
"""Of the wallet's row: the ledger says what it should be."""

OF_THE_LEDGER = {
    # Nobody can tell it from an entry that is gone.
    "count_higher": Corruption(
        sql=(_ROW.format("entries = entries + 1"),),
        entry=5,
        says="4 entries, the wallet counts 5",
        why_not="entry 5 is missing",
    ),
    "first_gone": Corruption(
        sql=(_GONE.format(1),), entry=1, says="entry 1 (which is missing)", why_not="entry 2"
    ),
    "middle_gone": Corruption(
        sql=(_GONE.format(3),), entry=3, says="entry 4: it follows entry 2", why_not="it follows"
    ),
    "last_gone": Corruption(
        sql=(_GONE.format(4),),
        entry=4,
        says="entry 4 (which is missing)",
        why_not="entry 4 is missing",
    ),
    "renumbered": _entry("number = 6", 4, "it follows entry 3", "entry 6: it follows entry 3"),
    "amount_changed": _entry("amount = amount + {one}", 2, "is not its change", "amount -24"),
    "figures_changed": _entry(
        "amount = amount + {one}, total_change = total_change + {one},"
        " balance_after = balance_after + {one}",
        3,
        "entry 4: balance_before",
        "is not its predecessor's",
    ),
    "type_changed": _entry(
        "transaction_type = 'position_close'", 4, "(position_close, open:", "amount -25"
    ),
    "operation_changed": _entry("operation = 'open:999'", 4, "open:999 does not fit"),
    "position_changed": _entry("position_id = {last}", 3, "does not fit its type", "position"),
    "account_type_changed": _entry("account_type = 'live'", 2, "it has account type live"),
    "commit_changed": _entry(
        "commit_id = 99999", 2, "it names commit 99999, but there is no commit"
    ),
    "time_changed": Corruption(
        sql=(
            "UPDATE wallet_transactions SET created_at = (SELECT MIN(opened_at) FROM positions)"
            " WHERE account = '{account}' AND number = 4",
        ),
        entry=4,
        says="there is no commit at its time",
    ),
    "forged_deposit": Corruption(
        sql=(
            "INSERT INTO wallet_transactions SELECT account, 5, account_type, 'transfer',"
            " 'transfer:forged', {one}, balance_after, balance_after + {one}, {one}, 0, NULL,"
            " 'Deposit', time, created_at, commit_id FROM wallet_transactions"
            " WHERE account = '{account}' AND number = 4",
        ),
        entry=5,
        says="1 entries for 0 events funds_transferred",
        restored={"total_balance": "103.32225000", "entries": "5"},
    ),
}
"""Of the entries: nothing is repaired from them, but for an entry too many, which is one more."""

OF_POSITIONS = {
    "hold_changed": Corruption(
        sql=(_LAST.format("hold = hold + {one}"),),
        entry=4,
        says="holds 26, but its entries lock 25",
        why_not="holds 26",
    ),
    "closed_by_hand": Corruption(
        sql=(
            _LAST.format(
                "status = 'CLOSED', close_reason = 'MANUAL', exit_price = '1', hold = 0,"
                " exit_time = opened_at, closed_at = opened_at, open_quantity = {zero}"
            ),
        ),
        entry=4,
        says="is CLOSED, but has 0 entries of a close",
        why_not="holds 0",
    ),
    "reopened_by_hand": Corruption(
        sql=(
            "UPDATE positions SET status = 'OPEN', close_reason = NULL, exit_price = NULL,"
            " exit_time = NULL, closed_at = NULL, open_quantity = quantity WHERE id = {first}",
        ),
        entry=3,
        says="is OPEN, but has 1 entries of a close",
    ),
    "open_pnl_changed": Corruption(
        sql=(_LAST.format("gross_pnl = {one}"),), entry=4, says="has realized 1 after costs"
    ),
    "closed_pnl_changed": Corruption(
        sql=("UPDATE positions SET exit_fee = exit_fee + {one} WHERE id = {first}",),
        entry=3,
        says="has realized 1.32225 after costs, but its entries 2.32225",
    ),
    "event_gone": Corruption(
        sql=("DELETE FROM events WHERE kind = 'position_closed' AND position_id = {first}",),
        entry=3,
        says="1 entries for 0 events position_closed",
    ),
    "event_doubled": Corruption(
        sql=(
            "INSERT INTO events SELECT (SELECT MAX(id) + 1 FROM events), kind, account,"
            " position_id, symbol, time, commit_id, data FROM events"
            " WHERE kind = 'position_opened' AND position_id = {last}",
        ),
        entry=4,
        says="1 entries for 2 events position_opened",
    ),
}
"""Of positions and events: no figure of the wallet is wrong, or no row of it would be right."""

CORRUPTIONS = OF_THE_ROW | OF_THE_LEDGER | OF_POSITIONS
