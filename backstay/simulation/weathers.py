"""The weathers that the simulation is run in, from calm to everything at once."""

from backstay.simulation.connection import FaultRates
from backstay.simulation.weather import Weather

WEATHERS = {
    "calm": Weather(interleaved=False),
    "busy": Weather(database=FaultRates(slow=0.05)),
    "database": Weather(
        database=FaultRates(
            commit=0.2, look_up=0.3, read=0.1, slow=0.05, stop=0.02, cut=0.02, full=0.02
        )
    ),
    "failures": Weather(failure=0.15),
    "ruins": Weather(
        failure=0.05,
        kill=0.01,
        stop=0.01,
        ruin=0.04,
        unwritable=0.1,
        database=FaultRates(slow=0.05),
    ),
    "kills": Weather(kill=0.02, stop=0.01, database=FaultRates(kill=0.03)),
    "files": Weather(
        files=0.05, kill=0.01, failure=0.03, database=FaultRates(commit=0.1, look_up=0.1, slow=0.05)
    ),
    "alerts": Weather(
        signals=0.3,
        kill=0.02,
        stop=0.01,
        failure=0.1,
        database=FaultRates(
            commit=0.05, look_up=0.1, read=0.05, slow=0.05, kill=0.03, stop=0.03, full=0.01
        ),
    ),
    "clocks": Weather(clock=0.15, failure=0.03, kill=0.02, stop=0.02),
    "markets": Weather(
        retire=0.25, kill=0.02, stop=0.01, failure=0.03, database=FaultRates(slow=0.05, commit=0.05)
    ),
    "owners": Weather(
        standby=True,
        kill=0.01,
        stop=0.005,
        freeze=0.04,
        database=FaultRates(
            commit=0.05, look_up=0.1, read=0.05, slow=0.05, freeze=0.02, stop=0.005, cut=0.02
        ),
    ),
    "everything": Weather(
        standby=True,
        failure=0.15,
        kill=0.005,
        stop=0.005,
        freeze=0.005,
        clock=0.01,
        ruin=0.005,
        unwritable=0.01,
        signals=0.1,
        database=FaultRates(
            commit=0.1,
            look_up=0.3,
            read=0.05,
            slow=0.05,
            kill=0.005,
            freeze=0.005,
            stop=0.005,
            cut=0.005,
            full=0.005,
        ),
    ),
}
