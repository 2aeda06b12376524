"""Every benchmark in turn, each in a process of its own: `python -m bench [--quick]`."""

import subprocess
import sys

from bench.processes import ROOT

NAMES = (
    "quiet_prices",
    "actors",
    "commits",
    "latency",
    "reads",
    "replay",
    "trailing",
    "feeds",
    "failover",
    "restarts",
)


def main() -> int:
    """Run all; tells how many failed."""
    ended = [
        subprocess.run(
            [sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], cwd=ROOT, check=False
        )
        for name in NAMES
    ]
    return sum(process.returncode != 0 for process in ended)


if __name__ == "__main__":
    sys.exit(main())
