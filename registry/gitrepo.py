"""Git, through the user's own `git`: the only room that starts it, and the only `import git`.

GitPython serves as a runner and as nothing else. Its index, ref and object code is not used: measured,
it loses commits under concurrency, skips signing, and a `Repo` shared by threads returns wrong bytes.
Every call here starts its own process and shares nothing, so a GitRepo may be used from any thread.

Three kinds of commands, and what of the clone's own they may run:

* reading (`_reading`): nothing. No hook, filter, fsmonitor, pager, signature check or lazy fetch.
  They are rev-parse, symbolic-ref, cat-file, ls-tree, log --format, diff-tree --name-only, merge-file.
* asking the checkout (`status` and its like): fsmonitor and filters, as any `git status` does.
* committing (`_writing`): the user's hooks, signing, filters and locale, which is the point of a commit.

No word of a user's reaches git's command line before `resolve` has made a full hash of it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self, cast

from registry.errors import Conflict, NotFound, Rejected

if TYPE_CHECKING:
    from git.cmd import Git

OLDEST = (2, 38)

LOCATION_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""What would lead git to another repository: `git rev-parse --local-env-vars` without the two that
carry `-c` settings, which people set on purpose and git itself hands on to submodules."""

SPELLING_VARIABLES = (
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
)
"""What would make git read `:(literal)name` in another way; git sets them for the hooks it starts."""

_NOTHING_OF_THE_CLONE = (
    "--no-pager",
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false", "-c", "log.follow=false"),
)
_NAMED = ("-c", "user.useConfigOnly=true")  # else git makes up root@machine
_UTF_8 = ("-c", "i18n.commitEncoding=UTF-8")  # of the message that we hand over
_DURABLE = ("-c", "core.fsync=committed")  # by default git flushes nothing on a commit
_FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMITTED = re.compile(r"^\[.*? ([0-9a-f]{4,64})\] ", re.MULTILINE)  # `[main (root-commit) 1f0c9a2] subject`
_TERMINAL_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?)")
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f\ud800-\udc7f\udd00-\udfff]")  # in no argument, in no line
_LAST_YEAR = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; the author as `.mailmap` names them, `time` the committer's, in UTC to the second."""

    id: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    time: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who git says is writing."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where HEAD stands (None: unborn, detached) and how some paths differ from it."""

    head: str | None
    branch: str | None
    changed: tuple[str, ...]
    unmerged: tuple[str, ...]
    untracked: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return os.fsdecode(self.out).removesuffix("\n")

    @property
    def fields(self) -> list[str]:
        """The NUL-terminated fields of what was printed."""
        return [os.fsdecode(field) for field in self.out.split(b"\0")[:-1]]

    @property
    def words(self) -> str:
        """What git or a hook had to say, fit for a terminal."""
        return plain((self.err or self.out).decode(errors="replace"))


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    kind: str
    id: str

    @property
    def is_file(self) -> bool:
        return self.mode.startswith("100")


def plain(text: str, lines: int = 20) -> str:
    """The last lines of `text` without terminal sequences, control and direction characters."""
    rows = _TERMINAL_SEQUENCE.sub("", text).replace("\t", "    ").splitlines()
    rows = ["".join(c for c in row if unicodedata.category(c)[0] != "C").rstrip() for row in rows]
    return "\n".join((["…"] if len(rows) > lines else []) + rows[-lines:])


# ---------------------------------------------------------------------------------- starting git


@cache
def _runner() -> type[Git]:
    """GitPython's runner; imported late, for the import takes some 80 ms and starts git itself."""
    try:
        from git.cmd import Git

        version = Git().version_info
    except (ImportError, OSError, _git_error()) as error:
        raise _git_missing(error) from error
    if version[:2] < OLDEST:
        raise Conflict.because(
            "git-too-old",
            f"git {'.'.join(map(str, version))} is too old",
            why="Durable commits and merges without a checkout need git 2.38.",
            fix="install git 2.38 or newer and put it first on PATH",
        )
    return Git


def _git_error() -> type[Exception]:
    """GitPython's own exception, once it can be imported at all (its import fails without git)."""
    try:
        from git.exc import GitError
    except ImportError:
        return ImportError
    return GitError


def _git_missing(error: Exception) -> Conflict:
    return Conflict.because(
        "git-missing",
        "git could not be started",
        why=plain(str(error), lines=3),
        fix="install git 2.38 or newer and put it on PATH",
    )


def _run(arguments: Sequence[str], env: Mapping[str, str], *, in_hook: bool, stdin: bytes | None = None) -> _Answer:
    """Run git to its end; when we are interrupted, end it first, so that nothing happens behind our back."""
    runner = _runner()
    command = [*_scrubbed(in_hook), runner.GIT_PYTHON_GIT_EXECUTABLE or "git", *arguments]
    istream = None if stdin is None else subprocess.PIPE
    try:
        child = runner().execute(command, istream, as_process=True, env=env)
    except (OSError, _git_error()) as error:
        raise _git_missing(error) from error
    process = cast("subprocess.Popen[bytes]", child.proc)
    with process:
        try:
            out, err = process.communicate(stdin)
        except BaseException:
            # git takes its lock files away on SIGTERM. Its hooks, and the commit that a revert has
            # started, live on; they hold the same pipes, so the end of those is the end of all.
            process.terminate()
            process.wait()
            process.communicate()
            raise
    return _Answer(process.returncode, out, err)


def _scrubbed(in_hook: bool) -> list[str]:
    """`env -u …` for the variables that mislead git and are set; mostly nothing.

    GitPython copies os.environ and can add to it but not take away, and os.environ belongs to the
    whole process: other threads may be about to start a git of their own.
    """
    misleading = SPELLING_VARIABLES if in_hook else SPELLING_VARIABLES + LOCATION_VARIABLES
    present = [name for name in misleading if name in os.environ]
    return ["env", *(word for name in present for word in ("-u", name))] if present else []


def _reading_env() -> dict[str, str]:
    """The environment of reading commands.

    A partial clone fetches what it lacks when it is read, through a command that its own
    .git/config may name; who trusts the clone says so with GIT_NO_LAZY_FETCH=0.
    """
    lazy = os.environ.get("GIT_NO_LAZY_FETCH", "1")
    return {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": lazy}


def _writing_env() -> dict[str, str]:
    """The user's own locale, which GitPython sets to C: their hooks may be written in Ruby."""
    return {name: os.environ.get(name, "") for name in ("LC_ALL", "LANGUAGE")}


def _failed(what: str, answer: _Answer, code: str = "git-failed", fix: str = "") -> Conflict:
    silent = f"Git ended with status {answer.status} and said nothing; a hook may do so."
    return Conflict.because(code, what, why=answer.words or silent, fix=fix)


def _pathspecs(paths: Iterable[str]) -> list[str]:
    """`paths` as git takes them word by word.

    Not `--literal-pathspecs`: git hands that on, and a hook's own `git diff -- '*.yaml'` finds nothing.
    """
    return ["--", *(f":(literal){path}" for path in paths)]


def inside(path: str) -> str:
    """`path` once it surely names something below the top level, else Conflict."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or _UNSPEAKABLE.search(path):
        raise Conflict.because(
            "outside-the-repository",
            f"{path!r} is not a path inside the repository",
            fix="name a file below the repository's top level",
        )
    return "/".join(parts)


# ------------------------------------------------------------------------------ the repository


@dataclass(frozen=True, slots=True)
class GitRepo:
    """One repository as the user's git sees it; `top` is None where there is no working tree."""

    top: Path | None
    git_dir: Path
    common_dir: Path
    bare: bool
    shallow: bool
    in_hook: bool = False

    @classmethod
    def discover(cls, path: Path, *, in_hook: bool = False) -> Self:
        """The repository that holds `path`, which need not exist; in a hook, the one git speaks of.

        Raises:
            NotFound: there is none. Conflict: git is missing or too old, or refuses the repository.
        """
        absolute = Path(os.path.abspath(path))  # noqa: PTH100  a symlink below the top is told later
        folder = next(p for p in (absolute, *absolute.parents) if os.path.isdir(p))  # noqa: PTH112
        questions = ("--is-bare-repository", "--is-shallow-repository", "--path-format=absolute")
        places = ("--git-dir", "--git-common-dir", "--show-toplevel")  # the last fails where there is none
        arguments = ["rev-parse", *questions, *places]
        where = [] if in_hook else ["-C", str(folder)]
        answer = _run([*where, *arguments], _reading_env(), in_hook=in_hook)
        lines = answer.text.split("\n")
        if len(lines) not in (4, 5) or (answer.status and len(lines) != 4):
            raise _no_repository(path, answer)
        git_dir, real = Path(lines[2]), folder.resolve()
        # A folder of a clone may itself be laid out as a git folder with a configuration of its own
        # that names a working tree; who stands in there reads, and writes nowhere.
        beneath = not in_hook and git_dir in (real, *real.parents)
        return cls(
            top=Path(lines[4]) if len(lines) == 5 and not beneath else None,
            git_dir=git_dir,
            common_dir=Path(lines[3]),
            bare=lines[0] == "true",
            shallow=lines[1] == "true",
            in_hook=in_hook,
        )

    @classmethod
    def init(cls, path: Path) -> Self:
        """A new repository at `path`, on the branch the user's git prefers, else main."""
        place = str(path.absolute())
        asked = _run(["config", "--get", "init.defaultBranch"], _reading_env(), in_hook=False)
        branch = [] if asked.text else ["--initial-branch=main"]
        answer = _run(["init", "--quiet", *branch, "--", place], _writing_env(), in_hook=False)
        if answer.status:
            raise _failed(f"git could not make a repository at {place}", answer)
        return cls.discover(path)

    def relative(self, path: Path) -> str:
        """`path` from the top level, with slashes; a symlink on the way stays as it is named."""
        absolute = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow the last one
        for parent in absolute.parents:
            if parent.resolve() == self.top:
                return absolute.relative_to(parent).as_posix()
        raise Conflict.because(
            "outside-the-repository",
            f"{path} is not in the repository {self.top or self.git_dir}",
            fix="name a file below the repository's top level",
        )

    # ------------------------------------------------------------ reading: runs nothing of the clone

    def resolve(self, rev: str) -> str:
        """The full hash of the commit that `rev` names; the gate every user-given ref goes through."""
        if not _UNSPEAKABLE.search(rev) and 0 < len(rev) < 1000:
            words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
            answer = self._try_reading(*words)
            if answer.status == 0 and _FULL_HASH.fullmatch(answer.text):
                return answer.text
        shallow = "; this clone is shallow: git fetch --unshallow" if self.shallow else ""
        raise NotFound.because(
            "unknown-revision",
            f"{rev[:200]!r} names no commit here",
            fix=f"git branch --all, git tag --list and git log show what there is{shallow}",
        )

    def head(self) -> str | None:
        """The hash HEAD stands at; None on a branch that has no commit yet."""
        answer = self._try_reading("rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD")
        if answer.status == 0:
            return answer.text
        self.branch()  # a broken one is not a new one
        return None

    def branch(self) -> str | None:
        """The short name of the branch HEAD is on, born or not; None when detached."""
        answer = self._try_reading("symbolic-ref", "--quiet", "HEAD")
        if answer.status not in (0, 1):
            raise Conflict.because(
                "broken-branch",
                "HEAD's branch does not name a commit",
                why="A crash can leave its file empty; taken for a new branch, it would lose the history.",
                fix=f"tail -1 {self.git_dir}/logs/HEAD names its last commit in the second column: "
                "remove the broken file below refs/heads, then git update-ref refs/heads/BRANCH HASH",
            )
        return answer.text.removeprefix("refs/heads/") if answer.status == 0 else None

    def read(self, commit: str, path: str) -> bytes | None:
        """The bytes of the file at `path` in `commit`, None if there is nothing.

        Raises:
            Rejected: a symlink, submodule or folder stands there.
        """
        path = inside(path)
        entry = self._entries(commit, [path]).get(path)
        if entry is None:
            return None
        if not entry.is_file:
            raise _not_a_file(path, entry)
        return self._reading("cat-file", "blob", entry.id).out

    def read_many(self, items: Sequence[tuple[str, str]]) -> list[bytes | None]:
        """The bytes at each (commit, path), in one process; a symlink reads as the name it points to.

        Raises:
            Rejected: a submodule or folder stands there.
        """
        asked = [(self._hash(commit), inside(path)) for commit, path in items]
        found = self._objects([f"{commit}:{path}" for commit, path in asked])
        for (commit, path), got in zip(asked, found, strict=True):
            if got is None:
                self._surely_absent(commit, path)
            elif got.kind != "blob":
                raise _not_a_file(path, got)
        return [_data(got) for got in found]

    def snapshot(self, commit: str, paths: Sequence[str]) -> tuple[str | None, list[bytes | None]]:
        """The first parent of `commit` and its bytes at `paths`, in one process."""
        commit = self._hash(commit)
        parent, *files = self._objects([f"{commit}^", *(f"{commit}:{inside(path)}" for path in paths)])
        return (parent.id if parent else None), [_data(got) for got in files]

    def list_files(self, commit: str, folder: str = "") -> list[str]:
        """Every path below `folder` in `commit`, from the top level, in git's order."""
        below = _pathspecs([f"{inside(folder)}/"]) if folder.strip("/") else []
        words = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", self._hash(commit))
        return self._reading(*words, *below).fields

    def first_parent(self, commit: str, paths: Sequence[str] | None = None, limit: int | None = None) -> list[Commit]:
        """`commit` and its first-parent ancestors, newest first.

        With `paths`, only those that changed one of them against their first parent.
        """
        shape = "%H%x00%P%x00%aN%x00%aE%x00%ct%x00%s"
        settings = ("--first-parent", "--no-show-signature", "--no-notes", "--encoding=UTF-8")
        some = [f"--max-count={limit}"] if limit is not None else []
        only = _pathspecs(map(inside, paths)) if paths is not None else ["--"]
        words = ("log", "-z", f"--format={shape}", *settings, *some)
        fields = self._reading(*words, "--end-of-options", self._hash(commit), *only).out.split(b"\0")
        return [_commit(fields[at : at + 6]) for at in range(0, len(fields) - 5, 6)]

    def changed_paths(self, parent: str, commit: str) -> list[str]:
        """The paths at which two commits differ; a rename is both its names."""
        words = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", "--ignore-submodules=none")
        return self._reading(*words, self._hash(parent), self._hash(commit)).fields

    def would_revert(self, commit: str, parent: str, path: str, head: str) -> bytes | None:
        """`path` at `head` with what `commit` did to it since `parent` taken back.

        None where that conflicts, or where one of the three has no such file. A preview: git itself
        may see renames and merge drivers.
        """
        base, theirs, ours = self.read_many([(commit, path), (parent, path), (head, path)])
        if base is None or theirs is None or ours is None:
            return None
        if ours == base:
            return theirs
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            names = [Path(folder, name) for name in ("ours", "base", "theirs")]
            for name, data in zip(names, (ours, base, theirs), strict=True):
                name.write_bytes(data)
            answer = self._try_reading("merge-file", "-p", "--quiet", *map(str, names))
        return answer.out if answer.status == 0 else None

    def in_progress(self) -> str | None:
        """The operation that waits to be finished, by the name of its git command."""
        if (self.git_dir / "rebase-apply/applying").exists():
            return "am"
        marks = {
            "MERGE_HEAD": "merge",
            "rebase-merge": "rebase",
            "rebase-apply": "rebase",
            "REVERT_HEAD": "revert",
            "CHERRY_PICK_HEAD": "cherry-pick",
        }
        found = next((name for mark, name in marks.items() if (self.git_dir / mark).exists()), None)
        todo = self.git_dir / "sequencer/todo"  # between two commits of a series, only this is there
        if found is None and todo.exists():
            return "revert" if todo.read_bytes().startswith(b"revert") else "cherry-pick"
        return found

    # ------------------------------------------------- asking the checkout: as `git status` does

    def status(self, paths: Sequence[str]) -> Status:
        """HEAD, the branch, and how `paths` differ from it in the index or the working tree."""
        shape = ("--porcelain=v2", "-z", "--branch", "--no-ahead-behind", "--no-renames")
        which = ("--untracked-files=all", "--ignored=traditional")
        answer = self._writing("--no-optional-locks", "status", *shape, *which, *_pathspecs(paths))
        return _status(answer.fields)

    def dirty(self, paths: Sequence[str]) -> list[str]:
        """Those of `paths` that differ from HEAD in index or working tree, or that HEAD does not know.

        Raises:
            Conflict: one of them is unmerged.
        """
        status = self.status(paths)
        refuse_unmerged(status)
        return [*status.changed, *status.untracked, *status.ignored]

    def unwatched(self, paths: Sequence[str]) -> dict[str, str]:
        """Those of `paths` whose edits `git status` does not see: "skip-worktree", "assume-unchanged"."""
        listed = [(row[0], row[2:]) for row in self._writing("ls-files", "-v", "-z", *_pathspecs(paths)).fields]
        skipped = {path: "skip-worktree" for mark, path in listed if mark in "Ss"}
        assumed = {path: "assume-unchanged" for mark, path in listed if mark == "h"}
        return skipped | assumed

    def ignored(self, paths: Sequence[str]) -> list[str]:
        """Those of `paths`, there or not, that git ignores and does not track."""
        if not paths:
            return []
        # This command knows no `:(literal)`; behind ./ no name is read as magic.
        stdin = b"\0".join(os.fsencode(f"./{path}") for path in paths)
        answer = self._try_writing("check-ignore", "-z", "--stdin", stdin=stdin)
        if answer.status not in (0, 1):
            raise _failed("git check-ignore failed", answer)
        return [path.removeprefix("./") for path in answer.fields]

    def identity(self) -> Identity:
        """The author git would name; never one that it made up from the machine's name."""
        answer = self._try_writing(*_NAMED, "var", "GIT_AUTHOR_IDENT")
        said = re.fullmatch(r"(.*) <(.*)> -?\d+ [-+]\d+", answer.text)
        if answer.status or said is None:
            raise _nobody(answer)
        return Identity(said[1], said[2])

    def blob_id(self, data: bytes, path: str | None = None) -> str:
        """The hash of `data` as a blob, after the filters that git would apply at `path`."""
        filters = ["--no-filters"] if path is None else [f"--path={path}"]
        return self._writing("hash-object", "--stdin", *filters, stdin=data).text

    # ------------------------------------------------------- committing: the user's own hooks run

    def intend_to_add(self, paths: Sequence[str]) -> None:
        """Make new files known to the index, without content, so that `commit --only` takes them."""
        self._writing("add", "--intent-to-add", *_pathspecs(paths))

    def unstage(self, paths: Sequence[str]) -> None:
        """Give `paths` the index entries that HEAD has, or none; works on an unborn branch too."""
        self._writing("reset", "--quiet", *_pathspecs(paths))

    def restore(self, paths: Sequence[str]) -> None:
        """Give `paths` HEAD's state in the index and in the working tree; what HEAD lacks goes."""
        self._writing("restore", "--source=HEAD", "--staged", "--worktree", *_pathspecs(paths))

    def commit_only(self, paths: Sequence[str], message: str) -> str:
        """Commit the working tree's `paths` and nothing else that is staged; the new commit's hash.

        Raises:
            Conflict: a hook, the signing program or git refused; in `why`, their words. Or, as
                `no-identity`, git knows an author but no committer.
        """
        settings = (*_NAMED, *_DURABLE, *_UTF_8)
        options = ("--only", "--cleanup=whitespace", "--file=-")
        words = (*settings, "commit", *options, *_pathspecs(paths))
        answer = self._try_writing(*words, stdin=message.encode(errors="replace"))
        if answer.status:
            raise _refused("commit", answer)
        # Not HEAD: somebody without our lock may have committed since.
        said = _COMMITTED.search(answer.text)
        return self.resolve(said[1] if said else "HEAD")

    def revert(self, commit: str, *, mainline: bool, message: str) -> str:
        """Revert `commit` by git's own mechanism, saying `message`; the new commit's hash.

        Runs prepare-commit-msg, post-commit and reference-transaction, not pre-commit or commit-msg
        (measured with git 2.39).

        Raises:
            Conflict: the index holds staged changes, another operation waits, the parent is not here,
                or git refused; the checkout is as it was.
        """
        commit = self._hash(commit)
        self._refuse_revert(commit)
        from tempfile import NamedTemporaryFile

        with NamedTemporaryFile() as file:
            file.write(message.encode(errors="replace"))
            file.flush()
            # --edit without a terminal: the editor copies our message. `git revert --cleanup` is
            # ignored with --edit, so a line that starts with # survives only by the setting.
            settings = (*_NAMED, *_DURABLE, *_UTF_8, "-c", "commit.cleanup=whitespace")
            words = (*settings, "revert", *(["-m", "1"] if mainline else []), "--edit", commit)
            return self._reverted(words, {"GIT_EDITOR": f"cp {shlex.quote(file.name)}"})

    def move_head(self, to: str | None, expected: str, why: str) -> None:
        """Move the branch HEAD is on by compare-and-swap; None makes it unborn again."""
        change = ["HEAD", to, expected] if to else ["-d", "HEAD", expected]
        self._writing(*_DURABLE, "update-ref", "-m", f"registry: {why}", *change)

    # ----------------------------------------------------------------------------------- inside

    @property
    def _where(self) -> list[str]:
        # -C and not GitPython's working_dir, which falls back to this process's folder in silence.
        return [] if self.in_hook else ["-C", str(self.top or self.git_dir)]

    def _try_reading(self, *words: str, stdin: bytes | None = None) -> _Answer:
        arguments = [*self._where, *_NOTHING_OF_THE_CLONE, *words]
        return _run(arguments, _reading_env(), in_hook=self.in_hook, stdin=stdin)

    def _try_writing(self, *words: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> _Answer:
        return _run([*self._where, *words], {**_writing_env(), **(env or {})}, in_hook=self.in_hook, stdin=stdin)

    def _reading(self, *words: str, stdin: bytes | None = None) -> _Answer:
        """`_try_reading` that must succeed."""
        answer = self._try_reading(*words, stdin=stdin)
        if answer.status:
            raise _unreadable(words[0], answer)
        return answer

    def _writing(self, *words: str, stdin: bytes | None = None) -> _Answer:
        """`_try_writing` that must succeed."""
        answer = self._try_writing(*words, stdin=stdin)
        if answer.status:
            name = next(word for word in words if word.replace("-", "").isalpha() and word[0] != "-")
            raise _failed(f"git {name} failed", answer)
        return answer

    def _hash(self, commit: str) -> str:
        return commit if _FULL_HASH.fullmatch(commit) else self.resolve(commit)

    def _entries(self, commit: str, paths: Sequence[str]) -> dict[str, _Entry]:
        words = ("ls-tree", "-z", "--full-tree", self._hash(commit))
        rows = [row.split("\t", 1) for row in self._reading(*words, *_pathspecs(paths)).fields]
        return {path: _Entry(*entry.split(" ")) for entry, path in rows}

    def _objects(self, names: Sequence[str]) -> list[_Object | None]:
        if not names:
            return []
        asked = b"".join(os.fsencode(name) + b"\n" for name in names)
        out = self._reading("cat-file", "--batch", stdin=asked).out
        return _objects(out, len(names))

    def _surely_absent(self, commit: str, path: str) -> None:
        """`cat-file` says missing of a path that is not in the tree and of a lost object alike."""
        entry = self._entries(commit, [path]).get(path)
        if entry is not None and entry.is_file:
            raise _unreadable("cat-file", _Answer(128, b"", f"missing blob {entry.id}".encode()))
        if entry is not None:
            raise _not_a_file(path, entry)

    def _refuse_revert(self, commit: str) -> None:
        """A revert that fails is cleaned up with `reset --merge`, which takes staged changes with it."""
        if operation := self.in_progress():
            raise Conflict.because("revert-refused", f"a {operation} is in progress")
        if self._try_writing("diff-index", "--cached", "--quiet", "HEAD", "--").status:
            raise Conflict.because(
                "revert-refused",
                "something is staged, and git reverts only with a clean index",
                fix="commit it, or git restore --staged it",
            )
        if not self.first_parent(commit, limit=1)[0].parents:
            raise Conflict.because(
                "revert-refused",
                f"the parent of {commit[:12]} is not here",
                why="Without it git takes every file for one that the commit added, and deletes them all.",
                fix="git fetch --unshallow" if self.shallow else "",
            )

    def _reverted(self, words: Sequence[str], env: Mapping[str, str]) -> str:
        before = self.head()
        try:
            answer = self._try_writing(*words, env=env)
        except BaseException:
            self._drop_revert(before)
            raise
        if answer.status:
            self._drop_revert(before)
            raise _refused("revert", answer)
        said = _COMMITTED.search(answer.text)
        return self.resolve(said[1] if said else "HEAD")

    def _drop_revert(self, before: str | None) -> None:
        # Not `revert --abort`: after a refusing prepare-commit-msg hook it knows of no revert, and
        # what was reverted stays staged (measured). This keeps unstaged edits of other files.
        if self.head() == before:
            self._writing("reset", "--quiet", "--merge")


@dataclass(frozen=True, slots=True)
class _Object:
    id: str
    kind: str
    data: bytes


# ------------------------------------------------------------------------- what git prints, as values


def _objects(out: bytes, count: int) -> list[_Object | None]:
    """The answers of `cat-file --batch`: `<hash> <type> <size>`, the bytes, a newline; or a refusal."""
    objects: list[_Object | None] = []
    at = 0
    for _ in range(count):
        end = out.index(b"\n", at)
        words = out[at:end].decode(errors="replace").split(" ")
        at = end + 1
        if len(words) != 3 or not _FULL_HASH.fullmatch(words[0]):  # `<name> missing`
            objects.append(None)
            continue
        size = int(words[2])
        objects.append(_Object(words[0], words[1], out[at : at + size]))
        at += size + 1
    return objects


def _data(found: _Object | None) -> bytes | None:
    return found.data if found else None


def _commit(fields: Sequence[bytes]) -> Commit:
    id_, parents, name, email, time, subject = (field.decode(errors="replace") for field in fields)
    seconds = min(float(time or 0), _LAST_YEAR)  # a forged date is no reason to fail
    return Commit(id_, tuple(parents.split()), name, email, datetime.fromtimestamp(seconds, UTC), subject)


def _status(records: Iterable[str]) -> Status:
    """Porcelain v2: `# header`, `1 XY … path`, `u XY … path`, `? path`, `! path`."""
    headers: dict[str, str] = {}
    paths: dict[str, list[str]] = {mark: [] for mark in "1u?!"}
    before_the_path = {"1": 8, "u": 10, "?": 1, "!": 1}
    for record in records:
        if record[0] == "#":
            name, _, value = record[2:].partition(" ")
            headers[name] = value
        else:
            paths[record[0]].append(record.split(" ", before_the_path[record[0]])[-1])
    head, branch = headers["branch.oid"], headers["branch.head"]
    return Status(
        None if head == "(initial)" else head,
        None if branch == "(detached)" else branch,
        *(tuple(paths[mark]) for mark in "1u?!"),
    )


def refuse_unmerged(status: Status) -> None:
    """Raise Conflict where the status of a path is unmerged."""
    if status.unmerged:
        raise Conflict.because(
            "unmerged",
            f"{', '.join(status.unmerged)} is unmerged",
            why="It holds two sides of a merge that nobody has decided.",
            fix=f"resolve it, then git add {shlex.join(status.unmerged)}",
        )


def _not_a_file(path: str, found: _Entry | _Object) -> Rejected:
    mode = found.mode if isinstance(found, _Entry) else ""
    kind = "symlink" if mode == "120000" else {"tree": "folder", "commit": "submodule"}[found.kind]
    return Rejected.because(
        "not-a-regular-file",
        f"{path} is a {kind}, not a file",
        why="What it leads to is not what was reviewed.",
        fix="put a regular file there",
    )


def _refused(command: str, answer: _Answer) -> Conflict:
    if b"git config --global user." in answer.err:
        return _nobody(answer)
    fix = "see to what it says, and try again"
    return _failed(f"git refused the {command}", answer, f"{command}-refused", fix)


def _nobody(answer: _Answer) -> Conflict:
    setting = "git config --global user."
    fix = f'{setting}name "Your Name"; {setting}email "you@example.com"'
    return _failed("git does not know who you are", answer, "no-identity", fix)


def _unreadable(command: str, answer: _Answer) -> Conflict:
    if b"promisor" in answer.err or answer.err.startswith(b"missing"):
        return _failed(
            "this clone lacks an object that is needed",
            answer,
            "missing-object",
            "git fetch --refetch --no-filter, or allow fetching on demand: GIT_NO_LAZY_FETCH=0",
        )
    return _failed(f"git {command} failed", answer)


def _no_repository(path: Path, answer: _Answer) -> NotFound | Conflict:
    if b"not a git repository" in answer.err:
        return NotFound.because(
            "not-a-repository", f"{path} is not in a Git repository", fix="git init, or registry init"
        )
    if b"safe." not in answer.err:
        return _failed(f"git cannot use the repository of {path}", answer)
    advice = re.search(r"git config --global --add safe\.directory .*", answer.words)
    return _failed(
        f"git does not trust the repository of {path}",
        answer,
        "unsafe-repository",
        f"if you trust it: {advice[0]}" if advice else "",
    )
