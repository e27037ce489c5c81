"""What is right and what is off with a registry and its surroundings; nothing is changed. Git, disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from registry import schema
from registry.check import check
from registry.errors import RegistryError
from registry.gitrepo import GitRepo
from registry.places import folders
from registry.report import counted
from registry.workspace import SCHEMA, Workspace

LARGE = 1_000_000
"""Bytes from which a manifest is better kept as one file per model."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that was looked at: whether it is well, what was found, and what to do."""

    ok: bool
    what: str
    fix: str = ""


def diagnose(workspace: Workspace | None, folder: Path) -> list[Advice]:
    """Everything that was looked at, in the order in which to mend it."""
    found: list[Advice] = []
    repo = None
    try:
        repo = GitRepo.discover(workspace.path if workspace else folder)
        found.append(Advice(True, f"git repository {repo.top or repo.git_dir}"))
    except RegistryError as error:
        found += _advice(error)
    if repo is not None:
        found += [a for look in (_identity, _branch, _operation, _lock) for a in _looked(look, repo)]
    if workspace is None:
        return [*found, Advice(False, "no models.yaml here or above", "registry init")]
    return [*found, *_manifest(workspace, repo)]


def _looked(look: Callable[[GitRepo], Iterator[Advice]], repo: GitRepo) -> list[Advice]:
    try:
        return list(look(repo))
    except RegistryError as error:
        return _advice(error)


def _advice(error: RegistryError) -> list[Advice]:
    return [Advice(False, f"{p.where}: {p.what}" if p.where else p.what, p.fix) for p in error.problems]


def _identity(repo: GitRepo) -> Iterator[Advice]:
    who = repo.identity()
    yield Advice(True, f"commits are by {who.name} <{who.email}>")


def _branch(repo: GitRepo) -> Iterator[Advice]:
    branch = repo.branch()
    if branch is None and not repo.bare:
        yield Advice(False, "HEAD is detached: no branch would hold a commit", "git switch BRANCH")
    elif branch:
        yield Advice(True, f"on the branch {branch}")
    if repo.shallow:
        yield Advice(False, "this clone is shallow: history and rollback see only a part", "git fetch --unshallow")


def _operation(repo: GitRepo) -> Iterator[Advice]:
    if operation := repo.in_progress():
        yield Advice(False, f"a {operation} is in progress", f"git {operation} --continue, or git {operation} --abort")


def _lock(repo: GitRepo) -> Iterator[Advice]:
    lock = repo.git_dir / "index.lock"
    if lock.exists():
        yield Advice(False, f"{lock} is there", "if no git is running here, remove it")


def _manifest(workspace: Workspace, repo: GitRepo | None) -> Iterator[Advice]:
    try:
        documents = workspace.documents()
    except RegistryError as error:
        yield from _advice(error)
        return
    problems = check(documents).problems
    if problems:
        yield Advice(
            False,
            f"{workspace.shown} has {len(problems)} problem{'s' * (len(problems) > 1)}",
            "registry validate",
        )
    else:
        manifest = documents.manifest
        yield Advice(True, f"{workspace.shown} is valid: {counted(manifest)}")
    if len(documents.root.encode()) > LARGE:
        yield Advice(
            False,
            f"{workspace.shown} is over 1 MB",
            "keep one file per model: `include:` in the manifest reference",
        )
    yield from _schema(workspace)
    include = documents.root.data.get("include") if isinstance(documents.root.data, dict) else None
    for folder, _ in folders(include) if not problems else ():
        if not (workspace.path.parent / folder).is_dir():
            yield Advice(False, f"the included folder {folder} is not there", "register a model, or see to its name")
    if repo is not None:
        yield from _looked(lambda r: _committed(workspace, r), repo)


def _schema(workspace: Workspace) -> Iterator[Advice]:
    copy = workspace.path.parent / SCHEMA
    if copy.is_file() and copy.read_text("utf-8", "replace") != schema.text():
        yield Advice(False, f"{copy} is not the schema of this version", f"registry schema > {SCHEMA}, and commit it")


def _committed(workspace: Workspace, repo: GitRepo) -> Iterator[Advice]:
    if repo.top is None:
        return
    dirty = repo.dirty([workspace.tracked])
    if dirty:
        yield Advice(False, f"{workspace.shown} has changes that are not committed", "commit them, or `git restore` it")
    else:
        yield Advice(True, f"{workspace.shown} is as committed")
