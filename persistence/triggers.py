"""Triggers: the database itself refuses forbidden changes of rows.

Ledger entries and events are only ever appended, a CLOSED position never changes, the owner's row
stays, and a signal changes only by being finished, once. Migrations run these statements, so they
never change once released: a later migration changes triggers with statements of its own.
"""

APPEND_ONLY = ("wallet_transactions", "events")

_CLOSED = "a CLOSED position is terminal"
_OWNER = "the owner table holds one row"
_SIGNAL = "a signal changes only by being finished, once"


# If two signals get one id, the second must not overwrite the first.
_SIGNAL_CHANGES = " OR ".join(
    f"OLD.{column} <> NEW.{column}"
    for column in ("id", "account", "symbol", "action", "received_at", "digest")
)
_SIGNAL_STAYS = f"OLD.status <> 'RECEIVED' OR {_SIGNAL_CHANGES}"


def statements(dialect: str) -> list[str]:
    """The triggers of the tables of revision 0001, as SQL of a dialect."""
    return _postgresql() if dialect == "postgresql" else _sqlite()


def signal_statements(dialect: str) -> list[str]:
    """The triggers that came with revision 0002, as SQL of a dialect."""
    refuse = (
        f"EXECUTE FUNCTION backstay_refuse('{_SIGNAL}')"
        if dialect == "postgresql"
        else f"BEGIN SELECT RAISE(ABORT, '{_SIGNAL}'); END"
    )
    each, when = ("FOR EACH ROW ", f"({_SIGNAL_STAYS})")
    return [
        f"CREATE TRIGGER signals_finish_once BEFORE UPDATE ON signals {each}WHEN {when} {refuse}"
    ]


def _postgresql() -> list[str]:
    found = [
        "CREATE FUNCTION backstay_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING MESSAGE = TG_ARGV[0],"
        " ERRCODE = 'integrity_constraint_violation'; END $$"
    ]
    for table in APPEND_ONLY:
        refuse = f"EXECUTE FUNCTION backstay_refuse('{table} is append-only')"
        found += [
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW {refuse}",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT {refuse}",
        ]
    return [
        *found,
        "CREATE TRIGGER positions_closed_is_terminal BEFORE UPDATE ON positions"
        " FOR EACH ROW WHEN (OLD.status = 'CLOSED')"
        f" EXECUTE FUNCTION backstay_refuse('{_CLOSED}')",
        "CREATE TRIGGER owner_stays BEFORE DELETE ON owner"
        f" FOR EACH ROW EXECUTE FUNCTION backstay_refuse('{_OWNER}')",
        "CREATE TRIGGER owner_no_truncate BEFORE TRUNCATE ON owner"
        f" FOR EACH STATEMENT EXECUTE FUNCTION backstay_refuse('{_OWNER}')",
    ]


def _sqlite() -> list[str]:
    found = [
        f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for change in ("UPDATE", "DELETE")
    ]
    return [
        *found,
        "CREATE TRIGGER positions_closed_is_terminal BEFORE UPDATE ON positions"
        f" WHEN OLD.status = 'CLOSED' BEGIN SELECT RAISE(ABORT, '{_CLOSED}'); END",
        "CREATE TRIGGER owner_stays BEFORE DELETE ON owner"
        f" BEGIN SELECT RAISE(ABORT, '{_OWNER}'); END",
    ]
