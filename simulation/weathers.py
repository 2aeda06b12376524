"""The weathers that the simulation is run in, from calm to everything at once."""

from simulation.faulty_store import FaultRates
from simulation.world import Weather

WEATHERS = {
    "calm": Weather(interleaved=False),
    "busy": Weather(),
    "database": Weather(database=FaultRates(commit=0.2, look_up=0.3, read=0.1)),
    "failures": Weather(failure=0.15),
    "kills": Weather(kill=0.02, stop=0.01, database=FaultRates(kill=0.03)),
    "everything": Weather(
        database=FaultRates(commit=0.1, look_up=0.3, read=0.05, kill=0.005),
        failure=0.15,
        kill=0.005,
        stop=0.005,
    ),
}
