"""The faults that `./test mutants` plants, and that it can tell a found one from a survivor."""

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutants.__main__ import Outcome, judged
from tests.mutants.copies import copy_of_tree
from tests.mutants.coverage_map import recorded
from tests.mutants.operators import mutants_of

PATH = Path("pure/rules.py")
RULES = '''
"""Rules: 1 + 1 is not a fault's place, nor is what runs at import."""

BOUND = 1 + 1


def bounded(value: int) -> bool:
    """Whether a value is within the bound."""
    assert value > 0, "a bug"
    return value <= BOUND


def never_asked(value: int) -> int:
    return value * 2
'''


def planted(body: str) -> set[str]:
    """What becomes of a function's only line, fault by fault."""
    source = f"def of(self, a, b):\n    {body}\n".encode()
    return {
        mutant.applied_to(source).decode().split("\n    ")[1].strip()
        for mutant in mutants_of(PATH, source)
    }


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("return a < b", {"return None", "return (a <= b)"}),
        ("return a + 1", {"return None", "return (a - 1)", "return a + (2)"}),
        ("return a and not b", {"return None", "return (a or not b)", "return a and (b)"}),
        ("return min(a, b)", {"return None", "return max(a, b)"}),
        ("self.a = b", {"pass"}),
        ("self.tell(True)", {"pass", "self.tell((False))"}),
        ("a = [x for x in b if x is a]", {"a = [x for x in b if (x is not a)]"}),
        ("log.warning('words', a=1 + 1)", set()),
        ("raise Problem(text='a' * 3)", {"pass"}),
        ("return None", set()),
        ("assert a < b", set()),
    ],
)
def test_each_kind_of_fault_is_planted_where_it_belongs(body: str, faults: set[str]) -> None:
    """And none in words for people, assertions or log lines."""
    assert planted(body) == faults


def test_a_condition_is_negated() -> None:
    """So that what it guards happens where it should not."""
    source = b"def of(a):\n    if a:\n        a.go()\n"
    changed = {mutant.applied_to(source) for mutant in mutants_of(PATH, source)}
    assert changed == {
        b"def of(a):\n    if (not a):\n        a.go()\n",
        b"def of(a):\n    if a:\n        pass\n",
    }


def test_a_fault_is_found_survives_or_is_run_by_no_test(tmp_path: Path) -> None:
    """The test asks at 1 and 3 and not at the bound; the original is there again afterwards."""
    root = tmp_path / "root"
    for name, text in {
        PATH: RULES,
        Path("pure/__init__.py"): "",
        Path("tests/__init__.py"): "",
        Path("tests/mutants/__init__.py"): "",
        Path("tests/mutants/recording.py"): Path("tests/mutants/recording.py").read_text(),
        Path("tests/test_rules.py"): """
            from pure.rules import bounded

            def test_bounded():
                assert bounded(1) and not bounded(3)
        """,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(text))
    subprocess.run(["git", "init", "-q", root], check=True)
    tree = copy_of_tree(tmp_path / "copy", root)
    tests = recorded(tree, ["pure"], ["tests"], workers=1)
    outcomes = {
        str(mutant).partition(": ")[2]: judged(mutant, tree, tests)
        for mutant in mutants_of(PATH, RULES.encode())
    }
    assert outcomes == {
        "comparison: value <= BOUND -> (value < BOUND)": Outcome.SURVIVED,
        "nothing returned: return value <= BOUND -> return None": Outcome.FOUND,
        "arithmetic: value * 2 -> (value + 2)": Outcome.NOT_RUN,
        "constant: 2 -> (3)": Outcome.NOT_RUN,
        "nothing returned: return value * 2 -> return None": Outcome.NOT_RUN,
    }
    assert (tree / PATH).read_text() == RULES
