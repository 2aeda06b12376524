"""Which tests run a line, and how long they take: recorded once, with all tests passing."""

import json
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

from tests.mutants.copies import run_pytest
from tests.mutants.operators import Mutant
from tests.mutants.recording import SECONDS_FILE

SECONDS_MAX = 30.0
"""How long the tests of one mutant may take together; the quickest ones go first."""


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """Test names by file and line, and each test's time in seconds."""

    by_line: dict[Path, dict[int, frozenset[str]]]
    seconds: dict[str, float]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests that run a mutant's statement, the quickest first."""
        lines = self.by_line.get(mutant.path, {})
        found = {name for line in mutant.lines for name in lines.get(line, ())}
        chosen, total = [], 0.0
        for name in sorted(found & self.seconds.keys(), key=lambda name: self.seconds[name]):
            total += self.seconds[name]
            if total > SECONDS_MAX:
                break
            chosen.append(name)
        return chosen

    def seconds_of(self, names: list[str]) -> float:
        """How long tests took together."""
        return sum(self.seconds[name] for name in names)


def recorded(tree: Path, packages: list[str], tests: list[str], workers: int) -> CoverageMap:
    """Run tests on a copy of the tree, and note which lines of the packages each of them runs."""
    times = tree / "test-seconds.json"
    code = run_pytest(
        tree,
        *tests,
        "-k",
        "not postgres",
        *(f"--cov={package}" for package in packages),
        "--cov-context=test",
        "--cov-report=",
        "-p",
        "tests.mutants.recording",
        *(["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []),
        environment={SECONDS_FILE: str(times), "COVERAGE_FILE": str(tree / ".coverage")},
    )
    if not times.exists():
        raise RuntimeError(f"pytest {' '.join(tests)} ended with {code}: name tests that can run")
    data = CoverageData(str(tree / ".coverage"))
    data.read()
    by_line = {
        Path(file).relative_to(tree): {
            line: frozenset(context.partition("|")[0] for context in contexts if context)
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    return CoverageMap(by_line, json.loads(times.read_text(encoding="utf-8")))
