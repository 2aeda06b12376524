"""The actors' first states, from the durable state."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import structlog
from immutables import Map

from actors.desk.messages import CannotStart
from actors.engine.supervised import ActorKind, error_text
from actors.published import Version
from actors.wallet.memory import Memory, memory_of
from persistence.changes import Change
from persistence.state import AccountState, KeyRecord, State, TransferRecord, Unreadable
from trading.model import Position

log = structlog.get_logger(__name__)


def account_states(state: State) -> tuple[AccountState, ...]:
    """The durable state, account by account."""
    positions: dict[str, list[Position]] = defaultdict(list)
    keys: dict[str, list[KeyRecord]] = defaultdict(list)
    transfers: dict[str, list[TransferRecord]] = defaultdict(list)
    for position in state.open_positions:
        positions[position.account].append(position)
    for key in state.keys:
        keys[key.account].append(key)
    for transfer in state.transfers:
        transfers[transfer.account].append(transfer)
    return tuple(
        AccountState(
            wallet=wallet,
            open_positions=tuple(positions[wallet.account]),
            keys=tuple(keys[wallet.account]),
            transfers=tuple(transfers[wallet.account]),
        )
        for wallet in state.wallets
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The durable state that actors begin with, and the actors that cannot begin.

    `version` is what readers see first. `memories` has the accounts that begin, by name.
    """

    version: Version
    memories: Mapping[str, Memory]
    cannot_start: tuple[CannotStart, ...]


def restored(state: State) -> Restored:
    """Every account that can be restored; an account that cannot does not affect the others."""
    unreadable = list(state.unreadable)
    version, memories = Version(), {}
    for account in account_states(state):
        name = account.wallet.account
        change = Change(account=name, wallet_after=account.wallet, positions=account.open_positions)
        try:
            memories[name] = memory_of(account)
            version = version.after(0, (change,), now_us=0)
        except Exception as error:
            # Values that can be decoded may still not fit together, such as rungs and prices.
            memories.pop(name, None)
            log.exception("account cannot be restored", account=name)
            unreadable.append(
                Unreadable(
                    account=name,
                    table="positions",
                    row=f"of {name}",
                    why=error_text(error),
                )
            )
    known = {wallet.account for wallet in state.wallets}
    unreadable.extend(
        Unreadable(
            account=position.account,
            table="positions",
            row=str(position.position_id),
            why=f"its account {position.account} does not exist",
        )
        for position in state.open_positions
        if position.account not in known
    )
    others = Change(account=None, markets=state.markets, pauses=state.pauses)
    version = version.after(state.last_commit_id, (others,), now_us=0)
    opened_at_us = {
        position_id: state.opened_at_us[position_id] for position_id in version.positions
    }
    cannot_start = _parts_of(unreadable)
    for part in cannot_start:
        memories.pop(str(part.key), None)
    return Restored(
        version=replace(version, opened_at_us=Map(opened_at_us)),
        memories=memories,
        cannot_start=cannot_start,
    )


def _parts_of(unreadable: Iterable[Unreadable]) -> tuple[CannotStart, ...]:
    """The actors that cannot begin, each with its first row that cannot be read.

    An unreadable row sets its whole account aside, because the books need every row. A market's
    row has no account.
    """
    parts: dict[tuple[ActorKind, str], str] = {}
    for row in unreadable:
        if row.account is not None:
            parts.setdefault((ActorKind.WALLET, row.account), row.text)
        elif row.table == "markets":
            parts.setdefault((ActorKind.MARKET, row.row), row.text)
        else:
            log.error(f"{row.text}; its account cannot be read either")
    return tuple(CannotStart(kind=kind, key=key, why=why) for (kind, key), why in parts.items())
