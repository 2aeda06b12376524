"""A wallet whose market and committer the test plays itself."""

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actors.commit.messages import ChangeCommitted, ChangeRefused, CommitChange
from actors.market.messages import PriceQuoted, QuotePrice
from actors.messages import Denied
from actors.probe import TestProbe
from actors.published import Published, Version
from actors.wallet.actor import WalletActor
from actors.wallet.memory import Memory
from actors.wallet.messages import (
    AccountReady,
    OpenAccount,
    OpenDone,
    OpenPosition,
    ReportWallet,
    WalletReported,
)
from tests.protocol.stage import ACCOUNT, SYMBOL, Number, Stage
from tests.unit.accounts import TIME_US
from trading.costs import DEFAULT_RATES
from trading.events.positions import OpenDenied
from trading.model import Denial, Position, Side, Wallet


@dataclass(frozen=True)
class Opening:
    """An open that has reached the market, and its client."""

    question: QuotePrice
    client: TestProbe


class Floor:
    """A WalletActor among probes."""

    def __init__(self, stage: Stage, memory: Memory | None = None, **settings: Any) -> None:
        self.stage = stage
        self.published = Published(Version())
        actor = WalletActor(
            stage.directory,
            stage.dispatcher.clock,
            ACCOUNT,
            published=self.published,
            memory=memory or Memory(),
            rates=DEFAULT_RATES,
            position_ids=itertools.count(401),
            **settings,
        )
        stage.directory.wallets[ACCOUNT] = self.wallet = actor.actor_ref
        stage.start(actor)

    def open_account(self, balance: Number) -> None:
        """Open the account, and let it be committed."""
        client = self.stage.probe("owner")
        self.wallet.tell(
            OpenAccount(account=ACCOUNT, initial_balance=Decimal(balance), reply_to=client)
        )
        self.confirm(self.change())
        client.expect(AccountReady)

    def change(self) -> CommitChange:
        """The change that the wallet has sent to the Committer."""
        return self.stage.committer.expect(CommitChange)

    def answer(self, change: CommitChange, answer: Any) -> None:
        """Answer it as the Committer would."""
        assert change.reply_to is not None
        change.reply_to.tell(answer)
        self.stage.dispatcher.run_until_idle()

    def confirm(self, change: CommitChange) -> None:
        """It is durable."""
        self.answer(change, ChangeCommitted(change_id=change.change_id, committed_us=TIME_US))

    def refuse(self, change: CommitChange) -> None:
        """The database forbids it."""
        refused = ChangeRefused(change_id=change.change_id, wallet_changed=False, detail="no")
        self.answer(change, refused)

    def tell_open(
        self,
        notional: Number = 25,
        *,
        key: str | None = None,
        side: Side = Side.LONG,
        symbol: str = SYMBOL,
        deadline_us: int | None = None,
    ) -> TestProbe:
        """Tell an open, and return its client."""
        client = self.stage.probe("client")
        self.wallet.tell(
            OpenPosition(
                account=ACCOUNT,
                symbol=symbol,
                side=side,
                notional=Decimal(notional),
                idempotency_key=key,
                deadline_us=deadline_us,
                reply_to=client,
            )
        )
        return client

    def send_open(self, notional: Number = 25, **how: Any) -> Opening:
        """Tell an open that must reach the market."""
        client = self.tell_open(notional, **how)
        return Opening(self.stage.market.expect(QuotePrice), client)

    def quote(self, opening: Opening, price: Number = 100, number: int = 7) -> None:
        """Quote it a price."""
        opening.question.reply_to.tell(
            PriceQuoted(
                position_id=opening.question.position_id,
                symbol=SYMBOL,
                price=Decimal(price),
                time_us=TIME_US,
                number=number,
            )
        )

    def opened(self, notional: Number = 25, **how: Any) -> Position:
        """Open a position, all the way."""
        opening = self.send_open(notional, **how)
        self.quote(opening)
        self.confirm(self.change())
        return opening.client.expect(OpenDone).position

    def denied(self, client: TestProbe) -> Denial:
        """The denial of an open that a client is told, and that is recorded."""
        denial = client.expect(Denied).denial
        (event,) = self.change().change.events
        assert isinstance(event, OpenDenied)
        assert (event.reason, event.text) == (denial.reason, denial.text)
        return denial

    def denial_of_open(self) -> Denial:
        """The denial of an open that must not reach the market."""
        denial = self.denied(self.tell_open())
        self.stage.market.expect_nothing(for_=0)
        return denial

    def report(self) -> WalletReported:
        """What the wallet says of itself."""
        self.wallet.tell(ReportWallet(reply_to=self.stage.auditor))
        return self.stage.auditor.expect(WalletReported)

    def reported(self) -> Wallet:
        """What it has in memory."""
        wallet = self.report().wallet
        assert wallet is not None
        return wallet
