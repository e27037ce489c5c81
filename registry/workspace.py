"""A registry in a checkout: read, edit, judge, commit; and rollback. The disk's edge.

Reading the working files needs no Git and starts no process. Whatever is written goes through
`Workspace.run` or `rollback`: lock, look, edit, judge, write, commit, or nothing at all.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from registry import edits, schema
from registry.change import Change, Move
from registry.check import check, judge_moves
from registry.document import MAX_BYTES, Document, read
from registry.edits import Edit, Verb
from registry.errors import Conflict, Location, Misused, NotFound, Problem, Rejected
from registry.load import Documents, load
from registry.places import included_in
from registry.report import commit_message
from registry.rules.state import STATE_RULES

if TYPE_CHECKING:
    from registry.checkout import Ready
    from registry.gitrepo import Commit, GitRepo, Identity

MANIFEST = "models.yaml"
SCHEMA = "schema/models.schema.json"
REVERT_SEARCH = 1.5
"""Seconds that a rollback looks for the commit to revert; past that it makes the same edit itself."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an operation.

    `commit` is None where nothing was committed; `diff` is what a dry run would change; `reverted`
    is the commit that a rollback undid by a real `git revert`.
    """

    edit: Edit
    moves: tuple[Move, ...] = ()
    commit: str | None = None
    diff: str = ""
    warnings: tuple[Problem, ...] = ()
    reverted: str | None = None


class Workspace:
    """The registry whose root manifest is the file at `path`, shown to people as `shown`."""

    def __init__(self, path: Path, shown: str | None = None) -> None:
        self.path = path
        self.shown = shown or path.name

    @classmethod
    def find(cls, named: Path | None, start: Path) -> Workspace:
        """The registry of a named file, or of the first `models.yaml` upwards to the repository's root.

        Raises:
            NotFound: there is none.
        """
        if named is not None:
            if (start / named).is_dir():
                raise _folder(str(named))
            return cls(start / named, str(named))
        for folder in (start, *start.parents):
            if (folder / MANIFEST).exists():
                return cls(folder / MANIFEST, os.path.relpath(folder / MANIFEST, start))
            if (folder / ".git").exists():
                break
        raise NotFound.because(
            "no-manifest",
            f"there is no {MANIFEST} here or above, up to the repository's root",
            fix="run `registry init`, or name it: --file PATH",
        )

    # -- reading -------------------------------------------------------------------------------------

    def documents(self, only: str | None = None) -> Documents:
        """The working files as they are; judged by nobody yet. With `only`, one model's file beside the root."""
        return load(self._read, self.shown, only=only, list_files=self._list)

    def judged(self, only: str | None = None) -> Documents:
        """The working files, once nothing is wrong with them.

        Raises:
            Rejected: with every problem there is.
        """
        documents = self.documents(only)
        check(documents).require()
        return documents

    def documents_at(self, when: str, only: str | None = None) -> tuple[Documents, str]:
        """The files as they were at a revision or a date, and the commit that says so.

        A date counts in UTC; a bare one, or a bare minute, means its end. What holds at a time is the newest commit
        along the first parent that is not younger.
        """
        commit = self.commit_at(when)
        return self.at_commit(commit, only), commit

    def at_commit(self, commit: str, only: str | None = None) -> Documents:
        """The files as a commit holds them."""
        folder = str(Path(self.tracked).parent)
        prefix = "" if folder == "." else folder + "/"

        def list_files(below: str) -> Iterator[str]:
            names = self.repo.list_files(commit, prefix + below.rstrip("/"))
            return (name.removeprefix(prefix) for name in names)

        return load(lambda path: self.repo.read(commit, prefix + path), self.shown, only=only, list_files=list_files)

    def commit_at(self, when: str) -> str:
        """The commit that a revision or a date means."""
        moment = _moment(when)
        if moment is None:
            return self.repo.resolve(when)
        head = self.repo.resolve("HEAD")
        commits = monotone(self.repo.first_parent(head))
        for commit in commits:
            if commit.time <= moment:
                return commit.id
        shallow = "; this clone is shallow, git fetch --unshallow" if self.repo.shallow else ""
        raise NotFound.because(
            "before-the-beginning",
            f"the history along the first parent begins after {when}",
            fix=f"the first commit is of {commits[-1].time.isoformat()}{shallow}",
        )

    def _read(self, name: str) -> bytes | None:
        if name != self.path.name:
            self._refuse_outside(self.path.parent / name)
        return read_regular(self.path.parent / name, self.shown if name == self.path.name else name)

    def _list(self, folder: str) -> Iterator[str]:
        root = self.path.parent
        self._refuse_outside(root / folder)
        return (p.relative_to(root).as_posix() for p in (root / folder).rglob("*") if p.is_file())

    def _refuse_outside(self, place: Path) -> None:
        """An included file or folder is below the root manifest's folder, also when symlinks are followed."""
        if not place.resolve().is_relative_to(self.path.parent.resolve()):
            where = Location(self.shown, 1, 1)
            raise Rejected(
                Problem(
                    "unreadable",
                    f"{place.name} leads out of the manifest's folder",
                    where,
                    fix="put the included files themselves below it",
                )
            )

    def _refuse_included(self) -> None:
        """A model's file is edited through its root manifest: only that knows the policy."""
        folder = self.path.parent
        while folder != folder.parent and not (folder / ".git").exists():
            folder = folder.parent
            root = folder / MANIFEST
            if root.is_file() and self.path != root and self._is_included_by(root):
                raise Misused.because(
                    "included-file", f"{self.shown} is a part of {root}, whose policy judges it", fix=f"--file {root}"
                )

    def _is_included_by(self, root: Path) -> bool:
        data = read(read_regular(root, root.name) or b"", root.name).data
        below = self.path.relative_to(root.parent).as_posix()
        include = data.get("include") if isinstance(data, dict) else None
        return included_in(include, below) is not None

    # -- Git, only once somebody asks ----------------------------------------------------------------

    @cached_property
    def repo(self) -> GitRepo:
        """The repository that holds the manifest."""
        from registry.gitrepo import GitRepo

        return GitRepo.discover(self.path)

    @cached_property
    def tracked(self) -> str:
        """The manifest's path from the repository's top level."""
        return self.repo.relative(self.path)

    def identity(self) -> Identity:
        """Who Git says is writing."""
        return self.repo.identity()

    def _tracked(self, name: str) -> str:
        return (Path(self.tracked).parent / name).as_posix()

    # -- writing ---------------------------------------------------------------------------------------

    @classmethod
    def init(cls, folder: Path, *, reason: str = "") -> Outcome:
        """A new registry in a folder, in a new repository where there is none; the first commit of both files."""
        from registry.gitrepo import GitRepo

        workspace = cls(folder / MANIFEST)
        if workspace.path.exists():
            documents = workspace.judged()
            return Outcome(Edit(documents, "", None, f"{workspace.path} is a registry already; nothing to do"))
        with _undone_on_failure(folder):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                workspace.repo = GitRepo.discover(folder)
            except NotFound:
                workspace.repo = GitRepo.init(folder)
            return workspace._begun(reason)

    def _begun(self, reason: str) -> Outcome:
        edit = Edit(edits.init(MANIFEST), "")
        files: dict[str, bytes | None] = {MANIFEST: edit.documents.root.encode()}
        if not (self.path.parent / SCHEMA).exists():
            files[SCHEMA] = schema.text().encode()
        with self._writing():
            ready = self._ready([], list(files))
            commit = self._commit(files, commit_message("init", edit, (), reason), ready)
        return Outcome(edit, commit=commit)

    def run(
        self, operation: str, verb: Verb, *, reason: str = "", dry_run: bool = False, commit: bool = True
    ) -> Outcome:
        """Apply a verb to the working files, judge what it leads to, and commit it.

        `dry_run` writes nothing and tells the diff; without `commit` only the files are edited.

        Raises:
            Rejected: a rule forbids it. NotFound: what it names is not there. Conflict: the
                repository is in the way, or another writer; everything is as it was.
        """
        self._refuse_included()
        if dry_run:
            return self._applied(verb, self.documents())[0]
        with self._writing():
            if commit:
                return self._committed(operation, verb, reason)
            outcome, changes = self._applied(verb, self.documents())
            self._write(changes)
            return outcome

    def _committed(self, operation: str, verb: Verb, reason: str, *, by_revert: bool = False) -> Outcome:
        """Apply a verb and commit what it leads to; `by_revert` where a real `git revert` has the same result."""
        ready = self._ready([self.path.name])
        outcome, changes = self._applied(verb, self.documents(), ready)
        if not changes:
            return outcome
        self._ready_for_more(changes)
        message = commit_message(operation, outcome.edit, outcome.moves, reason)
        if by_revert and (done := self._reverted(outcome, changes, message, ready)) is not None:
            return replace(outcome, commit=done[0], reverted=done[1])
        return replace(outcome, commit=self._commit(changes, message, ready))

    def rollback(
        self,
        model: str,
        stage: str | None = None,
        to: int | None = None,
        *,
        reason: str = "",
        dry_run: bool = False,
        commit: bool = True,
    ) -> Outcome:
        """Put back what stood in a stage before: by `git revert` where that makes exactly this, else by an edit."""

        def verb(documents: Documents) -> Edit:
            return edits.roll_back(documents, model, stage, to)

        if dry_run or not commit:
            return self.run("rollback", verb, reason=reason, dry_run=dry_run, commit=commit)
        self._refuse_included()
        with self._writing():
            return self._committed("rollback", verb, reason, by_revert=True)

    def _applied(
        self, verb: Verb, before: Documents, ready: Ready | None = None
    ) -> tuple[Outcome, dict[str, bytes | None]]:
        """The verb's outcome, judged, and the files that it changes."""
        standing = check(before).problems
        if any(p.code not in STATE_RULES for p in standing):
            raise Rejected(*standing)  # a verb can mend a broken rule, but not what has another shape
        edit = verb(before)
        changes = edit.documents.changed_from(before)
        if not changes:
            return Outcome(edit), {}
        check(edit.documents, shown=before).require()
        verdict = judge_moves(before, edit.documents, self._actor(ready), shown=before).require()
        moves = Change(before.manifest, edit.documents.manifest).moves
        diff = "" if ready else "".join(_diff(before, edit.documents, self._tracked))
        return Outcome(edit, moves, diff=diff, warnings=verdict.warnings), changes

    def _actor(self, ready: Ready | None) -> str | None:
        """The e-mail of who makes the change; None where nothing is committed and Git knows nobody."""
        if ready:
            return ready.author.email
        try:
            return self.identity().email
        except Conflict:
            return None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from registry.checkout import lock

        with lock(self.repo):
            yield

    def _ready(self, names: list[str], new: list[str] | None = None) -> Ready:
        from registry.checkout import refuse_unless_ready

        tracked, fresh = ([self._tracked(n) for n in some or ()] for some in (names, new))
        return refuse_unless_ready(self.repo, tracked, new=fresh)

    def _ready_for_more(self, changes: dict[str, bytes | None]) -> None:
        """Look at the files beside the root manifest that turned out to change too."""
        more = [name for name in changes if name != self.path.name]
        if more:
            new = [name for name in more if not (self.path.parent / name).exists()]
            self._ready([name for name in more if name not in new], new)

    def _commit(self, changes: dict[str, bytes | None], message: str, ready: Ready) -> str:
        from registry.checkout import commit_files

        tracked = {self._tracked(name): data for name, data in changes.items()}
        return commit_files(self.repo, tracked, message, onto=ready.head)

    def _write(self, changes: dict[str, bytes | None]) -> None:
        from registry.checkout import write_files

        write_files(self.repo, {self._tracked(name): data for name, data in changes.items()})

    # -- rollback by revert -----------------------------------------------------------------------------

    def _reverted(
        self, outcome: Outcome, changes: dict[str, bytes | None], message: str, ready: Ready
    ) -> tuple[str, str] | None:
        """The new commit and the one it reverts, when a real revert has this result."""
        from registry.checkout import revert_files

        found = self._to_revert(outcome, changes)
        if found is None:
            return None
        commit, name, text = found
        subject, _, rest = message.partition("\n")
        merge = len(commit.parents) > 1
        undone = f"This reverts commit {commit.id}" + (
            f", reversing\nchanges made to {commit.parents[0]}." if merge else "."
        )
        words = f'Revert "{commit.subject}"\n\n{undone}\n\n{subject}\n{rest}'
        tracked = {self._tracked(name): text}
        try:
            return revert_files(self.repo, commit.id, tracked, words, mainline=merge, onto=ready.head), commit.id
        except Conflict as error:
            if error.problems[0].code in ("revert-refused", "hook-changed-the-manifest"):
                return None
            raise

    def _to_revert(self, outcome: Outcome, changes: dict[str, bytes | None]) -> tuple[Commit, str, bytes] | None:
        """The commit that put the present version there, the file and its text when that is taken back.

        None where the result is not that of the edit. Only what the leaver says of its own leaving may
        differ: a revert knows what it said before it came, an edit does not.
        """
        move = next(m for m in outcome.moves if m.kind in ("promoted", "demoted") and m.target)
        ((name, wanted),) = changes.items() if len(changes) == 1 else (("", None),)
        path = self._tracked(name)
        commit = self._entry(move, path) if wanted is not None else None
        if commit is None or wanted is None or not commit.parents:
            return None
        parent = commit.parents[0]
        if self.repo.changed_paths(parent, commit.id) != [path]:
            return None
        text = self.repo.would_revert(commit.id, parent, path, self.repo.resolve("HEAD"))
        if text is None or _but_for(read(text), move) != _but_for(read(wanted), move):
            return None
        return commit, name, text

    def _entry(self, move: Move, path: str) -> Commit | None:
        """The newest commit that put what a stage holds now into it, by the history of the file that says so."""
        deadline = time.monotonic() + REVERT_SEARCH
        entry: Commit | None = None
        present: tuple[int, ...] = ()
        for commit in self.repo.first_parent(self.repo.resolve("HEAD"), [path], limit=200):
            held = self._held(commit.id, move)
            if entry is not None and held != present:
                return entry
            entry, present = commit, held
            if time.monotonic() > deadline:
                return None
        # the history that was looked at begins with this state: only a whole one tells who made it
        return None

    def _held(self, commit: str, move: Move) -> tuple[int, ...]:
        documents = self.at_commit(commit, only=move.model)
        if check(documents).problems:
            return ()
        model = documents.manifest.models.get(move.model)
        return model.slots.get(move.target or "", ()) if model else ()


@contextmanager
def _undone_on_failure(folder: Path) -> Iterator[None]:
    """A folder and a repository that were only made for what then failed go again."""
    had_folder, had_repository = folder.exists(), (folder / ".git").exists()
    try:
        yield
    except BaseException:
        born = any(p.is_file() for p in (folder / ".git/refs/heads").rglob("*"))
        if not had_repository and not born:
            shutil.rmtree(folder / ".git", ignore_errors=True)
        if not had_folder:
            with suppress(OSError):
                folder.rmdir()
        raise


def _folder(shown: str) -> Rejected:
    return Rejected(Problem("unreadable", f"{shown} is a folder", Location(shown, 1, 1), fix="name a manifest file"))


def read_regular(path: Path, shown: str) -> bytes | None:
    """The bytes of a regular file, or of what a symlink to one names; None where there is nothing.

    Raises:
        Rejected: it is a folder, a pipe or a device, or may not be read. A file over the limit is
            read only so far that the limit is seen to be passed.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _folder(shown)
        if not stat.S_ISREG(mode):
            where = Location(shown, 1, 1)
            raise Rejected(Problem("unreadable", f"{shown} is no regular file", where, fix="name a manifest file"))
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise Rejected(Problem("unreadable", f"{shown} cannot be read: {reason}", Location(shown, 1, 1))) from error


def monotone(commits: list[Commit]) -> list[Commit]:
    """Commits newest first, no time later than that of a newer one: clocks go wrong, the graph does not."""
    latest = datetime.max.replace(tzinfo=UTC)
    ordered = []
    for commit in commits:
        latest = min(latest, commit.time)
        ordered.append(replace(commit, time=latest))
    return ordered


def _but_for(document: Document, move: Move) -> str | None:
    """What a text says, but for what the version that leaves says of its leaving; None for a text with problems."""
    if document.problems:
        return None
    model = document.data["models"].get(move.model, {})
    versions = [
        {**r, "replaced_by": {k: v for k, v in r.get("replaced_by", {}).items() if k != move.target}}
        if r.get("version") == move.replaces
        else r
        for r in model.get("versions", ())
    ]
    versions = [{k: v for k, v in r.items() if k != "replaced_by" or v} for r in versions]
    return repr({**document.data, "models": {**document.data["models"], move.model: {**model, "versions": versions}}})


def _moment(text: str) -> datetime | None:
    """The time that a date means, or None where the text is none; without hours or seconds, its end."""
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-11-02"):
        moment += timedelta(days=1) - timedelta(seconds=1)
    elif re.fullmatch(r".{10}.[0-9]{2}:[0-9]{2}([+-].*|Z)?", text):
        moment += timedelta(seconds=59)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _diff(before: Documents, after: Documents, tracked: Callable[[str], str]) -> Iterator[str]:
    """The change as a unified diff, as `git diff` would print it."""
    import difflib

    for name, new in after.changed_from(before).items():
        is_root = name == Path(before.root.file).name
        document = before.root if is_root else before.parts.get(name)
        old = document.text if document else ""
        path = tracked(name)
        yield f"--- {'a/' + path if document else '/dev/null'}\n"
        yield f"+++ {'b/' + path if new is not None else '/dev/null'}\n"
        lines = difflib.unified_diff(old.splitlines(True), (new or b"").decode().splitlines(True))
        for line in list(lines)[2:]:
            yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
