"""Measuring in processes of their own, so that no benchmark inherits another's heap."""

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent

T = TypeVar("T")


def in_new_process(function: Callable[..., T], *arguments: object) -> T:
    """Call a module's function in a fresh interpreter, and return what it returns."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


@dataclass(frozen=True)
class Ended:
    """A program that ran to its end: what it wrote, how long it took, its peak memory."""

    output: str
    seconds: float
    peak_bytes: int


def run_program(command: Sequence[str | Path]) -> Ended:
    """Run a program from its start to its end; raises `CalledProcessError` if it fails."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, list(command), output)
    return Ended(output, seconds, usage.ru_maxrss * 1024)


def resident_bytes() -> int:
    """This process's memory as the system counts it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
