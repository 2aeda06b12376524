"""The model's account: balances by adding and subtracting, and the entries that must say so."""

from dataclasses import dataclass, field
from decimal import Decimal

from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_position import Happening, Part
from trading.model import Limits

ZERO = Decimal(0)


@dataclass(slots=True)
class ModelAccount:
    """One account's money, its entries, and what must not happen twice in it."""

    account: str
    initial: Decimal
    limits: Limits
    total: Decimal = ZERO
    locked: Decimal = ZERO
    version: int = 0
    entries: list[Happening] = field(default_factory=list)
    holds: dict[int, tuple[str, Decimal]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    transfers: dict[str, Decimal] = field(default_factory=dict)
    closes: set[int] = field(default_factory=set)

    @property
    def available(self) -> Decimal:
        """What is not locked."""
        return self.total - self.locked

    def open_account(self, time_us: int) -> None:
        """Bring the initial balance."""
        self.version += 1
        self._append("opening", "opening", self.initial, time_us, total=self.initial)

    def transfer(self, reference: str, amount: Decimal, time_us: int) -> None:
        """Bring or take money, once a reference."""
        if reference in self.transfers:
            raise Violation(f"transfer {reference} of {self.account} is booked twice")
        self.transfers[reference] = amount
        self.version += 1
        self._append("transfer", f"transfer:{reference}", amount, time_us, total=amount)

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
            if key in self.keys:
                raise Violation(f"key {key} opens {position_id} after {self.keys[key]}")
            self.keys[key] = position_id
        self.holds[position_id] = (symbol, hold)
        self.version += 1
        self._append(
            "position_open", f"open:{position_id}", -hold, time_us, locked=hold, of=position_id
        )

    def settle(
        self, position_id: int, part: Part, *, rung: int | None, time_us: int
    ) -> Decimal | None:
        """Release a part's hold and book what it earned; returns the shortfall, if any.

        `rung` is None for the close, which comes once.
        """
        if rung is None and position_id in self.closes:
            raise Violation(f"position {position_id} is closed twice")
        operation = f"close:{position_id}" if rung is None else f"reduce:{position_id}:{rung}"
        missing = -(self.available + part.released + part.net)
        self.version += 1
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
            "position_close" if rung is None else "position_reduce",
            operation,
            part.net,
            time_us,
            total=part.net,
            locked=-part.released,
            of=position_id,
        )
        if rung is None:
            self.closes.add(position_id)
            del self.holds[position_id]
        else:
            symbol, hold = self.holds[position_id]
            self.holds[position_id] = (symbol, hold - part.released)
        return missing if missing > 0 else None

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
