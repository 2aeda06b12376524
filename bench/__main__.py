"""Every benchmark, one after another: `python -m bench [--quick]`."""

from bench import actors, commits, latency, quiet_prices, replay
from bench.figures import run


def bench(*, quick: bool) -> None:
    """Measure everything."""
    for each in (quiet_prices, actors, commits, latency, replay):
        each.bench(quick=quick)


if __name__ == "__main__":
    run(bench, __doc__)
