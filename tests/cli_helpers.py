"""The command line in a test: words in, status and both streams out, in a registry made for it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from registry.cli import main
from tests.conftest import Sandbox

MANIFEST = """\
schema_version: 1

policy:
  stages:
    - name: Staging
    - name: Production
      from: [Staging]
      requires:
        fields: [digest]
        metrics:
          auc: {min: 0.9}
        approvals: 1

models:
  fraud:
    description: Scores card transactions.
    owners: [risk-ml, "[/foo]"]
    tags: {tier: "[bold]critical[/bold]"}
    stages:
      Staging:
        version: 3
      Production:
        version: 2
    aliases:
      champion: 2
    versions:
      - version: 1
        replaced_by:
          Production: 2
        uri: s3://m/fraud/1
      - version: 2
        replaced_by:
          Staging: 3
        approvals:
          Production: [bob@example.com]
        uri: s3://m/fraud/2
        checks:
          offline-eval: {result: passed, url: "https://ci.example.com/2"}
        digest: sha256:9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b
        metrics: {auc: 0.93, val.auc: 0.91}
        params: {depth: 8}
        created_at: "2026-11-02T09:15:00Z"
      - version: 3
        approvals:
          Production: [bob@example.com]
        uri: s3://m/fraud/3
        digest: sha256:8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b
        metrics: {auc: 0.95}
      - version: 4
        uri: s3://m/fraud/4
  churn:
    versions:
      - version: 1
        uri: s3://m/churn/1
"""


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Told]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in this process."""
    monkeypatch.delenv("REGISTRY_FILE", raising=False)

    def told(*words: str) -> Told:
        capsys.readouterr()
        status = main(list(words))
        return Told(status, *capsys.readouterr())

    return told


@pytest.fixture
def registry(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A repository with MANIFEST committed, and the current folder in it."""
    repo.commit({"models.yaml": MANIFEST}, "a registry")
    monkeypatch.chdir(repo.path)
    return repo


def changed(before: str, after: str) -> list[str]:
    """The lines that one text has and the other has not, as in a diff without context."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
