"""A model registry without a server: one YAML manifest in Git.

    from registry import Workspace
    manifest = Workspace.find(None, Path.cwd()).judged().manifest
    manifest.models["fraud-detector"].slots["Production"]

`import registry` itself loads nothing; each name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.document import read
    from registry.errors import Conflict, Location, Misused, NotFound, Problem, RegistryError, Rejected
    from registry.load import Documents
    from registry.model import Manifest, Model, Version
    from registry.selectors import find
    from registry.workspace import Workspace

__version__ = "0.1.0"

_ROOMS = {
    "Conflict": "errors",
    "Documents": "load",
    "Location": "errors",
    "Manifest": "model",
    "Misused": "errors",
    "Model": "model",
    "NotFound": "errors",
    "Problem": "errors",
    "RegistryError": "errors",
    "Rejected": "errors",
    "Version": "model",
    "Workspace": "workspace",
    "find": "selectors",
    "read": "document",
}

__all__ = [
    "Conflict",
    "Documents",
    "Location",
    "Manifest",
    "Misused",
    "Model",
    "NotFound",
    "Problem",
    "RegistryError",
    "Rejected",
    "Version",
    "Workspace",
    "find",
    "read",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'registry' has no attribute {name!r}")
    return getattr(import_module(f"registry.{_ROOMS[name]}"), name)
