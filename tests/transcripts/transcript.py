"""A transcript: commands and prices with the whole history that they make, as text.

A line that begins with `> ` is a command, the indented lines below it are all that it did, and any
other line is prose:

    > price 100                    one price of the market BTCUSDT, or several one after another
    > wait 4h                      time passes
    > open LONG 100 stop_loss=5%   a position of 100 USDT, with exits in the one-line notation
    > change 1 stop_loss=101       another stop-loss, take_profits, trailing or close_after
    > close 1 share=50%            a part by share or quantity; without one all that is left
    > books                        the ledger of the account, which balances
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from actors.commit.messages import Announced
from actors.messages import Denied
from actors.position.messages import ChangePosition, ClosePosition
from actors.wallet.messages import OpenPosition
from tests.acceptance.house import SYMBOL, House
from trading.books import HealthStatus
from trading.events.words import words_of
from trading.events.words.words import amount
from trading.exits.notation import (
    asked_rungs_from,
    close_after_from,
    exits_from,
    share_from,
    stop_target_from,
    trailing_from,
)
from trading.model import PositionStatus, Side, Wallet
from trading.money import plain
from trading.positions.changing import Changes, PartToClose
from trading.positions.judging import triggers
from trading.times import SECOND_US, duration_from, duration_text

BALANCE = Decimal(1000)


def played(text: str) -> str:
    """The transcript with the history that its commands make now."""
    lines: list[str] = []
    with _player() as player:
        for line in text.splitlines():
            if line.startswith("    "):
                continue
            lines.append(line)
            if line.startswith("> "):
                lines += [f"    {told}" for told in player.play(line.removeprefix("> "))]
    return "\n".join(lines) + "\n"


@contextmanager
def _player() -> Iterator["Player"]:
    player = Player()
    try:
        yield player
    finally:
        player.house.kill()


class Player:
    """Plays commands on the real actors, on one thread and in virtual time."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self.house = House("sqlite://", listeners={"transcript": self._write})
        self.house.open_account(BALANCE)

    def play(self, line: str) -> list[str]:
        """Run a command; returns what happened, and how the open positions stand after it."""
        command, *words = shlex.split(line)
        self._told = []
        before = self.house.wallet()
        match command:
            case "price":
                self.house.price(*words)
            case "wait":
                self.house.advance(duration_from(words[0]) / SECOND_US)
                return []
            case "open":
                self._open(words[0], words[1], _fields(words[2:]))
            case "change":
                self._change(int(words[0]), _fields(words[1:]))
            case "close":
                self._close(int(words[0]), _fields(words[1:]))
            case "books":
                return self._books()
            case _:
                raise ValueError(f"{line!r} is not a command of transcripts")
        told = self._told or ["nothing"]
        after = self.house.wallet()
        if _balances(after) != _balances(before):
            told.append(_balances(after))
        return told if told == ["nothing"] else [*told, *self._standing()]

    def _open(self, side: str, notional: str, fields: dict[str, str]) -> None:
        exits = exits_from(fields)
        answer = self.house.ask(
            lambda reply: OpenPosition(
                account="demo",
                symbol=SYMBOL,
                side=Side(side),
                notional=Decimal(notional),
                exits=exits,
                reply_to=reply,
            )
        )
        self._check(answer)

    def _change(self, position_id: int, fields: dict[str, str]) -> None:
        stop, targets = fields.get("stop_loss"), fields.get("take_profits")
        trail, after = fields.get("trailing"), fields.get("close_after")
        changes = Changes(
            stop_loss=None if stop is None else stop_target_from(stop),
            take_profits=None if targets is None else asked_rungs_from(targets),
            trailing=None if trail is None else trailing_from(trail),
            close_after_us=None if after is None else close_after_from(after),
        )
        answer = self.house.ask(
            lambda reply: ChangePosition(position_id=position_id, changes=changes, reply_to=reply)
        )
        self._check(answer)

    def _close(self, position_id: int, fields: dict[str, str]) -> None:
        part = None
        if "share" in fields:
            part = PartToClose(share=share_from(fields["share"]))
        elif "quantity" in fields:
            part = PartToClose(quantity=Decimal(fields["quantity"]))
        answer = self.house.ask(
            lambda reply: ClosePosition(position_id=position_id, part=part, reply_to=reply)
        )
        self._check(answer)

    def _check(self, answer: object) -> None:
        if isinstance(answer, Denied) and not self._told:
            self._told.append(f"Refused: {answer.denial.text}")

    def _books(self) -> list[str]:
        report = self.house.check()
        assert report.status is HealthStatus.HEALTHY, report
        return [
            f"{entry.entry_type}: {amount(entry.amount)}, available {amount(entry.balance_before)} "
            f"-> {amount(entry.balance_after)}: {entry.description}"
            for entry in self.house.entries()
        ]

    def _standing(self) -> list[str]:
        """What each open position holds and waits for."""
        wallets = self.house.system.published.version
        lines = []
        for position in sorted(wallets.positions.values(), key=lambda one: one.position_id):
            if position.status is PositionStatus.CLOSED:
                continue
            waiting = triggers(position)
            low, high = (
                "none" if price is None else plain(price) for price in (waiting.low, waiting.high)
            )
            by = ""
            if waiting.due_us is not None:
                by = (
                    f", or {duration_text(waiting.due_us - position.entry_time_us)} after the entry"
                )
            lines.append(
                f"[{position.position_id}: {amount(position.open_quantity)} open, waits for "
                f"{low} or {high}{by}]"
            )
        return lines

    def _write(self, message: Announced) -> None:
        for change in message.changes:
            self._told += [words_of(event).sentence for event in change.events]


def _fields(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


def _balances(wallet: Wallet) -> str:
    return (
        f"Balance {amount(wallet.total)}: {amount(wallet.locked)} locked, "
        f"{amount(wallet.available)} available"
    )
