"""The clients' requests and their answers: no client may be told what is not durable."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from actors.messages import Denied
from backstay.simulation.arithmetic import exact, price
from backstay.simulation.dispatcher import Violation
from trading.exits.exits import NOTHING_SAID, Exits
from trading.model import Limits, Position
from trading.signals import SignalOrder


@dataclass(eq=False, slots=True)
class Request:
    """One command of one client, sent at a moment; it gets one answer at most."""

    serial: int
    answer: Any = None
    dead: bool = False
    """Its owner was killed or deposed before the answer: it cannot be carried out any more."""

    @property
    def waits(self) -> bool:
        """Whether it may still be carried out and answered."""
        return self.answer is None and not self.dead

    @property
    def carried_out(self) -> bool:
        """Whether it is known to be durable that this very request was done."""
        return False


@dataclass(eq=False, slots=True)
class OpenAsked(Request):
    """An open; `position_id` once it is durable."""

    account: str = ""
    symbol: str = ""
    side: str = ""
    exits: Exits = NOTHING_SAID
    notional: Decimal | None = None
    quantity: Decimal | None = None
    key: str | None = None
    deadline_us: int | None = None
    position_id: int | None = None
    recorded: bool = False
    """Its denial is durable."""

    @property
    def carried_out(self) -> bool:
        """Whether it has opened its position."""
        return self.position_id is not None

    @property
    def asks(self) -> tuple[Any, ...]:
        """What makes two opens the same request."""
        return (self.symbol, self.side, self.exits, self.notional, self.quantity)

    def quantity_at(self, entry: Decimal) -> Decimal:
        """The quantity that it comes to at a price."""
        if self.quantity is not None:
            return self.quantity
        assert self.notional is not None
        return price(exact(self.notional) / exact(entry))


@dataclass(eq=False, slots=True)
class CloseAsked(Request):
    """A manual close; whether its position existed and was closed when it was asked.

    `done` once it is durable that this very request has closed the position.
    """

    position_id: int = 0
    note: str | None = None
    force: bool = False
    existed: bool = False
    was_closed: bool = False
    done: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether it has closed its position."""
        return self.done


@dataclass(eq=False, slots=True)
class StopAsked(Request):
    """A stop to be moved by hand; `moved` once that is durable."""

    position_id: int = 0
    stop_price: Decimal = Decimal(0)
    existed: bool = False
    moved: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether it has moved the stop."""
        return self.moved


@dataclass(eq=False, slots=True)
class PauseAsked(Request):
    """Opens to be paused or resumed, of all accounts where None is given; `done` once durable."""

    account: str | None = None
    pause: bool = True
    existed: bool = False
    done: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether it has begun or ended a pause."""
        return self.done

    @property
    def reason(self) -> str:
        """What no other request has for a reason."""
        return f"for reason {self.serial}"


@dataclass(eq=False, slots=True)
class PricesAsked(Request):
    """Prices whose sender waits for their verdicts."""

    symbol: str = ""


@dataclass(eq=False, slots=True)
class TransferAsked(Request):
    """A deposit or withdrawal; `repeated` once it was asked for again, `done` once durable."""

    account: str = ""
    amount: Decimal = Decimal(0)
    reference: str = ""
    booked_before: bool = False
    repeated: bool = False
    done: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether it has moved the money."""
        return self.done


@dataclass(eq=False, slots=True)
class AccountAsked(Request):
    """An account to be opened."""

    account: str = ""
    initial_balance: Decimal = Decimal(0)
    limits: Limits = Limits()


@dataclass(eq=False, slots=True)
class HealthAsked(Request):
    """A health check; `reads_failed` counts the failed reads before it."""

    account: str | None = None
    reads_failed: int = 0


@dataclass(eq=False, slots=True)
class SignalsAsked(Request):
    """Signals to be stored, all or none, and carried out; whether their account existed."""

    orders: tuple[SignalOrder, ...] = ()
    existed: bool = False

    @property
    def account(self) -> str:
        """Whose they are."""
        return self.orders[0].account


@dataclass(slots=True)
class Requests:
    """All that was asked, in order."""

    opens: list[OpenAsked] = field(default_factory=list)
    closes: list[CloseAsked] = field(default_factory=list)
    stops: list[StopAsked] = field(default_factory=list)
    pauses: list[PauseAsked] = field(default_factory=list)
    prices: list[PricesAsked] = field(default_factory=list)
    transfers: list[TransferAsked] = field(default_factory=list)
    accounts: list[AccountAsked] = field(default_factory=list)
    healths: list[HealthAsked] = field(default_factory=list)
    signals: list[SignalsAsked] = field(default_factory=list)
    serial: int = 0

    def next_serial(self) -> int:
        """Number the next request or failure."""
        self.serial += 1
        return self.serial

    def everything(self) -> list[Request]:
        """Whatever was asked."""
        return [
            *self.opens,
            *self.closes,
            *self.stops,
            *self.pauses,
            *self.prices,
            *self.transfers,
            *self.accounts,
            *self.healths,
            *self.signals,
        ]

    def kill(self) -> None:
        """The owner was killed or deposed: what was not answered is never carried out by itself."""
        for request in self.everything():
            if request.answer is None:
                request.dead = True

    def open_for(self, position: Position, now_us: int) -> OpenAsked:
        """The request whose open is carried out now; raises if no client waits for it."""
        for request in self.opens:
            if (
                request.waits
                and request.position_id is None
                and request.account == position.account
                and request.key == position.idempotency_key
                and (request.symbol, request.side, request.exits.over())
                == (
                    position.symbol,
                    position.side,
                    position.ladder,
                )
                and request.quantity_at(position.entry_price) == position.quantity
                and (request.deadline_us is None or now_us <= request.deadline_us)
            ):
                return request
        raise Violation(f"nobody waits for an open like {position}")

    def record_denial(self, event: Any) -> None:
        """A denial becomes durable; raises unless a client was told it, and it is the first."""
        for request in self.opens:
            if (
                isinstance(request.answer, Denied)
                and not request.recorded
                and (request.account, request.symbol) == (event.account, event.symbol)
                and request.answer.denial.text == event.text
            ):
                request.recorded = True
                return
        raise Violation(f"{event} is told, and nobody was denied")

    def carry_out_transfer(self, account: str, reference: str, amount: Decimal) -> None:
        """A transfer is booked now; raises if no client waits for it."""
        asked = (account, reference, amount)
        waiting = [
            request
            for request in self.transfers
            if request.waits and (request.account, request.reference, request.amount) == asked
        ]
        if not waiting:
            raise Violation(f"nobody waits for transfer {reference} of {amount} in {account}")
        # If there are several, any of them may be the one.
        waiting[0].done = len(waiting) == 1

    def carry_out_close(self, position_id: int, note: str | None, *, forced: bool) -> None:
        """A manual close is carried out now; raises if no client waits for it."""
        waiting = [
            request
            for request in self.closes
            if request.waits
            and request.position_id == position_id
            and (note or "").startswith(request.note or "")
            and (request.force or not forced)
        ]
        if not waiting:
            text = f"nobody waits for a close of position {position_id} with note {note!r}"
            raise Violation(text)
        waiting[0].done = len(waiting) == 1

    def carry_out_stop(self, position_id: int, stop_price: Decimal) -> None:
        """A stop is moved by hand now; raises if no client waits for it."""
        for request in self.stops:
            asked = (request.position_id, request.stop_price)
            if request.waits and not request.moved and asked == (position_id, stop_price):
                request.moved = True
                return
        raise Violation(f"nobody waits for the stop of {position_id} to move to {stop_price}")

    def carry_out_pause(self, account: str | None, reason: str, *, pause: bool) -> None:
        """A pause or its end is carried out now; raises if no client waits for it."""
        for request in self.pauses:
            asked = (request.account, request.reason, request.pause)
            if request.waits and not request.done and asked == (account, reason, pause):
                request.done = True
                return
        raise Violation(f"nobody waits for a pause of {account}, or its end, {reason}")
