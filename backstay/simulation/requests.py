"""The clients' requests and their answers: no client may be told what is not durable."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from backstay.simulation.arithmetic import exact, price
from backstay.simulation.model_account import Rates
from backstay.simulation.model_changing import Step, changed, part_closed
from backstay.simulation.model_exits import Fields, as_told
from backstay.simulation.model_position import ModelPosition
from trading.model import Limits
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
    exits: Fields = field(default_factory=dict)
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
        return (self.symbol, self.side, as_told(self.exits), self.notional, self.quantity)

    def quantity_at(self, entry: Decimal) -> Decimal:
        """The quantity that it comes to at a price."""
        if self.quantity is not None:
            return self.quantity
        assert self.notional is not None
        return price(exact(self.notional) / exact(entry))


@dataclass(eq=False, slots=True)
class HandAsked(Request):
    """What a person wants of a living position; whether it existed when it was asked.

    `key` belongs to `account`, whose the position is. `was_done` if what it asks for was durable
    before under its key; `done` once it is durable that this very request has done it.
    """

    position_id: int = 0
    account: str | None = None
    key: str | None = None
    existed: bool = False
    was_done: bool = False
    done: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether it has changed or closed its position."""
        return self.done

    @property
    def asks(self) -> tuple[object, ...]:
        """What makes two of them the same request, with the position."""
        raise NotImplementedError

    def step(self, now: ModelPosition, at: Decimal, time_us: int) -> Step | str:
        """What it makes of a living position at a price, or the code of the refusal."""
        raise NotImplementedError


@dataclass(eq=False, slots=True)
class CloseAsked(HandAsked):
    """A manual close: of all, of a share of what is open, or of a quantity.

    `was_closed` if its position was closed when it was asked.
    """

    note: str | None = None
    force: bool = False
    share: Decimal | None = None
    quantity: Decimal | None = None
    was_closed: bool = False

    @property
    def asks(self) -> tuple[object, ...]:
        """The part, and the note."""
        share = Decimal(1) if self.share is None and self.quantity is None else self.share
        return ("close", share, self.quantity, self.note)

    def step(self, now: ModelPosition, at: Decimal, time_us: int) -> Step | str:
        """Close the part at a price."""
        return part_closed(now, self.share, self.quantity, at, time_us)


@dataclass(eq=False, slots=True)
class ChangeAsked(HandAsked):
    """Exits to be changed: what is wished by its name, in the one-line notation."""

    wishes: Fields = field(default_factory=dict)

    @property
    def asks(self) -> tuple[object, ...]:
        """The wishes."""
        return ("change", *sorted(self.wishes.items()))

    def step(self, now: ModelPosition, at: Decimal, time_us: int) -> Step | str:
        """Change the exits at a price."""
        return changed(now, self.wishes, at, time_us)


@dataclass(eq=False, slots=True)
class TermsAsked(Request):
    """Cost rates or default exits to be set for an account's next opens.

    `sets_rates` tells which of them; no rates mean the service's own.
    """

    account: str = ""
    sets_rates: bool = False
    rates: Rates | None = None
    exits: Fields = field(default_factory=dict)
    existed: bool = False


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
