"""How long work takes: processes and functions, wall clock and processor, side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import mkdtemp


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock, and seconds of processor (user and system, with the children's)."""

    wall: float
    cpu: float


Work = Callable[[], Cost]
"""Does something once, and says what it took."""


@dataclass(frozen=True, slots=True)
class Row:
    """The claim that `work` costs at most `times` the sum of other works, each with its factor; None: no claim."""

    work: str
    of: Mapping[str, float]
    times: float | None = None

    @property
    def against(self) -> str:
        """What the work is compared with, in words."""
        return " + ".join(name if factor == 1 else f"{factor:g} × {name}" for name, factor in self.of.items())


@dataclass(frozen=True, slots=True)
class Group:
    """Works that are measured in turn, and the rows of the table that come of them."""

    works: Mapping[str, Work]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its numbers: the medians of the ratios of each round, and of the seconds."""

    row: Row
    wall: float
    cpu: float
    took: float
    other: float

    @property
    def missed(self) -> bool:
        """Whether the claim does not hold."""
        return self.row.times is not None and self.wall > self.row.times


def measured(group: Group, runs: int) -> Iterator[Result]:
    """The rows of a group after `runs` rounds A B C, A B C, … and one more before them to warm up.

    A ratio compares works of one round, so that a machine that slows down slows both.
    """
    rounds = [{name: work() for name, work in group.works.items()} for _ in range(runs + 1)][1:]
    for row in group.rows:
        own = [costs[row.work] for costs in rounds]
        others = [_sum(costs, row.of) for costs in rounds]
        yield Result(
            row,
            wall=median(a.wall / b.wall for a, b in zip(own, others, strict=True)),
            cpu=median(a.cpu / b.cpu for a, b in zip(own, others, strict=True)),
            took=median(cost.wall for cost in own),
            other=median(cost.wall for cost in others),
        )


def _sum(costs: Mapping[str, Cost], of: Mapping[str, float]) -> Cost:
    parts = [(costs[name], factor) for name, factor in of.items()]
    return Cost(sum(c.wall * f for c, f in parts), sum(c.cpu * f for c, f in parts))


def called(function: Callable[[], object]) -> Work:
    """A function of this process."""

    def work() -> Cost:
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        return Cost(time.perf_counter() - wall, time.process_time() - cpu)

    return work


@dataclass(frozen=True)
class Surroundings:
    """The environment of all processes: the same bytecode cache and the same git settings for each."""

    scratch: Path
    env: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        own = ("GIT_", "PYTHON", "REGISTRY_", "_REGISTRY_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        config = self.scratch / "gitconfig"
        config.write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n")
        # without a cache of bytecode (as under PYTHONDONTWRITEBYTECODE) one would time the compiler
        env["PYTHONPYCACHEPREFIX"] = str(self.scratch / "bytecode")
        env |= {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1"}
        object.__setattr__(self, "env", env)

    def folder(self) -> Path:
        """A new folder for a registry."""
        return Path(mkdtemp(dir=self.scratch))

    def python(self, *words: str | Path, cwd: Path | None = None) -> Work:
        """A process of this same Python, from its start to its end."""
        return self.process(sys.executable, *words, cwd=cwd)

    def process(self, *words: str | Path, cwd: Path | None = None) -> Work:
        """Any process, from its start to its end, with those that it starts and waits for."""

        def work() -> Cost:
            start = time.perf_counter()
            child = subprocess.Popen(words, cwd=cwd or self.scratch, env=self.env, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise subprocess.CalledProcessError(child.returncode, words)
            return Cost(wall, usage.ru_utime + usage.ru_stime)

        return work

    def self_timed(self, *words: str | Path) -> Work:
        """A Python process that prints, of its own clocks, the seconds that its work took."""

        def work() -> Cost:
            return Cost(*map(float, self.run(sys.executable, *words).split()))

        return work

    def run(self, *words: str | Path, cwd: Path | None = None) -> str:
        """What a process prints that is not timed."""
        done = subprocess.run(
            words, cwd=cwd or self.scratch, env=self.env, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout
