"""Holds a database and its service against what clients were told, and asks everything again.

It shares no code with the service: the tables are read by plain SQL, the rest is asked by HTTP.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.http_api import Api, settled, until
from harness.service_process import run_command
from tests.acceptance.house import run_sql
from tests.crashes.load import ACCOUNTS, SYMBOLS, Asked, Journal, Kind

CHANGING = frozenset(
    (
        "status",
        "open_quantity",
        "exit_price",
        "exit_time",
        "closed_at",
        "close_reason",
        "close_note",
        "rungs_hit",
        "stop_loss",
        "take_profit_prices",
        "take_profits",
        "asked",
        "trailing_best_price",
        "closes_at",
        "untargeted_fraction",
        "next_take_profit",
        "mark_price",
        "unguarded",
        "unrealized_pnl",
        "gross_pnl",
        "costs",
        "net_pnl",
        "total_pnl",
    )
)
"""What prices and clients change of a position; the rest of it stays as it was acknowledged."""

NOTHING_WRONG: dict[str, str] = {
    "an event id is missing": "SELECT max(id), count(*) FROM events HAVING max(id) <> count(*)",
    "a ledger number is missing": (
        "SELECT account FROM wallet_transactions GROUP BY account HAVING max(number) <> count(*)"
    ),
    "a position was opened other than once": (
        "SELECT id FROM positions AS p WHERE 1 <> (SELECT count(*) FROM events AS e"
        " WHERE e.position_id = p.id AND e.kind = 'position_opened') OR 1 <> (SELECT count(*)"
        " FROM wallet_transactions AS t WHERE t.position_id = p.id"
        " AND t.transaction_type = 'position_open')"
    ),
    "a position was closed other than once": (
        "SELECT id FROM positions AS p WHERE CASE status WHEN 'CLOSED' THEN 1 ELSE 0 END"
        " <> (SELECT count(*) FROM events AS e WHERE e.position_id = p.id"
        " AND e.kind = 'position_closed')"
    ),
    "a rung was hit twice": (
        "SELECT id FROM positions AS p WHERE rungs_hit <> (SELECT count(*) FROM events AS e"
        " WHERE e.position_id = p.id AND e.kind = 'rung_hit')"
    ),
    "a key has changed nothing": (
        "SELECT key FROM change_keys AS k WHERE NOT EXISTS (SELECT 1 FROM events AS e"
        " WHERE e.commit_id = k.commit_id AND e.position_id = k.position_id AND e.kind IN"
        " ('position_reduced', 'position_closed', 'stop_moved', 'targets_replaced',"
        " 'trailing_set', 'time_stop_set'))"
    ),
    "two keys have led to one version": (
        "SELECT position_id FROM change_keys GROUP BY position_id, version HAVING count(*) > 1"
    ),
    "rungs were replaced without a key": (
        "SELECT position_id FROM events WHERE kind IN ('targets_replaced', 'trailing_set',"
        " 'time_stop_set', 'stop_moved') AND NOT EXISTS (SELECT 1 FROM change_keys AS k"
        " WHERE k.commit_id = events.commit_id AND k.position_id = events.position_id)"
    ),
    "an event is of a position that is not there": (
        "SELECT id FROM events WHERE kind = 'position_opened'"
        " AND position_id NOT IN (SELECT id FROM positions)"
    ),
}


@dataclass
class Figures:
    """What was found, added up over the rounds of a test."""

    acknowledged: int = 0
    unanswered: int = 0
    done_unanswered: int = 0
    repeated: int = 0
    guarded: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.by_kind.items()))
        return (
            f"{self.acknowledged} requests acknowledged ({kinds}); {self.unanswered} unanswered, "
            f"of which {self.done_unanswered} had been done; {self.repeated} sent again; "
            f"{self.guarded} open positions closed by one price afterwards"
        )


class Checker:
    """Checks one database, round after round."""

    def __init__(self, url: str, folder: Path) -> None:
        """`folder` is where `backstay audit` is run."""
        self.figures = Figures()
        self._url = url
        self._folder = folder

    def check(self, api: Api, journal: Journal) -> None:
        """All that was acknowledged is there and all is done once, before and after asking again.

        No client may be at work any more.
        """
        for symbol in SYMBOLS:
            self._quieten(api, journal, symbol)
        for account in ACCOUNTS:
            assert settled(api, account)["status"] == "HEALTHY"
        asked = tuple(journal.asked)
        self._count(asked)
        self._check_tables()
        self._check_acknowledged(api, asked)
        self._ask_again(api, asked)
        self._check_acknowledged(api, asked)
        self._check_exits(api, journal)
        self._check_tables()
        for account in ACCOUNTS:
            assert settled(api, account)["status"] == "HEALTHY"

    def check_guarded(self, api: Api, journal: Journal, symbol: str, price: str) -> None:
        """One price beyond all triggers closes every open position of a symbol, exactly there."""
        self._quieten(api, journal, symbol)
        journal.prices[symbol].add(price)
        for account in ACCOUNTS:
            settled(api, account)
        guarded = [row["id"] for row in api.items("/positions", status="OPEN", symbol=symbol)]
        assert api.price(symbol, price)["result"] == "accepted"
        until(lambda: api.items("/positions", status="OPEN", symbol=symbol), lambda rows: not rows)
        for position_id in guarded:
            closed = api.position(position_id)
            if closed["close_reason"] == "TIME":
                # It was due at the 100 before, and its close was on its way.
                assert (closed["exit_price"], closed["closes_at"] <= closed["exit_time"]) == (
                    "100",
                    True,
                ), closed
                continue
            assert closed["exit_price"] == price, closed
            won = (closed["side"] == "LONG") == (float(price) > 100)
            assert closed["close_reason"] == ("TAKE_PROFIT" if won else "STOP_LOSS"), closed
        assert api.price(symbol, "100")["result"] == "accepted"
        self.figures.guarded += len(guarded)

    @staticmethod
    def _quieten(api: Api, journal: Journal, symbol: str) -> None:
        """Post a price that reaches few triggers, and wait for the time stops that were due."""
        journal.prices[symbol].add("100")
        posted = datetime.now(UTC).isoformat()
        api.price(symbol, "100")
        until(
            lambda: [
                row["id"]
                for row in api.items("/positions", status="OPEN", symbol=symbol)
                if row["closes_at"] is not None and row["closes_at"] < posted
            ],
            lambda due: not due,
        )

    def audit(self) -> None:
        """Whoever checks the books from outside finds nothing either."""
        audit = run_command("audit", "--database", self._url, folder=self._folder)
        assert (audit.returncode, "MISMATCH" in audit.stdout) == (0, False), audit.stdout

    def _check_tables(self) -> None:
        for what, query in NOTHING_WRONG.items():
            assert run_sql(self._url, query) == [], what

    def _count(self, asked: tuple[Asked, ...]) -> None:
        acknowledged = [each for each in asked if each.done is not None]
        self.figures.acknowledged += len(acknowledged)
        self.figures.unanswered += sum(each.is_unanswered for each in asked)
        self.figures.by_kind.update(each.kind.value for each in acknowledged)

    def _check_acknowledged(self, api: Api, asked: tuple[Asked, ...]) -> None:
        keys, transfers, stops = self._keys(), self._transfers(), self._stops()
        changes, parts = self._changes(), self._parts()
        for each in asked:
            if each.done is None:
                assert each.refused is None or (each.account, each.name) not in changes, each
                continue
            match each.kind:
                case Kind.OPEN:
                    assert keys[each.account, each.name] == each.done["id"], each
                case Kind.TRANSFER:
                    assert transfers[each.account, each.name] == 1, each
                case Kind.CHANGE:
                    assert changes[each.account, each.name] == each.position_id, each
                    stop = stop_of(each)
                    assert stop is None or stops[each.position_id, stop] == 1, each
                case Kind.PART:
                    was_closed = each.done["already_closed"]
                    assert parts[each.name] == (0 if was_closed else 1), each
                    known = changes.get((each.account, each.name))
                    assert known == (None if was_closed else each.position_id), each
                case Kind.CLOSE:
                    # What was acknowledged as closed is final.
                    assert api.position(each.done["position"]["id"]) == each.done["position"]

    def _ask_again(self, api: Api, asked: Iterable[Asked]) -> None:
        """The same key, reference or position has one outcome, be it the first or the old one."""
        keys, transfers, changes = self._keys(), self._transfers(), self._changes()
        for each in asked:
            if each.refused is not None:
                continue
            was_done, was_unanswered = each.done, each.is_unanswered
            was_undone = each.is_certainly_undone
            self.figures.repeated += 1
            match each.kind:
                case Kind.OPEN:
                    known = (each.account, each.name) in keys
                    answer = each.send(api)
                    assert answer.status_code == (200 if known else 201), (each, answer.text)
                    same(answer.json(), was_done or answer.json(), but=CHANGING)
                case Kind.TRANSFER:
                    known = (each.account, each.name) in transfers
                    told = each.send(api).json()
                    asked_for = {"account": each.account, "reference": each.name}
                    same(told, {**asked_for, "amount": f"{each.body['amount']}.00000000"})
                    assert told["repeated"] == known, (each, told)
                case Kind.CHANGE:
                    known = (each.account, each.name) in changes
                    answer = each.send(api)
                    assert answer.status_code != 503, (each, answer.text)
                    assert answer.is_success or not known, (each, answer.text)
                case Kind.PART:
                    known = (each.account, each.name) in changes
                    told = each.send(api).json()
                    assert not (known and told["already_closed"]), (each, told)
                    same(told["position"], (was_done or told)["position"], but=CHANGING)
                case Kind.CLOSE:
                    assert each.position_id is not None
                    row = api.position(each.position_id)
                    known = row["status"] == "CLOSED"
                    told = each.send(api).json()
                    assert told["already_closed"] == known, (each, told)
                    same(told["position"], (was_done or told)["position"])
                    known = row["close_note"] == each.name
            assert not (known and was_undone), each
            self.figures.done_unanswered += known and was_unanswered

    def _check_exits(self, api: Api, journal: Journal) -> None:
        """Nothing was closed at a price that nobody had posted."""
        opened = {each.done["id"] for each in journal.asked if each.kind is Kind.OPEN}
        for account in ACCOUNTS:
            for row in api.items("/positions", account=account, status="CLOSED", limit=500):
                if row["id"] in opened:
                    assert row["exit_price"] in journal.prices[row["symbol"]], row

    def _keys(self) -> dict[tuple[str, str], int]:
        query = "SELECT account, idempotency_key, id FROM positions WHERE idempotency_key <> ''"
        found = run_sql(self._url, query)
        keys = {(str(account), str(key)): int(str(id_)) for account, key, id_ in found}
        assert len(keys) == len(found), "a key has opened two positions"
        return keys

    def _transfers(self) -> Counter[tuple[str, str]]:
        query = (
            "SELECT account, operation FROM wallet_transactions WHERE operation LIKE 'transfer:%'"
        )
        found = run_sql(self._url, query)
        return Counter((str(account), str(op).partition(":")[2]) for account, op in found)

    def _changes(self) -> dict[tuple[str, str], int]:
        rows = run_sql(self._url, "SELECT account, key, position_id FROM change_keys")
        return {(str(account), str(key)): int(str(id_)) for account, key, id_ in rows}

    def _parts(self) -> Counter[str]:
        """How often something was closed with a note: the name of the request for it."""
        kinds = "('position_reduced', 'position_closed')"
        rows = run_sql(self._url, f"SELECT data FROM events WHERE kind IN {kinds}")
        return Counter(str(json.loads(str(data))["note"]) for (data,) in rows)

    def _stops(self) -> Counter[tuple[int | None, Decimal]]:
        rows = run_sql(self._url, "SELECT position_id, data FROM events WHERE kind = 'stop_moved'")
        return Counter((int(str(id_)), stop_after(str(data))) for id_, data in rows)


def same(
    told: dict[str, Any], told_first: dict[str, Any], *, but: frozenset[str] = frozenset()
) -> None:
    """What is told now is what was told first, field for field."""
    for name in told_first.keys() - but:
        assert told[name] == told_first[name], (name, told, told_first)


def stop_of(asked: Asked) -> Decimal | None:
    """The stop that a client has asked for; None where its change is another."""
    stop = asked.body.get("stop_loss")
    return None if stop is None else Decimal(stop)


def stop_after(data: str) -> Decimal:
    """Where an event says that the stop has gone."""
    return Decimal(json.loads(data)["stop_after"])
