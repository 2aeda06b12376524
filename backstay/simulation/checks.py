"""Checks for a moment when every actor is idle: database, memory and model must agree."""

from decimal import Decimal
from typing import Any

from immutables import Map

from actors.desk.restore import restored
from actors.engine.pooled import actor_of
from actors.market.actor import MarketActor
from actors.messages import Reply
from actors.position.actor import PositionActor
from actors.wallet.actor import WalletActor
from actors.wallet.messages import ReportWallet, WalletReported
from backstay.simulation.comparing import same_position
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import ModelAccount
from backstay.simulation.model_position import ModelPosition
from backstay.simulation.phone import is_wanted
from backstay.simulation.requests import (
    AccountAsked,
    HandAsked,
    HealthAsked,
    OpenAsked,
    PricesAsked,
    Request,
    SignalsAsked,
    TermsAsked,
    TransferAsked,
)
from backstay.simulation.world import World
from persistence.event_codec import event_json
from trading.books import HealthStatus, LedgerFold, check_books
from trading.positions.judging import Triggers

ZERO = Decimal(0)


def check_settled(world: World) -> None:
    """Everything that must hold once nothing is under way."""
    check_history(world)
    for account in world.model.accounts:
        check_account(world, account)
    check_database_agrees(world)
    check_published(world)
    for symbol in world.system.directory.markets:
        check_market(world, symbol)
    check_position_actors(world)
    check_signals(world)
    check_desk(world)
    check_answers(world)
    check_told(world)


def check_history(world: World) -> None:
    """Every price was judged by every position that it reached; all events are there as told."""
    for tracked in world.model.guarded_positions():
        log = world.model.market(tracked.now.symbol).log
        tracked.expect_nothing_missed(log, len(log))
    stored = world.database.real.read_events(0, world.model.events + 1)
    _expect([event.id for event in stored], list(range(1, world.model.events + 1)), "event ids")
    for row, event in zip(stored, world.model.told, strict=True):
        concerns = (getattr(event, name, None) for name in ("account", "position_id", "symbol"))
        _expect(
            (row.kind, row.account, row.position_id, row.symbol, row.time_us, row.data),
            (event.kind, *concerns, event.time_us, event_json(event)),
            f"event {row.id}",
        )
    for market in world.model.markets.values():
        _expect(market.events, [], f"what {market.symbol} has not told")


def check_account(world: World, name: str) -> None:
    """The account's books balance, by the project's own check and by plain sums."""
    books = world.database.real.read_books(name, after_entry=0)
    if books is None:
        raise Violation(f"account {name} is not in the database")
    wallet, entries = books.wallet, books.entries
    report = check_books(wallet, LedgerFold().add_all(entries), books.holds)
    _expect(report.status, HealthStatus.HEALTHY, f"health of {name}")
    _expect(sum((e.total_change for e in entries), ZERO), wallet.total, "sum of total changes")
    _expect(sum((e.locked_change for e in entries), ZERO), wallet.locked, "sum of locked changes")
    _expect(sum(books.holds.values(), ZERO), wallet.locked, "used")
    available = ZERO
    for number, entry in enumerate(entries, start=1):
        _expect(entry.number, number, "entry number")
        _expect(entry.balance_before, available, f"balance before entry {number}")
        available += entry.total_change - entry.locked_change
        _expect(entry.balance_after, available, f"balance after entry {number}")
        if available < ZERO:
            raise Violation(f"available of {name} is negative after {entry}")
    model = world.model.accounts[name]
    _expect(len(entries), len(model.entries), f"entries of {name}")
    for entry, values in zip(entries, model.entries, strict=True):
        for field, value in values.items():
            _expect(getattr(entry, field), value, f"{field} of {entry}")
    _expect((wallet.total, wallet.locked), (model.total, model.locked), f"balances of {name}")
    check_wallet_memory(world, name)


def check_wallet_memory(world: World, name: str) -> None:
    """A wallet's memory is the database, and nothing waits in it."""
    reply = Reply()
    world.system.directory.to_wallet(name, ReportWallet(reply_to=reply))
    world.run()
    reported = reply.get(0)
    assert isinstance(reported, WalletReported)
    _expect((reported.refusing, reported.halted), (False, False), f"{name} refusing, halted")
    state = world.database.real.load_account(name)
    assert state is not None
    _expect(reported.wallet, state.wallet, f"memory of {name}")
    actor: Any = actor_of(world.system.directory.wallets[name])  # type: ignore[arg-type]
    assert isinstance(actor, WalletActor)
    memory = actor._memory
    held = {p.position_id: (p.symbol, p.hold, p.version) for p in state.open_positions}
    known = {k: (h.symbol, h.hold, h.version) for k, h in memory.held.items()}
    _expect(known, held, f"positions that {name} knows")
    keys = {record.key: record.position_id for record in state.keys}
    _expect(dict(memory.keys), keys, f"keys of {name}")
    _expect(keys, _keys_of(world.model.accounts[name]), f"keys of {name}")
    for key, step in world.model.accounts[name].steps.items():
        stored = world.database.real.read_change_key(name, key)
        assert stored is not None
        row = (stored.position_id, stored.version)
        _expect(row, (step.position_id, step.version), f"what key {key} of {name} has done")
    transfers = {record.reference: record.amount for record in state.transfers}
    _expect(dict(memory.transfers.items()), transfers, f"transfers of {name}")
    _expect(transfers, world.model.accounts[name].transfers, f"transfers of {name}")
    line = actor._line
    waiting = (
        line.undecided,
        line.in_flight,
        line._reads,
        line._reads_taken,
        actor._openings._waiting,
        actor._keyed._by_key,
    )
    _expect(waiting, ((), False, [], [], [], {}), f"what waits in {name}")
    _expect(actor._opens._by_id, {}, f"opens that wait in {name}")


def _keys_of(account: ModelAccount) -> dict[str, int]:
    """All keys that are taken, with the positions that they opened or changed."""
    return account.keys | {key: step.position_id for key, step in account.steps.items()}


def check_database_agrees(world: World) -> None:
    """The database holds the model's positions, and no other."""
    found = [
        position
        for name in world.model.accounts
        for position in world.database.real.read_positions(name)
    ]
    _expect(sorted(p.position_id for p in found), sorted(world.model.positions), "position ids")
    for position in found:
        tracked = world.model.positions[position.position_id]
        same_position(tracked.now, position)
        _expect(position, tracked.versions[tracked.now.version], "the last durable version")


def _held(by_account: Map[str, Map[Any, Any]]) -> dict[str, dict[Any, Any]]:
    """What accounts have open, without what is left where nothing is."""
    return {account: dict(its.items()) for account, its in by_account.items() if its}


def check_published(world: World) -> None:
    """Readers see what is durable."""
    version, state = world.system.published.version, world.database.real.load_state()
    _expect(dict(version.wallets.items()), {w.account: w for w in state.wallets}, "wallets")
    positions = {p.position_id: p for p in state.open_positions}
    _expect(dict(version.positions.items()), positions, "published positions")
    first = restored(state).version
    _expect(version.opened_at_us, first.opened_at_us, "published times of opens")
    for name in ("by_account", "exposures"):
        _expect(_held(getattr(version, name)), _held(getattr(first, name)), f"published {name}")
    _expect(dict(version.markets.items()), {m.symbol: m for m in state.markets}, "markets")
    pauses = {pause.account: pause for pause in state.pauses}
    _expect(dict(version.pauses.items()), pauses, "published pauses")
    reasons = {account: pause.reason for account, pause in pauses.items()}
    _expect(reasons, world.model.pauses, "pauses")
    committed = {m.symbol: m.committed for m in world.model.markets.values() if m.committed}
    _expect({m.symbol: (m.price, m.time_us) for m in state.markets}, committed, "last prices")


def check_market(world: World, symbol: str) -> None:
    """Every open position waits for its triggers, and every kept price is kept for one."""
    actor = actor_of(world.system.directory.markets[symbol])  # type: ignore[arg-type]
    assert isinstance(actor, MarketActor)
    history = actor._history
    kept = (dict(history._unanswered), actor._quoted, actor._undelivered, actor._questions)
    _expect(kept, ({}, {}, {}, {}), f"who has not answered {symbol}")
    _expect(len(history), 0, f"prices that {symbol} keeps")
    published, paused = world.system.published.markets[symbol], world.model.market(symbol).paused
    last = published.last and (published.last.price, published.last.time_us)
    _expect(
        (last, published.pause is not None), (world.model.market(symbol).last, paused), "published"
    )
    book = actor._book
    expected = {
        tracked.now.position_id: model_triggers(tracked.now)
        for tracked in world.model.guarded_positions()
        if tracked.now.symbol == symbol
    }
    lows = {e[1]: e[0].copy_negate() for e in book._lows if book._armed.get(e[1]) == e[2]}
    highs = {e[1]: e[0] for e in book._highs if book._armed.get(e[1]) == e[2]}
    dues = {e[1]: e[0] for e in book._dues if book._armed.get(e[1]) == e[2]}
    armed = {
        position_id: Triggers(
            low=lows.get(position_id), high=highs.get(position_id), due_us=dues.get(position_id)
        )
        for position_id in book._armed
    }
    _expect(armed, expected, f"who is armed in {symbol}")


def model_triggers(position: ModelPosition) -> Triggers:
    """The two prices, and the time, that concern a position next."""
    hit, trail = position.rungs_hit, position.trail_level
    ahead = [*position.levels[hit : hit + 1], *([] if trail is None else [trail])]
    is_long = position.side == "LONG"
    nearest = (min if is_long else max)(ahead) if ahead else None
    low, high = (position.stop, nearest) if is_long else (nearest, position.stop)
    return Triggers(low=low, high=high, due_us=position.due_us)


def check_position_actors(world: World) -> None:
    """Each open position has its actor, with the durable state and nothing under way."""
    directory = world.system.directory
    guarded = sorted(tracked.now.position_id for tracked in world.model.guarded_positions())
    _expect(sorted(directory.positions), guarded, "positions with an actor")
    opened = {tracked.now.position_id for tracked in world.model.open_positions()}
    aside = {one.key for one in world.system.published.standing_still()}
    _expect(aside, opened & world.model.ruined, "what is set aside")
    for position_id, ref in directory.positions.items():
        actor = actor_of(ref)  # type: ignore[arg-type]
        assert isinstance(actor, PositionActor)
        tracked = world.model.positions[position_id]
        _expect(actor._position, tracked.versions[tracked.now.version], "memory of a position")
        waiting = (actor._unbooked, actor._waiting, actor._asked_price_for, actor._asked)
        _expect(waiting, ([], [], None, {}), f"what waits in position {position_id}")


def check_signals(world: World) -> None:
    """The database has every signal as it was stored or ended; those that have not ended wait."""
    signals = world.model.signals
    stored = [
        signal
        for name in world.model.accounts
        for signal in world.database.real.recent_signals(name, 0)
    ]
    stored.sort(key=lambda signal: signal.signal_id)
    _expect(stored, [signal.now for signal in signals.by_id.values()], "signals")
    actor: Any = actor_of(world.system.directory.signals)  # type: ignore[arg-type]
    runs = [] if actor._run is None else [actor._run]
    waiting = [run.signal.signal_id for run in (*runs, *actor._stored)]
    _expect(waiting, signals.unfinished(), "signals that wait to be carried out")
    intake = actor._intake
    _expect((list(intake._waiting), intake._group), ([], None), "signals that wait to be stored")


def check_desk(world: World) -> None:
    """No actor waits for a restart, and no change waits to be written."""
    desk: Any = actor_of(world.system.desk)  # type: ignore[arg-type]
    restarts = desk._restarts
    waiting = (
        desk._waiting_for_position,
        dict(restarts._waiting_for_wallet),
        len(restarts._positions),
    )
    _expect(waiting, ({}, {}, 0), "what waits at the Desk")
    _expect(world.committer.waiting, 0, "what waits to be committed")


def check_answers(world: World) -> None:
    """Every request was answered, unless its actor was made to fail afterwards.

    An Auditor that is not there yet is told nothing.
    """
    for request in world.requests.everything():
        if request.waits and not _excused(world, request):
            raise Violation(f"nobody has answered {request}")


def check_told(world: World) -> None:
    """Listeners have heard of every commit of this life, and the phone of all that it wants."""
    _expect(world.life.announced_to, world.model.events, "the last event that was announced")
    stored = world.database.real.read_events(0, world.model.events + 1)
    world.phone.expect_everything([e.id for e in stored if is_wanted(e.kind, e.account)])


def _excused(world: World, request: Request) -> bool:
    failed = {(kind, key) for at, kind, key in world.watcher.failures if at > request.serial}
    match request:
        case OpenAsked() | TransferAsked() | AccountAsked() | TermsAsked():
            return ("wallet", request.account) in failed
        case HandAsked(key=None):
            return ("position", request.position_id) in failed
        case HandAsked():
            return ("wallet", request.account) in failed
        case PricesAsked():
            return ("market", request.symbol) in failed
        case HealthAsked():
            auditor_failed = any(kind == "auditor" for _, kind, _ in world.watcher.failures)
            return auditor_failed or world.life.connection.reads_failed > request.reads_failed
        case SignalsAsked():
            return ("signals", "signals") in failed
    return False


def _expect(actual: Any, expected: Any, what: str) -> None:
    if actual != expected:
        raise Violation(f"{what}: {actual!r}, must be {expected!r}")
