"""Set aside an actor that keeps failing, while all others go on.

It runs again only after the next start of the service, from the durable state.
"""

from dataclasses import replace

import structlog

from actors.auditor.messages import CheckHealth, RepairWallet
from actors.commit.messages import CommitChange, Origin
from actors.denials import unknown_account
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.supervised import ActorKind
from actors.market.messages import Disarm
from actors.messages import Denied
from actors.position.messages import ChangePosition, ClosePosition, Stranded
from actors.published import MarketPause, Published, SetAside
from actors.published_view import PublishedView
from actors.wallet.messages import OpenAccount, OpenPosition, SetCosts, SetExits, TransferFunds
from persistence.changes import Change
from trading.events.services import PartSetAside
from trading.model import Denial, DenialReason

log = structlog.get_logger(__name__)

Command = (
    OpenAccount
    | OpenPosition
    | TransferFunds
    | SetCosts
    | SetExits
    | ClosePosition
    | ChangePosition
    | CheckHealth
    | RepairWallet
)


def denial_of(aside: SetAside) -> Denial:
    """The denial of a command that needs an actor that is set aside."""
    return Denial(
        reason=DenialReason.SET_ASIDE,
        text=f"{aside.text}; whether this command was carried out is not known: restart the "
        "service, then send it again; with the same key or reference it is carried out once",
    )


def no_wallet(published: PublishedView, account: str) -> Denial:
    """The denial for an account without a published wallet: unreadable rows, or no such account."""
    aside = published.set_aside.get((ActorKind.WALLET, account))
    return unknown_account(account) if aside is None else denial_of(aside)


class AsideShelf:
    """Sets actors aside, tells the actors that depend on them, and denies commands for them."""

    def __init__(self, directory: Directory, published: Published, clock: Clock) -> None:
        """Begin with no actor set aside."""
        self._directory = directory
        self._published = published
        self._clock = clock

    def has(self, kind: str, key: str | int) -> bool:
        """Whether an actor is set aside."""
        return (kind, key) in self._published.set_aside

    def put(self, kind: str, key: str | int, why: str) -> None:
        """Set an actor aside, and write an event that says so."""
        account = str(key) if kind == ActorKind.WALLET else None
        symbol = str(key) if kind == ActorKind.MARKET else None
        if kind == ActorKind.POSITION:
            position = self._published.version.positions.get(int(key))
            if position is not None:
                account, symbol = position.account, position.symbol
        aside = SetAside(
            kind=kind,
            key=key,
            account=account,
            symbol=symbol,
            why=why,
            since_us=self._clock.now_us(),
        )
        self._published.set_aside[kind, key] = aside
        log.error(aside.text, account=account, symbol=symbol)
        self._tell(aside)
        event = PartSetAside(
            part=aside.part,
            account=account,
            position_id=int(key) if kind == ActorKind.POSITION else None,
            symbol=symbol,
            why=why,
            time_us=aside.since_us,
        )
        change = Change(account=account, events=(event,))
        self._directory.to_committer(CommitChange(origin=Origin.DESK, change=change))

    def denial_for(self, command: Command) -> Denied | None:
        """The denial of a command, if it needs an actor that is set aside."""
        aside = self._needed_by(command) if self._published.set_aside else None
        return None if aside is None else Denied(denial=denial_of(aside))

    def _needed_by(self, command: Command) -> SetAside | None:
        shelf = self._published.set_aside
        match command:
            case OpenPosition():
                wallet = shelf.get((ActorKind.WALLET, command.account))
                return wallet or shelf.get((ActorKind.MARKET, command.symbol))
            case OpenAccount() | TransferFunds() | SetCosts() | SetExits():
                return shelf.get((ActorKind.WALLET, command.account))
            case ClosePosition() | ChangePosition():
                position = self._published.version.positions.get(command.position_id)
                if position is not None:
                    return self._published.unguarded_by(position)
                # Nothing guards what is closed, but its account's wallet knows what a key has done.
                key = command.key
                return None if key is None else shelf.get((ActorKind.WALLET, key.account))
            case CheckHealth() | RepairWallet():
                return shelf.get((ActorKind.AUDITOR, ActorKind.AUDITOR))

    def _tell(self, aside: SetAside) -> None:
        """Answer every caller that waits for it."""
        directory, version = self._directory, self._published.version
        match aside.kind:
            case ActorKind.POSITION:
                directory.positions.pop(int(aside.key), None)
                if aside.symbol is not None:
                    directory.to_market(aside.symbol, Disarm(position_id=int(aside.key)))
                return
            case ActorKind.MARKET:
                self._pause_market(str(aside.key), aside)
                stranded = Stranded(denial=denial_of(aside), books=True)
            case ActorKind.WALLET:
                stranded = Stranded(denial=denial_of(aside), books=False)
            case _:
                return
        for position in version.positions.values():
            if self._published.unguarded_by(position) == aside:
                directory.to_position(position.position_id, stranded)

    def _pause_market(self, symbol: str, aside: SetAside) -> None:
        """Publish the market's last state, because its actor will not."""
        status = self._published.markets.get(symbol)
        if status is not None:
            pause = MarketPause(why=f"set aside: {aside.why}", since_us=aside.since_us)
            self._published.markets[symbol] = replace(status, pause=pause)
