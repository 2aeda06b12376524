"""Clients: they ask, and hold every answer against what is durable at that moment."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actors.auditor.messages import CheckHealth, HealthChecked
from actors.desk.messages import SetTrading, TradingSet
from actors.market.messages import PricesTaken
from actors.messages import Denied
from actors.position.messages import ChangePosition, ClosePosition, RequestKey
from actors.wallet.messages import (
    AccountReady,
    OpenAccount,
    OpenDone,
    OpenPosition,
    SetCosts,
    SetExits,
    TransferDone,
    TransferFunds,
)
from backstay.simulation.answers import expect_durable, judge_hand, judge_terms
from backstay.simulation.connection import UNWRITABLE
from backstay.simulation.dispatcher import SimulatedDispatcher, Violation
from backstay.simulation.model import Model
from backstay.simulation.model_exits import Fields
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
from trading.books import HealthStatus
from trading.exits.ladder import StopTarget
from trading.exits.level import Level
from trading.exits.notation import (
    asked_rungs_from,
    close_after_from,
    exits_from,
    trailing_from,
)
from trading.model import CostRates, Denial, Side
from trading.positions.changing import Changes, PartToClose


@dataclass(eq=False, slots=True, repr=False)
class Client:
    """Waits for the answer to one request."""

    request: Request
    model: Model
    dispatcher: SimulatedDispatcher

    def tell(self, message: Any) -> None:
        """Take the answer, and see that it is true for good."""
        try:
            if self.request.answer is not None:
                raise Violation(f"{self.request} is answered twice: {message}")
            self._judge(message)
        except Violation as violation:
            self.dispatcher.violate(str(violation))
        self.request.answer = message

    def __repr__(self) -> str:
        return f"client {self.request.serial}"

    def _judge(self, message: Any) -> None:
        if self.request.dead and isinstance(message, Denied):
            # Of an owner that was deposed, or is about to find out: what it knows may be old.
            if self.request.carried_out:
                raise Violation(f"{self.request} is denied, and carried out: {message}")
            return
        match self.request:
            case OpenAsked():
                _judge_open(self.model, self.request, message)
            case HandAsked():
                judge_hand(self.model, self.request, message)
            case TermsAsked():
                judge_terms(self.model, self.request, message)
            case PauseAsked():
                _judge_pause(self.request, message)
            case PricesAsked():
                if not isinstance(message, PricesTaken):
                    raise Violation(f"{self.request} is answered with {message}")
            case TransferAsked():
                _judge_transfer(self.model, self.request, message)
            case AccountAsked():
                _judge_account(self.model, self.request, message)
            case HealthAsked():
                _judge_health(message)
            case SignalsAsked():
                self.model.signals.judge(self.request, message)


def command(request: Request, client: Client) -> Any:
    """The message that asks for it."""
    match request:
        case OpenAsked():
            return OpenPosition(
                account=request.account,
                symbol=request.symbol,
                side=Side(request.side),
                exits=exits_from(request.exits),
                notional=request.notional,
                quantity=request.quantity,
                idempotency_key=request.key,
                deadline_us=request.deadline_us,
                reply_to=client,
            )
        case CloseAsked():
            share, quantity = request.share, request.quantity
            is_part = share is not None or quantity is not None
            return ClosePosition(
                position_id=request.position_id,
                note=request.note,
                force=request.force,
                part=PartToClose(share=share, quantity=quantity) if is_part else None,
                key=_key_of(request),
                reply_to=client,
            )
        case ChangeAsked():
            return ChangePosition(
                position_id=request.position_id,
                changes=_changes(request.wishes),
                key=_key_of(request),
                reply_to=client,
            )
        case TermsAsked(sets_rates=True, rates=rates):
            own = None if rates is None else CostRates(**rates)
            return SetCosts(account=request.account, rates=own, reply_to=client)
        case TermsAsked():
            exits = exits_from(request.exits)
            return SetExits(account=request.account, exits=exits, reply_to=client)
        case PauseAsked():
            return SetTrading(
                account=request.account,
                paused=request.pause,
                reason=request.reason,
                reply_to=client,
            )
        case TransferAsked():
            return TransferFunds(
                account=request.account,
                amount=request.amount,
                reference=request.reference,
                reply_to=client,
            )
        case AccountAsked():
            return OpenAccount(
                account=request.account,
                initial_balance=request.initial_balance,
                limits=request.limits,
                reply_to=client,
            )
        case HealthAsked():
            return CheckHealth(account=request.account, reply_to=client)
    raise AssertionError(f"no command for {request}")


def _key_of(request: HandAsked) -> RequestKey | None:
    if request.key is None or request.account is None:
        return None
    return RequestKey(account=request.account, key=request.key)


def _changes(wishes: Fields) -> Changes:
    """The wishes as the core takes them; a stop may be one that no edge would let through."""
    stop, targets = wishes.get("stop_loss"), wishes.get("take_profits")
    trail, after = wishes.get("trailing"), wishes.get("close_after")
    return Changes(
        stop_loss=None if stop is None else _stop(stop),
        take_profits=None if targets is None else asked_rungs_from(targets),
        trailing=None if trail is None else trailing_from(trail),
        close_after_us=None if after is None else close_after_from(after),
    )


def _stop(text: str) -> Level | StopTarget:
    if text.startswith("breakeven"):
        return StopTarget(text)
    return Level(Decimal(text.removesuffix("%")), is_percent=text.endswith("%"))


def _judge_open(model: Model, request: OpenAsked, message: Any) -> None:
    account = model.accounts.get(request.account)
    bound = account.keys.get(request.key) if account and request.key else None
    match message:
        case OpenDone(position=position):
            expect_durable(model, position)
            opened = bound if request.key else request.position_id
            if position.position_id != opened:
                raise Violation(f"{request} is answered with {position}, must be {opened}")
            if request.key is not None:
                first = model.requests.opener_of(position.position_id)
                if first is None or first.asks != request.asks:
                    raise Violation(f"{request} is answered with another request's {position}")
        case Denied(denial=denial) if denial.reason == "key_conflict":
            others = request.key is not None and model.requests.asks_otherwise(
                request.account, request.key, request
            )
            if not others or request.position_id is not None:
                raise Violation(f"{request} conflicts with nothing: {denial}")
        case Denied(denial=denial):
            if request.position_id is not None or bound is not None:
                raise Violation(f"{request} is denied, and durable: {denial}")
            _expect_refusal(request, request.key, denial)
        case _:
            raise Violation(f"{request} is answered with {message}")


def _expect_refusal(request: Request, named: str | None, denial: Denial) -> None:
    """The database refuses only what it cannot store."""
    unwritable = named is not None and named.startswith(UNWRITABLE)
    if denial.reason == "books_mismatch" or (denial.reason == "write_refused" and not unwritable):
        raise Violation(f"{request}: {denial}")


def _judge_pause(request: PauseAsked, message: Any) -> None:
    match message:
        case TradingSet(account=account, paused=paused):
            if not request.done or (account, paused) != (request.account, request.pause):
                raise Violation(f"{request} is answered with {message}")
        case Denied(denial=denial):
            if request.existed or denial.reason != "account_unknown":
                raise Violation(f"{request} is denied: {denial}")
        case _:
            raise Violation(f"{request} is answered with {message}")


def _judge_transfer(model: Model, request: TransferAsked, message: Any) -> None:
    account = model.accounts.get(request.account)
    booked = account.transfers.get(request.reference) if account is not None else None
    match message:
        case TransferDone(reference=reference, amount=amount, repeated=repeated):
            if (reference, amount) != (request.reference, booked) or amount != request.amount:
                raise Violation(f"{request} is answered with {message}, booked is {booked}")
            if request.booked_before and not repeated:
                raise Violation(f"{request} is a repetition, and not answered as one")
        case Denied(denial=denial):
            # Between a withdrawal that is refused and its repetition, money may have become free.
            if booked == request.amount and not request.repeated:
                raise Violation(f"{request} is denied, and booked: {denial}")
            _expect_refusal(request, request.reference, denial)
        case _:
            raise Violation(f"{request} is answered with {message}")


def _judge_account(model: Model, request: AccountAsked, message: Any) -> None:
    account = model.accounts.get(request.account)
    match message:
        case AccountReady(wallet=wallet):
            if account is None or wallet.initial_balance != account.initial:
                raise Violation(f"{request} is answered with {wallet}, durable is {account}")
        case Denied(denial=denial):
            if account is None or account.initial == request.initial_balance:
                raise Violation(f"{request} is denied: {denial}")
        case _:
            raise Violation(f"{request} is answered with {message}")


def _judge_health(message: Any) -> None:
    match message:
        case HealthChecked(report=report):
            if report.status is not HealthStatus.HEALTHY:
                raise Violation(f"nobody broke the books, and yet: {report}")
        case _:
            raise Violation(f"a health check is answered with {message}")
