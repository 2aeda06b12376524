"""`./test mutants`: plant a sample of small faults, one at a time, and name those no test finds."""

import argparse
import os
import queue
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path

from tests.mutants.copies import ROOT, copy_of_tree, run_pytest
from tests.mutants.coverage_map import CoverageMap, recorded
from tests.mutants.operators import Mutant, mutants_of

FILES = (
    "trading/**/*.py",
    "actors/**/*.py",
    "backstay/web/access/*.py",
    "backstay/web/hooks/gate.py",
)
ACCEPTANCE = (
    "access access_requests broadcast changed_holds closing connections containment failures "
    "health hooks http_scenarios login malformed_requests metrics_everyday opening outages pauses "
    "pulse repair scenario_1_ladder scenario_2_network scenario_3_restart signals stopping "
    "symbol_doors web_accounts web_denials web_markets web_positions"
)
TESTS = (
    "tests/unit",
    "tests/protocol",
    *(f"tests/acceptance/test_{name}.py" for name in ACCEPTANCE.split()),
)
"""Those that run in pytest's own process: a fault's lines are seen, and no server is waited for."""

FOUND_PERCENT_MIN = 95


class Outcome(StrEnum):
    """What became of a mutant."""

    FOUND = "found"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    NOT_RUN = "no test runs it"


IS_FOUND = {Outcome.FOUND, Outcome.TIMED_OUT}


def judged(mutant: Mutant, tree: Path, tests: CoverageMap) -> Outcome:
    """Plant a mutant into a copy of the tree, and run the tests that could find it."""
    names = tests.tests_of(mutant)
    if not names:
        return Outcome.NOT_RUN
    file = tree / mutant.path
    source = file.read_bytes()
    file.write_bytes(mutant.applied_to(source))
    try:
        # pytest's own limit for one test would take too long where every test hangs.
        seconds_max = 30 + 5 * tests.seconds_of(names)
        code = run_pytest(tree, "-x", "-p", "no:xdist", *names, seconds_max=seconds_max)
    finally:
        file.write_bytes(source)
    if code is None:
        return Outcome.TIMED_OUT
    return Outcome.SURVIVED if code == 0 else Outcome.FOUND


def judged_until(
    deadline: float, mutants: list[Mutant], trees: list[Path], tests: CoverageMap
) -> Iterator[tuple[Mutant, Outcome]]:
    """Judge mutants in their order, each copy of the tree one after another, until it is late."""
    waiting, free = iter(mutants), queue.SimpleQueue[Path]()
    for tree in trees:
        free.put(tree)

    def judge(mutant: Mutant) -> tuple[Mutant, Outcome] | None:
        if time.monotonic() > deadline:
            return None
        tree = free.get()
        try:
            return mutant, judged(mutant, tree, tests)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        for result in pool.map(judge, waiting):
            if result is not None:
                yield result


def main(arguments: list[str]) -> int:
    """Run the command; returns 1 where fewer are found than should be."""
    parser = argparse.ArgumentParser(prog="./test mutants", description=__doc__)
    parser.add_argument("files", nargs="*", help=f"patterns of files, else {', '.join(FILES)}")
    parser.add_argument("--seed", type=int, default=1, help="which sample (default 1)")
    parser.add_argument("--minutes", type=float, default=30, help="when to end (default 30)")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="what pytest is given")
    given = parser.parse_args(arguments)
    deadline = time.monotonic() + given.minutes * 60
    workers = os.cpu_count() or 1
    files = sorted({path for pattern in given.files or FILES for path in ROOT.glob(pattern)})
    mutants = [
        mutant for path in files for mutant in mutants_of(path.relative_to(ROOT), path.read_bytes())
    ]
    random.Random(given.seed).shuffle(mutants)
    with tempfile.TemporaryDirectory(prefix="backstay-mutants-") as folder:
        trees = [copy_of_tree(Path(folder).resolve() / str(n)) for n in range(workers)]
        packages = sorted({path.relative_to(ROOT).parts[0] for path in files})
        print(f"{len(mutants)} mutants of {len(files)} files; noting which tests run which lines")
        tests = recorded(trees[0], packages, list(given.tests), workers)
        print(f"{len(tests.seconds)} tests; planting, seed {given.seed}", flush=True)
        outcomes: Counter[Outcome] = Counter()
        for mutant, outcome in judged_until(deadline, mutants, trees, tests):
            outcomes[outcome] += 1
            if outcome not in IS_FOUND:
                print(f"{outcome}: {mutant}", flush=True)
    return verdict(outcomes)


def verdict(outcomes: Counter[Outcome]) -> int:
    """Say how many were found of how many; returns 1 where that is too few."""
    found, planted = sum(outcomes[each] for each in IS_FOUND), outcomes.total()
    percent = 100 * found / planted if planted else 0
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"{found} of {planted} found: {percent:.1f} % ({counts})")
    return 0 if percent >= FOUND_PERCENT_MIN else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
