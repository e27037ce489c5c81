"""The checkout: the place where files are changed and committed, whole or not at all.

This room writes bytes it is given and knows nothing of models. It must never leave a half-done
change behind: what git refuses, or what is interrupted, is put back byte for byte.
Paths are the repository's own: from the top level, with slashes.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, cast

from filelock import FileLock, Timeout

from registry.errors import Conflict, Problem, RegistryError, Rejected
from registry.gitrepo import GitRepo, Identity, Status, inside, plain, refuse_unmerged

LOCK_TIMEOUT = 60.0  # seconds
POLL = 0.01  # seconds; a promotion takes some 50 ms
FRESH = 1.0  # seconds: an index.lock younger than this belongs to a git that is about to finish


# ------------------------------------------------------------------------------------------- the lock


@contextmanager
def lock(repo: GitRepo, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Be the only writer of this repository and its linked worktrees; not re-entrant.

    Raises:
        Conflict: another process has held it for `timeout` seconds.
    """
    held = FileLock(repo.common_dir / "registry.lock")
    holder = repo.common_dir / "registry.lock.holder"  # the lock's own file may be truncated by who waits
    try:
        held.acquire(timeout=timeout, poll_interval=POLL)
    except Timeout as error:
        raise _locked(Path(held.lock_file), holder) from error
    except OSError as error:
        raise _disk_says(error, f"{held.lock_file} cannot be written") from error
    killed = _told_by(holder)  # whoever held the lock took its note away, unless it was killed
    try:
        with suppress(OSError):  # a courtesy to those who wait, no part of the lock
            holder.unlink(missing_ok=True)
            with holder.open("x") as file:
                file.write(f"process {os.getpid()} on {os.uname().nodename} since {_now()}\n")
        yield
    except Conflict as refusal:
        if killed and refusal.problems[0].code == "uncommitted-changes":
            why = f"The registry command before this one ({killed}) was killed while it wrote; this may be its edit."
            raise Conflict(replace(refusal.problems[0], why=why)) from refusal
        raise
    finally:
        with suppress(OSError):
            holder.unlink()
        held.release()


def _told_by(holder: Path) -> str:
    try:
        return plain(holder.read_text(errors="replace"), lines=1)[:200]
    except OSError:
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _locked(file: Path, holder: Path) -> Conflict:
    who = _told_by(holder) or "another registry command"
    return Conflict.because(
        "locked",
        f"the registry is being written by {who}",
        why=f"The lock {file} belongs to that process; the kernel frees it when the process ends.",
        fix="wait for it or end it, and try again; removing the file frees nothing",
    )


# ------------------------------------------------------------------------------------------ refusals


@dataclass(frozen=True, slots=True)
class Ready:
    """What a checkout that may be written to stands at; `head` is None on a branch without commits."""

    head: str | None
    branch: str
    author: Identity


def refuse_unless_ready(repo: GitRepo, paths: Sequence[str], *, new: Collection[str] = ()) -> Ready:
    """Raise the first reason why `paths` cannot be changed and committed here.

    The files in `new` are to be created: nothing may stand there.

    Raises:
        Rejected: something else than a regular file is in the way. Conflict: anything else.
    """
    _refuse_bare(repo)
    paths = list({**dict.fromkeys(paths), **dict.fromkeys(new)})
    for path in paths:
        _refuse_place(repo, path)
    _refuse_operation(repo)
    status = repo.status(paths)
    branch = _refuse_detached(status)
    _refuse_dirty(status)
    for path in new:
        _refuse_taken(repo, path)
    _refuse_ignored(repo.ignored(list(new)))
    _refuse_unwatched(repo, paths)
    _refuse_index_lock(repo)
    return Ready(status.head, branch, repo.identity())


def _refuse_bare(repo: GitRepo) -> None:
    if repo.top is None:
        raise Conflict.because(
            "bare-repository",
            f"{repo.git_dir} has no working tree to edit",
            fix="work in a clone of it",
        )


def _refuse_place(repo: GitRepo, path: str) -> None:
    """Nothing but a regular file, or nothing at all, in real folders of this very repository."""
    parts = inside(path).split("/")
    if ".git" in map(str.casefold, parts):
        raise Conflict.because(
            "outside-the-repository",
            f"{path!r} is git's own",
            fix="name a file of the checkout",
        )
    places = [_place(repo, "/".join(parts[: n + 1])) for n in range(len(parts))]
    for folder in places[:-1]:
        _refuse_kind(folder, stat.S_ISDIR)
        if _mode(folder / ".git") is not None:
            raise Conflict.because(
                "in-a-submodule",
                f"{path} belongs to the repository in {folder}",
                why="A commit here would not hold it.",
                fix=f"run registry in {shlex.quote(str(folder))}",
            )
    _refuse_kind(places[-1], stat.S_ISREG)


def _refuse_kind(place: Path, is_right: Callable[[int], bool]) -> None:
    mode = _mode(place)
    if mode is not None and not is_right(mode):
        kind = "a symlink" if stat.S_ISLNK(mode) else "not what it should be"
        raise Rejected.because(
            "not-a-regular-file",
            f"{place} is {kind}",
            why="Writing through it would change something else than what is reviewed.",
            fix="put a regular file there, in a regular folder",
        )


def _refuse_operation(repo: GitRepo) -> None:
    if operation := repo.in_progress():
        raise Conflict.because(
            "operation-in-progress",
            f"a {operation} is in progress",
            why="A commit now would become part of it.",
            fix=f"finish it with git {operation} --continue, or drop it with git {operation} --abort",
        )


def _refuse_detached(status: Status) -> str:
    if status.branch is None:
        raise Conflict.because(
            "detached-head",
            "HEAD is detached: no branch would hold the commit",
            fix="git switch to the branch that the registry lives on",
        )
    return status.branch


def _refuse_dirty(status: Status) -> None:
    refuse_unmerged(status)
    _refuse_ignored(status.ignored)
    if status.untracked and not status.changed:
        listed = shlex.join(status.untracked)
        raise Conflict.because(
            "uncommitted-changes",
            f"{', '.join(status.untracked)} is not committed yet",
            why="What is in it would go into this commit unseen.",
            fix=f"git add {listed} && git commit",
        )
    if dirty := [*status.changed, *status.untracked]:
        raise Conflict.because(
            "uncommitted-changes",
            f"{', '.join(dirty)} has changes that are not committed",
            why="They would go into this commit unseen, or be lost.",
            fix=f"commit them, or drop them: git restore --staged --worktree {shlex.join(dirty)}",
        )


def _refuse_ignored(paths: Sequence[str]) -> None:
    if paths:
        raise Conflict.because(
            "ignored",
            f"{', '.join(paths)} is ignored by git",
            why="A commit would leave it out.",
            fix=f"see which line of .gitignore it is: git check-ignore -v {shlex.join(paths)}",
        )


def _refuse_taken(repo: GitRepo, path: str) -> None:
    if _mode(_place(repo, path)) is not None:
        raise Conflict.because("already-there", f"{path} is to be created but is there", fix="try again, or remove it")


def _refuse_unwatched(repo: GitRepo, paths: Sequence[str]) -> None:
    for path, flag in repo.unwatched(paths).items():
        raise Conflict.because(
            "unwatched",
            f"git is told to overlook changes of {path} ({flag})",
            why="Edits of it that git does not show would be lost, and git may not commit it.",
            fix=f"git update-index --no-{flag} {shlex.quote(path)}"
            + ("; in a sparse checkout: git sparse-checkout add its folder" if flag[0] == "s" else ""),
        )


def _refuse_index_lock(repo: GitRepo) -> None:
    """A git that works in the background (an editor's `git status`) is done in a moment; a crash is not."""
    file = repo.git_dir / "index.lock"
    patience = time.monotonic() + FRESH
    while (age := _age(file)) is not None:
        if age > FRESH or time.monotonic() > patience:
            raise Conflict.because(
                "index-locked",
                f"{file} is there, {_in_words(age)} old",
                why="A git that runs keeps it while it writes; one that was killed leaves it behind.",
                fix=f"when no git runs in this checkout: rm {shlex.quote(str(file))}",
            )
        time.sleep(POLL)


def _age(file: Path) -> float | None:
    try:
        return max(0.0, time.time() - file.stat().st_mtime)
    except FileNotFoundError:
        return None


def _in_words(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


# -------------------------------------------------------------------------------------------- writing


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Replace `path` by `data` so that every reader, and every crash, sees the old or the new.

    Permission bits are `mode`, else those of the file that is replaced, else what the umask leaves.

    Raises:
        Conflict: the disk would not have it; nothing was changed.
    """
    temporary = path.parent / f".registry-{os.urandom(8).hex()}.tmp"  # not of path's name: it may be long
    if mode is None:
        mode = _mode(path)
    try:
        try:
            _write_new(temporary, data, mode)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise _disk_says(error, f"{path} cannot be written") from error


def _write_new(path: Path, data: bytes, mode: int | None) -> None:
    with path.open("xb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode & 0o777)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last; some file systems have no such thing and say EINVAL."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _disk_says(error: OSError, what: str) -> Conflict:
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.EFBIG: "the file would be larger than allowed",
    }
    reason = reasons.get(error.errno or 0) or error.strerror or str(error)
    return Conflict.because("cannot-write", f"{what}: {reason}", fix="see to it and try again")


# ---------------------------------------------------------------------------------------- transactions


def _place(repo: GitRepo, path: str) -> Path:
    return cast("Path", repo.top) / path  # never without a working tree: see _refuse_bare


def _mode(place: Path) -> int | None:
    """What stands at `place` itself, as lstat says it; None for nothing."""
    try:
        return place.lstat().st_mode
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return None
        raise _disk_says(error, f"{place} cannot be looked at") from error


def _file(place: Path) -> tuple[bytes, int] | None:
    """The bytes and the mode of the file at `place`; None for nothing."""
    mode = _mode(place)
    try:
        return None if mode is None else (place.read_bytes(), mode)
    except OSError as error:
        raise _disk_says(error, f"{place} cannot be read") from error


def _put(place: Path, data: bytes | None, mode: int | None = None) -> None:
    if data is not None:
        write_atomically(place, data, mode)
        return
    try:
        place.unlink(missing_ok=True)
        _sync_folder(place.parent)
    except OSError as error:
        raise _disk_says(error, f"{place} cannot be removed") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)
    except OSError as error:
        raise _disk_says(error, f"{folder} cannot be made") from error


@dataclass(frozen=True, slots=True)
class _Before:
    """What stood at some places: bytes and mode by path (None: nothing), and folders that did not."""

    repo: GitRepo
    files: Mapping[str, tuple[bytes, int] | None]
    folders: Sequence[Path]

    @classmethod
    def look(cls, repo: GitRepo, paths: Collection[str]) -> Self:
        folders = {parent for path in paths for parent in _place(repo, path).parents if _mode(parent) is None}
        files = {path: _file(_place(repo, path)) for path in paths}
        return cls(repo, files, sorted(folders))

    @property
    def new(self) -> list[str]:
        return [path for path, old in self.files.items() if old is None]

    def write(self, changes: Mapping[str, bytes | None]) -> None:
        for folder in self.folders:
            _make_folder(folder)
        for path, data in changes.items():
            _put(_place(self.repo, path), data)

    def put_back(self) -> None:
        for path, old in self.files.items():
            place = _place(self.repo, path)
            if _file(place) != old:
                data, mode = old or (None, None)
                _put(place, data, mode)
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()


def write_files(repo: GitRepo, changes: Mapping[str, bytes | None]) -> None:
    """Write `changes` (None deletes) without a commit: all of it or nothing.

    Raises:
        Rejected, Conflict: something else than a file is in the way, or the disk; everything is as before.
    """
    for path in changes:
        _refuse_place(repo, path)
    before = _Before.look(repo, changes)
    try:
        before.write(changes)
    except BaseException:
        before.put_back()
        raise


def commit_files(repo: GitRepo, changes: Mapping[str, bytes | None], message: str, *, onto: str | None = None) -> str:
    """Write `changes` (None deletes) and commit them and nothing else: all of it or nothing.

    The caller holds the lock and has asked `refuse_unless_ready`. `onto` is the commit that the
    changes were judged against; HEAD, if not given.

    Returns:
        The hash of the new commit, whose parent is `onto` and whose files mean what was given.

    Raises:
        Conflict: it was refused and everything is as before; or (`committed-anyway`) it failed
            after HEAD had moved, and the commit stands.
    """
    onto = onto or repo.head()
    before = _Before.look(repo, changes)
    try:
        before.write(changes)
        if new := [path for path in before.new if changes[path] is not None]:
            repo.intend_to_add(new)
        commit = repo.commit_only(list(changes), message)
    except BaseException as error:
        if landed := _landed(repo, onto, changes):
            with _standing(landed):
                raise
        _put_back(before, before.new, error)
        raise
    _hold_to(repo, commit, onto, changes, before)
    return commit


def revert_files(
    repo: GitRepo,
    commit: str,
    changes: Mapping[str, bytes | None],
    message: str,
    *,
    mainline: bool,
    onto: str | None = None,
) -> str:
    """Revert `commit` by git, provided that this makes `changes` and nothing else; the new hash.

    The caller holds the lock and has asked `refuse_unless_ready`.

    Raises:
        Conflict: git refused, or the revert means something else; everything is as before.
    """
    onto = onto or repo.head()
    before = _Before.look(repo, changes)
    try:
        reverted = repo.revert(commit, mainline=mainline, message=message)
    except BaseException:
        if landed := _landed(repo, onto, changes):
            with _standing(landed):
                raise
        raise
    with _standing(reverted):
        parent, found = repo.snapshot(reverted, list(changes))
        touched = repo.changed_paths(cast("str", parent), reverted)  # a revert has a parent
        wrong = {*touched} - {*changes} or _differing(repo, changes, found)
        if parent == onto and not wrong:
            return reverted
        repo.move_head(parent, reverted, "undo a revert that is not what was judged")
    repo.restore(touched)
    if parent != onto:
        raise _moved_meanwhile()
    before.put_back()
    raise Conflict.because(
        "revert-refused",
        f"reverting {commit[:12]} makes something else than what was judged, and was undone",
        why=f"It differs in {', '.join(sorted(wrong))}.",
        fix="make the same change as an operation of its own",
    )


def _hold_to(
    repo: GitRepo, commit: str, onto: str | None, changes: Mapping[str, bytes | None], before: _Before
) -> None:
    """Undo `commit` unless it stands on `onto` and its files mean what was judged."""
    with _standing(commit):
        parent, found = repo.snapshot(commit, list(changes))
        wrong = _differing(repo, changes, found)
        if parent == onto and not wrong:
            return
        repo.move_head(parent, commit, "undo a commit that is not what was judged")
    if parent != onto:
        repo.restore(list(changes))
        raise _moved_meanwhile()
    refusal = _changed_by_a_hook(wrong)
    _put_back(before, list(changes), refusal)
    raise refusal


def _differing(repo: GitRepo, changes: Mapping[str, bytes | None], found: Sequence[bytes | None]) -> list[str]:
    """The paths whose committed bytes mean something else than the given ones."""
    pairs = zip(changes.items(), found, strict=True)
    return [path for (path, given), got in pairs if not _means(repo, path, given, got)]


def _means(repo: GitRepo, path: str, given: bytes | None, got: bytes | None) -> bool:
    """Whether the committed bytes are the given ones, as they are or as the user's filters store them."""
    if given is None or got is None:
        return given is got
    if given.replace(b"\r\n", b"\n") == got.replace(b"\r\n", b"\n"):
        return True
    return repo.blob_id(given, path) == repo.blob_id(got)


def _landed(repo: GitRepo, onto: str | None, changes: Mapping[str, bytes | None]) -> str | None:
    """The commit, if HEAD moved to it and only then something failed (^C in post-commit, a full disk)."""
    with suppress(RegistryError):  # who cannot tell puts the files back
        head = repo.head()
        if head is not None and head != onto:
            parent, found = repo.snapshot(head, list(changes))
            if parent == onto and not _differing(repo, changes, found):
                return head
    return None


@contextmanager
def _standing(commit: str) -> Iterator[None]:
    """What fails in here leaves the commit standing, and says so."""
    try:
        yield
    except RegistryError as error:
        problem = Problem(
            "committed-anyway",
            f"the commit {commit} stands, but something failed after it",
            why="; ".join(problem.why or problem.what for problem in error.problems),
            fix=f"look at it and at the checkout: git show {commit}; git status",
        )
        raise Conflict(problem) from error
    except BaseException as error:
        error.add_note(f"The commit {commit} stands.")
        raise


def _put_back(before: _Before, staged: Sequence[str], refusal: BaseException) -> None:
    """Files, folders and index entries as they were; what that fails on is told beside `refusal`."""
    try:
        before.put_back()
        if staged:
            before.repo.unstage(staged)
    except RegistryError as error:
        told = refusal.problems if isinstance(refusal, RegistryError) else ()
        left = Problem(
            "not-put-back",
            f"{', '.join(before.files)} could not be put back",
            why=str(error),
            fix=f"git restore --staged --worktree {shlex.join(before.files)}",
        )
        raise Conflict(*told, left) from error


def _moved_meanwhile() -> Conflict:
    return Conflict.because(
        "moved-meanwhile",
        "someone committed while this was being written; our commit was undone",
        why="The change was judged against an older state.",
        fix="try again",
    )


def _changed_by_a_hook(paths: Sequence[str]) -> Conflict:
    return Conflict.because(
        "hook-changed-the-manifest",
        f"{', '.join(paths)} was changed while it was committed; the commit was undone",
        why="What is committed must be what was judged, and a hook of this repository rewrites it.",
        fix="take the file out of that hook, or commit what the hook makes of it first",
    )
