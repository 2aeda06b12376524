"""Bugs to plant into the actors: what they forget, overtake, or answer too early."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest

import actors.position.actor
import actors.wallet.plan
import trading.costs
import trading.positions.changing
from actors.commit.actor import CommitterActor
from actors.commit.messages import CommitChange, ReadPosition
from actors.desk.restarts import Restarts
from actors.desk.starter import Starter
from actors.engine.supervised import ActorKind
from actors.market.actor import MarketActor
from actors.market.messages import Disarm, PriceQuoted, QuotePrice
from actors.market.price_history import Accepted, PriceHistory
from actors.position.actor import PositionActor
from actors.position.answers import done
from actors.wallet.actor import WalletActor
from actors.wallet.pending_opens import PendingOpens
from persistence import commits
from persistence.state import PositionRecord
from trading.model import Position, Wallet
from trading.positions.judging import Advance
from trading.wallet import Booking, settled


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

    patch.setattr(actors.wallet.plan, "settled", generous)


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


def opens_are_forced(patch: pytest.MonkeyPatch) -> None:
    """A market quotes a price to open at however old it is, paused or in quarantine."""
    answer = MarketActor._answer

    def forcing(self: MarketActor, message: QuotePrice) -> None:
        answer(self, replace(message, force=True) if message.for_open else message)

    patch.setattr(MarketActor, "_answer", forcing)


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
    refusal = trading.positions.changing._stop_refusal

    def of_other_rules(position: Position, asked: Decimal, mark_price: Decimal) -> str | None:
        just_tightened = asked - position.side.sign * Decimal("1E-18")
        return refusal(replace(position, stop_price=just_tightened), asked, mark_price)

    patch.setattr(trading.positions.changing, "_stop_refusal", of_other_rules)


def stops_are_answered_too_early(patch: pytest.MonkeyPatch) -> None:
    """Who moves a stop is told before it is durable."""
    take = PositionActor._take

    def hasty(self: PositionActor, advance: Advance, *how: Any, **more: Any) -> None:
        take(self, advance, *how, **more)
        for asked in self._asked.pop(advance.position.version, []):
            record = PositionRecord(position=advance.position, opened_at_us=0)
            self.directory.send(asked.reply_to, done(asked, record, repeated=False))

    patch.setattr(PositionActor, "_take", hasty)


def pauses_end_with_a_markets_life(patch: pytest.MonkeyPatch) -> None:
    """A market that has failed judges prices again, though its venue's connection is down."""
    market = Starter.market

    def hopeful(self: Starter, symbol: str, last: Any = None, pause: Any = None) -> None:
        market(self, symbol, last, pause if last is None else None)

    patch.setattr(Starter, "market", hopeful)


def bookings_are_not_told_again(patch: pytest.MonkeyPatch) -> None:
    """Nobody tells a position that its wallet has started anew."""
    patch.setattr(Restarts, "_tell_wallet_restarted", lambda _self, _account: None)


def restart_reads_too_early(patch: pytest.MonkeyPatch) -> None:
    """A position starts again from a row that its own changes have not reached yet."""

    def early(self: Restarts, position_id: int) -> None:
        life = self._lives.ended(ActorKind.POSITION, position_id)
        read = ReadPosition(position_id=position_id, reply_to=self._desk, life=life)
        self._directory.to_committer(read)

    patch.setattr(Restarts, "_restart_position", early)


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
