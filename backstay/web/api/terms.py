"""An account's terms: the cost rates and the exits of its next opens."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import PlainValidator, WithJsonSchema, model_validator

from actors.wallet.messages import SetCosts, SetExits
from backstay.web.access.access import Scope, requires
from backstay.web.api.account_schemas import AccountBody
from backstay.web.api.accounts import AccountPath
from backstay.web.api.bodies import account_body
from backstay.web.api.exits import ExitsRequest, of_text, told
from backstay.web.api.fields import RequestBody, example
from backstay.web.api.waiting import answer_of
from backstay.web.backend import TheBackend
from backstay.web.problems import answers
from trading.costs import checked_rates, rate_from
from trading.model import CostRates

router = APIRouter(prefix="/accounts", tags=["accounts"], dependencies=[requires(Scope.ADMIN)])

Rate = Annotated[
    Any,
    PlainValidator(of_text(rate_from, "0.26%")),
    WithJsonSchema({"type": "string", "examples": ["0.26%", "0%"]}),
]


class CostsRequest(RequestBody):
    """Cost rates in percent of a notional: all three, or none for the service's own."""

    model_config = example(fee="0.26%", spread="0.1%", slippage="0.05%")

    fee: Rate | None = None
    spread: Rate | None = None
    slippage: Rate | None = None

    @model_validator(mode="after")
    def _can_be_charged(self) -> "CostsRequest":
        told(self.rates)
        return self

    def rates(self) -> CostRates | None:
        """The rates that are asked for; None for the service's own."""
        given = dict(self)
        missing = [name for name, rate in given.items() if rate is None]
        if len(missing) == len(given):
            return None
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} not given: give fee, spread and slippage, "
                "or none of them for the service's own"
            )
        return checked_rates(CostRates(**given))


class AccountExitsRequest(ExitsRequest):
    """The exits of an account's opens that do not say their own; left out, the service's."""

    model_config = example(stop_loss="4%", take_profits=["3%@50%", "6%"], trailing="2% from rung 1")

    @model_validator(mode="after")
    def _can_be_guarded(self) -> "AccountExitsRequest":
        """An open that says nothing has them, so that they must do on their own."""
        told(self.exits().over)
        return self


@router.put("/{account}/costs", responses=answers(404, 409, 413, 503))
async def set_costs(
    account: AccountPath, backend: TheBackend, request: CostsRequest
) -> AccountBody:
    """Set the cost rates of an account's next opens; an empty object gives the service's back."""
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            SetCosts(account=account, rates=request.rates(), reply_to=reply)
        ),
        what=f"cost rates of account {account}",
    )
    return account_body(backend, answer.wallet)


@router.put("/{account}/exits", responses=answers(404, 409, 413, 503))
async def set_exits(
    account: AccountPath, backend: TheBackend, request: AccountExitsRequest
) -> AccountBody:
    """Set the exits of an account's next opens that do not say their own.

    They replace those that were set before; an empty object gives the service's own back.
    """
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            SetExits(account=account, exits=request.exits(), reply_to=reply)
        ),
        what=f"default exits of account {account}",
    )
    return account_body(backend, answer.wallet)
