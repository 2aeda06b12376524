"""What every benchmark shares: its options, its figures as JSON lines, medians and quantiles."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from statistics import median
from typing import Protocol


class Bench(Protocol):
    """A benchmark's work; `quick` is for a look at whether it works."""

    def __call__(self, *, quick: bool) -> None:
        """Measure, and print each figure."""
        ...


def run(bench: Bench, what: str | None) -> None:
    """Run a benchmark as a program, with its module's docstring as help."""
    parser = argparse.ArgumentParser(
        description=what, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds, to see whether it works"
    )
    bench(quick=parser.parse_args().quick)


def say(bench: str, figure: str, value: float, unit: str, **more: object) -> None:
    """Print a figure as a JSON line, to four digits; `more` is what helps to read it."""
    line = {"bench": bench, "figure": figure, "value": shortened(value), "unit": unit, **more}
    print(json.dumps(line), flush=True)


def note(bench: str, text: str) -> None:
    """Say something that is no figure, beside the figures."""
    print(f"{bench}: {text}", file=sys.stderr, flush=True)


def say_ratio(
    bench: str, figure: str, ours: Sequence[float], theirs: Sequence[float], **more: object
) -> None:
    """Print the median over the rounds of one side over the other, each within its round."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    say(
        bench,
        figure,
        median(ratios),
        "ratio",
        lowest=shortened(min(ratios)),
        highest=shortened(max(ratios)),
        rounds=len(ratios),
        **more,
    )


def say_rate(bench: str, figure: str, rates: Sequence[float], unit: str, **more: object) -> None:
    """Print the median of the rounds' rates, with the lowest and highest."""
    say(
        bench,
        figure,
        median(rates),
        unit,
        lowest=shortened(min(rates)),
        highest=shortened(max(rates)),
        rounds=len(rates),
        **more,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least such a share of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def shortened(value: float) -> float:
    """A value to four digits, without decimals from a thousand on."""
    return float(round(value)) if abs(value) >= 1000 else float(f"{value:.4g}")
