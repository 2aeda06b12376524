"""The model's account: balances by adding and subtracting, and the entries that must say so."""

from dataclasses import dataclass, field
from decimal import Decimal

from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_exits import Fields
from backstay.simulation.model_position import Happening, Part
from trading.model import Limits

ZERO = Decimal(0)
RATES = {"fee": Decimal("0.0026"), "spread": Decimal("0.001"), "slippage": Decimal("0.0005")}
"""The cost rates of an account that has none of its own."""

Rates = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class KeyedStep:
    """What a key has done: a position's step to a version, and what was asked for it."""

    position_id: int
    version: int
    asks: tuple[object, ...]


@dataclass(slots=True)
class ModelAccount:
    """One account's money, its terms, its entries, and what must not happen twice in it.

    `terms` are its own cost rates (None: it has none) and default exits, by the version of each
    step of its wallet. `keys` are those of opens with their positions, `steps` those of changes.
    """

    account: str
    initial: Decimal
    limits: Limits
    total: Decimal = ZERO
    locked: Decimal = ZERO
    version: int = 0
    entries: list[Happening] = field(default_factory=list)
    holds: dict[int, tuple[str, Decimal]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    steps: dict[str, KeyedStep] = field(default_factory=dict)
    rates: Rates | None = None
    exits: Fields = field(default_factory=dict)
    terms: dict[int, tuple[Rates | None, Fields]] = field(default_factory=dict)
    transfers: dict[str, Decimal] = field(default_factory=dict)
    closes: set[int] = field(default_factory=set)

    @property
    def available(self) -> Decimal:
        """What is not locked."""
        return self.total - self.locked

    def open_account(self, time_us: int) -> None:
        """Bring the initial balance."""
        self._next_version()
        self._append("opening", "opening", self.initial, time_us, total=self.initial)

    def transfer(self, reference: str, amount: Decimal, time_us: int) -> None:
        """Bring or take money, once a reference."""
        if reference in self.transfers:
            raise Violation(f"transfer {reference} of {self.account} is booked twice")
        self.transfers[reference] = amount
        self._next_version()
        self._append("transfer", f"transfer:{reference}", amount, time_us, total=amount)

    def set_terms(self, *, rates: Rates | None, exits: Fields) -> None:
        """Take other terms for the next opens."""
        if (rates, exits) == (self.rates, self.exits):
            raise Violation(f"the terms of {self.account} are set to what they are: {self}")
        self.rates, self.exits = rates, exits
        self._next_version()

    def take_key(self, key: str, step: KeyedStep) -> None:
        """A key does its thing, once."""
        if key in self.keys or key in self.steps:
            known = self.keys.get(key) or self.steps.get(key)
            raise Violation(f"key {key} does {step} after {known}")
        self.steps[key] = step

    def open_denial(self, symbol: str, hold: Decimal) -> str | None:
        """Why a position may not be opened."""
        limits = self.limits
        if hold < limits.position_notional_min:
            return "notional_too_small"
        if limits.open_positions_max is not None and len(self.holds) >= limits.open_positions_max:
            return "limit_open_positions"
        if limits.position_notional_max is not None and hold > limits.position_notional_max:
            return "limit_position_notional"
        in_symbol = sum((held for where, held in self.holds.values() if where == symbol), ZERO)
        if limits.symbol_notional_max is not None and in_symbol + hold > limits.symbol_notional_max:
            return "limit_symbol_notional"
        return "insufficient_balance" if hold > self.available else None

    def transfer_denial(self, amount: Decimal) -> str | None:
        """Why money may not be moved."""
        if amount == 0:
            return "amount_invalid"
        return "insufficient_balance" if self.available + amount < 0 else None

    def lock(
        self, position_id: int, symbol: str, hold: Decimal, key: str | None, time_us: int
    ) -> None:
        """Hold money for a new position, once an idempotency key."""
        denial = self.open_denial(symbol, hold)
        if denial is not None:
            raise Violation(f"position {position_id} is opened in spite of {denial}: {self}")
        if key is not None:
            if key in self.keys or key in self.steps:
                known = self.keys.get(key) or self.steps.get(key)
                raise Violation(f"key {key} opens {position_id} after {known}")
            self.keys[key] = position_id
        self.holds[position_id] = (symbol, hold)
        self._next_version()
        self._append(
            "position_open", f"open:{position_id}", -hold, time_us, locked=hold, of=position_id
        )

    def settle(
        self, position_id: int, part: Part, *, step: str | None, time_us: int
    ) -> Decimal | None:
        """Release a part's hold and book what it earned; returns the shortfall, if any.

        `step` names what has closed the part; it is None for the close, which comes once.
        """
        if step is None and position_id in self.closes:
            raise Violation(f"position {position_id} is closed twice")
        operation = f"close:{position_id}" if step is None else f"reduce:{position_id}:{step}"
        missing = -(self.available + part.released + part.net)
        self._next_version()
        if missing > 0:
            self._append(
                "shortfall",
                f"shortfall:{operation}",
                missing,
                time_us,
                total=missing,
                of=position_id,
            )
        self._append(
            "position_close" if step is None else "position_reduce",
            operation,
            part.net,
            time_us,
            total=part.net,
            locked=-part.released,
            of=position_id,
        )
        if step is None:
            self.closes.add(position_id)
            del self.holds[position_id]
        else:
            symbol, hold = self.holds[position_id]
            self.holds[position_id] = (symbol, hold - part.released)
        return missing if missing > 0 else None

    def _next_version(self) -> None:
        self.version += 1
        self.terms[self.version] = (self.rates, self.exits)

    def _append(
        self,
        entry_type: str,
        operation: str,
        amount: Decimal,
        time_us: int,
        *,
        total: Decimal = ZERO,
        locked: Decimal = ZERO,
        of: int | None = None,
    ) -> None:
        before = self.available
        self.total += total
        self.locked += locked
        if self.available < 0:
            raise Violation(f"available is negative after {operation}: {self}")
        self.entries.append(
            {
                "account": self.account,
                "number": len(self.entries) + 1,
                "entry_type": entry_type,
                "operation": operation,
                "amount": amount,
                "balance_before": before,
                "balance_after": self.available,
                "total_change": total,
                "locked_change": locked,
                "position_id": of,
                "time_us": time_us,
            }
        )
