"""Registries of any size, written in the style of the tool and judged before they are used."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from registry import Workspace, edits
from registry.document import read
from registry.places import model_file
from registry.splice import Flow, FlowList, new_text

VERSIONS = 5
"""Versions of each model: the newest in Staging, the one before in Production."""
BY_HASH = 5_000
"""From so many models on a folder of them is laid out by hash, as the documentation advises."""

POLICY: Any = read(edits.STARTER).data["policy"]


def name(number: int) -> str:
    """The name of a model."""
    return f"model-{number:05d}"


def one_file(folder: Path, versions: int) -> Path:
    """A registry in one file, with about so many versions; its manifest."""
    models = {name(n): _model(name(n)) for n in range(max(1, versions // VERSIONS))}
    return _judged(folder, {"models.yaml": {"schema_version": 1, "policy": POLICY, "models": models}})


def one_file_per_model(folder: Path, models: int) -> Path:
    """A registry with `include:`, with so many models; its root manifest."""
    by_hash = models > BY_HASH
    include = {"folder": "models/", "layout": "by-hash"} if by_hash else "models/"
    files: dict[str, Any] = {"models.yaml": {"schema_version": 1, "policy": POLICY, "include": include}}
    for n in range(models):
        path = model_file("models/", by_hash, name(n))
        files[path] = {"schema_version": 1, "models": {name(n): _model(name(n))}}
    return _judged(folder, files)


def _judged(folder: Path, files: dict[str, Any]) -> Path:
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(new_text(data), encoding="utf-8")
    Workspace(folder / "models.yaml").judged()
    return folder / "models.yaml"


def _model(model: str) -> dict[str, Any]:
    return {
        "description": "Scores card transactions before authorisation.",
        "owners": FlowList(["risk-ml"]),
        "stages": {"Staging": {"version": VERSIONS}, "Production": {"version": VERSIONS - 1}},
        "versions": [_record(model, number) for number in range(1, VERSIONS + 1)],
    }


def _record(model: str, number: int) -> dict[str, Any]:
    digest = hashlib.sha256(f"{model} {number}".encode()).hexdigest()
    left = [stage for stage, holder in (("Staging", VERSIONS), ("Production", VERSIONS - 1)) if number < holder]
    return {
        "version": number,
        **({"replaced_by": dict.fromkeys(left, number + 1)} if left else {}),
        "uri": f"s3://models/{model}/{number}/model.onnx",
        "digest": f"sha256:{digest}",
        "format": "onnx",
        "metrics": Flow(auc=0.931, latency_ms=11.2),
        "source": Flow(run_id=digest[:8], commit=digest[8:16]),
        "created_by": "trainer@example.com",
        "created_at": "2026-11-02T09:15:00Z",
    }
