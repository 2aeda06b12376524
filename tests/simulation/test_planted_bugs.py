"""The simulator has teeth: each of these bugs, planted into the real actors, is found."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest

import actors.position
import actors.wallet_plan
import trading.costs
import trading.ladder
from actors.committer import Attempt, CommitterActor
from actors.courier import Courier
from actors.desk import DeskActor
from actors.market import MarketActor
from actors.messages import Announced, StopMoveDone
from actors.pending_opens import PendingOpens
from actors.position import PositionActor
from actors.price_history import Accepted, PriceHistory
from actors.protocol import ChangeCommitted, CommitChange, Disarm, PriceQuoted, ReadPosition
from actors.restore import Rereading
from actors.starter import Starter
from actors.supervised import ActorKind
from actors.wallet import WalletActor
from persistence import batch, commits, owner
from persistence.batch import Batch, PositionStep
from persistence.changes import Change
from persistence.errors import Deposed, Unavailable
from simulation.run import simulate
from trading.events import Event, RungHit
from trading.ladder import Advance
from trading.model import Position, Wallet
from trading.price_guard import PriceGuard, Verdict
from trading.wallet import Booking, settled

SEEDS_MAX = 30
STEPS = 120


def memory_before_commit(patch: pytest.MonkeyPatch) -> None:
    """A wallet remembers and answers what it has only sent."""
    flush = WalletActor._flush

    def hasty(self: WalletActor) -> None:
        flush(self)
        planned = self._line._plan
        if planned is not None:
            self._memory = planned.after

    patch.setattr(WalletActor, "_flush", hasty)


def unknown_is_failure(patch: pytest.MonkeyPatch) -> None:
    """The Committer takes an unknown outcome for a failure, and writes again."""

    def careless(self: CommitterActor) -> None:
        if self._unknown is not None:
            attempt, self._unknown = self._unknown, None
            self._queue.extendleft(reversed(attempt.batch))

    patch.setattr(CommitterActor, "_look_up", careless)


def unknown_is_success(patch: pytest.MonkeyPatch) -> None:
    """The Committer takes an unknown outcome for a success."""

    def careless(self: CommitterActor) -> None:
        if self._unknown is not None:
            attempt, self._unknown = self._unknown, None
            self._conclude(attempt)

    patch.setattr(CommitterActor, "_look_up", careless)


def keys_are_ignored(patch: pytest.MonkeyPatch) -> None:
    """A wallet opens a second position for a known key."""
    patch.setattr(PendingOpens, "answer_known", lambda _self, _message, _taken: False)
    patch.setattr(PendingOpens, "join", lambda _self, _message: False)


def prices_before_arming_are_lost(patch: pytest.MonkeyPatch) -> None:
    """A market does not look through the prices between a stamp or a hit and the arming."""

    def nothing(_self: PriceHistory, _number: int) -> Iterator[Accepted]:
        return iter(())

    patch.setattr(PriceHistory, "since", nothing)


def prices_are_kept_for_nobody(patch: pytest.MonkeyPatch) -> None:
    """A market is not told that an open is not made."""
    patch.setattr(MarketActor, "_forget", lambda _self, _position_id: None)


def hold_is_released_twice(patch: pytest.MonkeyPatch) -> None:
    """A settlement frees the hold once more."""

    def generous(wallet: Wallet, part: Any) -> Booking:
        booking = settled(wallet, part)
        freed = min(booking.wallet.locked, part.released)
        return replace(
            booking, wallet=replace(booking.wallet, locked=booking.wallet.locked - freed)
        )

    patch.setattr(actors.wallet_plan, "settled", generous)


def costs_are_rounded_down(patch: pytest.MonkeyPatch) -> None:
    """The last digit of a cost is cut off."""

    def cut(value: Decimal) -> Decimal:
        return value.quantize(Decimal("1E-8"), rounding=ROUND_DOWN)

    patch.setattr(trading.costs, "money", cut)


def hits_do_not_arm_again(patch: pytest.MonkeyPatch) -> None:
    """After its first rung a position waits for nothing."""
    arm = PositionActor._arm

    def once(self: PositionActor, after: int | None) -> None:
        if self._position.rungs_hit == 0:
            arm(self, after)

    patch.setattr(PositionActor, "_arm", once)


def closes_overtake_hits(patch: pytest.MonkeyPatch) -> None:
    """A market quotes a price to close at though the position has not judged its last hit."""
    patch.setattr(MarketActor, "_on_quote", MarketActor._answer)


def stops_hold_from_arming_on(patch: pytest.MonkeyPatch) -> None:
    """A position lets the prices between a quote and its arming pass."""
    on_quoted = PositionActor._on_quoted

    def forgetful(self: PositionActor, quote: PriceQuoted) -> None:
        market = self._position.symbol
        self.directory.to_market(market, Disarm(position_id=quote.position_id))
        on_quoted(self, quote)

    patch.setattr(PositionActor, "_on_quoted", forgetful)


def stops_loosen(patch: pytest.MonkeyPatch) -> None:
    """A stop may be moved to where it protects less."""
    patch.setattr(trading.ladder, "_stop_refusal", lambda *_: None)


def stops_are_answered_too_early(patch: pytest.MonkeyPatch) -> None:
    """Who moves a stop is told before it is durable."""
    take = PositionActor._take

    def hasty(self: PositionActor, advance: Advance, price: Decimal, time_us: int) -> None:
        take(self, advance, price, time_us)
        moved = self._stop_moves.pop(advance.position.version, None)
        if moved is not None:
            self.directory.send(moved.reply_to, StopMoveDone(position=advance.position))

    patch.setattr(PositionActor, "_take", hasty)


def pauses_end_with_a_markets_life(patch: pytest.MonkeyPatch) -> None:
    """A market that has failed judges prices again, though its venue's connection is down."""
    market = Starter.market

    def hopeful(self: Starter, symbol: str, last: Any = None, pause: Any = None) -> None:
        market(self, symbol, last, pause if last is None else None)

    patch.setattr(Starter, "market", hopeful)


def bookings_are_not_told_again(patch: pytest.MonkeyPatch) -> None:
    """Nobody tells a position that its wallet has started anew."""
    patch.setattr(DeskActor, "_tell_wallet_restarted", lambda _self, _account: None)


def restart_reads_too_early(patch: pytest.MonkeyPatch) -> None:
    """A position starts again from a row that its own changes have not reached yet."""

    def early(self: DeskActor, position_id: int) -> None:
        life = self._lives.ended(ActorKind.POSITION, position_id)
        reply_to = Rereading(self.actor_ref, life)
        self.directory.to_committer(ReadPosition(position_id=position_id, reply_to=reply_to))

    patch.setattr(DeskActor, "_restart_position", early)


def nobody_is_fenced(patch: pytest.MonkeyPatch) -> None:
    """A deposed owner still commits."""

    def unfenced(session: Any, batch: Any) -> None:
        batch.epoch = session.connection().exec_driver_sql("SELECT epoch FROM owner").scalar()
        write(session, batch)

    write = commits._write
    patch.setattr(commits, "_write", unfenced)


def opens_overtake_pauses(patch: pytest.MonkeyPatch) -> None:
    """The Committer writes what a wallet has decided before it heard of the pause."""

    def late_only(_self: CommitterActor, message: CommitChange, now_us: int) -> bool:
        return message.deadline_us is not None and now_us > message.deadline_us

    patch.setattr(CommitterActor, "_goes_back", late_only)


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
                answer = ChangeCommitted(change_id=message.change_id)
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
            found.positions[position.position_id] = PositionStep(step.version_before, row)

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

    patch.setattr(actors.position, "advanced", one_rung)


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

    def eager(self: PriceGuard, price: Decimal, time_us: int, now_us: int) -> Verdict:
        if self.last_price is not None:
            time_us = max(time_us, self.last_time_us)
        return judge(self, price, time_us, now_us)

    patch.setattr(PriceGuard, "judge", eager)


Plant = Callable[[pytest.MonkeyPatch], None]

PLANTED: list[tuple[Plant, str]] = [
    (memory_before_commit, "database"),
    (unknown_is_failure, "database"),
    (unknown_is_success, "database"),
    (keys_are_ignored, "busy"),
    (prices_before_arming_are_lost, "busy"),
    (prices_are_kept_for_nobody, "busy"),
    (hold_is_released_twice, "calm"),
    (costs_are_rounded_down, "calm"),
    (hits_do_not_arm_again, "calm"),
    (closes_overtake_hits, "busy"),
    (stops_hold_from_arming_on, "busy"),
    (stops_loosen, "calm"),
    (opens_overtake_pauses, "database"),
    (stops_are_answered_too_early, "busy"),
    (pauses_end_with_a_markets_life, "failures"),
    (bookings_are_not_told_again, "failures"),
    (restart_reads_too_early, "failures"),
    (nobody_is_fenced, "kills"),
    (expired_opens_are_made, "database"),
    (acknowledged_before_the_commit, "database"),
    (commits_are_announced_twice, "database"),
    (earlier_rows_win, "database"),
    (gaps_skip_rungs, "calm"),
    (rungs_loosen_stops, "calm"),
    (leases_are_not_waited_for, "owners"),
    (deposed_owners_go_on, "owners"),
    (lost_answers_are_success, "database"),
    (notifications_are_remembered_first, "busy"),
    (old_prices_are_news, "busy"),
]


@pytest.mark.parametrize(
    ("plant", "weather"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED]
)
def test_a_planted_bug_is_found(
    plant: Plant, weather: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken protocol or a wrong digit does not get through a few seeds."""
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"^Violation: "):
        simulate_all(weather)


def simulate_all(weather: str) -> None:
    """Go through a few seeds in a weather."""
    for seed in range(SEEDS_MAX):
        simulate(weather, seed, STEPS)
