"""The audit of a whole database: each disagreement, its entry, and the remedy."""

import shlex
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from backstay.cli.rendering import health_table
from backstay.formats import health_fields
from backstay.printable import one_line
from persistence.divergences import Divergence
from persistence.failures import is_undecodable
from persistence.state import Books, StoredEntry
from persistence.store import Store
from trading.books import HealthReport, HealthStatus, LedgerFold, check_books, unreadable_books
from trading.model import LedgerEntry
from trading.repair import Irreparable, Repair, repair_of

RESTORE = (
    "no command repairs entries, positions or events: put back what was changed, or restore "
    "a backup"
)


def audited(store: Store) -> list[dict[str, Any]]:
    """Each account's full health check, with its other divergences and the remedy.

    Divergences of no existing account come last, under the account None.
    """
    found: defaultdict[str | None, list[Divergence]] = defaultdict(list)
    for divergence in store.divergences():
        found[divergence.account].append(divergence)
    for row in store.load_state().unreadable:
        found[row.account].append(
            Divergence(account=row.account, position_id=None, entry=None, text=row.text)
        )
    documents = [
        _of_account(store, account, found.pop(account, ())) for account in store.accounts()
    ]
    others = [divergence for those in found.values() for divergence in those]
    if others:
        findings = [_finding(store, divergence) for divergence in others]
        mismatch = str(HealthStatus.MISMATCH)
        documents.append(
            {"account": None, "status": mismatch, "findings": findings, "to_do": RESTORE}
        )
    return documents


def balances(documents: Sequence[dict[str, Any]]) -> bool:
    """Whether an audit found nothing."""
    return all(document["status"] == HealthStatus.HEALTHY for document in documents)


def audit_tables(documents: Sequence[dict[str, Any]]) -> Group:
    """An audit for people: each account's checks, and a sentence for each finding."""
    shown: list[RenderableType] = []
    for document in documents:
        if document["account"] is None:
            shown.append(Text("Of no account", "bold"))
        else:
            shown.append(health_table(document))
        shown += [Text(one_line(found["text"]), "red") for found in document["findings"]]
        if document["to_do"] is not None:
            shown.append(Text(one_line(f"To do: {document['to_do']}")))
    return Group(*shown)


def _of_account(store: Store, account: str, others: Sequence[Divergence]) -> dict[str, Any]:
    try:
        ledger, books = _summed(store, account)
    except Exception as error:
        if not is_undecodable(error):
            raise
        report = unreadable_books(account, str(error))
        findings = [_finding(store, divergence) for divergence in others]
        findings.insert(0, {"text": "; ".join(report.failures), "entry": None, "position_id": None})
        status = str(HealthStatus.MISMATCH)
        document = {"account": account, **health_fields(report)}
        return {**document, "status": status, "findings": findings, "to_do": RESTORE}
    report = check_books(books.wallet, ledger, books.holds)
    findings = [_finding(store, divergence) for divergence in others]
    if report.status is HealthStatus.MISMATCH:
        findings.insert(0, _mismatch(store, report))
    repair = repair_of(books.wallet, ledger, books.holds)
    status = HealthStatus.MISMATCH if findings else HealthStatus.HEALTHY
    document = {"account": account, **health_fields(report)}
    return {
        **document,
        "status": str(status),
        "findings": findings,
        "to_do": _to_do(account, repair, is_all=len(findings) == 1) if findings else None,
    }


def _summed(store: Store, account: str) -> tuple[LedgerFold, Books]:
    ledger, books = LedgerFold(), None
    for books in store.book_pages(account, after_entry=0):
        ledger.add_all(books.entries)
    assert books is not None, f"account {account} was listed a moment ago, and none is deleted"
    return ledger, books


def _mismatch(store: Store, report: HealthReport) -> dict[str, Any]:
    return _named(
        store,
        account=report.account,
        number=report.first_divergent_entry,
        position_id=None,
        text="; ".join(report.failures),
    )


def _finding(store: Store, divergence: Divergence) -> dict[str, Any]:
    return _named(
        store,
        account=divergence.account,
        number=divergence.entry,
        position_id=divergence.position_id,
        text=divergence.text,
    )


def _named(
    store: Store, *, account: str | None, number: int | None, position_id: int | None, text: str
) -> dict[str, Any]:
    """A finding as a sentence that names the entry by its number, type and operation."""
    if account is None or number is None:
        return {"text": text, "entry": None, "position_id": position_id}
    entry = _entry(store, account, number)
    type_, operation = (None, None) if entry is None else (str(entry.entry_type), entry.operation)
    where = "which is missing" if entry is None else f"{type_}, {operation}"
    return {
        "text": f"entry {number} ({where}): {text}",
        "entry": {"number": number, "type": type_, "operation": operation},
        "position_id": position_id,
    }


def _entry(store: Store, account: str, number: int) -> LedgerEntry | None:
    found = store.read_entries(account, before_number=number + 1, limit=1)
    return next(
        (one.entry for one in found if isinstance(one, StoredEntry) and one.entry.number == number),
        None,
    )


def _to_do(account: str, repair: Repair | Irreparable | None, *, is_all: bool) -> str:
    """The remedy: a repair only if nothing but the row is wrong."""
    if is_all and isinstance(repair, Repair):
        restore = f"backstay repair {shlex.quote(account)} --apply --reason WHY"
        return f"the ledger says what the wallet's row should be: {restore}"
    return RESTORE
