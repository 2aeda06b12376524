"""Changes merged into the rows that one transaction writes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from persistence.changes import Change
from persistence.errors import RefusalKind, Refused
from persistence.owner import Known
from persistence.rows.account import account_changing, account_row
from persistence.rows.entry import entry_row
from persistence.rows.event import event_row
from persistence.rows.key import key_row
from persistence.rows.market import market_row
from persistence.rows.pause import pause_row, pause_scope
from persistence.rows.position import position_changing, position_row
from persistence.rows.row import Row
from persistence.rows.signal import signal_row
from persistence.tables import Table
from trading.model import MarketPrice, Pause, Position, Wallet
from trading.signals import Signal, SignalStatus


@dataclass(frozen=True, slots=True)
class WalletStep:
    """A wallet row before and after a commit; `before` is None where it is inserted."""

    before: Wallet | None
    after: Wallet


@dataclass(frozen=True, slots=True)
class PositionRowStep:
    """A position row before and after a commit; version 0 is before its insert."""

    version_before: int
    after: Position


@dataclass(slots=True, kw_only=True)
class Batch:
    """The rows of one transaction, in the encoding of `persistence.rows`.

    Inserts have all columns of their table; updates have the columns that change, and then those
    that identify the former row. Markets, pauses, signals and deliveries are inserted or replaced.
    `retired` has the symbols of the markets to delete, `resumed` the scopes of the pauses that end,
    `forgotten` the targets to delete. `known` is the commit before this one, None for an owner's
    first.
    """

    epoch: int
    commit_id: int
    now_us: int
    changes: int
    known: Known | None = None
    wallets: dict[str, WalletStep] = field(default_factory=dict)
    positions: dict[int, PositionRowStep] = field(default_factory=dict)
    account_inserts: list[Row] = field(default_factory=list)
    account_updates: list[Row] = field(default_factory=list)
    position_inserts: list[Row] = field(default_factory=list)
    position_updates: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    markets: list[Row] = field(default_factory=list)
    retired: list[Row] = field(default_factory=list)
    pauses: list[Row] = field(default_factory=list)
    resumed: list[Row] = field(default_factory=list)
    signals: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    forgotten: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """The database's answer: whether the epoch may write, and how many rows were updated."""

    fenced: bool
    accounts: int
    positions: int


def or_replaced(table: type[Table]) -> str:
    """The clause that makes an insert replace an existing row; both engines have it."""
    key = [column.name for column in table.__table__.primary_key]
    others = [column.name for column in table.__table__.columns if not column.primary_key]
    values = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {values}"


def folded(
    changes: Sequence[Change],
    *,
    epoch: int,
    commit_id: int,
    first_event_id: int,
    now_us: int,
    known: Known | None,
) -> Batch:
    """Merge several changes of one row into one, and number the events in order.

    Raises:
        Refused: if changes of one row do not follow one another, or no column can hold a value.
    """
    batch = Batch(
        epoch=epoch, commit_id=commit_id, now_us=now_us, changes=len(changes), known=known
    )
    markets: dict[str, MarketPrice | None] = {}
    pauses: dict[str | None, Pause | None] = {}
    signals: dict[int, Signal] = {}
    delivered: dict[str, int | None] = {}
    for change in changes:
        _fold_wallet(batch, change)
        _fold_positions(batch, change)
        markets.update((market.symbol, market) for market in change.markets)
        markets.update(dict.fromkeys(change.retired))
        pauses.update((pause.account, pause) for pause in change.pauses)
        pauses.update(dict.fromkeys(change.resumed))
        _fold_signals(signals, change)
        delivered.update((one.target, one.event_id) for one in change.delivered)
        with _refused_if_unfit(change.account):
            _append(batch, change, first_event_id)
    for account, wallet_step in batch.wallets.items():
        with _refused_if_unfit(account):
            _add_wallet_row(batch, wallet_step)
    for position_step in batch.positions.values():
        with _refused_if_unfit(position_step.after.account):
            _add_position_row(batch, position_step)
    with _refused_if_unfit(None):
        batch.markets = [market_row(market) for market in markets.values() if market is not None]
    batch.retired = [(symbol,) for symbol, market in markets.items() if market is None]
    batch.pauses = [pause_row(pause) for pause in pauses.values() if pause is not None]
    batch.resumed = [(pause_scope(scope),) for scope, pause in pauses.items() if pause is None]
    for signal in signals.values():
        with _refused_if_unfit(signal.account):
            batch.signals.append(signal_row(signal))
    batch.deliveries = [(target, last) for target, last in delivered.items() if last is not None]
    batch.forgotten = [(target,) for target, last in delivered.items() if last is None]
    return batch


def _fold_wallet(batch: Batch, change: Change) -> None:
    after = change.wallet_after
    if after is None:
        return
    earlier = batch.wallets.get(after.account)
    if earlier is None:
        batch.wallets[after.account] = WalletStep(change.wallet_before, after)
        return
    if change.wallet_before != earlier.after:
        raise Refused(
            after.account,
            RefusalKind.WALLET_CHANGED,
            f"a change to version {after.version} does not begin where the one to version "
            f"{earlier.after.version} ends",
        )
    batch.wallets[after.account] = WalletStep(earlier.before, after)


def _fold_positions(batch: Batch, change: Change) -> None:
    for position in change.positions:
        earlier = batch.positions.get(position.position_id)
        if earlier is None:
            step = PositionRowStep(position.version - 1, position)
        elif position.version == earlier.after.version + 1:
            step = PositionRowStep(earlier.version_before, position)
        else:
            raise Refused(
                position.account,
                RefusalKind.POSITION_CHANGED,
                f"version {position.version} of position {position.position_id} does not follow "
                f"version {earlier.after.version}",
            )
        batch.positions[position.position_id] = step


def _fold_signals(signals: dict[int, Signal], change: Change) -> None:
    for signal in change.signals:
        earlier = signals.get(signal.signal_id)
        if earlier is not None and earlier.status is not SignalStatus.RECEIVED:
            raise Refused(
                signal.account,
                RefusalKind.CONSTRAINT,
                f"signal {signal.signal_id} is {earlier.status} already, which is final",
            )
        signals[signal.signal_id] = signal


def _append(batch: Batch, change: Change, first_event_id: int) -> None:
    for event in change.events:
        event_id = first_event_id + len(batch.events)
        batch.events.append(event_row(event, event_id, batch.commit_id))
    batch.keys += [key_row(key, batch.commit_id) for key in change.keys]
    if change.entries:
        wallet = change.wallet_after
        assert wallet is not None, "ledger entries without the wallet that they lead to"
        batch.entries += [
            entry_row(entry, wallet.account_type, batch.commit_id, batch.now_us)
            for entry in change.entries
        ]


def _add_wallet_row(batch: Batch, step: WalletStep) -> None:
    row = account_row(step.after)
    before = step.before
    if before is None:
        batch.account_inserts.append(row)
        return
    found_by = (before.account, *account_changing(account_row(before)))
    batch.account_updates.append(account_changing(row) + found_by)


def _add_position_row(batch: Batch, step: PositionRowStep) -> None:
    row = position_row(step.after, batch.now_us)
    if step.version_before == 0:
        batch.position_inserts.append(row)
        return
    found_by = (step.after.position_id, step.version_before)
    batch.position_updates.append(position_changing(row) + found_by)


@contextmanager
def _refused_if_unfit(account: str | None) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Refused(account, RefusalKind.CONSTRAINT, str(error)) from error
