"""The steps of clients, venues, operators and mishaps, drawn from the seed."""

from collections.abc import Callable
from decimal import Decimal

from backstay.simulation.alerts import AlertSenders
from backstay.simulation.connection import UNWRITABLE
from backstay.simulation.feeds import VenueWeather
from backstay.simulation.hands import Hands
from backstay.simulation.life import Life
from backstay.simulation.mishaps import Mishaps
from backstay.simulation.prices import Prices
from backstay.simulation.requests import (
    AccountAsked,
    HealthAsked,
    OpenAsked,
    PauseAsked,
    TransferAsked,
)
from backstay.simulation.setting import ACCOUNTS, SYMBOLS
from backstay.simulation.world import World


class Steps:
    """Draws steps and takes them; each returns a line that says what it was."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self.prices = Prices(world)
        self.feeds = VenueWeather(world, self.prices)
        self.hands = Hands(world, self.prices)
        self.mishaps = Mishaps(world)
        self.alerts = AlertSenders(world)
        self._table: list[tuple[int, Callable[[], str]]] = [
            (36, self.prices.walk),
            (9, self.prices.gap),
            (2, self.prices.spike_and_return),
            (2, self.prices.jump_for_good),
            (2, self.prices.nobody_takes),
            (2, self.prices.run_backwards),
            (1, self.prices.release_candidate),
            (34, self.open_position),
            (7, self.repeat_open),
            (9, self.hands.close),
            (5, self.hands.close_in_a_rush),
            (7, self.hands.close_part),
            (6, self.hands.move_stop),
            (5, self.hands.move_stop_in_a_rush),
            (7, self.hands.change),
            (6, self.hands.change_in_a_rush),
            (6, self.hands.repeat),
            (2, self.hands.set_costs),
            (2, self.hands.set_exits),
            (6, self.transfer),
            (2, self.open_account),
            (2, self.pause_trading),
            (9, self.resume_trading),
            (2, self.feeds.drop),
            (5, self.feeds.bring_back),
            (8, self.tell_phone),
            (10, self.go_on_deposed),
            (2, self.check_health),
            (9, self.pass_time),
            (1, self.pass_much_time),
        ]

    def first(self) -> None:
        """Markets and accounts to begin with."""
        self.world.run()
        for symbol, price in SYMBOLS.items():
            self.prices.tell(symbol, [price])
        for name, (balance, limits) in ACCOUNTS.items():
            self.world.requests.accounts.append(
                request := AccountAsked(
                    self.world.requests.next_serial(),
                    account=name,
                    initial_balance=balance,
                    limits=limits,
                )
            )
            self.world.send(request)
        self.world.run()

    def take(self) -> str:
        """Take one step."""
        mishap = self.mishaps.draw()
        if mishap is not None:
            return mishap()
        # Drawn only where there are any: the histories of other weathers stay as they were.
        if self.world.weather.signals and self.random.random() < self.world.weather.signals:
            return self.alerts.send()
        weights = [weight for weight, _ in self._table]
        return self.random.choices([step for _, step in self._table], weights)[0]()

    # --- Clients -----------------------------------------------------------------------------

    def open_position(self, asked: Life | None = None) -> str:
        """A new open, by notional or by quantity, with a key or a deadline or neither."""
        symbol = self._symbol()
        serial = self.world.requests.next_serial()
        account = "nobody" if serial % 30 == 0 else self._account()
        # No two are equal, so that it is known whose open is carried out.
        notional = Decimal(self.random.choice((3, 6, 10, 25, 60, 200, 900)))
        known = self.world.model.accounts.get(account)
        if known is not None and known.available > 10 and self.random.random() < 0.1:
            notional = known.available.quantize(Decimal(1)) - 1  # a loss can exceed what is left
        notional += Decimal(serial) / 10**6
        quantity = None
        if self.random.random() < 0.3:
            quantity = (notional / SYMBOLS[symbol]).quantize(Decimal("1E-12"))
        deadline_us = None
        if self.random.random() < 0.25:
            deadline_us = self.world.now_us + self.random.choice((0, 40_000, 3_000_000))
        side = self.random.choice(("LONG", "SHORT"))
        last = self.world.model.market(symbol).last
        request = OpenAsked(
            serial,
            account=account,
            symbol=symbol,
            side=side,
            exits=self.hands.wishes.exits(side, SYMBOLS[symbol] if last is None else last[0]),
            notional=None if quantity is not None else notional,
            quantity=quantity,
            key=f"{self._unwritable()}key-{serial}" if self.random.random() < 0.6 else None,
            deadline_us=deadline_us,
        )
        return self._send_open(request, asked)

    def repeat_open(self) -> str:
        """An earlier key again: with the same request, or with another one."""
        keyed = [request for request in self.world.requests.opens[-30:] if request.key]
        if not keyed:
            return self.open_position()
        first = self.random.choice(keyed)
        other = self.random.random() < 0.15
        key = first.key
        changes = [request for request in self.world.requests.hands[-30:] if request.key]
        if changes and self.random.random() < 0.25:
            # The very same open as that of a position, under the key of its change.
            change = self.random.choice(changes)
            opener = self.world.requests.opener_of(change.position_id)
            first, key = (opener, change.key) if opener is not None else (first, key)
        request = OpenAsked(
            self.world.requests.next_serial(),
            account=first.account,
            symbol=first.symbol,
            side=("SHORT" if first.side == "LONG" else "LONG") if other else first.side,
            exits=first.exits,
            notional=first.notional,
            quantity=first.quantity,
            key=key,
        )
        return self._send_open(request)

    def transfer(self, asked: Life | None = None) -> str:
        """A deposit or withdrawal, maybe with an earlier reference."""
        serial = self.world.requests.next_serial()
        account, reference = self._account(), f"{self._unwritable()}transfer-{serial}"
        amount = Decimal(self.random.choice((5, 12, -3, -25, -700))) + Decimal("0.01")
        earlier = self.world.requests.transfers[-20:]
        if earlier and self.random.random() < 0.3:
            first = self.random.choice(earlier)
            account, reference = first.account, first.reference
            if self.random.random() < 0.7:
                amount = first.amount
        for other in self.world.requests.transfers:
            other.repeated |= (other.account, other.reference) == (account, reference)
        known = self.world.model.accounts.get(account)
        request = TransferAsked(
            serial,
            account=account,
            amount=amount,
            reference=reference,
            booked_before=known is not None and reference in known.transfers,
        )
        self.world.requests.transfers.append(request)
        self.world.send(request, asked)
        return f"a client transfers {amount} to {account} as {reference}"

    def open_account(self) -> str:
        """An account that is there, or will be, again: the same, or with another balance."""
        account = self._account()
        balance, limits = ACCOUNTS[account]
        request = AccountAsked(
            self.world.requests.next_serial(),
            account=account,
            initial_balance=balance + self.random.choice((0, 0, 1)),
            limits=limits,
        )
        if account not in self.world.model.accounts:
            request.initial_balance = balance
        self.world.requests.accounts.append(request)
        self.world.send(request)
        return f"a client opens account {account} with {request.initial_balance}"

    def check_health(self) -> str:
        """A health check of one account, or of all."""
        names = [*self.world.model.accounts]
        if not names:
            return "nobody to check"
        request = HealthAsked(
            self.world.requests.next_serial(),
            account=self.random.choice(names),
            reads_failed=self.world.life.connection.reads_failed,
        )
        self.world.requests.healths.append(request)
        self.world.send(request)
        return f"somebody checks {request.account}"

    # --- Everything else ---------------------------------------------------------------------

    def pause_trading(self) -> str:
        """An operator pauses the opens of an account, of all, or of one that is not there."""
        account = self.random.choice([None, None, "nobody", *ACCOUNTS])
        opened = ""
        if self.world.weather.interleaved:
            opened = f"{self.open_position()}, {self.open_position()}, "
            self.world.run(self.random.randrange(6))
        return opened + self._set_trading(account, pause=True)

    def resume_trading(self) -> str:
        """An operator ends a pause, if there is one."""
        return self._set_trading(self.random.choice([*self.world.model.pauses] or [None]))

    def _set_trading(self, account: str | None, *, pause: bool = False) -> str:
        request = PauseAsked(
            self.world.requests.next_serial(),
            account=account,
            pause=pause,
            existed=account is None or account in self.world.model.accounts,
        )
        self.world.requests.pauses.append(request)
        self.world.send(request)
        return f"an operator {'pauses' if pause else 'resumes'} {account or 'all accounts'}"

    def pass_time(self) -> str:
        """Some time passes, while messages wait or not."""
        seconds = self.random.choice((0.001, 0.06, 0.06, 0.3, 1.1, 6))
        if self.random.random() < 0.5 and self.world.weather.interleaved:
            self.world.pass_time(seconds)
            return f"{seconds} s pass while messages wait"
        self.world.advance(seconds)
        return f"{seconds} s pass"

    def pass_much_time(self) -> str:
        """Prices become stale."""
        self.world.advance(61)
        return "a minute passes"

    def tell_phone(self) -> str:
        """The next notification goes out, and arrives or not."""
        life = self.world.life
        if self.world.ghosts and self.random.random() < 0.3:
            life = self.random.choice(self.world.ghosts)
        return life.tell_phone(arrives=self.random.random() < 0.8)

    def go_on_deposed(self) -> str:
        """A deposed owner goes on, and a client that does not know it either asks it something."""
        if not self.world.ghosts:
            return self.prices.walk()
        ghost = self.random.choice(self.world.ghosts)
        for ask in (self.open_position, self.hands.close, self.transfer):
            if self.random.random() < 0.5:
                ask(ghost)
        messages = self.random.randrange(60)
        self.world.let_ghost_go_on(ghost, messages)
        return f"deposed owner {ghost.epoch} goes on for {messages} messages" + (
            ", and has found out" if ghost.has_found_out else ""
        )

    # --- Details -----------------------------------------------------------------------------

    def _send_open(self, request: OpenAsked, asked: Life | None = None) -> str:
        self.world.requests.opens.append(request)
        self.world.send(request, asked)
        amount = request.notional or request.quantity
        return (
            f"a client opens {request.side} {request.symbol} of {amount} in {request.account}, "
            f"key {request.key}, deadline {request.deadline_us}"
        )

    def _unwritable(self) -> str:
        """Now and then, what makes a key or reference one that no connection can write."""
        likelihood = self.world.weather.unwritable
        return UNWRITABLE if likelihood and self.random.random() < likelihood else ""

    def _symbol(self) -> str:
        return self.random.choice([*SYMBOLS])

    def _account(self) -> str:
        return self.random.choice(["alpha", *ACCOUNTS])
