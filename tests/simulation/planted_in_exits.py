"""Bugs to plant into trails, time stops, rungs' stops, fills, terms and changes by hand."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from immutables import Map

import actors.position.actor
import actors.wallet.new_position
import actors.wallet.plan
import trading.exits.prices
import trading.opens
import trading.positions.changing
import trading.positions.closing
import trading.positions.judging
import trading.positions.opening
import trading.positions.trailing
from actors.commit.messages import PositionRead
from actors.desk.starter import Starter
from actors.market.trigger_book import TriggerBook
from actors.position.actor import PositionActor
from actors.position.answers import done
from actors.position.messages import RequestKey
from actors.signals.run import SignalRun
from actors.wallet.actor import WalletActor
from actors.wallet.canonical import is_same_request
from actors.wallet.keyed_changes import KeyedChanges
from actors.wallet.memory import Memory
from actors.wallet.messages import BookPosition, OpenDone
from actors.wallet.pending_opens import RepeatedOpen
from persistence.state import PositionRecord
from trading.costs import DEFAULT_RATES
from trading.exits.exits import NOTHING_SAID
from trading.exits.ladder import TakeProfitFill
from trading.exits.prices import trailed_stop_price
from trading.model import CloseReason, CostRates, Denial, Position, Side
from trading.positions.judging import Advance, Triggers


def trails_loosen(patch: pytest.MonkeyPatch) -> None:
    """The stop follows the best price at its distance, even where another stop is tighter."""

    def loose(position: Position, price: Decimal, *, version: int) -> Position:
        trail = position.ladder.trailing
        assert trail is not None
        stop = trailed_stop_price(position.side, trail, price)
        return replace(position, best_price=price, stop_price=stop, version=version)

    patch.setattr(trading.positions.trailing, "with_best_price", loose)


def gaps_skip_steps(patch: pytest.MonkeyPatch) -> None:
    """A price that hits a rung does not move the trail as well."""
    trailed = trading.positions.trailing.trailed
    advanced = trading.positions.judging.advanced

    def one_thing(position: Position, price: Decimal, time_us: int) -> Advance:
        rungs_hit = position.rungs_hit

        def not_after_a_rung(now: Position, *how: Any, **more: Any) -> Any:
            return (now, None) if now.rungs_hit > rungs_hit else trailed(now, *how, **more)

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(trading.positions.judging, "trailed", not_after_a_rung)
            return advanced(position, price, time_us)

    patch.setattr(actors.position.actor, "advanced", one_thing)


def trails_follow_step_by_step(patch: pytest.MonkeyPatch) -> None:
    """A price that is several steps away moves the trail by one."""
    followed = trading.positions.trailing.followed
    next_trail_price = trading.positions.trailing.next_trail_price

    def slow(position: Position, price: Decimal, *how: Any, **more: Any) -> Any:
        step = next_trail_price(position)
        is_on = position.best_price is not None and step is not None
        return followed(position, step if is_on and step else price, *how, **more)

    patch.setattr(trading.positions.trailing, "followed", slow)


def best_prices_are_forgotten_at_a_restart(patch: pytest.MonkeyPatch) -> None:
    """A position that begins again trails from where it first began."""
    start = PositionActor.__init__

    def forgetful(self: PositionActor, directory: Any, position: Position, **more: Any) -> None:
        if more["after"] is None and position.best_price is not None:
            position = replace(position, best_price=position.entry_price)
        start(self, directory, position, **more)

    patch.setattr(PositionActor, "__init__", forgetful)


def time_stops_act_twice(patch: pytest.MonkeyPatch) -> None:
    """A position that its time stop has closed is there to be closed once more."""
    rest_closed = trading.positions.closing.rest_closed

    def half(position: Position, *how: Any, reason: CloseReason, **more: Any) -> Any:
        after, event = rest_closed(position, *how, reason=reason, **more)
        return (position if reason is CloseReason.TIME else after), event

    patch.setattr(trading.positions.judging, "rest_closed", half)


def time_stops_are_forgotten_at_a_restart(patch: pytest.MonkeyPatch) -> None:
    """A position that begins again waits for prices only."""
    triggers = trading.positions.judging.triggers

    def timeless(self: PositionActor) -> None:
        def prices_only(position: Position) -> Triggers:
            return replace(triggers(position), due_us=None)

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(actors.position.actor, "triggers", prices_only)
            self._arm(self._after)

    patch.setattr(PositionActor, "on_start", timeless)


def time_stops_wait_for_their_price(patch: pytest.MonkeyPatch) -> None:
    """A time stop is looked at only where a price reaches a trigger."""
    take = TriggerBook.arm

    def timeless(self: TriggerBook, position_id: int, triggers: Triggers) -> None:
        take(self, position_id, replace(triggers, due_us=None))

    patch.setattr(TriggerBook, "arm", timeless)


def known_keys_close_parts_again(patch: pytest.MonkeyPatch) -> None:
    """A wallet passes a change on whatever its key has done."""
    take = KeyedChanges.take

    def careless(self: KeyedChanges, command: Any, _taken: Any, *, key_opens: bool) -> None:
        take(self, command, {}, key_opens=key_opens)

    patch.setattr(KeyedChanges, "take", careless)


def keys_are_forgotten_by_a_wallets_next_life(patch: pytest.MonkeyPatch) -> None:
    """A wallet that begins again takes every key for a new one."""
    wallet = Starter.wallet

    def forgetful(self: Starter, account: str, memory: Memory) -> None:
        wallet(self, account, replace(memory, keys=Map()))

    patch.setattr(Starter, "wallet", forgetful)


def rungs_are_replaced_under_the_price(patch: pytest.MonkeyPatch) -> None:
    """New rungs may lie where the price has passed them."""
    patch.setattr(trading.positions.changing, "check_ahead", lambda *_where, **_first: None)


def hit_rungs_are_replaced(patch: pytest.MonkeyPatch) -> None:
    """The rungs that were hit go with those that are ahead."""
    replaced = trading.positions.changing._targets_replaced

    def all_of_them(position: Position, *how: Any) -> Any:
        return replaced(replace(position, rungs_hit=0), *how)

    patch.setattr(trading.positions.changing, "_targets_replaced", all_of_them)


def breakeven_net_is_rounded_toward_loss(patch: pytest.MonkeyPatch) -> None:
    """The price at which closing costs nothing lies a last digit too near."""
    net = trading.exits.prices.breakeven_net_price

    def near(side: Side, entry_price: Decimal, rates: CostRates) -> Decimal:
        return net(side, entry_price, rates) - side.sign * Decimal("1E-18")

    patch.setattr(trading.exits.prices, "breakeven_net_price", near)
    patch.setattr(trading.positions.changing, "breakeven_net_price", near)


def fills_at_level_book_the_price(patch: pytest.MonkeyPatch) -> None:
    """A rung closes at the price that triggered it, whatever was asked for."""
    hit = trading.positions.judging._rung_hit

    def at_the_price(position: Position, *how: Any, **more: Any) -> Any:
        asked = position.ladder
        by_price = replace(asked, take_profit_fill=TakeProfitFill.PRICE)
        after, events = hit(replace(position, ladder=by_price), *how, **more)
        return replace(after, ladder=asked), events

    patch.setattr(trading.positions.judging, "_rung_hit", at_the_price)


def accounts_rates_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """Opens have the service's cost rates, whatever their account has."""
    opened = trading.positions.opening.opened

    def at_default_rates(**more: Any) -> Advance:
        return opened(**more | {"rates": DEFAULT_RATES})

    patch.setattr(trading.opens, "opened", at_default_rates)


def default_exits_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """Opens have the service's exits for what they do not say, whatever their account has."""
    decide = actors.wallet.new_position.new_position

    def without_its_own(memory: Memory, *how: Any) -> Any:
        wallet = memory.wallet
        assert wallet is not None
        outcome = decide(replace(memory, wallet=replace(wallet, exits=NOTHING_SAID)), *how)
        if isinstance(outcome, Denial):
            return outcome
        position, events, booking = outcome
        own = replace(booking.wallet, exits=wallet.exits)
        return position, events, replace(booking, wallet=own)

    patch.setattr(actors.wallet.plan, "new_position", without_its_own)


def keyed_changes_are_answered_too_early(patch: pytest.MonkeyPatch) -> None:
    """A wallet answers a keyed change when its position hands it over."""
    enqueue = WalletActor._enqueue

    def hasty(self: WalletActor, command: Any) -> None:
        enqueue(self, command)
        key = command.key.key if isinstance(command, BookPosition) and command.key else None
        pending = self._keyed._by_key.pop(key, None) if key else None
        if pending is not None:
            record = PositionRecord(position=command.position, opened_at_us=0)
            answer = done(pending.command, record, repeated=False)
            self.directory.send(pending.command.reply_to, answer)

    patch.setattr(WalletActor, "_enqueue", hasty)


def changes_that_a_restart_interrupts_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A wallet does not ask a position's next life for what its last one did not do."""
    patch.setattr(KeyedChanges, "ask_again", lambda _self, _position_id, _taken: None)


def changes_keys_answer_for_opens(patch: pytest.MonkeyPatch) -> None:
    """The key of a change answers for the open of the position that it has changed."""
    tell = RepeatedOpen.tell

    def credulous(self: RepeatedOpen, message: Any) -> None:
        record = message.record if isinstance(message, PositionRead) else None
        if record is not None and is_same_request(record.position.request, self._request):
            self._directory.send(self._request.reply_to, OpenDone(record=record, repeated=True))
        else:
            tell(self, message)

    patch.setattr(RepeatedOpen, "tell", credulous)


def signals_close_their_share_again(patch: pytest.MonkeyPatch) -> None:
    """A signal asks twice for the close of its share, the second time under another key."""
    ask, key_of = SignalRun._ask, SignalRun._key_of

    def another(self: SignalRun, position_id: int) -> RequestKey | None:
        key = key_of(self, position_id)
        return None if key is None else replace(key, key=key.key.replace("closes ", "closes 0"))

    def twice(self: SignalRun) -> None:
        ask(self)
        if self._part is not None:
            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(SignalRun, "_key_of", another)
                ask(self)

    patch.setattr(SignalRun, "_ask", twice)
