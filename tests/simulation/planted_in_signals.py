"""Bugs to plant into what stores signals and carries them out."""

from dataclasses import replace
from typing import Any

import pytest

from actors.engine.directory import Directory
from actors.signals import intake
from actors.signals.actor import SignalActor
from actors.signals.intake import Intake, KnownSignals, SignalGroup
from actors.signals.run import SignalRun
from actors.wallet.messages import OpenPosition
from persistence.store import Store
from trading.model import Side
from trading.signals import Signal, SignalOrder


def repetitions_are_stored(patch: pytest.MonkeyPatch) -> None:
    """A signal that is sent again is carried out again."""
    patch.setattr(KnownSignals, "find", lambda _self, _order, **_since: None)


def copies_in_a_group_are_stored(patch: pytest.MonkeyPatch) -> None:
    """Two copies that are stored together do not know of each other."""
    init = KnownSignals.__init__
    add = KnownSignals.add

    def known(self: KnownSignals, signals: tuple[Signal, ...]) -> None:
        init(self, ())
        for signal in signals:
            add(self, signal)

    patch.setattr(KnownSignals, "__init__", known)
    patch.setattr(KnownSignals, "add", lambda _self, _signal: None)


def other_orders_are_swallowed(patch: pytest.MonkeyPatch) -> None:
    """An id that was used is a repetition, whatever is ordered under it."""

    def by_id(order: SignalOrder, signal: Signal) -> bool:
        if order.client_id is None:
            return signal.client_id is None and order.digest == signal.digest
        return order.client_id == signal.client_id

    patch.setattr(SignalOrder, "repeats", by_id)


def bodies_count_for_a_moment(patch: pytest.MonkeyPatch) -> None:
    """The same body without an id is a new signal after a second."""
    patch.setattr(intake, "SAME_BODY_SECONDS", 1)


def stored_signals_are_lost_at_a_restart(patch: pytest.MonkeyPatch) -> None:
    """The next life does not know what was stored and not carried out."""
    load = Store.load_signals
    patch.setattr(Store, "load_signals", lambda self: ((), load(self)[1]))


def signals_are_answered_too_early(patch: pytest.MonkeyPatch) -> None:
    """A sender is told that a signal is stored when it is about to be."""
    store = Intake._store

    def hasty(self: Intake, group: SignalGroup) -> None:
        for taken, answer in zip(group.taken, group.answers, strict=True):
            self._directory.send(taken.command.reply_to, answer)
        store(self, group)

    patch.setattr(Intake, "_store", hasty)


def signals_are_carried_out_too_early(patch: pytest.MonkeyPatch) -> None:
    """A signal is begun when it is about to be stored."""
    on_receive = SignalActor.on_receive

    def hasty(self: SignalActor, message: Any) -> None:
        before = self._intake._group
        on_receive(self, message)
        group = self._intake._group
        if group is not None and group is before and group.signals:
            self._stored.extend(self._a_run(signal, None) for signal in group.signals)
            self._next()

    def concluded(self: Intake) -> tuple[Signal, ...]:
        committed(self)
        return ()

    committed = Intake.committed
    patch.setattr(Intake, "committed", concluded)
    patch.setattr(SignalActor, "on_receive", hasty)


def the_next_signal_overtakes(patch: pytest.MonkeyPatch) -> None:
    """A signal is begun before the end of the one before it is durable."""
    finish = SignalActor._finish

    def hasty(self: SignalActor, finished: Signal | None) -> None:
        finish(self, finished)
        if finished is not None:
            self._end_run()

    patch.setattr(SignalActor, "_finish", hasty)


def batches_are_stored_in_parts(patch: pytest.MonkeyPatch) -> None:
    """Of what is stored together only the first signal is."""
    store = Intake._store

    def partly(self: Intake, group: SignalGroup) -> None:
        group.signals = group.signals[:1]
        store(self, group)

    patch.setattr(Intake, "_store", partly)


def opposite_positions_stay(patch: pytest.MonkeyPatch) -> None:
    """A signal opens and closes nothing first."""
    patch.setattr(SignalRun, "_to_close", lambda _self: set())


def signals_open_anew_each_time(patch: pytest.MonkeyPatch) -> None:
    """A signal that was broken off opens without the key of its earlier try."""
    run = SignalRun._open

    def forgetful(self: SignalRun, side: Side) -> None:
        if self._resumed_after is None:
            run(self, side)
            return
        to_desk = Directory.to_desk

        def keyless(directory: Directory, message: Any) -> bool:
            if isinstance(message, OpenPosition):
                message = replace(message, idempotency_key=None)
            return to_desk(directory, message)

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Directory, "to_desk", keyless)
            run(self, side)

    patch.setattr(SignalRun, "_open", forgetful)
