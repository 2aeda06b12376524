"""Rows that contradict each other, found by the database itself.

Each rule is one exact query over all accounts, in one pass, so that it can read millions of
entries. The sums and chains of an account's health check are not repeated here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from persistence.columns import LOW_PART, DoubtfulMoney
from persistence.failures import driver_error, is_undecodable
from trading.money import plain, trimmed

FOUND_MAX = 1_000
"""How many divergences of one rule are listed."""

IN_ONE_PASS = "SET LOCAL enable_nestloop = off"
"""Makes PostgreSQL join whole tables by hash or merge, even without statistics.

Without statistics it assumes that a ledger has few rows, and reads it again for each position.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """A row that contradicts other rows; `entry` is the number of the entry concerned."""

    account: str | None
    position_id: int | None
    entry: int | None
    text: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A query for account, position_id, entry, expected, actual; and the sentence about a row."""

    says: str
    query: str
    in_money: bool = False


_OF_ENTRIES = (
    _Rule(
        "it belongs to account {actual}, which does not exist",
        """
SELECT t.account, t.position_id, t.number AS entry, NULL AS expected, t.account AS actual
FROM wallet_transactions AS t LEFT JOIN accounts AS a ON a.account = t.account
WHERE a.account IS NULL ORDER BY t.account, t.number""",
    ),
    _Rule(
        "it has account type {actual}, but its account has {expected}",
        """
SELECT t.account, t.position_id, t.number AS entry,
  a.account_type AS expected, t.account_type AS actual
FROM wallet_transactions AS t JOIN accounts AS a ON a.account = t.account
WHERE a.account_type <> t.account_type ORDER BY t.account, t.number""",
    ),
    _Rule(
        "it is about position {position_id}, which {actual}",
        """
SELECT t.account, t.position_id, t.number AS entry, NULL AS expected,
  COALESCE('is of account ' || p.account, 'does not exist') AS actual
FROM wallet_transactions AS t LEFT JOIN positions AS p ON p.id = t.position_id
WHERE t.position_id IS NOT NULL AND (p.id IS NULL OR p.account <> t.account)
ORDER BY t.account, t.number""",
    ),
    _Rule(
        "its operation {actual} does not fit its type and position",
        r"""
SELECT account, position_id, number AS entry, NULL AS expected, operation AS actual
FROM wallet_transactions
WHERE NOT COALESCE(CASE transaction_type
  WHEN 'opening' THEN operation = 'opening' AND position_id IS NULL
  WHEN 'transfer' THEN operation LIKE 'transfer:%' AND position_id IS NULL
  WHEN 'position_open' THEN operation = 'open:' || position_id
  WHEN 'position_reduce' THEN operation LIKE 'reduce:' || position_id || ':%'
  WHEN 'position_close' THEN operation = 'close:' || position_id
  WHEN 'shortfall' THEN operation = 'shortfall\:close:' || position_id
    OR operation LIKE 'shortfall\:reduce:' || position_id || ':%'
  ELSE TRUE END, FALSE)
ORDER BY account, number""",
    ),
    _Rule(
        "it names commit {actual}, but there is no commit {expected}",
        """
SELECT t.account, t.position_id, t.number AS entry, t.commit_id AS actual,
  CASE WHEN c.id IS NULL THEN 'of this number' ELSE 'at its time' END AS expected
FROM wallet_transactions AS t LEFT JOIN commits AS c ON c.id = t.commit_id
WHERE c.id IS NULL OR c.committed_at <> t.created_at ORDER BY t.account, t.number""",
    ),
)

_OF_POSITIONS = (
    _Rule(
        "position {position_id} belongs to account {actual}, which does not exist",
        """
SELECT p.account, p.id AS position_id, NULL AS entry, NULL AS expected, p.account AS actual
FROM positions AS p LEFT JOIN accounts AS a ON a.account = p.account
WHERE a.account IS NULL ORDER BY p.id""",
    ),
    _Rule(
        "position {position_id} has {actual} entries of its open instead of one",
        """
{booked}
SELECT p.account, p.id AS position_id, b.entry, NULL AS expected, COALESCE(b.opens, 0) AS actual
FROM positions AS p LEFT JOIN booked AS b ON b.position_id = p.id
WHERE COALESCE(b.opens, 0) <> 1 ORDER BY p.account, p.id""",
    ),
    _Rule(
        "position {position_id} is {actual}, but has {expected} entries of a close",
        """
{booked}
SELECT p.account, p.id AS position_id, b.entry, COALESCE(b.closes, 0) AS expected,
  p.status AS actual
FROM positions AS p LEFT JOIN booked AS b ON b.position_id = p.id
WHERE COALESCE(b.closes, 0) <> CASE p.status WHEN 'CLOSED' THEN 1 ELSE 0 END
ORDER BY p.account, p.id""",
    ),
    _Rule(
        "position {position_id} holds {actual}, but its entries lock {expected}",
        """
{booked}
SELECT p.account, p.id AS position_id, b.entry, b.locked AS expected, p.hold AS actual
FROM positions AS p JOIN booked AS b ON b.position_id = p.id
WHERE p.hold <> b.locked ORDER BY p.account, p.id""",
        in_money=True,
    ),
    _Rule(
        "position {position_id} has realized {actual} after costs, but its entries {expected}",
        """
{booked}
SELECT p.account, p.id AS position_id, b.entry, b.pnl AS expected, p.pnl AS actual
FROM (
  SELECT id, account, gross_pnl - entry_fee - exit_fee - spread - slippage AS pnl FROM positions
) AS p JOIN booked AS b ON b.position_id = p.id
WHERE p.pnl <> b.pnl ORDER BY p.account, p.id""",
        in_money=True,
    ),
)

# Each entry was written together with its event.
_EVENT_OF = {
    "opening": "account_opened",
    "transfer": "funds_transferred",
    "position_open": "position_opened",
    "position_reduce": "position_reduced",
    "position_close": "position_closed",
    "shortfall": "shortfall_covered",
}
_KINDS = " ".join(f"WHEN '{entry}' THEN '{event}'" for entry, event in _EVENT_OF.items())
_TELLING = ", ".join(f"'{event}'" for event in _EVENT_OF.values())

_OF_EVENTS = (
    _Rule(
        "events {expected} are missing",
        """
SELECT NULL AS account, NULL AS position_id, NULL AS entry, NULL AS actual,
  (before + 1) || ' to ' || (id - 1) AS expected
FROM (SELECT id, LAG(id, 1, 0) OVER (ORDER BY id) AS before FROM events) AS numbered
WHERE id <> before + 1 ORDER BY id""",
    ),
    _Rule(
        "event {expected} names commit {actual}, which does not exist",
        """
SELECT e.account, e.position_id, NULL AS entry, e.id AS expected, e.commit_id AS actual
FROM events AS e LEFT JOIN commits AS c ON c.id = e.commit_id
WHERE c.id IS NULL ORDER BY e.account, e.id""",
    ),
    _Rule(
        "there are {actual}",
        f"""
SELECT account, position_id, MAX(number) AS entry, NULL AS expected,
  SUM(entries) || ' entries for ' || SUM(events) || ' events ' || kind AS actual
FROM (
  SELECT account, position_id, number, 1 AS entries, 0 AS events,
    CASE transaction_type {_KINDS} END AS kind
  FROM wallet_transactions WHERE transaction_type <> 'adjustment'
  UNION ALL
  SELECT account, position_id, NULL AS number, 0 AS entries, 1 AS events, kind FROM events
  WHERE kind IN ({_TELLING})
) AS told
GROUP BY account, position_id, kind HAVING SUM(entries) <> SUM(events)
ORDER BY account, position_id, kind""",
    ),
)

_RULES = (*_OF_ENTRIES, *_OF_POSITIONS, *_OF_EVENTS)


def divergences(session: Session) -> Iterator[Divergence]:
    """All divergences by the rules, rule by rule, at most `FOUND_MAX` of each."""
    dialect = session.connection().dialect.name
    if dialect == "postgresql":
        session.execute(text(IN_ONE_PASS))
    for rule in _RULES:
        typed = {"expected": DoubtfulMoney(), "actual": DoubtfulMoney()} if rule.in_money else {}
        try:
            found = session.execute(text(_statement(rule, dialect)).columns(**typed)).all()
        except Exception as error:
            if not is_undecodable(error):
                raise
            said = f"a rule was not checked, because a row cannot be read: {driver_error(error)}"
            yield Divergence(account=None, position_id=None, entry=None, text=said)
            continue
        for row in found:
            said = rule.says.format(
                position_id=row.position_id,
                expected=_shown(row.expected),
                actual=_shown(row.actual),
            )
            yield Divergence(
                account=row.account, position_id=row.position_id, entry=row.entry, text=said
            )


def statements(dialect: str) -> list[str]:
    """The rules' queries, as a database runs them."""
    return [_statement(rule, dialect) for rule in _RULES]


def _statement(rule: _Rule, dialect: str) -> str:
    return f"{rule.query.replace('{booked}', _booked(dialect))} LIMIT {FOUND_MAX}"


def _booked(dialect: str) -> str:
    """The sums of each position's entries."""
    pnl = (
        "CASE WHEN transaction_type IN ('position_reduce', 'position_close')"
        " THEN total_change ELSE 0 END"
    )
    return f"""WITH booked AS (
  SELECT position_id, MAX(number) AS entry,
    SUM(CASE transaction_type WHEN 'position_open' THEN 1 ELSE 0 END) AS opens,
    SUM(CASE transaction_type WHEN 'position_close' THEN 1 ELSE 0 END) AS closes,
    {_sum("locked_change", dialect)} AS locked, {_sum(pnl, dialect)} AS pnl
  FROM wallet_transactions WHERE position_id IS NOT NULL GROUP BY position_id
)"""


def _sum(amount: str, dialect: str) -> str:
    """An exact sum of money of any size; SQLite's own fails beyond 64 bits."""
    if dialect == "postgresql":
        return f"SUM({amount})"
    return f"(SUM(({amount}) / {LOW_PART}) * {LOW_PART} + SUM(({amount}) % {LOW_PART}))"


def _shown(value: Decimal | str | int | None) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return plain(trimmed(value))
    return str(value)
