"""Everything that a wallet's mailbox takes."""

from dataclasses import dataclass

from actors.commit.messages import (
    AccountRead,
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    ReadFailed,
    ReadPosition,
)
from actors.market.messages import PriceQuoted, QuoteDenied
from actors.messages import MarketRestarted
from actors.position.messages import ChangePosition, ClosePosition
from actors.wallet.messages import (
    BookPosition,
    BooksJudged,
    KeyedAnswer,
    OpenAccount,
    OpenPosition,
    PositionGone,
    ReportWallet,
    RestoreWallet,
    SetCosts,
    SetExits,
    TransferFunds,
)


@dataclass(frozen=True, slots=True)
class Decide:
    """To oneself: what has queued up in the mailbox so far is taken, now decide it."""


WalletMessage = (
    OpenAccount
    | OpenPosition
    | PriceQuoted
    | QuoteDenied
    | BookPosition
    | TransferFunds
    | SetCosts
    | SetExits
    | ClosePosition
    | ChangePosition
    | KeyedAnswer
    | PositionGone
    | ReadPosition
    | MarketRestarted
    | Decide
    | ChangeCommitted
    | ChangeReturned
    | ChangeRefused
    | BooksJudged
    | RestoreWallet
    | AccountRead
    | ReadFailed
    | ReportWallet
)
