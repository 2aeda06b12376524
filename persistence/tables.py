"""The tables, and what the database itself refuses to hold.

These classes are for schema and queries and live inside this package: what leaves it are the
values of `trading` and of `persistence.state`. The triggers are in `persistence.triggers`.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from persistence.columns import MONEY_UNITS_MAX, Flag, Money, Price, Timestamp, WholeNumber
from trading.model import CloseReason, EntryType, PositionStatus, Side
from trading.money import AMOUNT_MAX

MoneyColumn = Annotated[Decimal, mapped_column(Money)]
PriceColumn = Annotated[Decimal, mapped_column(Price)]
TimeColumn = Annotated[int, mapped_column(Timestamp)]
CountColumn = Annotated[int, mapped_column(WholeNumber)]
TextColumn = Annotated[str, mapped_column(Text)]

_STRICT = {"sqlite_strict": True}


class Table(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def _check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def _within(*columns: str) -> Iterator[CheckConstraint]:
    """Keep money within the bound, either way."""
    for dialect, bound in (("postgresql", AMOUNT_MAX), ("sqlite", MONEY_UNITS_MAX)):
        condition = " AND ".join(f"{column} BETWEEN -{bound} AND {bound}" for column in columns)
        yield _check("money_within_bound", condition).ddl_if(dialect=dialect)


def _prices(
    *, positive: Iterable[str], not_negative: Iterable[str] = ()
) -> Iterator[CheckConstraint]:
    """Keep prices above zero, others from zero, and both numbers: no NaN, no other text."""
    signs = [(column, ">") for column in positive] + [(column, ">=") for column in not_negative]
    numbers = " AND ".join(f"{column} {sign} 0 AND {column} < 'NaN'" for column, sign in signs)
    texts = " AND ".join(
        f"{column} {sign} '0' AND {column} NOT GLOB '*[^0-9.]*'" for column, sign in signs
    )
    yield _check("prices_in_range", numbers).ddl_if(dialect="postgresql")
    yield _check("prices_in_range", texts).ddl_if(dialect="sqlite")


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    names = ", ".join(f"'{value}'" for value in values)
    return _check(f"{column}_known", f"{column} IN ({names})")


class AccountRow(Table):
    """An account with its limits and balances."""

    __tablename__ = "accounts"

    account: Mapped[TextColumn] = mapped_column(primary_key=True)
    account_type: Mapped[TextColumn]
    currency: Mapped[TextColumn]
    initial_balance: Mapped[MoneyColumn]
    open_positions_max: Mapped[CountColumn | None]
    position_notional_max: Mapped[MoneyColumn | None]
    symbol_notional_max: Mapped[MoneyColumn | None]
    position_notional_min: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]
    locked: Mapped[MoneyColumn]
    version: Mapped[CountColumn]
    entries: Mapped[CountColumn]

    __table_args__ = (
        *_within(
            "initial_balance",
            "position_notional_max",
            "symbol_notional_max",
            "position_notional_min",
            "total",
            "locked",
        ),
        _check("initial_balance_not_negative", "initial_balance >= 0"),
        _check("available_not_negative", "locked >= 0 AND total >= locked"),
        _check("version_from_one", "version >= 1 AND entries >= 1"),
        _STRICT,
    )


class PositionRow(Table):
    """A position, open or closed."""

    __tablename__ = "positions"

    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[TextColumn] = mapped_column(ForeignKey("accounts.account"))
    symbol: Mapped[TextColumn] = mapped_column(index=True)
    side: Mapped[TextColumn]
    status: Mapped[TextColumn]
    ladder: Mapped[TextColumn]
    fee_rate: Mapped[PriceColumn]
    spread_rate: Mapped[PriceColumn]
    slippage_rate: Mapped[PriceColumn]
    quantity: Mapped[PriceColumn]
    entry_price: Mapped[PriceColumn]
    entry_time: Mapped[TimeColumn]
    take_profit_prices: Mapped[TextColumn]
    stop_price: Mapped[PriceColumn]
    open_quantity: Mapped[PriceColumn]
    hold: Mapped[MoneyColumn]
    rungs_hit: Mapped[int] = mapped_column(Integer)
    gross_pnl: Mapped[MoneyColumn]
    entry_fee: Mapped[MoneyColumn]
    exit_fee: Mapped[MoneyColumn]
    spread: Mapped[MoneyColumn]
    slippage: Mapped[MoneyColumn]
    exit_price: Mapped[PriceColumn | None]
    exit_time: Mapped[TimeColumn | None]
    close_reason: Mapped[TextColumn | None]
    close_note: Mapped[TextColumn | None]
    idempotency_key: Mapped[TextColumn | None]
    request: Mapped[TextColumn | None]
    version: Mapped[CountColumn]
    opened_at: Mapped[TimeColumn]
    closed_at: Mapped[TimeColumn | None]

    __table_args__ = (
        Index(None, "account", "status"),
        Index(
            None,
            "account",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
            sqlite_where=text("idempotency_key IS NOT NULL"),
        ),
        *_within("hold", "gross_pnl", "entry_fee", "exit_fee", "spread", "slippage"),
        *_prices(
            positive=("quantity", "entry_price", "stop_price", "exit_price"),
            not_negative=("open_quantity", "fee_rate", "spread_rate", "slippage_rate"),
        ),
        _one_of("side", Side),
        _one_of("status", PositionStatus),
        _one_of("close_reason", CloseReason),
        _check("hold_not_negative", "hold >= 0"),
        _check("rungs_hit_not_negative", "rungs_hit >= 0"),
        _check("version_from_one", "version >= 1"),
        *(
            _check(
                "closed_iff_exit_fixed",
                f"CASE status WHEN 'CLOSED' THEN close_reason IS NOT NULL"
                f" AND exit_price IS NOT NULL AND exit_time IS NOT NULL"
                f" AND closed_at IS NOT NULL AND hold = 0 AND open_quantity = {zero}"
                f" ELSE close_reason IS NULL AND exit_price IS NULL"
                f" AND exit_time IS NULL AND closed_at IS NULL END",
            ).ddl_if(dialect=dialect)
            for dialect, zero in (("postgresql", "0"), ("sqlite", "'0'"))
        ),
        _STRICT,
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
        *_within("amount", "balance_before", "balance_after", "total_change", "locked_change"),
        _one_of("transaction_type", EntryType),
        _check("number_from_one", "number >= 1"),
        _check("balances_not_negative", "balance_before >= 0 AND balance_after >= 0"),
        _check("arithmetic", "balance_after - balance_before = total_change - locked_change"),
        _STRICT,
    )


class EventRow(Table):
    """Something that happened, in commit order; only ever appended."""

    __tablename__ = "events"

    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[TextColumn]
    account: Mapped[TextColumn | None]
    position_id: Mapped[CountColumn | None] = mapped_column(index=True)
    symbol: Mapped[TextColumn | None]
    time: Mapped[TimeColumn]
    commit_id: Mapped[CountColumn]
    data: Mapped[TextColumn]

    __table_args__ = (_check("id_from_one", "id >= 1"), _STRICT)


class CommitRow(Table):
    """A transaction that was committed: by whom, when, and how many changes it holds."""

    __tablename__ = "commits"

    epoch: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    committed_at: Mapped[TimeColumn]
    changes: Mapped[CountColumn]

    __table_args__ = (_STRICT,)


class OwnerRow(Table):
    """Who may write: the one row that every commit begins with."""

    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    epoch: Mapped[CountColumn]
    holder: Mapped[TextColumn]
    lease_seconds: Mapped[int] = mapped_column(Integer)
    renewed_at: Mapped[TimeColumn]
    released: Mapped[bool] = mapped_column(Flag)

    __table_args__ = (
        _check("one_row", "id = 1"),
        _check("epoch_not_negative", "epoch >= 0"),
        _check("lease_positive", "lease_seconds > 0"),
        _STRICT,
    )


class MarketRow(Table):
    """A symbol's last accepted price."""

    __tablename__ = "markets"

    symbol: Mapped[TextColumn] = mapped_column(primary_key=True)
    price: Mapped[PriceColumn]
    time: Mapped[TimeColumn]

    __table_args__ = (*_prices(positive=("price",)), _STRICT)
