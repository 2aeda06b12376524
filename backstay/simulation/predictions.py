"""In calm weather every answer is known beforehand."""

from actors.messages import Denied
from actors.position.messages import CloseDone, StopMoveDone
from actors.wallet.messages import AccountReady, OpenDone, TransferDone
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_position import ModelPosition, ModelRung
from backstay.simulation.requests import (
    AccountAsked,
    CloseAsked,
    OpenAsked,
    Request,
    StopAsked,
    TransferAsked,
)
from backstay.simulation.world import World
from trading.costs import DEFAULT_RATES

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
            case CloseAsked():
                return self._close(request)
            case StopAsked():
                return self._move_stop(request)
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
        if self._world.model.is_paused(request.account):
            return "trading_paused"
        market = self._world.model.market(request.symbol)
        denial = market.denial(self._world.now_us)
        if denial is not None:
            return denial
        assert market.last is not None
        assert request.ladder is not None
        entry, entry_time = market.last
        position = ModelPosition(
            position_id=0,
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity_at(entry),
            entry=entry,
            entry_time=entry_time,
            stop_percent=request.ladder.stop_loss_pct,
            rungs=[
                ModelRung(rung.distance_pct, str(rung.stop), rung.close_fraction)
                for rung in request.ladder.rungs
            ],
            rates={name: getattr(DEFAULT_RATES, name) for name in ("fee", "spread", "slippage")},
            key=None,
        )
        if not position.can_be_guarded:
            return "ladder_invalid"
        return account.open_denial(request.symbol, position.hold) or DONE

    def _close(self, request: CloseAsked) -> str:
        tracked = self._world.model.positions.get(request.position_id)
        if tracked is None:
            return "position_unknown"
        if not tracked.now.is_open:
            return DONE
        market = self._world.model.market(tracked.now.symbol)
        denial = market.denial(self._world.now_us)
        forced = request.force and market.last is not None
        return DONE if denial is None or forced else denial

    def _move_stop(self, request: StopAsked) -> str:
        tracked = self._world.model.positions.get(request.position_id)
        if tracked is None:
            return "position_unknown"
        if not tracked.now.is_open:
            return "position_closed"
        last = self._world.model.market(tracked.now.symbol).last
        if last is None:
            return "price_unknown"
        return DONE if tracked.now.stop_may_move_to(request.stop_price, last[0]) else "stop_invalid"

    def _transfer(self, request: TransferAsked) -> str:
        account = self._world.model.accounts[request.account]
        booked = account.transfers.get(request.reference)
        if booked is not None:
            return DONE if booked == request.amount else "key_conflict"
        return account.transfer_denial(request.amount) or DONE


def _answer(request: Request) -> str | None:
    match request.answer:
        case OpenDone() | CloseDone() | StopMoveDone() | TransferDone() | AccountReady():
            return DONE
        case Denied(denial=denial):
            return str(denial.reason)
    return None
