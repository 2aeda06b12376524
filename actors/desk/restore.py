"""From what is durable to what actors begin with."""

from collections import defaultdict
from dataclasses import replace

from immutables import Map

from actors.published import Version
from persistence.changes import Change
from persistence.state import AccountState, KeyRecord, State, TransferRecord
from trading.model import Position


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
