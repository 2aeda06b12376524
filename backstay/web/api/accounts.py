"""Accounts: their balances, transfers, ledgers and health."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from actors.auditor.messages import CheckHealth, RepairWallet
from actors.desk.set_aside import no_wallet
from actors.wallet.messages import OpenAccount, TransferFunds
from backstay.formats import amount_text
from backstay.web.access.access import Scope, requires
from backstay.web.api.account_schemas import (
    AccountBody,
    HealthBody,
    RepairBody,
    TransactionBody,
    TransferBody,
)
from backstay.web.api.bodies import (
    account_body,
    health_body,
    repair_body,
    repaired_body,
    row_unreadable,
    transaction_body,
)
from backstay.web.api.fields import (
    AccountName,
    Amount,
    Balance,
    Notional,
    RequestBody,
    Text,
    example,
)
from backstay.web.api.paging import (
    PAGE_ITEMS_MAX,
    PageQuery,
    SalvagedPage,
    page_of,
    salvaged_page,
)
from backstay.web.api.schemas import Page
from backstay.web.api.spreadsheets import inert
from backstay.web.api.waiting import Reads, TheReads, answer_of
from backstay.web.backend import Backend, TheBackend
from backstay.web.problems import answers, problem_for
from persistence.state import StoredEntry, Unreadable
from trading.model import Limits, Wallet

router = APIRouter(prefix="/accounts", tags=["accounts"], dependencies=[requires(Scope.READ)])

AccountPath = Annotated[AccountName, Path()]


NOT_CHECKED = "the books are not checked while the database is away; ask again"


class CsvResponse(StreamingResponse):
    """Rows as they are read."""

    media_type = "text/csv"


class LimitsRequest(RequestBody):
    """The limits of an account's opens; null means no limit."""

    model_config = example(open_positions_max=10)

    open_positions_max: Annotated[int | None, Field(ge=0, le=2**31 - 1, strict=True)] = None
    position_notional_max: Notional | None = None
    symbol_notional_max: Notional | None = None
    position_notional_min: Notional = Limits().position_notional_min


class AccountRequest(RequestBody):
    """An account to open."""

    model_config = example(account="second", initial_balance="1000")

    account: AccountName
    initial_balance: Balance
    account_type: Text = "demo"
    currency: Text = "USDT"
    limits: LimitsRequest = LimitsRequest()


class TransferRequest(RequestBody):
    """A deposit, or a withdrawal if the amount is negative; booked once per reference."""

    model_config = example(amount="100", reference="deposit-1")

    amount: Amount
    reference: Text


class RepairRequest(RequestBody):
    """Why the row is restored; it is kept with the event."""

    model_config = example(reason="a script wrote the balance")

    reason: Text


@router.post(
    "",
    status_code=201,
    dependencies=[requires(Scope.ADMIN)],
    responses={
        200: {"model": AccountBody, "description": "It was opened before, with the same request"},
        **answers(409, 413, 503),
    },
)
async def open_account(
    request: AccountRequest, response: Response, backend: TheBackend
) -> AccountBody:
    """Open an account with its initial balance."""
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            OpenAccount(
                account=request.account,
                account_type=request.account_type,
                currency=request.currency,
                initial_balance=request.initial_balance,
                limits=Limits(**dict(request.limits)),
                reply_to=reply,
            )
        ),
        what=f"opening account {request.account}",
    )
    response.status_code = 201 if answer.created else 200
    return account_body(backend, answer.wallet)


@router.get("", responses=answers())
async def list_accounts(
    backend: TheBackend, page: Annotated[PageQuery, Query()]
) -> Page[AccountBody]:
    """All accounts by name."""
    wallets = backend.published.version.wallets
    after = page.after_name
    names = sorted(name for name in wallets if after is None or name > after)
    shown, next_ = page_of(names[: page.limit + 1], page.limit, str)
    return Page(items=[account_body(backend, wallets[name]) for name in shown], next=next_)


@router.get("/{account}", responses=answers(404))
async def show_account(account: AccountPath, backend: TheBackend) -> AccountBody:
    """One account."""
    return account_body(backend, _wallet(backend, account))


@router.post(
    "/{account}/transfers",
    dependencies=[requires(Scope.ADMIN)],
    responses=answers(404, 409, 413, 503),
)
async def transfer(
    account: AccountPath, request: TransferRequest, backend: TheBackend
) -> TransferBody:
    """Deposit, or withdraw where the amount is negative; the same reference is booked once."""
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            TransferFunds(
                account=account,
                amount=request.amount,
                reference=request.reference,
                reply_to=reply,
            )
        ),
        what=f"transfer {request.reference}",
    )
    return TransferBody(
        account=account,
        reference=answer.reference,
        amount=amount_text(answer.amount),
        repeated=answer.repeated,
    )


@router.get("/{account}/transactions", responses=answers(404, 503))
async def list_transactions(
    account: AccountPath,
    backend: TheBackend,
    reads: TheReads,
    page: Annotated[PageQuery, Query()],
) -> SalvagedPage[TransactionBody]:
    """An account's ledger, the newest entry first."""
    _wallet(backend, account)
    found = await reads(
        partial(
            backend.reader.read_entries,
            account,
            before_number=page.before_number,
            limit=page.limit + 1,
        )
    )
    return salvaged_page(
        found,
        page.limit,
        key_of=lambda stored: stored.entry.number,
        body_of=transaction_body,
    )


@router.get(
    "/{account}/transactions.csv",
    response_class=CsvResponse,
    responses=answers(404, 503),
)
async def export_transactions(
    account: AccountPath, backend: TheBackend, reads: TheReads
) -> StreamingResponse:
    """An account's whole ledger as CSV, the newest entry first."""
    _wallet(backend, account)
    # The first read comes before the answer begins, so that an outage is answered as one.
    first = await _entries_before(None, account, backend, reads)
    return CsvResponse(_csv(first, account, backend, reads))


@router.get("/{account}/health", responses=answers(404, 503))
async def check_health(account: AccountPath, backend: TheBackend) -> HealthBody:
    """Check an account's books now, in full."""
    _wallet(backend, account)
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(CheckHealth(account=account, reply_to=reply)),
        what=f"the health check of account {account}",
        on_silence=NOT_CHECKED,
    )
    return health_body(answer.report)


@router.get("/{account}/repair", responses=answers(404, 503))
async def show_repair(account: AccountPath, backend: TheBackend) -> RepairBody:
    """Check an account's books now, and show what its row is and what it should be."""
    _wallet(backend, account)
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(CheckHealth(account=account, reply_to=reply)),
        what=f"the health check of account {account}",
        on_silence=NOT_CHECKED,
    )
    return repair_body(answer)


@router.post(
    "/{account}/repair",
    dependencies=[requires(Scope.ADMIN)],
    responses=answers(404, 409, 413, 503),
)
async def repair(account: AccountPath, request: RepairRequest, backend: TheBackend) -> RepairBody:
    """Restore an account's row from its ledger; denied where that does not mend its books."""
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            RepairWallet(account=account, reason=request.reason, reply_to=reply)
        ),
        what=f"the repair of account {account}",
        on_silence="it may still be carried out; look again before you send it once more",
    )
    return repaired_body(answer.repair, request.reason)


def _wallet(backend: Backend, account: str) -> Wallet:
    wallet = backend.published.version.wallets.get(account)
    if wallet is None:
        raise problem_for(no_wallet(backend.published, account))
    return wallet


async def _entries_before(
    number: int | None, account: str, backend: Backend, reads: Reads
) -> tuple[StoredEntry, ...]:
    read = backend.reader.read_entries
    found = await reads(partial(read, account, before_number=number, limit=PAGE_ITEMS_MAX))
    for row in found:
        if isinstance(row, Unreadable):
            # A file that lacks an entry would look like the whole ledger.
            raise row_unreadable(row)
    return tuple(row for row in found if not isinstance(row, Unreadable))


async def _csv(
    entries: tuple[StoredEntry, ...], account: str, backend: Backend, reads: Reads
) -> AsyncIterator[str]:
    yield _csv_lines([list(TransactionBody.model_fields)])
    while entries:
        yield _csv_lines(transaction_body(stored).model_dump().values() for stored in entries)
        entries = await _entries_before(entries[-1].entry.number, account, backend, reads)


def _csv_lines(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(inert, row) for row in rows)
    return text.getvalue()
