"""All that clients have asked, in order, and which of it is carried out by what is committed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from actors.messages import Denied
from backstay.simulation.comparing import expect_values, ladder_as_asked, same_position
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import Rates
from backstay.simulation.model_changing import Step
from backstay.simulation.model_exits import Fields, as_told, ladder_of, over
from backstay.simulation.model_position import ModelPosition
from backstay.simulation.requests import (
    AccountAsked,
    ChangeAsked,
    CloseAsked,
    HandAsked,
    HealthAsked,
    OpenAsked,
    PauseAsked,
    PricesAsked,
    Request,
    SignalsAsked,
    TermsAsked,
    TransferAsked,
)
from trading.model import Position


@dataclass(slots=True)
class Requests:
    """All that was asked, in order."""

    opens: list[OpenAsked] = field(default_factory=list)
    hands: list[HandAsked] = field(default_factory=list)
    terms: list[TermsAsked] = field(default_factory=list)
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
            *self.hands,
            *self.terms,
            *self.pauses,
            *self.prices,
            *self.transfers,
            *self.accounts,
            *self.healths,
            *self.signals,
        ]

    def opener_of(self, position_id: int) -> OpenAsked | None:
        """The request that has opened a position, unless a signal did."""
        return next((o for o in self.opens if o.position_id == position_id), None)

    def asks_otherwise(self, account: str, key: str, request: Request) -> bool:
        """Whether a key was sent with another request than this one."""
        return any(
            _identity(other) != _identity(request)
            for other in self.keyed(account)
            if other.key == key
        )

    def keyed(self, account: str) -> list[OpenAsked | HandAsked]:
        """All that came with a key of an account."""
        asked: list[OpenAsked | HandAsked] = [*self.opens, *self.hands]
        return [one for one in asked if one.key is not None and one.account == account]

    def kill(self) -> None:
        """The owner was killed or deposed: what was not answered is never carried out by itself."""
        for request in self.everything():
            if request.answer is None:
                request.dead = True

    def open_for(self, position: Position, now_us: int, default: Fields) -> OpenAsked:
        """The request whose open is carried out now; raises if no client waits for it.

        `default` are the exits for what it does not say.
        """
        for request in self.opens:
            if (
                request.waits
                and request.position_id is None
                and request.account == position.account
                and request.key == position.idempotency_key
                and (request.symbol, request.side) == (position.symbol, position.side)
                and ladder_of(over(request.exits, default)) == ladder_as_asked(position.ladder)
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

    def carry_out_by_hand(
        self, now: ModelPosition, events: Sequence[Any], after: Position, key: str | None
    ) -> tuple[list[HandAsked], Step]:
        """What one of these requests does now; raises if no client waits for it.

        `events` begin with what has happened, and the position is `after` it.
        """
        first = events[0]
        is_change = first.kind not in ("position_reduced", "position_closed")
        at = first.mark_price if is_change else first.exit_price
        waiting = [
            request
            for request in self.hands
            if request.waits
            and not request.done
            and (request.position_id, request.key) == (now.position_id, key)
            and _may_be(request, first, is_change=is_change)
        ]
        outcomes = [(request, request.step(now, at, first.time_us)) for request in waiting]
        fitting = [(request, step) for request, step in outcomes if _comes_to(step, events, after)]
        if not fitting and len(outcomes) == 1:
            fitting = outcomes  # What differs is told when the rows are compared.
        if not fitting:
            raise Violation(f"nobody waits for {first} with key {key}, at {now}: {outcomes}")
        request, step = fitting[0]
        if isinstance(step, str):
            raise Violation(f"{request} is carried out in spite of {step}: {first}, {now}")
        # If there are several, any of them may be the one.
        request.done = len(fitting) == 1
        return [request for request, _ in fitting], step

    def carry_out_rates(self, account: str, rates: Rates | None) -> None:
        """An account's cost rates are set now; raises if no client waits for it."""
        for request in self.terms:
            asked = (request.account, request.rates)
            if request.waits and request.sets_rates and asked == (account, rates):
                return
        raise Violation(f"nobody waits for rates of {rates} in {account}")

    def carry_out_exits(self, account: str, told: str) -> Fields:
        """An account's default exits are set now; raises if no client waits for it."""
        for request in self.terms:
            if request.waits and not request.sets_rates and request.account == account:
                exits = as_told(request.exits)
                if ", ".join(f"{name} {text}" for name, text in exits.items()) == told:
                    return exits
        raise Violation(f"nobody waits for exits of {told} in {account}")

    def carry_out_pause(self, account: str | None, reason: str, *, pause: bool) -> None:
        """A pause or its end is carried out now; raises if no client waits for it."""
        for request in self.pauses:
            asked = (request.account, request.reason, request.pause)
            if request.waits and not request.done and asked == (account, reason, pause):
                request.done = True
                return
        raise Violation(f"nobody waits for a pause of {account}, or its end, {reason}")


def _identity(request: Request) -> tuple[object, ...]:
    """What makes two requests under one key the same."""
    if isinstance(request, HandAsked):
        return (request.position_id, request.asks)
    assert isinstance(request, OpenAsked)
    return request.asks


def _may_be(request: HandAsked, first: Any, *, is_change: bool) -> bool:
    """Whether a step that begins with an event may be what a request asks for."""
    if isinstance(request, ChangeAsked) or is_change:
        return isinstance(request, ChangeAsked) and is_change
    assert isinstance(request, CloseAsked)
    notes = [note for note in (first.note or "").split("; ") if note]
    if request.force and notes and notes[-1].startswith("forced: "):
        notes.pop()
    return notes == ([] if request.note is None else [request.note])


def _comes_to(step: Step | str, events: Sequence[Any], after: Position) -> bool:
    """Whether a step is what has happened."""
    if isinstance(step, str) or len(step[1]) > len(events):
        return False
    try:
        same_position(step[0], after)
        for event, happening in zip(events, step[1], strict=False):
            expect_values(event, happening)
    except (Violation, AttributeError):
        return False
    return True
