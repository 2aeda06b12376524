"""A wallet as a row of `accounts`."""

from persistence.columns import money_units
from persistence.ladder_codec import exits_from_json, exits_json, rates_from_json, rates_json
from persistence.rows.row import Row, changing, in_order, money_units_or_none, picked
from persistence.tables import AccountRow
from trading.exits.exits import NOTHING_SAID
from trading.model import Limits, Wallet

ACCOUNT_CHANGING = changing(AccountRow)
"""The columns of an account that can change; the initial balance changes only by a repair."""
ACCOUNT_BEFORE = ("account", *ACCOUNT_CHANGING)
"""The columns that identify an account's row for an update: another program's change is kept."""

account_changing = picked(AccountRow, ACCOUNT_CHANGING)
_in_order = in_order(AccountRow)


def account_row(wallet: Wallet) -> Row:
    """A wallet as a row.

    This and the other rows raise ValueError for a value that no column can hold.
    """
    limits = wallet.limits
    return _in_order(
        {
            "account": wallet.account,
            "account_type": wallet.account_type,
            "currency": wallet.currency,
            "initial_balance": money_units(wallet.initial_balance),
            "open_positions_max": limits.open_positions_max,
            "position_notional_max": money_units_or_none(limits.position_notional_max),
            "symbol_notional_max": money_units_or_none(limits.symbol_notional_max),
            "position_notional_min": money_units(limits.position_notional_min),
            "total": money_units(wallet.total),
            "locked": money_units(wallet.locked),
            "version": wallet.version,
            "entries": wallet.entries,
            "cost_rates": "" if wallet.rates is None else rates_json(wallet.rates),
            "exits": "" if wallet.exits == NOTHING_SAID else exits_json(wallet.exits),
        }
    )


def wallet_from(row: AccountRow) -> Wallet:
    """The wallet of a row."""
    return Wallet(
        account=row.account,
        account_type=row.account_type,
        currency=row.currency,
        initial_balance=row.initial_balance,
        limits=Limits(
            open_positions_max=row.open_positions_max,
            position_notional_max=row.position_notional_max,
            symbol_notional_max=row.symbol_notional_max,
            position_notional_min=row.position_notional_min,
        ),
        total=row.total,
        locked=row.locked,
        version=row.version,
        entries=row.entries,
        rates=rates_from_json(row.cost_rates) if row.cost_rates else None,
        exits=exits_from_json(row.exits) if row.exits else NOTHING_SAID,
    )
