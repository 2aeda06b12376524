"""What people do to living positions and to accounts' terms, drawn from the seed."""

from dataclasses import replace
from decimal import Decimal

from backstay.simulation.life import Life
from backstay.simulation.model_exits import Fields
from backstay.simulation.model_tracking import Tracked
from backstay.simulation.prices import Prices
from backstay.simulation.requests import ChangeAsked, CloseAsked, HandAsked, TermsAsked
from backstay.simulation.setting import ACCOUNTS, DEFAULT_EXITS
from backstay.simulation.wishes import Wishes
from backstay.simulation.world import World


class Hands:
    """Closes, parts, changes and terms; each step returns a line that says what it was."""

    def __init__(self, world: World, prices: Prices) -> None:
        """`prices` move while somebody is in a rush."""
        self.world = world
        self.random = world.random
        self.prices = prices
        self.wishes = Wishes(world.random)

    # --- Closes ------------------------------------------------------------------------------

    def close(self, asked: Life | None = None) -> str:
        """A close of an open position, of a closed one, or of one that never was."""
        return self._close(self._position_id(), asked)

    def close_part(self) -> str:
        """A part of a position is closed, mostly under a key."""
        position_id = self._position_id()
        tracked = self.world.model.positions.get(position_id)
        now = None if tracked is None else tracked.now
        return self._close(position_id, None, *self.wishes.part(now))

    def close_in_a_rush(self) -> str:
        """A close of an open position while its prices move."""
        tracked = self._one_open()
        if tracked is None:
            return self.close()
        now = tracked.now
        prices = self.prices.walked(now.symbol, self.random.randint(2, 4), 0.04)
        if self.random.random() < 0.5:
            return f"{self.prices.tell(now.symbol, prices)}, {self._close(now.position_id)}"
        return f"{self._close(now.position_id)}, {self.prices.tell(now.symbol, prices)}"

    def _close(
        self,
        position_id: int,
        asked: Life | None = None,
        share: Decimal | None = None,
        quantity: Decimal | None = None,
    ) -> str:
        request = CloseAsked(
            self.world.requests.next_serial(),
            position_id=position_id,
            note=self.random.choice((None, "by hand")),
            force=self.random.random() < 0.3,
            share=share,
            quantity=quantity,
        )
        return self._send(request, asked)

    # --- Changes -----------------------------------------------------------------------------

    def move_stop(self) -> str:
        """A stop moved somewhere between a little looser and a little beyond the mark price."""
        return self._move_stop(self._position_id(), self.random.randint(-20, 110))

    def move_stop_in_a_rush(self) -> str:
        """A stop moved close to the mark price, while its prices move."""
        tracked = self._one_open()
        if tracked is None:
            return self.move_stop()
        asked = self._move_stop(tracked.now.position_id, self.random.randint(60, 95))
        return f"{asked}, {self._rush(tracked)}"

    def change(self) -> str:
        """Exits of a position are changed: rungs ahead, trail, time stop, stop."""
        return self._change(self._position_id())

    def change_in_a_rush(self) -> str:
        """Exits are changed while the prices move, sometimes by several people."""
        tracked = self._one_open()
        if tracked is None:
            return self.change()
        count = self.random.choice((1, 1, 2, 3))
        asked = ", ".join(self._change(tracked.now.position_id) for _ in range(count))
        return f"{asked}, {self._rush(tracked)}"

    def repeat(self) -> str:
        """An earlier key again: with the same request, or with another one."""
        keyed = [request for request in self.world.requests.hands[-30:] if request.key]
        if not keyed:
            return self.change()
        first = self.random.choice(keyed[-3:] if self.random.random() < 0.5 else keyed)
        tracked = self.world.model.positions[first.position_id]
        request = replace(
            first,
            serial=self.world.requests.next_serial(),
            answer=None,
            dead=False,
            done=False,
        )
        if self.random.random() < 0.2 and isinstance(request, CloseAsked):
            request.share, request.quantity = self.wishes.part(tracked.now)
        elif self.random.random() < 0.2 and isinstance(request, ChangeAsked):
            request.wishes = self.wishes.changes(tracked.now, self._mark(tracked))
        elif self.random.random() < 0.1:
            others = [t.now for t in self.world.model.positions.values()]
            mine = [now.position_id for now in others if now.account == request.account]
            request.position_id = self.random.choice(mine)
        return self._send(request, keyed=True)

    def _move_stop(self, position_id: int, percent: int) -> str:
        tracked = self.world.model.positions.get(position_id)
        stop = self.random.choice(("0", "1E-19", "1e13"))
        if tracked is not None and self.random.random() < 0.95:
            stop = self.wishes.stop(tracked.now, self._mark(tracked), percent)
        return self._ask(position_id, {"stop_loss": stop})

    def _change(self, position_id: int) -> str:
        tracked = self.world.model.positions.get(position_id)
        if tracked is None:
            return self._ask(position_id, {"trailing": "none"})
        return self._ask(position_id, self.wishes.changes(tracked.now, self._mark(tracked)))

    def _ask(self, position_id: int, wishes: Fields) -> str:
        serial = self.world.requests.next_serial()
        return self._send(ChangeAsked(serial, position_id=position_id, wishes=wishes))

    def _rush(self, tracked: Tracked) -> str:
        self.world.run(self.random.randrange(8))
        symbol = tracked.now.symbol
        prices = self.prices.walked(symbol, self.random.randint(1, 4), 0.02)
        return self.prices.tell(symbol, prices)

    # --- Terms -------------------------------------------------------------------------------

    def set_costs(self) -> str:
        """Somebody sets an account's cost rates, or takes them back."""
        serial = self.world.requests.next_serial()
        rates = None
        if self.random.random() < 0.75:
            fee, spread = self.random.choice((0, 4, 26, 100)), self.random.choice((0, 1, 10))
            rates = {
                "fee": Decimal(fee) / 10_000 + Decimal(serial) / 10**12,
                "spread": Decimal(spread) / 10_000,
                "slippage": Decimal("0.0003"),
            }
        return self._set_terms(TermsAsked(serial, sets_rates=True, rates=rates))

    def set_exits(self) -> str:
        """Somebody sets an account's default exits."""
        serial = self.world.requests.next_serial()
        return self._set_terms(TermsAsked(serial, exits=self.random.choice(DEFAULT_EXITS)))

    def _set_terms(self, request: TermsAsked) -> str:
        account = self.random.choice(["alpha", "nobody", *ACCOUNTS, *ACCOUNTS])
        request.account = account
        request.existed = account in self.world.model.accounts
        self.world.requests.terms.append(request)
        self.world.send(request)
        terms = request.rates if request.sets_rates else request.exits
        return f"somebody sets the terms of {account}: {terms}"

    # --- Details -----------------------------------------------------------------------------

    def _send(
        self, request: HandAsked, asked: Life | None = None, *, keyed: bool | None = None
    ) -> str:
        model = self.world.model
        tracked = model.positions.get(request.position_id)
        request.existed = tracked is not None
        if tracked is not None and keyed is None and self.random.random() < 0.4:
            request.account, request.key = tracked.now.account, self._key(request, tracked)
        if request.key is not None and request.account is not None:
            request.was_done = request.key in model.accounts[request.account].steps
        if isinstance(request, CloseAsked):
            request.was_closed = tracked is not None and not tracked.now.is_open
        self.world.requests.hands.append(request)
        self.world.send(request, asked)
        asks = ", ".join(map(str, request.asks))
        return f"a client asks of {request.position_id}: {asks}, key {request.key}"

    def _key(self, request: HandAsked, tracked: Tracked) -> str:
        """A new key; or one that was used in the account, for whatever."""
        used = [other.key for other in self.world.requests.keyed(tracked.now.account)[-30:]]
        if used and self.random.random() < 0.15:
            return self.random.choice(used) or ""
        return f"key-{request.serial}"

    def _one_open(self) -> Tracked | None:
        """An open position, where people can be in a rush."""
        opened = self.world.model.open_positions()
        if not opened or not self.world.weather.interleaved:
            return None
        return self.random.choice(opened)

    def _mark(self, tracked: Tracked) -> Decimal:
        last = self.world.model.market(tracked.now.symbol).last
        return tracked.now.entry if last is None else last[0]

    def _position_id(self) -> int:
        positions = self.world.model.positions
        opened = [tracked.now.position_id for tracked in self.world.model.open_positions()]
        drawn = self.random.random()
        if drawn < 0.7 and opened:
            return self.random.choice(opened)
        if drawn < 0.9 and positions:
            return self.random.choice([*positions])
        return max(positions, default=0) + self.random.randint(1, 3)
