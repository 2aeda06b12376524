"""The independent model: it follows the committed history step by step, and predicts each one.

Which command is committed next depends on the seed; what it must write does not. So the model
takes from a committed change only which step it was (this open at this quote, that position at
that price), works out the rest by itself, and holds the change against it to the last digit.
"""

from collections import deque
from typing import Any

from backstay.simulation.asked import Requests
from backstay.simulation.comparing import (
    expect_values,
    opened_from,
    same_position,
    same_wallet,
)
from backstay.simulation.database import Committed
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import RATES, ModelAccount
from backstay.simulation.model_exits import ladder_of, over
from backstay.simulation.model_market import ModelMarket
from backstay.simulation.model_signals import ModelSignals
from backstay.simulation.model_steps import STEPS, PositionSteps, Predicted, signal_in
from backstay.simulation.model_tracking import Coverage, Tracked
from persistence.changes import Change
from trading.events import Event
from trading.model import MarketPrice, Position
from trading.signals import Signal

MARKET_EVENTS = (
    "market_paused",
    "market_retired",
    "market_resumed",
    "price_quarantined",
    "quarantine_ended",
    "price_rejected",
    "price_times_rebased",
)


class Model:
    """Everything that must be durable, and every price that was accepted."""

    def __init__(self, requests: Requests) -> None:
        self.requests = requests
        self.accounts: dict[str, ModelAccount] = {}
        self.positions: dict[int, Tracked] = {}
        self.markets: dict[str, ModelMarket] = {}
        self.coverage: dict[int, Coverage] = {}
        self.pauses: dict[str | None, str] = {}
        self.signals = ModelSignals()
        self._steps = PositionSteps(
            requests, self.signals, self.accounts, self.positions, self.markets
        )
        self.ruined: set[int] = set()
        self.told: list[Event] = []
        self.commit_id = 0
        self.epoch = 0

    @property
    def events(self) -> int:
        """How many were committed."""
        return len(self.told)

    def market(self, symbol: str) -> ModelMarket:
        """A symbol's market."""
        return self.markets.setdefault(symbol, ModelMarket(symbol))

    def open_positions(self) -> list[Tracked]:
        """The positions that are durably open."""
        return [tracked for tracked in self.positions.values() if tracked.now.is_open]

    def committed(self, commit: Committed) -> None:
        """Follow one transaction."""
        if commit.epoch != self.epoch:
            raise Violation(f"epoch {commit.epoch} has committed in epoch {self.epoch}")
        if commit.commit_id <= self.commit_id:
            raise Violation(f"commit {commit.commit_id} comes after {self.commit_id}")
        if commit.first_event_id != self.events + 1:
            raise Violation(f"event {commit.first_event_id} comes after {self.events}")
        self.commit_id = commit.commit_id
        for change in commit.changes:
            self._follow(change, commit.asked_us)
            self.told += change.events
        self.signals.turn(self.open_positions())

    def _follow(self, change: Change, asked_us: int) -> None:
        account = self.accounts.get(change.account) if change.account is not None else None
        if change.wallet_before is not None:
            assert account is not None
            same_wallet(account, change.wallet_before)
        entries, version = (len(account.entries), account.version) if account else (0, 0)
        predicted = Predicted(entries, version)
        events: deque[Any] = deque(change.events)
        positions, keys = deque(change.positions), list(change.keys)
        while events:
            kind = events[0].kind
            if kind == "account_opened":
                self._open_account(events.popleft())
            elif kind == "funds_transferred":
                self._transfer(events.popleft())
            elif kind == "position_opened":
                self._open_position(events.popleft(), positions[0], predicted, asked_us)
                positions.popleft()
            elif kind in ("costs_set", "exits_set"):
                self._set_terms(events.popleft())
            elif kind in STEPS:
                self._steps.follow(events, positions.popleft(), keys, predicted)
            elif kind in ("trading_paused", "trading_resumed"):
                self._set_trading(events.popleft())
            elif kind in MARKET_EVENTS:
                self._market_event(events.popleft())
            elif kind == "part_set_aside":
                self._set_aside(events.popleft())
            elif kind == "open_denied" and events[0].asked_by is None:
                self.requests.record_denial(events.popleft())
            elif kind == "open_denied":
                self.signals.expect_turn(signal_in(events[0].asked_by), events.popleft())
            elif kind == "signal_received":
                self.signals.receive(list(events), change.signals, self.requests.signals)
                events.clear()
            elif kind == "signal_finished":
                self._finish_signal(events.popleft(), change.signals)
            else:
                raise Violation(f"nobody broke the books, and yet: {events[0]}")
        if keys:
            raise Violation(f"{keys} are written, and nothing was done with them")
        self._hold_against(change, predicted)

    def _open_account(self, event: Any) -> None:
        if event.account in self.accounts:
            raise Violation(f"account {event.account} is opened twice")
        asked = [
            request
            for request in self.requests.accounts
            if request.waits and request.account == event.account
        ]
        if event.initial_balance not in [request.initial_balance for request in asked]:
            raise Violation(f"nobody asked for {event}")
        account = ModelAccount(event.account, event.initial_balance, asked[0].limits)
        account.open_account(event.time_us)
        self.accounts[event.account] = account

    def _set_terms(self, event: Any) -> None:
        account = self.accounts[event.account]
        rates, exits = account.rates, account.exits
        if event.kind == "costs_set":
            given = {n: getattr(event, f"{n}_rate") for n in ("fee", "spread", "slippage")}
            rates = None if given["fee"] is None else given
            self.requests.carry_out_rates(event.account, rates)
        else:
            exits = self.requests.carry_out_exits(event.account, event.exits)
        account.set_terms(rates=rates, exits=exits)

    def _transfer(self, event: Any) -> None:
        self.requests.carry_out_transfer(event.account, event.reference, event.amount)
        account = self.accounts[event.account]
        denial = account.transfer_denial(event.amount)
        if denial is not None:
            raise Violation(f"{event} is booked in spite of {denial}: {account}")
        account.transfer(event.reference, event.amount, event.time_us)

    def guarded_positions(self) -> list[Tracked]:
        """The positions that are durably open and do not fail for good in this life."""
        return [t for t in self.open_positions() if t.now.position_id not in self.ruined]

    def _finish_signal(self, event: Any, signals: tuple[Signal, ...]) -> None:
        (after,) = signals
        self.signals.finish(
            event,
            after,
            opened=self.accounts[after.account].keys.get(f"signal {after.signal_id}"),
            still_open={tracked.now.position_id for tracked in self.open_positions()},
        )

    def _set_aside(self, event: Any) -> None:
        if event.position_id not in self.ruined:
            raise Violation(f"nobody has failed for good, and yet: {event}")

    def is_paused(self, account: str) -> bool:
        """Whether nothing may be opened in an account."""
        return account in self.pauses or None in self.pauses

    def _set_trading(self, event: Any) -> None:
        pause = event.kind == "trading_paused"
        self.requests.carry_out_pause(event.account, event.reason, pause=pause)
        if pause:
            self.pauses[event.account] = event.reason
        else:
            self.pauses.pop(event.account, None)

    def _open_position(
        self, event: Any, position: Position, predicted: Predicted, asked_us: int
    ) -> None:
        coverage = self.coverage.get(event.position_id)
        quotes = [
            quote
            for quote in (coverage.quotes if coverage is not None else [])
            if quote.usable and (quote.price, quote.time_us) == (event.entry_price, event.time_us)
        ]
        if coverage is None or not quotes or event.position_id in self.positions:
            raise Violation(f"{event} has no quote, or comes twice: {coverage}")
        if self.is_paused(event.account):
            raise Violation(f"{event} is opened in a pause: {self.pauses}")
        account = self.accounts[event.account]
        if (position.idempotency_key or "").startswith("signal "):
            signal_id = signal_in(position.idempotency_key)
            said = self.signals.open(signal_id, position, self.open_positions())
        else:
            request = self.requests.open_for(position, asked_us, over(account.exits))
            request.position_id = event.position_id
            said = request.exits
        ladder = ladder_of(over(said, over(account.exits)))
        now = opened_from(position, ladder, account.rates or RATES)
        if not now.can_be_guarded:
            raise Violation(f"{event} cannot be guarded: {now}")
        account.lock(now.position_id, now.symbol, now.hold, now.key, now.entry_time)
        self.positions[now.position_id] = Tracked(
            now, coverage, judged=quotes[0].accepted, scanned=quotes[0].accepted
        )
        expect_values(
            event,
            {
                "quantity": now.quantity,
                "hold": now.hold,
                "stop_price": now.stop,
                "take_profit_prices": tuple(now.levels),
                "time_us": now.entry_time,
            },
        )
        predicted.positions.append(now)
        predicted.prices[now.symbol] = (now.entry, now.entry_time)

    def _market_event(self, event: Any) -> None:
        """Pauses and quarantines, their beginnings and ends, and rejected rows, each in turn."""
        waiting = self.markets[event.symbol].events
        if not waiting:
            raise Violation(f"{event} is told, and did not happen")
        expect_values(event, waiting.pop(0))
        if event.kind == "market_retired":
            self.markets[event.symbol].committed = None

    def _hold_against(self, change: Change, predicted: Predicted) -> None:
        missing = predicted.prices.keys() - {market.symbol for market in change.markets}
        if missing:
            raise Violation(f"no price of {missing} is kept with {change}")
        for market in change.markets:
            self._keep(market, predicted)
        if len(change.positions) != len(predicted.positions):
            raise Violation(f"{change.positions} are written, not {predicted.positions}")
        for position, now in zip(change.positions, predicted.positions, strict=True):
            same_position(now, position)
            self.positions[now.position_id].versions[now.version] = position
        account = self.accounts.get(change.account) if change.account is not None else None
        expected = account.entries[predicted.entries_before :] if account is not None else []
        if len(change.entries) != len(expected):
            raise Violation(f"{change.entries} are written, not {expected}")
        for entry, values in zip(change.entries, expected, strict=True):
            expect_values(entry, values)
        stays = account is None or account.version == predicted.version_before
        if (change.wallet_after is None) != stays:
            raise Violation(f"{change.events} do not lead to {change.wallet_after}: {account}")
        if change.wallet_after is not None:
            assert account is not None
            same_wallet(account, change.wallet_after)

    def _keep(self, market: MarketPrice, predicted: Predicted) -> None:
        """A price kept with a commit is that of its last step, or the last accepted at a stop."""
        known = self.markets[market.symbol]
        expected = predicted.prices.get(market.symbol, known.last)
        at_a_stop = not predicted.prices and known.log[-1]  # of a market that failed after it
        if (market.price, market.time_us) not in (expected, at_a_stop):
            raise Violation(f"{market} is kept, not {expected}")
        known.committed = (market.price, market.time_us)
