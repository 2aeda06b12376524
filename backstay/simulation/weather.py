"""What a weather is: how likely each fault is in a step."""

from dataclasses import dataclass

from backstay.simulation.connection import FaultRates


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The likelihoods of faults in a step, besides those of the database.

    Without `interleaved` every actor finishes a step before the next one begins.
    """

    database: FaultRates = FaultRates()
    failure: float = 0.0
    kill: float = 0.0
    stop: float = 0.0
    freeze: float = 0.0
    ruin: float = 0.0
    unwritable: float = 0.0
    clock: float = 0.0
    files: float = 0.0
    retire: float = 0.0
    signals: float = 0.0
    standby: bool = False
    interleaved: bool = True

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong, and one thing happens after another."""
        return self == Weather(interleaved=False)
