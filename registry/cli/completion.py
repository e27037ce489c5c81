"""What the shell offers when you press Tab: names from the manifest at hand. Silent when there is none."""

from __future__ import annotations

import os
from pathlib import Path

from registry.model import Manifest


def models(incomplete: str) -> list[str]:
    """The models whose name begins so."""
    return [name for name in _manifest().models if name.startswith(incomplete)]


def stages(incomplete: str) -> list[str]:
    """The stages whose name begins so."""
    return [stage.name for stage in _manifest().policy.stages if stage.name.startswith(incomplete)]


def selectors(incomplete: str) -> list[str]:
    """Models; once one is named, its versions, stages and aliases."""
    for mark in "/@":
        name, found, _ = incomplete.partition(mark)
        if found:
            model = _manifest().models.get(name)
            rest = () if model is None else model.aliases if mark == "@" else [*model.slots, *model.versions]
            return [s for s in (f"{name}{mark}{part}" for part in rest) if s.startswith(incomplete)]
    return models(incomplete)


def _manifest() -> Manifest:
    from registry.workspace import Workspace

    named = os.environ.get("REGISTRY_FILE")
    try:
        return Workspace.find(Path(named) if named else None, Path.cwd()).judged().manifest
    except Exception:  # the shell has no place for a message
        return Manifest({})
