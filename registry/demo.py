"""The whole story in a scratch folder: real Git, real (tiny) models, the real commands. Disk, processes."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from math import exp
from pathlib import Path

Echo = Callable[[str], None]

ADA = {"NAME": "Ada", "EMAIL": "ada@example.com"}
BOB = {"NAME": "Bob", "EMAIL": "bob@example.com"}

GATE = "      from: [Staging]"
APPROVALS = f"{GATE}\n      requires: {{approvals: 1, fields: [digest]}}"


def run(echo: Echo, folder: Path | None = None) -> int:
    """Play it, printing each command and its output; in `folder`, which is kept, or in a scratch one.

    Returns 0, or 1 when a step did not go as the story has it.
    """
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return _play(echo, folder)
    with tempfile.TemporaryDirectory(prefix="registry-demo-") as scratch:
        return _play(echo, Path(scratch))


def _play(echo: Echo, folder: Path) -> int:
    stage = _Stage(echo, folder)
    try:
        for tell in (_begin, _first_version, _second_version, _mistake, _undo):
            tell(stage)
    except _NotAsTold:
        return 1
    return 0


class _NotAsTold(Exception):
    """A command ended with another status than the story has it."""


class _Stage:
    """The folder that the story plays in, and who acts."""

    def __init__(self, echo: Echo, folder: Path) -> None:
        self.echo, self.folder = echo, folder

    def say(self, text: str) -> None:
        self.echo(f"\n# {text}")

    def registry(self, words: str, who: dict[str, str] = ADA, status: int = 0) -> None:
        """One `registry` command, in a process of its own."""
        self.command(["registry", *shlex.split(words)], who, status)

    def git(self, words: str) -> None:
        self.command(["git", *shlex.split(words)], ADA, 0)

    def command(self, words: list[str], who: dict[str, str], status: int) -> None:
        self.echo(f"$ {shlex.join(words)}")
        real = [sys.executable, "-P", "-m", *words] if words[0] == "registry" else words
        done = subprocess.run(
            real, cwd=self.folder, env=_environment(who), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
        if done.stdout.strip():
            self.echo(done.stdout.rstrip("\n"))
        if done.returncode != status:
            self.echo(f"this ended with status {done.returncode}, not {status}")
            raise _NotAsTold


def _environment(who: dict[str, str]) -> dict[str, str]:
    """A Git of the story's own: its people, and nothing of the user's configuration."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "REGISTRY_"))}
    people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    own = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}
    return {**kept, **people, **own}


def _begin(stage: _Stage) -> None:
    stage.say("A registry is a file in a Git repository. This makes both.")
    stage.registry("init")
    stage.say("Policy is part of the file: Production shall need somebody else's approval, and a digest.")
    manifest = stage.folder / "models.yaml"
    text = manifest.read_text("utf-8")
    manifest.write_text(
        "\n".join(APPROVALS if line.startswith(GATE) else line for line in text.splitlines()) + "\n", "utf-8"
    )
    stage.git("commit -q -a -m 'policy: Production needs an approval'")


def _first_version(stage: _Stage) -> None:
    stage.say("Train a small model and register its file.")
    auc = train(stage.folder / "fraud-1.json", features=2)
    stage.registry(f"register fraud-detector --uri fraud-1.json --digest auto --format json --metric auc={auc}")
    stage.say("A version enters Production from Staging, and not without the approval.")
    stage.registry("promote fraud-detector 1 --to Staging")
    stage.registry("promote fraud-detector 1 --to Production", status=1)
    stage.registry("approve fraud-detector 1 --for Production", who=BOB)
    stage.registry("promote fraud-detector 1 --to Production -m 'the first one'")


def _second_version(stage: _Stage) -> None:
    stage.say("A better model takes its place. One slot changes; that is the whole diff.")
    auc = train(stage.folder / "fraud-2.json", features=4)
    stage.registry(f"register fraud-detector --uri fraud-2.json --digest auto --format json --metric auc={auc}")
    stage.registry("promote fraud-detector 2 --to Staging")
    stage.registry("approve fraud-detector 2 --for Production", who=BOB)
    stage.registry("promote fraud-detector 2 --to Production --dry-run")
    stage.registry("promote fraud-detector 2 --to Production")
    stage.say("What serving code asks for, in one line.")
    stage.registry("get fraud-detector/Production")
    stage.registry("list")


def _mistake(stage: _Stage) -> None:
    stage.say("A mistake by hand is found before it is committed, with its line and column.")
    manifest = stage.folder / "models.yaml"
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace("        version: 2\n", "        versions: [1, 2]\n", 1), "utf-8")
    stage.registry("validate", status=1)
    stage.git("restore models.yaml")


def _undo(stage: _Stage) -> None:
    stage.say("Something is wrong with version 2: put back what stood there before.")
    stage.registry("rollback fraud-detector -m 'false alarms doubled'")
    stage.registry("get fraud-detector/Production --field version")
    stage.say("Git knows who, when and why.")
    stage.registry("history fraud-detector")
    stage.git("log --oneline")


# -- a model: logistic regression on made-up card transactions -----------------------------------------


def train(path: Path, features: int, seed: int = 7) -> float:
    """Fit a logistic regression on the first `features` columns, write it as JSON, and return its AUC."""
    dice = random.Random(seed)  # noqa: S311 - no secret, the same model every time
    rows = [[dice.gauss(0, 1) for _ in range(4)] for _ in range(600)]
    labels = [int(r[0] + 0.8 * r[1] + 0.6 * r[2] - 0.5 * r[3] + dice.gauss(0, 1) > 1) for r in rows]
    weights = _fitted([r[:features] for r in rows[:400]], labels[:400])
    path.write_text(json.dumps({"kind": "logistic-regression", "weights": weights}, indent=1) + "\n", "utf-8")
    scores = [_score(weights, r[:features]) for r in rows[400:]]
    return round(_auc(scores, labels[400:]), 3)


def _score(weights: list[float], row: list[float]) -> float:
    return 1 / (1 + exp(-weights[0] - sum(w * x for w, x in zip(weights[1:], row, strict=True))))


def _fitted(rows: list[list[float]], labels: list[int]) -> list[float]:
    weights = [0.0] * (len(rows[0]) + 1)
    for _ in range(40):
        gradient = [0.0] * len(weights)
        for row, label in zip(rows, labels, strict=True):
            miss = label - _score(weights, row)
            for i, x in enumerate([1.0, *row]):
                gradient[i] += miss * x
        weights = [w + 3 * g / len(rows) for w, g in zip(weights, gradient, strict=True)]
    return [round(w, 6) for w in weights]


def _auc(scores: list[float], labels: list[int]) -> float:
    """The chance that a fraud scores above an honest transaction."""

    def pairs() -> Iterator[float]:
        frauds = [s for s, label in zip(scores, labels, strict=True) if label]
        honest = [s for s, label in zip(scores, labels, strict=True) if not label]
        yield from (1.0 if f > h else 0.5 if f == h else 0.0 for f in frauds for h in honest)

    values = list(pairs())
    return sum(values) / len(values)
