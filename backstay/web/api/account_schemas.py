"""The bodies of the API's answers about accounts: balances, terms, ledgers, health, repairs."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from backstay.web.api.schemas import AskedBody, Money, Time


class SaidBody(BaseModel):
    """The same of exits that may leave something to a default: null where they do."""

    stop_loss: str | None = None
    take_profits: str | None = None
    trailing: str | None = None
    close_after: str | None = None
    take_profit_fill: Literal["price", "level"] | None = None


class RatesBody(BaseModel):
    """Cost rates, in percent of a notional."""

    fee: Annotated[str, Field(examples=["0.26%"])]
    spread: Annotated[str, Field(examples=["0.1%"])]
    slippage: Annotated[str, Field(examples=["0.05%"])]


class CostTermsBody(BaseModel):
    """The cost rates of an account's next opens; `own` is null where they are the service's."""

    own: RatesBody | None
    effective: RatesBody


class ExitTermsBody(BaseModel):
    """The exits of an account's next opens that do not say their own; `own` is the account's."""

    own: SaidBody
    effective: AskedBody


class AccountBody(BaseModel):
    """An account: what it owns, what its open positions hold, and what they are worth now.

    `unrealized_pnl` is before costs; it and `equity` are null while an open position's market has
    no price. `costs` and `exits` are the terms of the next opens: positions that are open keep
    theirs.
    """

    account: str
    account_type: str
    currency: str
    initial_balance: Money
    total_balance: Money
    locked_balance: Money
    used_balance: Money
    available_balance: Money
    unrealized_pnl: Money | None
    equity: Money | None
    open_positions: int
    costs: CostTermsBody
    exits: ExitTermsBody


class TransferBody(BaseModel):
    """A transfer that is booked; `repeated` when it had been before."""

    account: str
    reference: str
    amount: Money
    repeated: bool


class TransactionBody(BaseModel):
    """A ledger entry; the balances before and after are of available."""

    number: int
    time: Time
    account: str
    account_type: str
    transaction_type: str
    amount: Money
    balance_before: Money
    balance_after: Money
    total_change: Money
    locked_change: Money
    position_id: int | None
    description: str


class CheckBody(BaseModel):
    """One identity of the books; `detail` says what else is wrong."""

    name: str
    expected: Money
    actual: Money
    difference: Money
    passed: bool
    detail: str | None


class HealthBody(BaseModel):
    """A health check of an account's books; the first figures are of its total."""

    account: str
    status: Literal["HEALTHY", "MISMATCH"]
    expected: Money
    actual: Money
    difference: Money
    checks: list[CheckBody]
    first_divergent_entry: int | None


class RepairField(BaseModel):
    """A figure of a wallet's row: as it is or was, and as its ledger says that it should be."""

    name: str
    actual: str
    expected: str


class RepairBody(BaseModel):
    """The repair that a wallet's row needs, or got.

    `detail` says what is wrong, or, of a row that was restored, the reason that was given.
    """

    account: str
    status: Literal["NOTHING_TO_REPAIR", "REPAIRABLE", "IRREPARABLE", "REPAIRED"]
    detail: str | None
    first_divergent_entry: int | None
    fields: Annotated[
        list[RepairField], Field(description="empty where the ledger does not say what to write")
    ]
