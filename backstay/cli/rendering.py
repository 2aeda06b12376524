"""The API's answers as tables for people.

Where a table is too wide for the terminal, its columns are stacked in pairs: nothing is cut off.
Money is shown exactly; prices and quantities are rounded, because 18 decimals do not help to
read: `--json` has them whole. Times are UTC.
"""

import shlex
from decimal import Context, Decimal
from typing import Any

from rich.console import Group
from rich.text import Text

from backstay.fitted_table import FittedTable
from backstay.printable import one_line
from trading.money import HUNDRED, ZERO, plain, trimmed

PRICE_DIGITS = 8
QUANTITY_DIGITS = 6
NOTHING = "-"

_GOOD, _BAD, _FAINT = "green", "red", "dim"


def positions_table(page: dict[str, Any]) -> FittedTable:
    """Positions, with the PnL of each so far."""
    columns = (
        ("id", "account"),
        ("symbol", "side"),
        ("quantity", "rungs"),
        ("opened", "closed by"),
        ("entry", "mark"),
        ("stop", "next TP"),
        ("unrealized", "realized", "total PnL"),
    )
    rows = [_position_row(position) for position in page["items"]]
    return FittedTable(columns, rows, _counted(len(rows), "position"), _more(page))


def one_position_table(position: dict[str, Any]) -> FittedTable:
    """One position, and the part of it that no take-profit will close."""
    table = positions_table({"items": [position], "next": None})
    untargeted = Decimal(position["untargeted_fraction"])
    if position["status"] == "OPEN" and untargeted > ZERO:
        table.caption = (
            f"{plain(trimmed(untargeted * HUNDRED))} % of the quantity has no take-profit: it "
            "stays open until the stop-loss or a close by hand"
        )
    return table


def wallet_table(account: dict[str, Any]) -> FittedTable:
    """One account's balances."""
    return wallets_table({"items": [account]})


def wallets_table(page: dict[str, Any]) -> FittedTable:
    """The accounts' balances."""
    columns = (
        ("account", "currency"),
        ("total", "available"),
        ("locked", "used"),
        ("unrealized", "equity"),
        ("initial", "open"),
    )
    rows = [
        (
            _text(account["account"]),
            _text(account["currency"]),
            _money(account["total_balance"]),
            _money(account["available_balance"]),
            _money(account["locked_balance"]),
            _money(account["used_balance"]),
            _pnl(account["unrealized_pnl"]),
            _money(account["equity"]),
            _money(account["initial_balance"]),
            _text(account["open_positions"]),
        )
        for account in page["items"]
    ]
    return FittedTable(columns, rows, _counted(len(rows), "account"))


def costs_table(account: dict[str, Any]) -> FittedTable:
    """The cost rates of an account's next opens."""
    terms = account["costs"]
    own, effective = terms["own"] or {}, terms["effective"]
    return _terms_table(f"Costs of account {account['account']}'s next opens", own, effective)


def exits_table(account: dict[str, Any]) -> FittedTable:
    """The exits of an account's next opens that do not say their own."""
    terms = account["exits"]
    title = f"Exits of account {account['account']}'s next opens"
    return _terms_table(title, terms["own"], terms["effective"])


def _terms_table(title: str, own: dict[str, Any], effective: dict[str, Any]) -> FittedTable:
    rows = [
        (
            _text(name.replace("_", " ")),
            _text(value),
            _text("the service" if own.get(name) is None else "the account"),
        )
        for name, value in effective.items()
    ]
    return FittedTable((("what",), ("value",), ("set by",)), rows, title)


def transactions_table(account: str, page: dict[str, Any]) -> FittedTable:
    """An account's ledger entries, newest first."""
    columns = (
        ("no.", "position"),
        ("time", "type"),
        ("amount", "available"),
        ("total change", "locked change"),
        ("description",),
    )
    rows = [
        (
            _text(entry["number"]),
            _text(entry["position_id"]),
            _time(entry["time"]),
            _text(entry["transaction_type"]),
            _pnl(entry["amount"]),
            _money(entry["balance_after"]),
            _money(entry["total_change"]),
            _money(entry["locked_change"]),
            _text(entry["description"]),
        )
        for entry in page["items"]
    ]
    return FittedTable(columns, rows, f"Transactions of account {account}", _more(page))


def health_table(report: dict[str, Any]) -> FittedTable:
    """An account's health check: each identity with both its sides."""
    columns = (("check", "result"), ("expected", "actual"), ("difference",), ("detail",))
    rows = [
        (
            _text(check["name"]),
            Text("passed", _GOOD) if check["passed"] else Text("FAILED", _BAD),
            _money(check["expected"]),
            _money(check["actual"]),
            _money(check["difference"]),
            _text(check["detail"]),
        )
        for check in report["checks"]
    ]
    entry = report["first_divergent_entry"]
    caption = "" if entry is None else f"the first entry that diverges is number {entry}"
    title = f"Books of account {report['account']}: {report['status']}"
    return FittedTable(columns, rows, title, caption)


def repair_table(repair: dict[str, Any]) -> Group:
    """An account's row: each figure as it is, and as it is by the ledger."""
    account, status = repair["account"], repair["status"]
    rows = []
    for field in repair["fields"]:
        is_, should_be = field["actual"], field["expected"]
        name = _text(field["name"].replace("_", " "))
        styles = (_FAINT, _FAINT) if is_ == should_be else (_BAD, _GOOD)
        rows.append((name, _figure(is_, styles[0]), _figure(should_be, styles[1])))
    done = status == "REPAIRED"
    columns = (("figure",), ("was" if done else "is",), ("is" if done else "should be",))
    title = f"Wallet of account {account}: {status.replace('_', ' ').lower()}"
    to_do = {
        "REPAIRABLE": f"restored by: backstay repair {shlex.quote(account)} --apply --reason WHY",
        "IRREPARABLE": "no command repairs this: restore a backup",
    }
    told = [one_line(line) for line in (repair["detail"], to_do.get(status)) if line]
    return Group(FittedTable(columns, rows, title), *(Text(line, _FAINT) for line in told))


def history_tables(history: dict[str, Any]) -> Group:
    """A position's history, in order, and its PnL."""
    rows = [(_time(item["done_at"]), _text(item["text"])) for item in history["items"]]
    position, pnl = history["position"], history["pnl"]
    title = f"Position {position['id']}: {position['side']} {position['symbol']}, " + (
        f"{position['status']}, account {position['account']}"
    )
    costs = ("entry_fee", "exit_fee", "spread", "slippage")
    earned = [_pnl(pnl["gross"]), *(_money(pnl[cost]) for cost in costs), _pnl(pnl["net"])]
    header = (("gross",), ("entry fee", "exit fee"), ("spread", "slippage"), ("net",))
    return Group(
        FittedTable((("time (UTC)",), ("what happened",)), rows, title),
        "",
        FittedTable(header, [earned], "PnL of the parts closed so far"),
    )


def closed_table(done: dict[str, Any]) -> Group:
    """A closed position, and whether it had been closed before."""
    told = [Text("it was already closed", _FAINT)] if done["already_closed"] else []
    return Group(one_position_table(done["position"]), *told)


def closed_tables(closed: dict[str, Any]) -> Group:
    """The outcome of each position that was to be closed."""
    rows = [
        (_text(denied["id"]), _text(denied["problem"].get("detail"))) for denied in closed["denied"]
    ]
    rows += [
        (_text(pending), Text("not answered yet: check again")) for pending in closed["pending"]
    ]
    done = positions_table({"items": closed["closed"], "next": None})
    still = FittedTable((("id",), ("why",)), rows, f"{_counted(len(rows), 'position')} not closed")
    return Group(done, *([still] if rows else []))


def transfer_line(transfer: dict[str, Any]) -> Text:
    """The booked transfer, and its reference."""
    amount = Decimal(transfer["amount"])
    what = (
        f"{_money_text(str(abs(amount)))} {'deposited in' if amount > ZERO else 'withdrawn from'}"
    )
    before = "; it was already booked" if transfer["repeated"] else ""
    return _text(f"{what} account {transfer['account']}, reference {transfer['reference']}{before}")


def trading_line(account: str | None, trading: dict[str, Any]) -> Text:
    """Whether an account, or all of them, may open positions."""
    paused = trading if trading["paused"] else trading["accounts"].get(account)
    scope = "all accounts" if account is None or trading["paused"] else f"account {account}"
    if paused is None:
        return Text(f"opens of {scope} are allowed")
    return _text(f"opens of {scope} are refused: {paused['reason']}")


def markets_table(page: dict[str, Any]) -> FittedTable:
    """The markets, with the reasons why a price is not acted on."""
    columns = (("symbol",), ("state",), ("last price",), ("age",), ("candidate",))
    rows = [
        (
            _text(market["symbol"]),
            Text(market["state"], _GOOD if market["state"] == "LIVE" else _BAD),
            _number(market["last_price"]),
            _age(market["age_seconds"]),
            _number(market["candidate"]),
        )
        for market in page["items"]
    ]
    return FittedTable(columns, rows, _counted(len(rows), "market"))


def _number(text: str | None, digits: int = PRICE_DIGITS) -> Text:
    if text is None:
        return _text(None)
    return _text(plain(trimmed(Context(prec=digits).plus(Decimal(text)))))


def _figure(text: str, style: str) -> Text:
    return Text(plain(trimmed(Decimal(text))), style)


def _money_text(text: str) -> str:
    amount = trimmed(Decimal(text))
    cents = amount.quantize(Decimal("0.01"))
    return plain(cents if cents == amount else amount)


def _clock_time(text: str) -> str:
    return text[:19].replace("T", " ")


def _position_row(position: dict[str, Any]) -> tuple[Text, ...]:
    rungs, reason = position["take_profit_prices"], position["close_reason"]
    is_open = position["status"] == "OPEN"
    return (
        _text(position["id"]),
        _text(position["account"]),
        _text(position["symbol"]),
        _text(position["side"]),
        _number(position["quantity"], QUANTITY_DIGITS),
        _text(f"{position['rungs_hit']} of {len(rungs)}"),
        _text(_clock_time(position["opened_at"])[:16]),
        _text(None if reason is None else reason.replace("_", " ").lower()),
        _number(position["entry_price"]),
        _number(position["mark_price"] if is_open else position["exit_price"]),
        _number(position["stop_loss"]),
        _number(position["next_take_profit"]),
        _pnl(position["unrealized_pnl"] if is_open else None),
        _pnl(position["net_pnl"]),
        _pnl(position["total_pnl"]),
    )


def _text(value: object) -> Text:
    return Text(NOTHING, _FAINT) if value is None else Text(one_line(str(value)))


def _money(text: str | None) -> Text:
    return _text(None if text is None else _money_text(text))


def _pnl(text: str | None) -> Text:
    if text is None or Decimal(text) == ZERO:
        return _money(text)
    gained = Decimal(text) > ZERO
    return Text(f"{'+' if gained else ''}{_money_text(text)}", _GOOD if gained else _BAD)


def _time(text: str | None) -> Text:
    return _text(None if text is None else _clock_time(text))


def _age(seconds: str | int | None) -> Text:
    return _text(None if seconds is None else f"{Decimal(str(seconds)):.1f} s")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _more(page: dict[str, Any]) -> str:
    return "" if page["next"] is None else "there are more: give a larger --limit"
