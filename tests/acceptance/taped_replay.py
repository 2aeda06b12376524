"""A replay in memory with all that its report needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal
from backstay.feeds.simulated import simulated_prices, simulated_signals
from backstay.replay.event_tape import EventTape
from backstay.replay.replay import replayed
from backstay.replay.report.html import write_html
from backstay.replay.report.price_buckets import PriceBuckets
from backstay.replay.report.report import report_of
from persistence.store import Store


@dataclass(frozen=True)
class TapedReplay:
    """What came of a replay, and its tapes."""

    report: dict[str, Any]
    prices: PriceBuckets
    events: EventTape

    def write(self, folder: Path) -> Path:
        """Its `report.html`."""
        return write_html(self.report, self.prices, self.events, folder)


def taped_replay(
    batches: Sequence[PriceBatch],
    signals: Sequence[RecordedSignal],
    *,
    balance: Decimal = Decimal(1000),
    account: str = "demo",
) -> TapedReplay:
    """Play prices as `backstay replay --report` does."""
    prices, events = PriceBuckets(), EventTape()

    def taped() -> Iterator[PriceBatch]:
        for batch in batches:
            prices.take(batch)
            yield batch

    store = Store.open("sqlite://")
    try:
        outcome = replayed(
            store,
            taped(),
            signals,
            signals_name="signals.csv",
            account=account,
            balance=balance,
            listeners={"report": events.take},
        )
    finally:
        store.close()
    return TapedReplay(report_of(outcome), prices, events)


def simulated_replay(seed: int = 7, *, balance: Decimal = Decimal(1000)) -> TapedReplay:
    """Play a market that makes itself."""
    return taped_replay(list(simulated_prices(seed)), simulated_signals(seed), balance=balance)
