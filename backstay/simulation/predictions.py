"""In calm weather every answer is known beforehand."""

from actors.messages import Denied
from actors.position.messages import ChangeDone, CloseDone
from actors.wallet.messages import AccountReady, OpenDone, TermsSet, TransferDone
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import RATES
from backstay.simulation.model_exits import ladder_of, over
from backstay.simulation.model_position import ModelPosition
from backstay.simulation.requests import (
    AccountAsked,
    CloseAsked,
    HandAsked,
    OpenAsked,
    Request,
    TermsAsked,
    TransferAsked,
)
from backstay.simulation.world import World

DONE = "done"


class Predictions:
    """Predicts the answer to the newest request, lets every actor finish, and compares."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._serial = world.requests.serial

    def check(self) -> None:
        """Hold what was asked since the last time against what must be answered."""
        asked = [
            request
            for request in self._world.requests.everything()
            if request.serial > self._serial
        ]
        self._serial = self._world.requests.serial
        predicted = [(request, self._predict(request)) for request in asked]
        self._world.run()
        for request, expected in predicted:
            if expected is not None and _answer(request) != expected:
                raise Violation(f"{request}: the answer must be {expected}")

    def _predict(self, request: Request) -> str | None:
        match request:
            case OpenAsked():
                return self._open(request)
            case HandAsked():
                return self._by_hand(request)
            case TermsAsked():
                return DONE if request.account in self._world.model.accounts else "account_unknown"
            case TransferAsked():
                return self._transfer(request)
            case AccountAsked():
                known = self._world.model.accounts[request.account]
                return DONE if known.initial == request.initial_balance else "account_exists"
        return None

    def _open(self, request: OpenAsked) -> str:
        account = self._world.model.accounts.get(request.account)
        if account is None:
            return "account_unknown"
        if request.key is not None and request.key in account.keys:
            first = next(
                other
                for other in self._world.requests.opens
                if other.position_id == account.keys[request.key]
            )
            return DONE if first.asks == request.asks else "key_conflict"
        if request.key is not None and request.key in account.steps:
            return "key_conflict"
        if self._world.model.is_paused(request.account):
            return "trading_paused"
        market = self._world.model.market(request.symbol)
        denial = market.denial(self._world.now_us)
        if denial is not None:
            return denial
        assert market.last is not None
        entry, entry_time = market.last
        position = ModelPosition(
            position_id=0,
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity_at(entry),
            entry=entry,
            entry_time=entry_time,
            ladder=ladder_of(over(request.exits, over(account.exits))),
            rates=account.rates or RATES,
            key=None,
        )
        if not position.can_be_guarded:
            return "ladder_invalid"
        return account.open_denial(request.symbol, position.hold) or DONE

    def _by_hand(self, request: HandAsked) -> str:
        model = self._world.model
        tracked = model.positions.get(request.position_id)
        if tracked is None:
            return "position_unknown"
        now, is_close = tracked.now, isinstance(request, CloseAsked)
        if request.key is not None:
            account = model.accounts[now.account]
            step = account.steps.get(request.key)
            if step is not None and (step.position_id, step.asks) == (
                now.position_id,
                request.asks,
            ):
                return DONE
            if step is not None or request.key in account.keys:
                return "key_conflict"
        if not now.is_open:
            return DONE if is_close else "position_closed"
        market = model.market(now.symbol)
        if market.last is None:
            return "price_unknown"
        denial = market.denial(self._world.now_us)
        if denial is not None and isinstance(request, CloseAsked) and not request.force:
            return denial
        outcome = request.step(now, *market.last)
        return outcome if isinstance(outcome, str) else DONE

    def _transfer(self, request: TransferAsked) -> str:
        account = self._world.model.accounts[request.account]
        booked = account.transfers.get(request.reference)
        if booked is not None:
            return DONE if booked == request.amount else "key_conflict"
        return account.transfer_denial(request.amount) or DONE


def _answer(request: Request) -> str | None:
    match request.answer:
        case OpenDone() | CloseDone() | ChangeDone() | TransferDone() | AccountReady() | TermsSet():
            return DONE
        case Denied(denial=denial):
            return str(denial.reason)
    return None
