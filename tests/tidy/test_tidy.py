"""Properties of the tree itself."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("backstay", "trading", "actors", "persistence")

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 65

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_files() -> tuple[Path, ...]:
    """Every file that is or would be committed, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive, where git cannot say what it would ignore
        paths = [path.relative_to(ROOT) for path in ROOT.glob("[!.]*/**/*")]
        paths += [path.relative_to(ROOT) for path in ROOT.glob("[!.]*")]
    files = tuple(sorted(path for path in paths if (ROOT / path).is_file()))
    assert Path("pyproject.toml") in files
    return files


def texts() -> Iterator[tuple[Path, str]]:
    for path in tree_files():
        try:
            yield path, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@cache
def parsed() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple((path, ast.parse(text)) for path, text in texts() if path.suffix == ".py")


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """The Python files of these folders, or of the whole tree, parsed."""
    return ((path, tree) for path, tree in parsed() if not folders or path.parts[0] in folders)


def test_no_python_file_is_too_long() -> None:
    """What is longer does more than one thing."""
    long = [
        f"{path}: {lines} lines"
        for path, text in texts()
        if path.suffix == ".py" and "migrations" not in path.parts
        if (lines := text.count("\n")) > FILE_LINES_MAX
    ]
    assert long == []


def test_no_function_is_too_long() -> None:
    """Its whole body can be seen at once."""
    long = [
        f"{path}:{node.lineno}: {node.name} has {lines} lines"
        for path, module in modules()
        for node in ast.walk(module)
        if isinstance(node, Function) and node.end_lineno and "migrations" not in path.parts
        if (lines := node.end_lineno - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_trading_knows_no_float() -> None:
    """Money and prices are decimals from end to end."""
    floats = [
        f"{path}:{node.lineno}: {ast.unparse(node)}"
        for path, module in modules("trading")
        for node in ast.walk(module)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]
    assert floats == []


def test_everything_public_has_a_docstring() -> None:
    """Who uses it need not read its body."""
    bare = [
        f"{path}: {name}"
        for path, module in modules(*PACKAGES)
        if "migrations" not in path.parts
        for name, node in public(module)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_every_test_says_what_it_promises() -> None:
    """Its name is the sentence, its docstring what that means for somebody."""
    bare = [
        f"{path}: {node.name}"
        for path, module in modules("tests")
        for node in ast.walk(module)
        if isinstance(node, Function) and node.name.startswith("test_")
        if not ast.get_docstring(node)
    ]
    assert bare == []


def public(
    node: ast.Module | ast.ClassDef | Function, name: str = "module"
) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Function]]:
    yield name, node
    if isinstance(node, Function):
        return
    for child in node.body:
        if isinstance(child, ast.ClassDef | Function) and not child.name.startswith("_"):
            yield from public(child, f"{name}.{child.name}")


def test_tests_wait_for_events_and_never_sleep() -> None:
    """A sleep is too short on a slow machine, and too long on each other one."""
    sleeps = [
        f"{path}:{node.lineno}"
        for path, module in modules("tests", "harness")
        for node in ast.walk(module)
        if (isinstance(node, ast.Attribute) and node.attr == "sleep")
        or (isinstance(node, ast.ImportFrom) and any(name.name == "sleep" for name in node.names))
    ]
    assert sleeps == []


def test_pins_name_no_address() -> None:
    """They install from whichever index is set."""
    pins = [(path, text) for path, text in texts() if path.parts[0] == "requirements"]
    naming = [str(path) for path, text in pins if "://" in text]
    assert pins
    assert naming == []


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    """Nothing works on one machine only."""
    folder = "/".join(("", "work", ""))
    assert [str(path) for path, text in texts() if folder in text] == []


def test_every_changelog_has_an_unreleased_section() -> None:
    """Who changes something has a place to say so."""
    changelogs = [(path, text) for path, text in texts() if path.name == "CHANGELOG.md"]
    without = [str(path) for path, text in changelogs if "\n## [Unreleased]\n" not in text]
    assert changelogs
    assert without == []


def test_every_test_that_the_docs_name_exists() -> None:
    """The specification and the guarantees answer with tests; none of them is only a promise."""
    pages = [text for path, text in texts() if path.parent == Path("docs")]
    named = {name for page in pages for name in re.findall(r"`(test_\w+)`", page)}
    defined = {
        name
        for path, text in texts()
        if path.parts[0] == "tests" and path.suffix == ".py"
        for name in re.findall(r"^def (test_\w+)", text, flags=re.MULTILINE)
    }
    assert named
    assert named - defined == set()


def test_every_file_and_folder_that_the_contributors_guide_names_exists() -> None:
    """Its lists of files for a venue, a metric, an event and a call do not go stale."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w.]+/)+[\w.]*)`", guide)) - {"./test"}
    assert "backstay/feeds/venues/registry.py" in named
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_the_contributors_guide_has_each_folder_of_tests() -> None:
    """Someone who writes a test finds where it belongs."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {
        path.parts[1] for path in tree_files() if path.parts[0] == "tests" and path.parts[2:]
    }
    assert set(re.findall(r"^\| `tests/(\w+)/` \|", guide, re.MULTILINE)) == folders


def test_each_place_names_the_same_versions_of_python() -> None:
    """The set-up takes no version that the package refuses, and the README promises no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    first, end = re.findall(r"3\.(\d+)", project["requires-python"])
    minors = range(int(first), int(end))
    classifiers = "\n".join(project["classifiers"])
    setup = (ROOT / "scripts" / "setup").read_text()
    promised = re.search(r"with Python ([\d., or]+) and nothing", (ROOT / "README.md").read_text())
    assert promised is not None
    assert [int(minor) for minor in re.findall(r"Python :: 3\.(\d+)", classifiers)] == list(minors)
    assert f"(3, {first}) <= sys.version_info < (3, {end})" in setup
    assert sorted(map(int, re.findall(r"python3\.(\d+)", setup))) == list(minors)
    assert [int(minor) for minor in re.findall(r"3\.(\d+)", promised[1])] == list(minors)


def test_texts_for_users_say_plainly_what_is_wrong() -> None:
    """An error says `is not a number`, and names the one that it means."""
    mannered = re.compile(
        r"(?<!\bthere) is no (?!longer|more)| is none\b|\b(nobody|whoever)\b", re.IGNORECASE
    )
    found = []
    for path, tree in modules("backstay", "trading", "actors"):
        if path.parts[1] == "simulation":
            continue
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{path}:{node.lineno}: {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if id(node) not in docstrings and mannered.search(node.value)
        ]
    assert not found
