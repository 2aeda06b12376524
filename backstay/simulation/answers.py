"""Answers to what people want of living positions and of accounts' terms."""

from typing import Any

from actors.messages import Denied
from actors.position.messages import ChangeDone, CloseDone
from actors.wallet.messages import TermsSet
from backstay.simulation.comparing import rates_of, said_of
from backstay.simulation.dispatcher import Violation, is_taken_key
from backstay.simulation.model import Model
from backstay.simulation.model_exits import as_told
from backstay.simulation.model_tracking import Tracked
from backstay.simulation.requests import ChangeAsked, CloseAsked, HandAsked, TermsAsked
from trading.model import Position

NO_PRICE = {"price_unknown", "price_stale", "paused_by_network", "market_quarantined"}


def judge_hand(model: Model, request: HandAsked, message: Any) -> None:
    """What is acknowledged is durable and was asked for; what is denied was not done."""
    expected = ChangeDone if isinstance(request, ChangeAsked) else CloseDone
    match message:
        case Denied(denial=denial):
            _judge_denial(model, request, str(denial.reason), message)
        case ChangeDone(position=position) | CloseDone(position=position):
            if not isinstance(message, expected):
                raise Violation(f"{request} is answered with {message}")
            expect_durable(model, position)
            tracked = model.positions[request.position_id]
            if getattr(message, "already_closed", False):
                _judge_already_closed(request, tracked, position)
            elif request.key is not None:
                _judge_keyed(model, request, message)
            else:
                _judge_done(model, request, tracked, message)
        case _:
            raise Violation(f"{request} is answered with {message}")


def judge_terms(model: Model, request: TermsAsked, message: Any) -> None:
    """Terms that are acknowledged were the account's at a durable step of its wallet."""
    account = model.accounts.get(request.account)
    match message:
        case TermsSet(wallet=wallet):
            given = (rates_of(wallet.rates), said_of(wallet.exits))
            durable = account.terms.get(wallet.version) if account is not None else None
            own = (
                given[0] == request.rates
                if request.sets_rates
                else (given[1] == as_told(request.exits))
            )
            if durable != given or not own:
                raise Violation(f"{request} is answered with {wallet}, durable is {durable}")
        case Denied(denial=denial):
            if request.existed or denial.reason != "account_unknown":
                raise Violation(f"{request} is denied: {denial}")
        case _:
            raise Violation(f"{request} is answered with {message}")


def expect_durable(model: Model, position: Position) -> None:
    """A client is told of a position only as it was durable at a version."""
    tracked = model.positions.get(position.position_id)
    durable = tracked.versions.get(position.version) if tracked is not None else None
    if durable != position:
        raise Violation(f"told of {position}, durable is {durable}")


def _judge_already_closed(request: HandAsked, tracked: Tracked, position: Position) -> None:
    if tracked.now.is_open or position.version != tracked.now.version:
        raise Violation(f"{request} is answered with {position}, durable is {tracked}")


def _judge_done(
    model: Model, request: HandAsked, tracked: Tracked, message: ChangeDone | CloseDone
) -> None:
    """It has led to the version that it is told, and it alone."""
    version = message.position.version
    others = [
        other
        for other in model.requests.hands
        if other is not request
        and other.position_id == request.position_id
        and isinstance(other.answer, ChangeDone | CloseDone)
        and other.key is None
        and other.answer.position.version == version
        and not getattr(other.answer, "already_closed", False)
    ]
    is_late = isinstance(request, CloseAsked) and request.was_closed
    if others or is_late or message.repeated or request.asks not in tracked.asked.get(version, []):
        raise Violation(f"{request} did not lead to {message.position}: {tracked.asked}, {others}")


def _judge_keyed(model: Model, request: HandAsked, message: ChangeDone | CloseDone) -> None:
    """Its key has done what it asks for, and its callers know who was the first."""
    assert request.account is not None
    assert request.key is not None
    step = model.accounts[request.account].steps.get(request.key)
    asked = (request.position_id, request.asks)
    if step is None or (step.position_id, step.asks) != asked:
        raise Violation(f"{request} is answered with {message.position}, its key has done {step}")
    if message.position.version < step.version:
        raise Violation(f"{request} is answered with {message.position} from before {step}")
    firsts = [
        other
        for other in model.requests.hands
        if (other.account, other.key) == (request.account, request.key)
        and isinstance(other.answer, ChangeDone | CloseDone)
        and not other.answer.repeated
        and not getattr(other.answer, "already_closed", False)
    ]
    if not message.repeated and (request.was_done or firsts):
        raise Violation(f"{request} is a repetition of {firsts}, and not answered as one")


def _judge_denial(model: Model, request: HandAsked, reason: str, message: Denied) -> None:
    tracked = model.positions.get(request.position_id)
    allowed = {"stop_invalid", "ladder_invalid", "price_unknown"}
    if isinstance(request, CloseAsked):
        allowed = {*NO_PRICE, "amount_invalid"} if not request.was_closed else set[str]()
    if request.position_id in model.ruined:
        allowed.add("set_aside")
    if not request.existed:
        allowed.add("position_unknown")
    if isinstance(request, ChangeAsked) and tracked is not None and not tracked.now.is_open:
        allowed.add("position_closed")
    if request.key is not None and request.account is not None:
        if model.requests.asks_otherwise(request.account, request.key, request):
            allowed.add("key_conflict")
        step = model.accounts[request.account].steps.get(request.key)
        is_same = step is not None and (step.position_id, step.asks) == (
            request.position_id,
            request.asks,
        )
        if is_same and not (reason == "set_aside" and reason in allowed):
            raise Violation(f"{request} is denied, and its key has done {step}: {message}")
    elif is_taken_key(message.denial.text):
        allowed.add("key_conflict")  # It waited beside a command whose key was taken.
    if request.done or reason not in allowed:
        raise Violation(f"{request} is denied: {message}")
