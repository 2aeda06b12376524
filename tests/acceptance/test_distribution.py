"""What users install: the wheel, built from the files that the image is built from."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"backstay", "trading", "actors", "persistence"}

PROBE_TEST = """
def test_a_probe_receives(backstay_probe):
    probe = backstay_probe("client")
    probe.tell("hello")
    assert probe.expect(str) == "hello"
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.startswith("persistence.migrations") and "__main__" not in module.name:
            importlib.import_module(module.name)
            print(module.name)
"""


@pytest.fixture(scope="module")
def image_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The context that Docker sees by .dockerignore: all is left out but the names with a `!`."""
    folder = tmp_path_factory.mktemp("image")
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    assert rules == ["*", *(f"!{name}" for name in kept), "**/__pycache__"]
    for name in kept:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(image_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(image_files)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it depends on, and without this tree."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    # A .pth file makes the tests' libraries importable, and ignores their own .pth files: the
    # editable install of this tree stays unseen.
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    command += ["--quiet", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run(command, check=True)
    return folder / "bin"


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints, run outside the tree."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_puts_four_names_into_an_environment(wheel: Path) -> None:
    """Nothing is called `web` or `service`, nothing of the tests or benches is installed."""
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == PACKAGES


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    """Pages, migrations and the mark of typed packages are installed too."""
    installed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= installed
    assert {f"{name}/py.typed" for name in PACKAGES} <= installed


def test_loading_the_pytest_plugin_loads_nothing_else_of_ours(tmp_path: Path) -> None:
    """It is loaded in every project of the environment, and must cost those nothing."""
    code = "import sys, backstay.pytest_plugin; print(*sys.modules)"
    loaded = run(sys.executable, "-c", code, cwd=tmp_path).split()
    ours = {name for name in loaded if name.split(".")[0] in PACKAGES}
    assert ours == {"backstay", "backstay.pytest_plugin"}


@pytest.mark.slow
def test_every_module_of_the_image_can_be_imported(environment: Path, tmp_path: Path) -> None:
    """No command needs a file that .dockerignore or the wheel leaves out."""
    python = environment / "python"
    imported = run(python, "-c", IMPORT_ALL, *sorted(PACKAGES), cwd=tmp_path)
    assert len(imported.split()) > 100


@pytest.mark.slow
def test_the_installed_commands_run(environment: Path, tmp_path: Path) -> None:
    """After `pip install` the command line works in any folder."""
    backstay = environment / "backstay"
    assert "0.1.0" in run(backstay, "--version", cwd=tmp_path)
    run(backstay, "demo", cwd=tmp_path)
    run(backstay, "simulate", "--steps", "20", cwd=tmp_path)


@pytest.mark.slow
def test_probe_tests_pass_beside_folders_named_web_and_service(
    environment: Path, tmp_path: Path
) -> None:
    """Common names of a user's folders do not collide with ours."""
    for name in ("web", "service"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('not asked for')\n")
    (tmp_path / "test_probe.py").write_text(PROBE_TEST)
    assert "1 passed" in run(environment / "python", "-m", "pytest", "-q", cwd=tmp_path)


@pytest.mark.slow
def test_a_project_with_a_folder_named_actors_can_run_its_tests(
    environment: Path, tmp_path: Path
) -> None:
    """The plugin touches none of its own names before a test asks for a fixture."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "__init__.py").write_text("HELLO = 'hello'\n")
    test = "import actors\n\ndef test_hello():\n    assert actors.HELLO == 'hello'\n"
    (tmp_path / "test_actors.py").write_text(test)
    assert "1 passed" in run(environment / "python", "-m", "pytest", "-q", cwd=tmp_path)
