"""When what moved: the dated moves of a registry, from its Git history. Git.

Computed by comparing the manifest's states along the first parent, so that hand edits, merges
and squashes count too; commit messages are never trusted for facts. The time is the commit's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from registry.change import Change, Move
from registry.check import check
from registry.document import Document, read
from registry.errors import RegistryError
from registry.load import Documents, load
from registry.model import Manifest
from registry.places import folders
from registry.workspace import Workspace, monotone

if TYPE_CHECKING:
    from registry.gitrepo import Commit


@dataclass(frozen=True, slots=True)
class Dated:
    """A move, and the commit that made it: its hash, author and committer time (UTC, never going back)."""

    move: Move
    time: datetime
    commit: str
    author: str
    email: str


def history(workspace: Workspace, model: str | None = None) -> list[Dated]:
    """Every move along the first parent, newest first; with `model`, its own under all its names.

    In a shallow clone the oldest commit is only what the later ones are compared with.
    A state that cannot be read, or that breaks a rule, is passed over: what it did shows where it
    was mended.
    """
    head = workspace.repo.head()
    if head is None:
        return []
    commits = monotone(workspace.repo.first_parent(head, _paths(workspace, head)))
    found: list[Dated] = []
    before: Manifest | None = None
    for commit, documents in zip(reversed(commits), _states(workspace, commits[::-1]), strict=True):
        after = _sound(documents)
        if after is None:
            continue
        if before is None and workspace.repo.shallow:
            before = after  # what came before the clone's beginning is not known, so nothing is told of it
            continue
        moves = Change(before, after).moves
        found += [Dated(m, commit.time, commit.id, commit.author_name, commit.author_email) for m in moves]
        before = after
    found.reverse()
    return _of(found, model) if model else found


def _paths(workspace: Workspace, head: str) -> list[str]:
    data = read(workspace.repo.read(head, workspace.tracked) or b"", workspace.shown).data
    include = data.get("include") if isinstance(data, dict) else None
    folder = workspace.tracked.rpartition("/")[0]
    return [workspace.tracked, *(f"{folder}/{f}".strip("/") for f, _ in folders(include))]


def _states(workspace: Workspace, commits: list[Commit]) -> list[Documents | None]:
    """The documents at each commit: one file a commit is read in one go, included ones commit by commit."""
    texts = workspace.repo.read_many([(c.id, workspace.tracked) for c in commits])
    states: list[Documents | None] = []
    for commit, text in zip(commits, texts, strict=True):
        if text is None:
            states.append(None)
            continue
        alone = load(lambda _, text=text: text, workspace.shown, only="")  # type: ignore[misc]
        data = alone.root.data
        included = isinstance(data, dict) and data.get("include")
        states.append(_whole(workspace, commit) if included else alone)
    return states


def _whole(workspace: Workspace, commit: Commit) -> Documents | None:
    """The documents of a commit with all its included files; one that cannot be read has none that are sound."""
    try:
        return workspace.at_commit(commit.id)
    except RegistryError as error:
        unread = Document(workspace.shown, "", None, error.problems)
        return Documents(unread)


def _sound(documents: Documents | None) -> Manifest | None:
    """The manifest of a state without problems; a registry that was removed declares nothing."""
    if documents is None:
        return Manifest({})
    return None if check(documents).problems else documents.manifest


def _of(moves: list[Dated], model: str) -> list[Dated]:
    """The moves of one model, back through its renames."""
    names, kept = {model}, []
    for dated in moves:
        if dated.move.model in names:
            kept.append(dated)
            if dated.move.kind == "renamed" and dated.move.source:
                names.add(dated.move.source)
    return kept
