"""Small registries for tests, made by the verbs themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry import edits
from registry.document import read
from registry.edits import Edit
from registry.load import Documents

Step = Callable[[Documents], Edit]

WHEN = "2026-11-20T08:00:00Z"


def step(verb: Callable[..., Edit], *words: Any, **options: Any) -> Step:
    """A verb with its arguments, waiting for documents."""
    return lambda documents: verb(documents, *words, **options)


def register(model: str, number: int, **fields: Any) -> Step:
    """A registration whose uri tells the model and the number."""
    uri = f"s3://models/{model}/{number}/model.onnx"
    return step(edits.register, model, uri, **{"created_by": "trainer@example.com", "created_at": WHEN, **fields})


def after(documents: Documents, *steps: Step) -> Documents:
    """The documents that some steps lead to."""
    for one in steps:
        documents = one(documents).documents
    return documents


def parse(text: str) -> Documents:
    """The documents of one manifest's text."""
    return Documents(read(text))


def fraud(*steps: Step, policy: str = "") -> Documents:
    """A registry with churn 1, 2 and fraud 1 to 5; fraud: 4 in Staging, 3 in Production."""
    start = edits.init("models.yaml")
    if policy:
        start = parse(policy + "\nmodels: {}\n")
    return after(
        start,
        *(register("churn", n) for n in (1, 2)),
        *(register("fraud", n) for n in (1, 2, 3, 4, 5)),
        step(edits.promote, "churn", 1, "Staging"),
        step(edits.promote, "fraud", 3, "Staging"),
        step(edits.promote, "fraud", 3, "Production"),
        step(edits.promote, "fraud", 4, "Staging"),
        *steps,
    )


def slots(documents: Documents, model: str = "fraud") -> dict[str, tuple[int, ...]]:
    """What each stage of a model holds."""
    return documents.manifest.models[model].slots
