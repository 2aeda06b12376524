"""From what is durable to what actors begin with."""

from collections import defaultdict
from dataclasses import replace

from immutables import Map

from actors.published import Version
from actors.wallet.memory import Held, Memory
from persistence.changes import Change
from persistence.state import AccountState, KeyRecord, State, TransferRecord
from trading.model import Position
from trading.money import ZERO


def memory_of(state: AccountState) -> Memory:
    """A wallet's memory as the database has it."""
    held = {position.position_id: Held.of(position) for position in state.open_positions}
    return Memory(
        wallet=state.wallet,
        held=Map(held),
        gain=sum((known.gain for known in held.values()), ZERO),
        keys=Map({record.key: record.position_id for record in state.keys}),
        transfers=Map({record.reference: record.amount for record in state.transfers}),
    )


def account_states(state: State) -> tuple[AccountState, ...]:
    """What is durable, account by account."""
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


def version_of(state: State) -> Version:
    """What readers see first: the version that all that is durable leads to."""
    changes = [
        Change(
            account=account.wallet.account,
            wallet_after=account.wallet,
            positions=account.open_positions,
        )
        for account in account_states(state)
    ]
    changes.append(Change(account=None, markets=state.markets, pauses=state.pauses))
    version = Version().after(state.last_commit_id, tuple(changes), now_us=0)
    return replace(version, opened_at_us=Map(state.opened_at_us))
