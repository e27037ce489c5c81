"""A change in the checkout is committed whole or was never there: real git, real files, no sleeps."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.checkout import commit_files, lock, refuse_unless_ready, revert_files, write_atomically
from registry.errors import Conflict, RegistryError, Rejected
from registry.gitrepo import GitRepo
from tests.conftest import Sandbox, new_repository

M = "models.yaml"
OLD = "schema_version: 1\nmodels: {}\n"
NEW = "schema_version: 1\nmodels: {a: 1}\n"


@pytest.fixture
def git(repo: Sandbox) -> GitRepo:
    """A repository with a committed manifest, and a file that somebody else has staged."""
    repo.commit({M: OLD})
    repo.write("foreign.txt", "staged by somebody else\n")
    repo.git("add", "foreign.txt")
    return GitRepo.discover(repo.path)


def everything(repo: Sandbox) -> object:
    """HEAD, the index, and every file and folder of the working tree with its bytes and mode."""
    tree = {
        str(path): (path.lstat().st_mode, None if path.is_symlink() or path.is_dir() else path.read_bytes())
        for path in repo.path.rglob("*")
        if ".git" not in path.relative_to(repo.path).parts
    }
    head = repo.git("rev-parse", "--quiet", "--verify", "HEAD", ok=False)
    return head, repo.git("ls-files", "--stage"), repo.git("status", "--porcelain"), tree


def refused(repo: Sandbox, act: Callable[[], object], error: type[RegistryError] = Conflict) -> str:
    """The code that `act` is refused with, having changed nothing at all."""
    before = everything(repo)
    with pytest.raises(error) as caught:
        act()
    assert everything(repo) == before
    assert not list((repo.path / ".git").glob("*.lock")) or (repo.path / ".git/index.lock").exists()
    assert caught.value.problems[0].fix
    return caught.value.problems[0].code


def files_of(repo: Sandbox, rev: str) -> list[str]:
    return repo.git("diff-tree", "-r", "--root", "--no-commit-id", "--name-only", rev).splitlines()


# ------------------------------------------------------------------------------------------- the lock

HOLD = """
import os, sys
from pathlib import Path
from registry.checkout import lock
from registry.gitrepo import GitRepo
with lock(GitRepo.discover(Path(sys.argv[1]))):
    if sys.argv[2:] == ["fork"] and os.fork() == 0:
        print(os.getpid(), flush=True)
        os.read(0, 1)
        os._exit(0)
    if not sys.argv[2:]:
        print(os.getpid(), flush=True)
    os.read(0, 1)
"""


def hold(path: Path, *how: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", HOLD, str(path), *how]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


def test_the_lock_names_its_holder_is_shared_by_worktrees_and_dies_with_a_killed_process(
    repo: Sandbox, git: GitRepo
) -> None:
    repo.git("worktree", "add", "-q", "../linked")
    with hold(repo.path.parent / "linked") as holder:
        assert holder.stdout
        pid = holder.stdout.readline().strip()
        with pytest.raises(Conflict) as caught, lock(git, timeout=0):
            pass
        assert caught.value.problems[0].code == "locked"
        assert f"process {pid} on " in caught.value.problems[0].what
        holder.kill()
        holder.wait()
        with lock(git, timeout=0):
            pass
    with lock(git, timeout=0):
        pass
    assert not (repo.path / ".git/registry.lock.holder").exists()


def test_a_forked_child_does_not_keep_the_lock_of_a_killed_parent(repo: Sandbox, git: GitRepo) -> None:
    with hold(repo.path, "fork") as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()
        holder.wait()
        with lock(git, timeout=0):
            pass


def test_many_writers_under_the_lock_lose_nothing(repo: Sandbox, git: GitRepo) -> None:
    def write(name: str) -> None:
        for n in range(4):
            with lock(git):
                refuse_unless_ready(git, [M])
                now = (repo.path / M).read_bytes()
                commit_files(git, {M: now + f"# {name} {n}\n".encode()}, f"{name} {n}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(repo.git("show", f"HEAD:{M}").splitlines()) == 2 + 16
    assert repo.git("status", "--porcelain") == "A  foreign.txt"


# ------------------------------------------------------------------------------------------- refusals


def ready(repo: Sandbox, *paths: str, new: tuple[str, ...] = ()) -> Callable[[], object]:
    return lambda: refuse_unless_ready(GitRepo.discover(repo.path), paths or (M,), new=new)


def test_a_clean_checkout_is_ready_also_on_an_unborn_branch_and_in_a_worktree(repo: Sandbox, git: GitRepo) -> None:
    at = refuse_unless_ready(git, [M], new=["models/new.yaml"])
    assert (at.head, at.branch, at.author.email) == (repo.head, "main", "ada@example.com")
    repo.git("worktree", "add", "-q", "../linked")
    ready(Sandbox(repo.path.parent / "linked"))()
    repo.git("switch", "-q", "--orphan", "unborn")
    ready(repo, new=(M,))()


def merging(repo: Sandbox) -> None:
    repo.git("commit", "-qm", "foreign")
    repo.git("switch", "-qc", "side", "HEAD~1")
    repo.commit({M: "side\n"})
    repo.git("switch", "-q", "main")
    repo.commit({M: "main\n"})
    repo.git("merge", "-q", "side", ok=False)


def unmerged_without_a_merge(repo: Sandbox) -> None:
    merging(repo)
    (repo.path / ".git/MERGE_HEAD").unlink()


def reverting(repo: Sandbox) -> None:
    repo.git("commit", "-qm", "foreign")
    repo.commit({M: NEW})
    repo.git("revert", "--no-commit", "HEAD")


def sparse(repo: Sandbox) -> None:
    repo.git("update-index", "--skip-worktree", M)
    (repo.path / M).unlink()


REFUSALS: dict[str, tuple[Callable[[Sandbox], object], str]] = {
    "detached": (lambda r: r.git("checkout", "-q", "--detach"), "detached-head"),
    "merge": (merging, "operation-in-progress"),
    "revert": (reverting, "operation-in-progress"),
    "unmerged": (unmerged_without_a_merge, "unmerged"),
    "edited": (lambda r: r.write(M, "edited"), "uncommitted-changes"),
    "staged": (lambda r: (r.write(M, NEW), r.git("add", M), r.write(M, OLD)), "uncommitted-changes"),
    "deleted": (lambda r: (r.path / M).unlink(), "uncommitted-changes"),
    "untracked": (lambda r: r.git("rm", "-q", "--cached", M), "uncommitted-changes"),
    "assumed": (
        lambda r: (r.git("update-index", "--assume-unchanged", M), r.write(M, "edited")),
        "unwatched",
    ),
    "sparse": (sparse, "unwatched"),
    "nobody": (
        lambda r: (r.git("config", "user.name", ""), r.git("config", "user.email", "")),
        "no-identity",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_reason_not_to_write_has_its_own_code_and_changes_nothing(name: str, repo: Sandbox, git: GitRepo) -> None:
    prepare, expected = REFUSALS[name]
    prepare(repo)
    assert refused(repo, ready(repo)) == expected


def test_a_bare_repository_is_for_the_other_writer(repo: Sandbox, git: GitRepo) -> None:
    repo.git("clone", "-q", "--bare", ".", "../bare.git")
    with pytest.raises(Conflict) as caught:
        refuse_unless_ready(GitRepo.discover(repo.path.parent / "bare.git"), [M])
    assert caught.value.problems[0].code == "bare-repository"


def test_no_identity_at_all_says_what_to_configure(
    repo: Sandbox, git: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    assert refused(repo, ready(repo)) == "no-identity"


@pytest.mark.parametrize("path", ["../x.yaml", "/etc/x.yaml", "a/../../x.yaml", ".git/config", "a/.GIT/x", ""])
def test_a_place_outside_or_in_git_s_own_folder_is_refused(path: str, repo: Sandbox, git: GitRepo) -> None:
    assert refused(repo, ready(repo, path)) == "outside-the-repository"


def test_nothing_but_a_regular_file_in_real_folders_is_written(repo: Sandbox, git: GitRepo) -> None:
    (repo.path / "link.yaml").symlink_to(M)
    (repo.path / "dangling.yaml").symlink_to("nowhere")
    (repo.path / "linked").symlink_to(repo.path.parent, target_is_directory=True)
    (repo.path / "folder").mkdir()
    os.mkfifo(repo.path / "pipe")
    for path in ("link.yaml", "dangling.yaml", "linked/x.yaml", "folder", "pipe", f"{M}/x"):
        act = ready(repo, new=(path,))
        with pytest.raises(Rejected) as caught:
            act()
        assert caught.value.problems[0].code == "not-a-regular-file"


def test_a_path_in_a_submodule_belongs_to_that_repository(repo: Sandbox, git: GitRepo) -> None:
    new_repository(repo.path / "sub")
    assert refused(repo, ready(repo, "sub/models.yaml")) == "in-a-submodule"


def test_an_ignored_path_is_refused_whether_it_is_there_or_not(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({".gitignore": "ignored/\n"})
    assert refused(repo, ready(repo, new=("ignored/new.yaml",))) == "ignored"
    repo.write("ignored/old.yaml", "x")
    assert refused(repo, ready(repo, "ignored/old.yaml")) == "ignored"


def test_a_new_file_must_not_be_there(repo: Sandbox, git: GitRepo) -> None:
    assert refused(repo, ready(repo, new=(M,))) == "already-there"


def test_a_lock_that_a_killed_git_left_is_named_and_a_fresh_one_waited_for(repo: Sandbox, git: GitRepo) -> None:
    stale = repo.write(".git/index.lock", "")
    os.utime(stale, (time.time() - 7500, time.time() - 7500))
    with pytest.raises(Conflict) as caught:
        ready(repo)()
    problem = caught.value.problems[0]
    assert problem.code == "index-locked"
    assert f"{stale} is there, 2 hours old" in problem.what
    os.utime(stale)
    timer = threading.Timer(0.02, stale.unlink)
    timer.start()
    ready(repo)()
    timer.join()


# ------------------------------------------------------------------------------------ writing one file


def test_a_replaced_file_keeps_its_mode_and_a_new_one_gets_the_umask_s(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"1")
    old.chmod(0o751)
    umask = os.umask(0o027)
    try:
        write_atomically(old, b"2")
        write_atomically(new, b"2")
    finally:
        os.umask(umask)
    assert (old.read_bytes(), stat.S_IMODE(old.stat().st_mode)) == (b"2", 0o751)
    assert (new.read_bytes(), stat.S_IMODE(new.stat().st_mode)) == (b"2", 0o640)
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 255)  # as long a name as there can be
    write_atomically(file, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(Conflict) as caught:
            write_atomically(file, b"n" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.problems[0].code == "cannot-write"
    assert "larger than allowed" in caught.value.problems[0].what
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {file.name: b"old"}


def test_a_folder_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(Conflict) as caught:
        write_atomically(tmp_path / "none/file", b"")
    assert "No such file or directory" in caught.value.problems[0].what


# ----------------------------------------------------------------------------------------- committing


def test_a_commit_holds_exactly_the_changes_and_its_hash_is_returned(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({"models/gone.yaml": "x"})
    repo.git("reset", "-q", "--soft", "HEAD~1")
    repo.git("commit", "-q", "-m", "gone", "--", "models/gone.yaml")
    parent = repo.head
    changes = {M: NEW.encode(), "models/deep/new one.yaml": b"new\n", "models/gone.yaml": None}
    commit = commit_files(git, changes, "m 1: registered\n\n# kept\n\nRegistry-Model: m", onto=parent)
    assert (commit, repo.git("rev-parse", "HEAD^")) == (repo.head, parent)
    assert files_of(repo, "HEAD") == sorted(changes)
    assert repo.git("status", "--porcelain") == "A  foreign.txt"
    assert repo.git("log", "-1", "--format=%B").rstrip() == "m 1: registered\n\n# kept\n\nRegistry-Model: m"
    assert not (repo.path / "models/gone.yaml").exists()


def test_a_commit_works_from_a_subfolder_a_linked_worktree_and_an_unborn_branch(
    repo: Sandbox, git: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("sub/folder/x", "")
    monkeypatch.chdir(repo.path / "sub/folder")
    commit_files(GitRepo.discover(Path()), {M: NEW.encode()}, "from below")
    assert repo.git("show", f"HEAD:{M}") == NEW.strip()
    repo.git("worktree", "add", "-q", "-b", "other", "../linked")
    linked = Sandbox(repo.path.parent / "linked")
    commit = commit_files(GitRepo.discover(linked.path), {M: OLD.encode()}, "linked")
    assert (linked.head, repo.git("rev-parse", "other")) == (commit, commit)
    assert repo.git("show", f"main:{M}") == NEW.strip()
    repo.git("switch", "-q", "--orphan", "unborn")
    repo.write("foreign", "x")
    repo.git("add", "foreign")
    assert commit_files(git, {"m.yaml": b"1\n"}, "first") == repo.head
    assert files_of(repo, "HEAD") == ["m.yaml"]
    assert repo.git("status", "--porcelain", "--", "foreign") == "A  foreign"


def fail_to_sign(repo: Sandbox) -> None:
    repo.git("config", "commit.gpgsign", "true")
    repo.git("config", "gpg.program", "false")


OBSTACLES: dict[str, Callable[[Sandbox], None]] = {
    "pre-commit": lambda r: r.hook("pre-commit", "exit 1"),
    "commit-msg": lambda r: r.hook("commit-msg", "exit 1"),
    "reference-transaction": lambda r: r.hook("reference-transaction", "exit 1"),
    "fixer": lambda r: r.hook("pre-commit", f"echo '# fixed' >>{M}; git add {M}; exit 1"),
    "signing": fail_to_sign,
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("unborn", [False, True], ids=["born", "unborn"])
def test_what_git_refuses_was_never_there(obstacle: str, unborn: bool, repo: Sandbox, git: GitRepo) -> None:
    (repo.path / M).chmod(0o755)
    repo.git("commit", "-qm", "mode", "--", M)
    repo.commit({"gone.yaml": "x"}, "gone")
    repo.git("reset", "-q", "--soft", "HEAD~1")
    repo.git("commit", "-qm", "gone", "--", "gone.yaml")
    if unborn:
        repo.git("switch", "-q", "--orphan", "unborn")
        repo.write("foreign", "x")
        repo.git("add", "foreign")
    OBSTACLES[obstacle](repo)
    changes: dict[str, bytes | None] = {"models/a/b.yaml": b"new\n", M: NEW.encode()}
    if not unborn:
        changes["gone.yaml"] = None
    assert refused(repo, lambda: commit_files(git, changes, "x")) == "commit-refused"


def test_nothing_to_commit_is_refused_in_git_s_words(repo: Sandbox, git: GitRepo) -> None:
    with pytest.raises(Conflict) as caught:
        commit_files(git, {M: OLD.encode()}, "x")
    assert "nothing" in caught.value.problems[0].why


def test_a_disk_that_refuses_the_second_file_takes_the_first_back(repo: Sandbox, git: GitRepo) -> None:
    changes: dict[str, bytes | None] = {M: NEW.encode(), "models/x.yaml": b"x", "models/" + "y" * 256: b"y"}
    assert refused(repo, lambda: commit_files(git, changes, "x")) == "cannot-write"


UNTIL_GIT_ENDS = "i=0; while kill -0 $PPID 2>/dev/null && [ $i -lt 300000 ]; do i=$((i+1)); done"


def interrupting(repo: Sandbox, hook: str, then: str = UNTIL_GIT_ENDS) -> None:
    """^C that reaches only us, while git waits for its hook."""
    repo.hook(hook, f"kill -INT {os.getpid()}; {then}")


def test_an_interrupted_commit_was_never_there_and_git_does_not_go_on_behind_our_back(
    repo: Sandbox, git: GitRepo
) -> None:
    interrupting(repo, "pre-commit")
    before = everything(repo)
    with pytest.raises(KeyboardInterrupt):
        commit_files(git, {M: NEW.encode(), "new.yaml": b"x"}, "x")
    assert everything(repo) == before
    assert not (repo.path / ".git/index.lock").exists()


def test_an_interrupt_after_the_commit_says_that_it_stands(repo: Sandbox, git: GitRepo) -> None:
    interrupting(repo, "post-commit")
    with pytest.raises(KeyboardInterrupt) as caught:
        commit_files(git, {M: NEW.encode()}, "x")
    assert caught.value.__notes__ == [f"The commit {repo.head} stands."]
    assert repo.git("show", f"HEAD:{M}") == NEW.strip()
    assert (repo.path / M).read_text() == NEW


def test_a_failure_after_the_commit_says_that_it_stands(repo: Sandbox, git: GitRepo) -> None:
    repo.hook("reference-transaction", '[ "$1" != committed ] || rm -f .git/index.lock')
    with pytest.raises(Conflict) as caught:
        commit_files(git, {M: NEW.encode()}, "x")
    problem = caught.value.problems[0]
    assert problem.code == "committed-anyway"
    assert repo.head in problem.what
    assert "repository has been updated" in problem.why
    assert (repo.path / M).read_text() == NEW


@pytest.mark.parametrize("unborn", [False, True], ids=["born", "unborn"])
def test_a_hook_that_rewrites_the_manifest_is_undone(unborn: bool, repo: Sandbox, git: GitRepo) -> None:
    if unborn:
        repo.git("switch", "-q", "--orphan", "unborn")
        repo.write("foreign", "x")
        repo.git("add", "foreign")
    repo.hook("pre-commit", f"echo '# rewritten' >>{M}; git add {M}")
    act = lambda: commit_files(git, {M: NEW.encode(), "models/new.yaml": b"x"}, "x")  # noqa: E731
    assert refused(repo, act) == "hook-changed-the-manifest"


def test_a_hook_that_adds_a_file_of_its_own_is_the_user_s_business(repo: Sandbox, git: GitRepo) -> None:
    repo.hook("pre-commit", "echo generated >docs.md; git add docs.md")
    commit_files(git, {M: NEW.encode()}, "x")
    assert files_of(repo, "HEAD") == ["docs.md", M]


def test_a_signed_commit_is_signed(repo: Sandbox, git: GitRepo) -> None:
    signer = repo.write(".git/signer", "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho signed\n")
    signer.chmod(0o755)
    repo.git("config", "commit.gpgsign", "true")
    repo.git("config", "gpg.program", str(signer))
    commit_files(git, {M: NEW.encode()}, "x")
    assert "gpgsig signed" in repo.git("cat-file", "commit", "HEAD")


def test_line_endings_and_filters_of_the_user_are_no_rewriting(repo: Sandbox, git: GitRepo) -> None:
    repo.git("config", "core.autocrlf", "true")
    windows = NEW.replace("\n", "\r\n").encode()
    commit_files(git, {M: windows}, "crlf")
    assert ((repo.path / M).read_bytes(), git.read("HEAD", M)) == (windows, NEW.encode())
    repo.git("config", "filter.loud.clean", "tr a-z A-Z")
    repo.commit({".gitattributes": f"{M} filter=loud\n"})
    commit_files(git, {M: b"quiet\n"}, "filtered")
    assert ((repo.path / M).read_bytes(), git.read("HEAD", M)) == (b"quiet\n", b"QUIET\n")
    assert repo.git("status", "--porcelain", "--", M) == ""


def test_a_commit_that_slipped_in_between_is_not_overwritten(repo: Sandbox, git: GitRepo) -> None:
    judged = repo.head
    repo.git("stash", "-q")
    theirs = repo.commit({M: "theirs\n", "more.yaml": "1\n"})
    repo.git("stash", "pop", "-q", "--index")
    changes: dict[str, bytes | None] = {M: NEW.encode(), "models/new.yaml": b"x", "more.yaml": b"2\n"}
    code = refused(repo, lambda: commit_files(git, changes, "x", onto=judged))
    assert (code, repo.head) == ("moved-meanwhile", theirs)


def test_a_name_full_of_git_s_magic_is_just_a_name(repo: Sandbox, git: GitRepo) -> None:
    repo.write("a.yaml", "x")
    repo.write(".git/info/exclude", "ignored\n")
    assert git.ignored([":(top)ignored", "ignored", "a.yaml"]) == ["ignored"]
    name = ":(top)*[a].yaml"
    refuse_unless_ready(git, [], new=[name])
    commit_files(git, {name: b"1"}, "x")
    assert git.list_files("HEAD") == ["README.md", name, M] or git.list_files("HEAD") == [
        name,
        "README.md",
        M,
    ]
    assert repo.git("status", "--porcelain") == "A  foreign.txt\n?? a.yaml"


# ------------------------------------------------------------------------------------------ reverting


@pytest.fixture
def promoted(repo: Sandbox, git: GitRepo) -> str:
    repo.git("commit", "-qm", "foreign")
    return repo.commit({M: NEW, "beside.txt": "x"})


def test_a_revert_that_makes_what_was_judged_is_git_s_own(repo: Sandbox, git: GitRepo, promoted: str) -> None:
    repo.write("foreign.txt", "edited, not staged\n")
    changes: dict[str, bytes | None] = {M: OLD.encode(), "beside.txt": None}
    commit = revert_files(git, promoted, changes, "back", mainline=False, onto=promoted)
    assert commit == repo.head
    assert (repo.path / M).read_text() == OLD
    assert repo.git("status", "--porcelain") == " M foreign.txt"


@pytest.mark.parametrize(
    "judged",
    [{M: OLD.encode()}, {M: b"something else\n", "beside.txt": None}, {M: OLD.encode(), "beside.txt": b"x"}],
)
def test_a_revert_that_makes_something_else_is_undone(
    judged: dict[str, bytes | None], repo: Sandbox, git: GitRepo, promoted: str
) -> None:
    repo.write("foreign.txt", "edited, not staged\n")
    act = lambda: revert_files(git, promoted, judged, "back", mainline=False)  # noqa: E731
    assert refused(repo, act) == "revert-refused"


def test_an_interrupted_revert_was_never_there(repo: Sandbox, git: GitRepo, promoted: str) -> None:
    interrupting(repo, "prepare-commit-msg", then="exit 1")
    before = everything(repo)
    with pytest.raises(KeyboardInterrupt):
        revert_files(git, promoted, {M: OLD.encode(), "beside.txt": None}, "back", mainline=False)
    assert everything(repo) == before
    assert git.in_progress() is None


def test_an_interrupt_after_the_revert_says_that_it_stands(repo: Sandbox, git: GitRepo, promoted: str) -> None:
    interrupting(repo, "post-commit", then="exit 0")
    with pytest.raises(KeyboardInterrupt) as caught:
        revert_files(git, promoted, {M: OLD.encode(), "beside.txt": None}, "back", mainline=False)
    assert caught.value.__notes__ == [f"The commit {repo.head} stands."]
    assert repo.git("status", "--porcelain") == ""


def test_interrupts_are_python_s_again() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
