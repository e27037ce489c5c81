"""`python -m benchmarks`: build registries in a scratch folder, measure, print a table of ratios."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.groups import GROUPS
from benchmarks.timing import Result, Surroundings, measured

HEADERS = ("work", "against", "at most", "measured", "of processor", "the work took", "the other")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print the table, a line when it is known; what misses its claim is bold."""
    options = _options(argv)
    print(f"{_machine()}; {options.runs} rounds\n")
    print(_line(HEADERS), _line(["---"] * len(HEADERS)), sep="\n", flush=True)
    for group in options.only or GROUPS:
        with TemporaryDirectory(prefix="registry-benchmarks-") as scratch:
            around = Surroundings(Path(scratch))
            for result in measured(GROUPS[group](around, options.sizes), options.runs):
                print(_line(_cells(result)), flush=True)
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=_positive, default=15, metavar="N", help="rounds that count (default: 15)")
    parser.add_argument(
        "--sizes", type=_positive, nargs="+", metavar="N", help="models or versions, instead of those of the claims"
    )
    parser.add_argument("--only", choices=GROUPS, nargs="+", metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _machine() -> str:
    git = subprocess.run(["git", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("typer", "PyYAML", "GitPython"))
    return f"Python {platform.python_version()}, {libraries}, {git}, {os.cpu_count()} processors"


def _cells(result: Result) -> Iterator[str]:
    yield result.row.work
    yield result.row.against
    yield "" if result.row.times is None else f"{result.row.times:g} ×"
    yield f"**{result.wall:.2f} ×**" if result.missed else f"{result.wall:.2f} ×"
    yield f"{result.cpu:.2f} ×"
    yield f"{result.took * 1000:.1f} ms"
    yield f"{result.other * 1000:.1f} ms"


def _line(cells: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
