"""Bugs to plant around commits, owners, rungs, notifications and the guard."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import actors.position.actor
import actors.wallet.plan
import trading.costs
import trading.ladder
from actors.commit.actor import Attempt, CommitterActor
from actors.commit.courier import Courier
from actors.commit.messages import Announced, ChangeCommitted, CommitChange
from actors.wallet.plan import Plan, QuotedOpen
from persistence import batch, commits, owner, rows
from persistence.batch import Batch, PositionRowStep
from persistence.changes import Change
from persistence.errors import Deposed, Unavailable
from trading.events import Event
from trading.events.positions import RungHit
from trading.ladder import Advance
from trading.model import CostRates, Denial, Position
from trading.price_guard import PriceGuard, Verdict


def expired_opens_are_made(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at an open's deadline again once it waits to be written."""

    def paused_only(self: CommitterActor, message: CommitChange, _now_us: int) -> bool:
        account = message.change.account
        paused = account is not None and self._published.version.pause_of(account) is not None
        return bool(message.started) and paused

    patch.setattr(CommitterActor, "_goes_back", paused_only)


def acknowledged_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """The Committer answers what it is about to write."""
    write = CommitterActor._write

    def hasty(self: CommitterActor, batch: tuple[CommitChange, ...]) -> None:
        for message in batch:
            if message.reply_to is not None:
                answer = ChangeCommitted(change_id=message.change_id, committed_us=0)
                self.directory.send(message.reply_to, answer)
        write(self, batch)

    patch.setattr(CommitterActor, "_write", hasty)


def commits_are_announced_twice(patch: pytest.MonkeyPatch) -> None:
    """A commit that was looked up is announced like any other, and once more."""
    look_up = CommitterActor._look_up

    def repeating(self: CommitterActor) -> None:
        attempt = self._unknown
        look_up(self)
        changes = tuple(message.change for message in attempt.batch) if attempt else ()
        if attempt is not None and self._published.version.commit_id == attempt.commit_id:
            first = self._event_id + 1 - sum(len(change.events) for change in changes)
            self.directory.announce(
                Announced(commit_id=attempt.commit_id, first_event_id=first, changes=changes)
            )

    patch.setattr(CommitterActor, "_look_up", repeating)


def earlier_rows_win(patch: pytest.MonkeyPatch) -> None:
    """Of several states of a position in one transaction the first one is written."""
    fold = batch._fold_positions

    def first_wins(found: Batch, change: Change) -> None:
        fold(found, change)
        for position in reversed(change.positions):
            step = found.positions[position.position_id]
            row = replace(position, version=step.after.version)
            found.positions[position.position_id] = PositionRowStep(step.version_before, row)

    patch.setattr(batch, "_fold_positions", first_wins)


def gaps_skip_rungs(patch: pytest.MonkeyPatch) -> None:
    """A price that reaches several rungs hits only the first."""
    advanced = trading.ladder.advanced

    def one_rung(position: Position, price: Decimal, time_us: int) -> Advance:
        advance = advanced(position, price, time_us)
        hits = [e for e in advance.events if isinstance(e, RungHit)]
        if len(hits) < 2 or hits[0].closes_position:
            return advance
        position, events = trading.ladder._rung_hit(position, price, time_us)
        return Advance(
            position=replace(position, version=position.version + 1), events=tuple(events)
        )

    patch.setattr(actors.position.actor, "advanced", one_rung)


def rungs_loosen_stops(patch: pytest.MonkeyPatch) -> None:
    """The second rung gives up half of what the first one has secured."""
    hit = trading.ladder._rung_hit

    def loosening(position: Position, price: Decimal, time_us: int) -> tuple[Position, list[Event]]:
        after, events = hit(position, price, time_us)
        if after.rungs_hit == 2:
            way = (after.stop_price - position.take_profit_prices[0]) / 2
            after = replace(after, stop_price=position.stop_price - abs(way) * position.side.sign)
        return after, events

    patch.setattr(trading.ladder, "_rung_hit", loosening)


def leases_are_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    """A standby takes over as soon as it asks."""
    acquire = owner.acquire

    def impatient(session: Any, holder: str, lease: int, **_others: bool) -> int:
        return acquire(session, holder, lease, others_may_run=False)

    patch.setattr(owner, "acquire", impatient)


def deposed_owners_go_on(patch: pytest.MonkeyPatch) -> None:
    """An owner takes being deposed for an outage, and tries again for ever."""

    def deaf(_session: Any, epoch: int) -> None:
        raise Unavailable(f"epoch {epoch} could not be renewed")

    fence = owner.fence

    def fenced(session: Any, epoch: int) -> None:
        try:
            fence(session, epoch)
        except Deposed:
            deaf(session, epoch)

    def written(session: Any, found: Any) -> None:
        try:
            write(session, found)
        except Deposed as deposed:
            deaf(session, deposed.epoch)

    write = commits._write
    patch.setattr(owner, "fence", fenced)
    patch.setattr(commits, "_write", written)


def lost_answers_are_success(patch: pytest.MonkeyPatch) -> None:
    """A disk that was full is taken for a commit whose answer was lost, and that for a success."""
    write = CommitterActor._write

    def hopeful(self: CommitterActor, found: tuple[CommitChange, ...]) -> None:
        clock = self._dispatcher.clock
        try:
            write(self, found)
        except Unavailable as error:
            if "disk" not in str(error):
                raise
            for _ in found:
                self._queue.popleft()
            self._conclude(Attempt(self._commit_id, clock.now_us(), found))

    patch.setattr(CommitterActor, "_write", hopeful)


def notifications_are_remembered_first(patch: pytest.MonkeyPatch) -> None:
    """A target's cursor moves on before the message has arrived."""
    next_errand = Courier.next

    def hasty(self: Courier[Any]) -> Any:
        errand = next_errand(self)
        if errand is not None:
            self.done(errand)
        return errand

    patch.setattr(Courier, "next", hasty)


def old_prices_are_news(patch: pytest.MonkeyPatch) -> None:
    """The guard takes a price that is older than the last one."""
    judge = PriceGuard.judge

    def eager(self: PriceGuard, price: Decimal, time_us: int | None, now_us: int) -> Verdict:
        if self.last_price is not None and time_us is not None:
            time_us = max(time_us, self.last_time_us)
        return judge(self, price, time_us, now_us)

    patch.setattr(PriceGuard, "judge", eager)


def rates_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Positions are opened as if nothing had a cost."""
    decide = actors.wallet.plan._position_or_denial
    free = CostRates(fee=Decimal(0), spread=Decimal(0), slippage=Decimal(0))

    def generous(
        result: Plan, command: QuotedOpen, now: int, _rates: CostRates, denied: Denial | None
    ) -> Any:
        return decide(result, command, now, free, denied)

    patch.setattr(actors.wallet.plan, "_position_or_denial", generous)


def events_are_written_empty(patch: pytest.MonkeyPatch) -> None:
    """Of an event only its kind and what it concerns are there to be read."""
    patch.setattr(rows.event, "event_json", lambda _event: "{}")


def prices_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    """A commit does not keep the price that it acted on."""
    change = Plan.change
    patch.setattr(Plan, "change", lambda *plan: replace(change(*plan), markets=()))
