"""The tables of accounts: their balances, their ledgers, their pauses."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from persistence.table_parts import (
    STRICT,
    CountColumn,
    MoneyColumn,
    Table,
    TextColumn,
    TimeColumn,
    check,
    fixed,
    one_of,
    within,
)
from trading.model import EntryType


class AccountRow(Table):
    """An account with its limits and balances."""

    __tablename__ = "accounts"

    account: Mapped[TextColumn] = mapped_column(primary_key=True)
    account_type: Mapped[TextColumn] = fixed()
    currency: Mapped[TextColumn] = fixed()
    initial_balance: Mapped[MoneyColumn]
    open_positions_max: Mapped[CountColumn | None] = fixed()
    position_notional_max: Mapped[MoneyColumn | None] = fixed()
    symbol_notional_max: Mapped[MoneyColumn | None] = fixed()
    position_notional_min: Mapped[MoneyColumn] = fixed()
    total: Mapped[MoneyColumn]
    locked: Mapped[MoneyColumn]
    version: Mapped[CountColumn]
    entries: Mapped[CountColumn]
    # Empty means the service's own; never NULL, so that an update can compare them.
    cost_rates: Mapped[TextColumn] = mapped_column(server_default=text("''"))
    exits: Mapped[TextColumn] = mapped_column(server_default=text("''"))

    __table_args__ = (
        *within(
            "initial_balance",
            "position_notional_max",
            "symbol_notional_max",
            "position_notional_min",
            "total",
            "locked",
        ),
        check("initial_balance_not_negative", "initial_balance >= 0"),
        check("available_not_negative", "locked >= 0 AND total >= locked"),
        check("version_from_one", "version >= 1 AND entries >= 1"),
        STRICT,
    )


class EntryRow(Table):
    """A ledger entry, named as the specification names it; only ever appended."""

    __tablename__ = "wallet_transactions"

    account: Mapped[TextColumn] = mapped_column(ForeignKey("accounts.account"), primary_key=True)
    number: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    account_type: Mapped[TextColumn]
    transaction_type: Mapped[TextColumn]
    operation: Mapped[TextColumn]
    amount: Mapped[MoneyColumn]
    balance_before: Mapped[MoneyColumn]
    balance_after: Mapped[MoneyColumn]
    total_change: Mapped[MoneyColumn]
    locked_change: Mapped[MoneyColumn]
    position_id: Mapped[CountColumn | None] = mapped_column(ForeignKey("positions.id"), index=True)
    description: Mapped[TextColumn]
    time: Mapped[TimeColumn]
    created_at: Mapped[TimeColumn]
    commit_id: Mapped[CountColumn]

    __table_args__ = (
        Index(None, "account", "operation", unique=True),
        Index(
            "ux_wallet_transactions_close",
            "position_id",
            unique=True,
            postgresql_where=text("transaction_type = 'position_close'"),
            sqlite_where=text("transaction_type = 'position_close'"),
        ),
        *within("amount", "balance_before", "balance_after", "total_change", "locked_change"),
        one_of("transaction_type", EntryType),
        check("number_from_one", "number >= 1"),
        check("balances_not_negative", "balance_before >= 0 AND balance_after >= 0"),
        check("arithmetic", "balance_after - balance_before = total_change - locked_change"),
        STRICT,
    )


class PauseRow(Table):
    """A pause of opens that is in force; `scope` is its account, or empty for all of them."""

    __tablename__ = "pauses"

    scope: Mapped[TextColumn] = mapped_column(primary_key=True)
    account: Mapped[TextColumn | None] = mapped_column(ForeignKey("accounts.account"))
    reason: Mapped[TextColumn]
    since: Mapped[TimeColumn]

    __table_args__ = (
        check("scope_is_account", "scope = COALESCE(account, '') AND account <> ''"),
        STRICT,
    )
