"""Which file a model's record stands in: the path follows from the name. Pure.

A registry is one file, or a root file whose `include:` names folders of one file per model.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9 ._+()-]{0,253}[A-Za-z0-9._+()-])?")
"""What a model may be called; nothing in it that a shell, a path, a Git ref or a URI would read as syntax."""


def folders(include: Any) -> list[tuple[str, bool]]:
    """The folders of an `include:`, each with whether it is laid out by hash."""
    entries = include if isinstance(include, list) else [include]
    found = [
        (e, False) if isinstance(e, str) else (e.get("folder"), e.get("layout") == "by-hash")
        for e in entries
        if isinstance(e, str | dict)
    ]
    return [(folder, by_hash) for folder, by_hash in found if isinstance(folder, str)]


def model_file(folder: str, by_hash: bool, name: str) -> str:
    """The path of a model's file, relative to the root manifest's folder, with forward slashes.

    By hash, the file lies below the first two hex digits of the SHA-256 of the case-folded name.
    """
    shard = hashlib.sha256(name.casefold().encode()).hexdigest()[:2] + "/" if by_hash else ""
    return f"{folder.rstrip('/')}/{shard}{name.replace(' ', '%20')}.yaml"


def candidates(include: Any, name: str) -> list[str]:
    """Where a model may be, in the order in which to look; nowhere for what is no model's name."""
    if not NAME.fullmatch(name):
        return []
    return [model_file(folder, by_hash, name) for folder, by_hash in folders(include)]


def included_in(include: Any, file: str) -> tuple[str, bool] | None:
    """The folder of an `include:` that a file lies in, with its layout; None where it lies in none."""
    return next(((f, by_hash) for f, by_hash in folders(include) if file.startswith(f.rstrip("/") + "/")), None)


def expected_file(include: Any, file: str, name: str) -> str:
    """Where the model that stands in `file` belongs: the same folder, by its name."""
    place = included_in(include, file)
    return model_file(*place, name) if place else file
