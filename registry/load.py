"""A registry's documents: the root manifest and, with `include:`, one file per model. Pure.

What to read and how comes in as a function, so that a working file, a commit and a test's
dictionary are all the same here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from registry.document import Document, read
from registry.errors import Finding, Location, NotFound, Path, Problem
from registry.model import Manifest
from registry.places import candidates, expected_file, folders
from registry.splice import new_text, rewrite

Read = Callable[[str], bytes | None]
"""The bytes of a file named relative to the root manifest's folder; None where there is none."""
ListFiles = Callable[[str], Iterable[str]]
"""The files below a folder, named like those that `Read` takes."""


@dataclass(frozen=True)
class Documents:
    """The root manifest and the included files that were read, by their path from its folder."""

    root: Document
    parts: Mapping[str, Document] = field(default_factory=dict)

    @cached_property
    def manifest(self) -> Manifest:
        """What the documents declare together; only for documents without problems."""
        data = self.root.data
        if not self.parts:
            return Manifest(data)
        models = dict(data.get("models") or {})
        for part in self.parts.values():
            models.update(_models(part))
        files = {path: part.data for path, part in self.parts.items() if isinstance(part.data, dict)}
        return Manifest({**data, "models": models}, files, tuple(_models(self.root)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the strict reader found, over all files."""
        return tuple(p for d in self.all() for p in d.problems)

    def all(self) -> Iterator[Document]:
        """The root first, then the parts."""
        yield self.root
        yield from self.parts.values()

    def where(self, finding: Finding) -> Location:
        """The place of a finding in the file that holds it."""
        document = self.parts.get(finding.file) or self._holder(finding.at)
        return document.where(finding.at, on_key=finding.on_key)

    def _holder(self, at: Path) -> Document:
        if len(at) >= 2 and at[0] == "models":
            path = self._part_of(str(at[1]))
            return self.root if path is None else self.parts[path]
        return self.root

    def _part_of(self, name: str) -> str | None:
        """The included file that holds a model; None: the root does, or none."""
        if name in _models(self.root):
            return None
        return next((path for path, part in self.parts.items() if name in _models(part)), None)

    def with_model(self, name: str, data: dict[str, Any] | None, *, was: str | None = None) -> Documents:
        """The documents in which a model says `data`: changed, added, renamed from `was`, or (None) removed."""
        old = was or name
        path = self._part_of(old)
        if path is not None:
            return self._with_part(path, old, name, data)
        include = self.root.data.get("include")
        if old not in _models(self.root) and include:
            return self._with_new_part(include, name, data)
        models = _replaced(_models(self.root), old, name, data)
        return replace(self, root=rewrite(self.root, {**self.root.data, "models": models}))

    def _with_part(self, path: str, old: str, name: str, data: dict[str, Any] | None) -> Documents:
        parts = dict(self.parts)
        part = parts.pop(path)
        if models := _replaced(_models(part), old, name, data):
            new = path if name == old else expected_file(self.root.data.get("include"), path, name)
            parts[new] = replace(rewrite(part, {**part.data, "models": models}), file=self._shown(new))
        return replace(self, parts=parts)

    def _with_new_part(self, include: Any, name: str, data: dict[str, Any] | None) -> Documents:
        if data is None:
            return self
        path = candidates(include, name)[0]
        text = new_text({"schema_version": self.root.data["schema_version"], "models": {name: data}})
        return replace(self, parts={**self.parts, path: read(text, self._shown(path))})

    def _shown(self, path: str) -> str:
        return posixpath.join(posixpath.dirname(self.root.file), path)

    def changed_from(self, before: Documents) -> dict[str, bytes | None]:
        """The files that differ, by path from the root manifest's folder: new bytes, or None where one went."""
        name = posixpath.basename(self.root.file)
        changes: dict[str, bytes | None] = {}
        if self.root.text != before.root.text:
            changes[name] = self.root.encode()
        for path in {**before.parts, **self.parts}:
            old, new = before.parts.get(path), self.parts.get(path)
            if new is None:
                changes[path] = None
            elif old is None or old.text != new.text:
                changes[path] = new.encode()
        return changes


def load(read_file: Read, file: str, *, only: str | None = None, list_files: ListFiles | None = None) -> Documents:
    """The documents of the registry whose root manifest is shown as `file`.

    With `only`, just the file of the model of that name is read beside the root; without, all
    that `list_files` names below the included folders.

    Raises:
        NotFound: there is no root manifest.
    """
    source = read_file(posixpath.basename(file))
    if source is None:
        raise NotFound.because("no-manifest", f"there is no {file}", fix="run `registry init`, or name it: --file PATH")
    root = read(source, file)
    include = root.data.get("include") if isinstance(root.data, dict) else None
    documents = Documents(root)
    paths: Iterable[str] = ()
    if include and _is_include(include):
        paths = candidates(include, only) if only is not None else _listed(include, list_files)
    parts = {path: read(text, documents._shown(path)) for path in paths if (text := read_file(path)) is not None}
    return replace(documents, parts=parts)


def _is_include(include: Any) -> bool:
    entries = include if isinstance(include, list) else [include]
    names = [e.get("folder") if isinstance(e, dict) else e for e in entries]
    return all(isinstance(n, str) and not n.startswith("/") and ".." not in n.split("/") for n in names)


def _listed(include: Any, list_files: ListFiles | None) -> list[str]:
    names = list_files or (lambda _: ())
    return sorted({f for folder, _ in folders(include) for f in names(folder) if f.endswith((".yaml", ".yml"))})


def _models(document: Document) -> dict[str, Any]:
    models = document.data.get("models") if isinstance(document.data, dict) else None
    return models if isinstance(models, dict) else {}


def _replaced(models: dict[str, Any], old: str, name: str, data: dict[str, Any] | None) -> dict[str, Any]:
    if old not in models:
        return {**models, name: data} if data is not None else models
    pairs = ((name, data) if key == old else (key, value) for key, value in models.items())
    return {key: value for key, value in pairs if value is not None}
