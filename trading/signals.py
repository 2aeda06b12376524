"""A signal from outside, such as a TradingView alert: what it asks for, and how it ended.

`buy` closes the symbol's open SHORTs and then opens a LONG, `sell` mirrors it, `close` only
closes; so does a signal whose strategy is `flat` afterwards.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trading.exits.exits import NOTHING_SAID, Exits
from trading.model import Side
from trading.money import ZERO, is_money

_NOTE = re.compile(r"TradingView signal [0-9]+")
_KEY = re.compile(r"signal ([0-9]+)")


def signal_note(signal_id: int) -> str:
    """The note of a position that a signal opened or closed."""
    return f"TradingView signal {signal_id}"


def signal_key(signal_id: int) -> str:
    """The idempotency key of a signal's open; keys from outside have no space in them."""
    return f"signal {signal_id}"


def opener_of(idempotency_key: str | None) -> str | None:
    """The note of the signal that has this key; None for an open that no signal asked for."""
    found = _KEY.fullmatch(idempotency_key or "")
    return None if found is None else signal_note(int(found[1]))


def closer_in(close_note: str | None) -> str | None:
    """The signal that a close's note names; None where a person closed.

    A client's note that would name a signal is refused at the edge.
    """
    found = _NOTE.match(close_note or "")
    return None if found is None else found[0]


class SignalAction(StrEnum):
    """The action that a signal asks for."""

    BUY = "buy"
    SELL = "sell"
    CLOSE = "close"

    def only_closes(self, *, flat: bool, share: Decimal | None = None) -> bool:
        """Whether a signal opens nothing; `flat` if the strategy has no position afterwards.

        `share` is the part that is closed, if it is not all of it.
        """
        return flat or share is not None or self is SignalAction.CLOSE


class SignalStatus(StrEnum):
    """The progress of a signal; every status but RECEIVED is final."""

    RECEIVED = "RECEIVED"
    DONE = "DONE"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalOrder:
    """A sender's order; see `Signal` for the fields."""

    account: str
    symbol: str
    action: SignalAction
    digest: str
    flat: bool = False
    notional: Decimal | None = None
    client_id: str | None = None
    sent_us: int | None = None
    exits: Exits = NOTHING_SAID
    share: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse an order that could never be opened; raises `ValueError`."""
        if self.share is not None and not ZERO < self.share <= 1:
            raise ValueError("a share to close is above 0% and at most 100%")
        if self.notional is None and self.action.only_closes(flat=self.flat, share=self.share):
            return
        if self.notional is None or not is_money(self.notional) or self.notional <= ZERO:
            raise ValueError(
                f"notional {self.notional} is not an amount above 0 with at most 8 decimals"
            )

    def received(self, signal_id: int, received_us: int) -> "Signal":
        """The signal that is stored for this order."""
        return Signal(
            signal_id=signal_id,
            account=self.account,
            symbol=self.symbol,
            action=self.action,
            received_us=received_us,
            digest=self.digest,
            flat=self.flat,
            notional=self.notional,
            client_id=self.client_id,
            sent_us=self.sent_us,
            exits=self.exits,
            share=self.share,
        )

    def repeats(self, signal: "Signal") -> bool:
        """Whether this order repeats a signal of the same account.

        With a sender's id, it does if id and order are the same, whatever its time. The same id
        with another order is another signal, because senders reuse ids by mistake and do not read
        answers. Without an id, it does if the body is the same, for a while only.
        """
        if self.client_id != signal.client_id:
            return False
        return self.digest == signal.digest or (
            self.client_id is not None
            and (self.symbol, self.action, self.flat, self.notional, self.exits, self.share)
            == (
                signal.symbol,
                signal.action,
                signal.flat,
                signal.notional,
                signal.exits,
                signal.share,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A stored signal.

    `signal_id` counts from 1. `client_id` is the sender's own id, None where it gave none; `digest`
    identifies the body. `notional` is money, None where nothing is opened.
    `flat` means that only closes are wanted. `exits` are the exits that it gives for the position
    it opens; `share` is the part that it closes of each open position (0 to 1), None for all of it.
    `sent_us` is the sender's time, if it gave one.
    `outcome` says what the signal did, or why not; None until it is finished.
    """

    signal_id: int
    account: str
    symbol: str
    action: SignalAction
    received_us: int
    digest: str
    flat: bool = False
    notional: Decimal | None = None
    client_id: str | None = None
    sent_us: int | None = None
    exits: Exits = NOTHING_SAID
    share: Decimal | None = None
    status: SignalStatus = SignalStatus.RECEIVED
    outcome: str | None = None
    finished_us: int | None = None

    @property
    def closes(self) -> tuple[Side, ...]:
        """The sides whose open positions of the symbol are closed first."""
        if self.action.only_closes(flat=self.flat):
            return (Side.LONG, Side.SHORT)
        return (Side.SHORT,) if self.action is SignalAction.BUY else (Side.LONG,)

    @property
    def opens(self) -> Side | None:
        """The side that is opened after that, if any."""
        if self.action.only_closes(flat=self.flat, share=self.share):
            return None
        return Side.LONG if self.action is SignalAction.BUY else Side.SHORT
