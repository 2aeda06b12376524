"""Actors that are made to fail: one, or some that have to do with one another."""

from collections import defaultdict, deque
from typing import Any

from actors.engine.pooled import actor_of
from actors.engine.supervised import ActorKind, SupervisedActor
from actors.messages import MarketRestarted
from actors.position.actor import PositionActor
from backstay.simulation.dispatcher import FailPoint, When
from backstay.simulation.world import World

FAILURES_A_MINUTE_MAX = 3
"""With many more of them an actor would rightly be set aside."""


class Failures:
    """Draws the actors that fail."""

    def __init__(self, world: World) -> None:
        """Begin without a failure."""
        self.count = 0
        self._world = world
        self._failed_us: defaultdict[str, deque[int]] = defaultdict(deque)

    def fail_someone(self) -> str:
        """Let an actor raise at its next message; returns which."""
        if self._world.random.random() < 0.1:
            kind = self._world.random.choice(
                (ActorKind.MARKET, ActorKind.WALLET, ActorKind.POSITION)
            )
            self._world.dispatcher.fail_next_start(kind)
            return f"the next {kind} that starts"
        actors = [actor for actor in self._related() if self._may_fail(actor)]
        return ", ".join(self._fail(actor) for actor in actors) or "nobody"

    def ruin_a_position(self) -> str:
        """Let a position fail for good; tells which."""
        positions = [actor for actor in self._living() if isinstance(actor, PositionActor)]
        opened = {tracked.now.position_id for tracked in self._world.model.open_positions()}
        positions = [actor for actor in positions if actor.key in opened]
        if not positions:
            return "nobody"
        actor = self._world.random.choice(positions)
        self._world.model.ruined.add(int(actor.key))
        self._world.dispatcher.ruin(actor)
        actor.actor_ref.tell(MarketRestarted(symbol=actor._position.symbol))
        return f"position {actor.key}"

    def _fail(self, actor: SupervisedActor) -> str:
        whens = [When.BEFORE, When.AFTER]
        if actor.kind is not ActorKind.MARKET:
            whens.append(When.DURING)
        when = self._world.random.choice(whens)
        self._world.dispatcher.fail_next(actor, FailPoint(when, self._world.random.randrange(3)))
        self._failed_us[f"{actor.kind} {actor.key}"].append(self._world.now_us)
        self.count += 1
        return f"{actor.kind} {actor.key} {when} its next message"

    def _related(self) -> list[SupervisedActor]:
        """An actor that is alive; or some of a position, its wallet and its market."""
        living = self._living()
        positions = [actor for actor in living if isinstance(actor, PositionActor)]
        if not positions or self._world.random.random() < 0.6:
            return [self._world.random.choice(living)] if living else []
        position = self._world.random.choice(positions)
        keys = (position.key, position._position.account, position._position.symbol)
        return [a for a in living if a.key in keys and self._world.random.random() < 0.7]

    def _living(self) -> list[SupervisedActor]:
        """The actors that may be made to fail: all but the Desk and the Committer."""
        directory = self._world.system.directory
        recipients: list[Any] = [
            *directory.markets.values(),
            *directory.wallets.values(),
            *directory.positions.values(),
            directory.auditor,
        ]
        if self._world.weather.signals:
            recipients.append(directory.signals)
        actors = [actor_of(ref) for ref in recipients if ref is not None and ref.is_alive()]
        return [actor for actor in actors if isinstance(actor, SupervisedActor)]

    def _may_fail(self, actor: SupervisedActor) -> bool:
        recent = self._failed_us[f"{actor.kind} {actor.key}"]
        while recent and recent[0] < self._world.now_us - 60_000_000:
            recent.popleft()
        return len(recent) < FAILURES_A_MINUTE_MAX
