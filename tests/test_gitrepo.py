"""Git as the registry sees it: real repositories, no sleeps."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.errors import Conflict, NotFound, RegistryError, Rejected
from registry.gitrepo import Commit, GitRepo, Identity, plain
from tests.conftest import Sandbox, new_repository

ABSENT = "0" * 40


@pytest.fixture
def git(repo: Sandbox) -> GitRepo:
    return GitRepo.discover(repo.path)


def code(caught: pytest.ExceptionInfo[RegistryError]) -> str:
    return caught.value.problems[0].code


def said(caught: pytest.ExceptionInfo[RegistryError]) -> str:
    problem = caught.value.problems[0]
    return f"{problem.what}\n{problem.why}\n{problem.fix}"


# ------------------------------------------------------------------------------- finding the repository


def test_a_repository_is_found_from_a_subfolder_a_file_and_a_path_that_is_not_there(repo: Sandbox) -> None:
    file = repo.write("a/b/models.yaml", "x")
    for path in (repo.path, file, file.parent, repo.path / "not/yet/there.yaml"):
        found = GitRepo.discover(path)
        assert (found.top, found.git_dir, found.bare, found.shallow) == (
            repo.path,
            repo.path / ".git",
            False,
            False,
        )


def test_a_linked_worktree_has_its_own_git_dir_and_shares_the_common_one(repo: Sandbox) -> None:
    repo.git("worktree", "add", "-q", "../linked")
    found = GitRepo.discover(repo.path.parent / "linked")
    assert found.top == repo.path.parent / "linked"
    assert found.git_dir == repo.path / ".git/worktrees/linked"
    assert found.common_dir == repo.path / ".git"


def test_a_bare_repository_is_read_without_a_working_tree(repo: Sandbox) -> None:
    repo.git("clone", "-q", "--bare", ".", "../bare.git")
    found = GitRepo.discover(repo.path.parent / "bare.git/refs")
    assert (found.top, found.bare) == (None, True)
    assert found.read(found.resolve("main"), "README.md") == b"# Registry\n"
    assert found.list_files(repo.head) == ["README.md"]
    assert [c.id for c in found.first_parent(repo.head, ["README.md"])] == [repo.head]


def test_a_shallow_clone_says_so(repo: Sandbox) -> None:
    old = repo.head
    repo.commit({"README.md": "2"})
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", "../shallow")
    found = GitRepo.discover(repo.path.parent / "shallow")
    assert found.shallow
    with pytest.raises(NotFound) as caught:
        found.resolve(f"{old}^{{}}")
    assert "--unshallow" in said(caught)


def test_no_repository_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        GitRepo.discover(tmp_path / "models.yaml")
    assert code(caught) == "not-a-repository"
    assert "git init" in said(caught)


def test_a_repository_of_someone_else_is_named_with_git_s_own_advice(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(Conflict) as caught:
        GitRepo.discover(repo.path)
    assert code(caught) == "unsafe-repository"
    assert f"git config --global --add safe.directory {repo.path}" in said(caught)


def test_a_broken_configuration_is_told_in_git_s_words(repo: Sandbox) -> None:
    repo.write(".git/config", "[core\n")
    with pytest.raises(Conflict) as caught:
        GitRepo.discover(repo.path)
    assert "bad config line 1" in said(caught)


def test_inside_the_git_folder_there_is_no_working_tree(repo: Sandbox) -> None:
    assert GitRepo.discover(repo.path / ".git").top is None


def test_a_folder_laid_out_as_a_git_folder_with_a_working_tree_of_its_own_is_only_read(repo: Sandbox) -> None:
    trap = repo.path / "data"
    repo.git("clone", "-q", "--bare", ".", "data")
    Sandbox(trap).git("config", "core.bare", "false")
    Sandbox(trap).git("config", "core.worktree", str(repo.path))
    found = GitRepo.discover(trap)
    assert (found.top, found.git_dir) == (None, trap)


@pytest.mark.parametrize(
    ("git_script", "expected"),
    [
        (None, "git-missing"),
        ("echo git version 2.37.1", "git-too-old"),
    ],
)
def test_a_missing_or_old_git_is_told_before_anything_else(
    git_script: str | None, expected: str, tmp_path: Path
) -> None:
    if git_script:
        (tmp_path / "git").write_text(f"#!/bin/sh\n{git_script}\n")
        (tmp_path / "git").chmod(0o755)
    program = (
        "from pathlib import Path\nfrom registry.errors import Conflict\n"
        "from registry.gitrepo import GitRepo\n"
        "try: GitRepo.discover(Path())\nexcept Conflict as e: print(e.problems[0].code)"
    )
    env = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)
    assert done.stdout == f"{expected}\n", done.stderr


def test_git_is_imported_only_when_it_is_needed() -> None:
    program = "import sys, registry.gitrepo; print('git' in sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    assert subprocess.check_output([sys.executable, "-c", program], text=True, env=env) == "False\n"


def test_variables_that_name_another_repository_mislead_nobody(
    repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(tmp_path / "other")
    head = other.commit({"only-there": "x"})
    mine = repo.head
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    found = GitRepo.discover(repo.path)
    repo.write("README.md", "mine")
    assert (found.top, found.head()) == (repo.path, mine)
    assert found.dirty(["README.md"]) == ["README.md"]
    committed = found.commit_only(["README.md"], "mine")
    assert os.environ["GIT_DIR"] == str(other.path / ".git")  # the process's own environment is not touched
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_LITERAL_PATHSPECS"):
        monkeypatch.delenv(name)
    assert (repo.head, other.head) == (committed, head)
    assert other.git("status", "--porcelain") == ""


def test_settings_in_the_environment_still_count(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "CI")
    assert GitRepo.discover(repo.path).identity().name == "CI"


def test_in_a_hook_git_s_variables_are_believed(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("README.md", "staged")
    index = repo.path.parent / "other-index"
    repo.git("add", "README.md", env={"GIT_INDEX_FILE": str(index)})
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", str(index))
    found = GitRepo.discover(Path("README.md"), in_hook=True)
    assert found.top == repo.path
    assert found.read(found.resolve("HEAD"), "README.md") == b"# Registry\n"
    assert found._writing("diff", "--cached", "--name-only").text == "README.md"


def test_init_makes_a_repository_on_main_unless_the_user_prefers_another_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    made = GitRepo.init(tmp_path / "-new")
    assert (made.top, made.branch(), made.head()) == (tmp_path / "-new", "main", None)
    (tmp_path / "config").write_text("[init]\n\tdefaultBranch = trunk\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    assert GitRepo.init(tmp_path / "other").branch() == "trunk"


def test_a_path_is_told_from_the_top_also_through_a_symlink_to_the_repository(
    repo: Sandbox, git: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = repo.path.parent / "link"
    link.symlink_to(repo.path)
    (repo.path / "here.yaml").symlink_to("README.md")
    assert git.relative(link / "models/a.yaml") == "models/a.yaml"
    assert git.relative(repo.path / "here.yaml") == "here.yaml"
    monkeypatch.chdir(repo.path)
    assert git.relative(Path("models.yaml")) == "models.yaml"
    with pytest.raises(Conflict) as caught:
        git.relative(repo.path.parent / "elsewhere")
    assert code(caught) == "outside-the-repository"


# ------------------------------------------------------------------------------------------- reading


def test_every_way_to_name_a_commit_becomes_its_full_hash(repo: Sandbox, git: GitRepo) -> None:
    repo.git("tag", "-a", "v1", "-m", "v1")
    for rev in ("HEAD", "main", "v1", repo.head[:8], "@", "HEAD@{now}", "main^0"):
        assert git.resolve(rev) == repo.head


ODD = ["", "-", "--help", "--output=x", "nowhere", "a\nb", "a\0b", "^HEAD", "HEAD..HEAD", "HEAD:README.md"]
ODD += ["HEAD^{tree}", "@{u}", "--all", "\ud800", "x" * 200_000, "$(touch x)", ABSENT]


@pytest.mark.parametrize("rev", ODD)
def test_what_names_no_commit_is_not_found(rev: str, git: GitRepo) -> None:
    with pytest.raises(NotFound) as caught:
        git.resolve(rev)
    assert code(caught) == "unknown-revision"
    assert "\n" not in caught.value.problems[0].what


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    return GitRepo.discover(new_repository(tmp_path_factory.mktemp("untouched")).path)


@settings(max_examples=30, deadline=None)
@given(rev=st.text("-=:@{}^~.$`;|&<>/ \n\0ahHEADoutput", max_size=30) | st.text())
@example(rev="--output=file")
@example(rev="$(touch file)")
@example(rev="`touch file`")
@example(rev="HEAD; touch file")
def test_no_text_makes_resolve_write_or_run_anything(rev: str, untouched: GitRepo) -> None:
    assert untouched.top
    before = sorted(untouched.top.rglob("*"))
    with suppress(NotFound):
        assert len(untouched.resolve(rev)) == 40
    assert sorted(untouched.top.rglob("*")) == before


def test_a_file_is_read_as_its_bytes_and_an_absent_one_is_none(repo: Sandbox, git: GitRepo) -> None:
    (repo.path / "odd name: [x]*?.yaml").write_bytes(b"\xff\r\n\0 no newline")
    repo.commit({"folder/x.yaml": "x", ":(top)magic": "m"})
    head = repo.git("rev-parse", "HEAD")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "odd")
    assert git.read(repo.head, "odd name: [x]*?.yaml") == b"\xff\r\n\0 no newline"
    assert git.read(repo.head, ":(top)magic") == b"m"
    assert git.read(head, "odd name: [x]*?.yaml") is None
    assert git.read(repo.head, "README.md/below") is None
    assert git.read(repo.head, "*.md") is None
    assert git.read("HEAD", "folder//./x.yaml") == b"x"


def test_a_symlink_a_submodule_and_a_folder_are_not_read(repo: Sandbox, git: GitRepo) -> None:
    (repo.path / "link").symlink_to("/etc/passwd")
    repo.commit({"folder/x": "x"})
    repo.git("add", "link")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{ABSENT[:-1]}1,sub")
    repo.git("commit", "-qm", "traps")
    for path in ("link", "sub", "folder"):
        with pytest.raises(Rejected) as caught:
            git.read(repo.head, path)
        assert code(caught) == "not-a-regular-file"
    for path in ("sub", "folder"):
        with pytest.raises(Rejected):
            git.read_many([(repo.head, path)])


@pytest.mark.parametrize("path", ["", ".", "/etc/passwd", "../x", "a/../../x", "a\nb", "a\0b"])
def test_a_path_that_leaves_the_repository_is_refused_before_git_sees_it(path: str, git: GitRepo) -> None:
    for ask in (lambda: git.read("HEAD", path), lambda: git.read_many([("HEAD", path)])):
        with pytest.raises(Conflict) as caught:
            ask()
        assert code(caught) == "outside-the-repository"


def test_many_files_of_many_commits_are_read_in_one_process(repo: Sandbox, git: GitRepo) -> None:
    first = repo.commit({"a b missing": "one\n", "empty": ""})
    second = repo.commit({"a b missing": "two\n", "blob 3": f"{ABSENT} blob 3\nab\n"})
    items = [
        (second, "a b missing"),
        (first, "blob 3"),
        (first, "a b missing"),
        (second, "blob 3"),
        (first, "empty"),
    ]
    assert git.read_many(items) == [b"two\n", None, b"one\n", f"{ABSENT} blob 3\nab\n".encode(), b""]
    assert git.read_many([]) == []


def test_a_lost_object_is_not_taken_for_an_absent_file(repo: Sandbox, git: GitRepo) -> None:
    blob = repo.git("rev-parse", "HEAD:README.md")
    (repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for ask in (lambda: git.read("HEAD", "README.md"), lambda: git.read_many([("HEAD", "README.md")])):
        with pytest.raises(Conflict):
            ask()


def test_the_files_of_a_folder_are_listed_with_their_whole_path(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({"models/a.yaml": "", "models/é x.yaml": "", "models2/b.yaml": "", "[m]/c.yaml": ""})
    assert git.list_files("HEAD", "models") == ["models/a.yaml", "models/é x.yaml"]
    assert git.list_files("HEAD", "models/") == ["models/a.yaml", "models/é x.yaml"]
    assert git.list_files("HEAD", "[m]") == ["[m]/c.yaml"]
    assert git.list_files("HEAD", "none") == []
    assert len(git.list_files("HEAD")) == 5


def test_history_follows_the_first_parent_and_the_paths_asked_for(repo: Sandbox, git: GitRepo) -> None:
    one = repo.commit({"m.yaml": "1\n"}, "one", date="@1700000000 +0200")
    repo.git("switch", "-qc", "side")
    repo.commit({"m.yaml": "2\n"}, "on the side")
    repo.git("switch", "-q", "main")
    other = repo.commit({"other": "x"}, "other\n\nwith a body")
    repo.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
    merge = repo.head
    history = git.first_parent("HEAD", ["m.yaml"])
    assert [c.id for c in history] == [merge, one]
    assert len(history[0].parents) == 2
    assert [c.subject for c in git.first_parent("HEAD")] == ["merge side", "other", "one", "initial"]
    assert git.first_parent("HEAD", limit=2)[1].id == other
    assert history[1] == Commit(
        one,
        git.first_parent(one)[0].parents,
        "Ada Lovelace",
        "ada@example.com",
        datetime.fromtimestamp(1700000000, UTC),
        "one",
    )
    assert git.first_parent("HEAD", []) == git.first_parent("HEAD")


def test_odd_authors_and_forged_dates_do_not_stop_history(repo: Sandbox, git: GitRepo) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    for who in ("Zoë | x\\0 <a b>", ""):
        who_and_when = f"author {who} <@> 1 +0000\ncommitter {who} <@> 99999999999999 +0000"
        body = f"tree {tree}\nparent {repo.head}\n{who_and_when}\n\n"
        odd = repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=body)
        repo.git("update-ref", "HEAD", odd)
    history = git.first_parent("HEAD")
    assert len(history) == 3
    assert history[0].time.year == 9999
    assert history[0].subject == ""


def test_the_mailmap_names_the_author(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({".mailmap": "Ada <ada@work.example> <ada@example.com>\n"})
    assert git.first_parent("HEAD", limit=1)[0].author_email == "ada@work.example"


def test_a_branch_has_a_name_born_or_not_and_a_detached_head_has_none(repo: Sandbox, git: GitRepo) -> None:
    repo.git("tag", "main")  # makes the short name ambiguous to git
    assert git.branch() == "main"
    repo.git("checkout", "-q", "--orphan", "feature/x")
    assert (git.branch(), git.head()) == ("feature/x", None)
    repo.git("checkout", "-q", "--detach", "refs/heads/main")
    assert (git.branch(), git.head()) == (None, repo.head)


def test_a_branch_file_that_a_crash_left_empty_is_not_taken_for_a_new_branch(repo: Sandbox, git: GitRepo) -> None:
    repo.write(".git/refs/heads/main", "")
    with pytest.raises(Conflict) as caught:
        git.head()
    assert code(caught) == "broken-branch"


def test_a_sha_256_repository_is_read_and_written(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "sha256", "--object-format=sha256")
    git = GitRepo.discover(repo.path)
    assert len(git.resolve("HEAD")) == 64
    assert git.read(repo.head, "README.md") == b"# Registry\n"
    assert git.read_many([(repo.head, "README.md")]) == [b"# Registry\n"]
    repo.write("README.md", "2")
    new = git.commit_only(["README.md"], "two")
    assert new == repo.head
    assert [c.id for c in git.first_parent(new, limit=1)] == [new]


def test_threads_read_what_they_asked_for(repo: Sandbox, git: GitRepo) -> None:
    commits = [repo.commit({"m": f"{n}\n" * 1000}) for n in range(4)]
    wrong: list[int] = []

    def read(n: int) -> None:
        wrong.extend(n for _ in range(5) if git.read(commits[n], "m") != f"{n}\n".encode() * 1000)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


READING: list[Callable[[GitRepo], object]] = [
    lambda git: GitRepo.discover(git.top or git.git_dir),
    lambda git: git.resolve("HEAD"),
    lambda git: git.head(),
    lambda git: git.branch(),
    lambda git: git.read("HEAD", "m.yaml"),
    lambda git: git.read_many([("HEAD", "m.yaml"), ("HEAD", "absent")]),
    lambda git: git.snapshot("HEAD", ["m.yaml"]),
    lambda git: git.list_files("HEAD"),
    lambda git: git.first_parent("HEAD", ["m.yaml"]),
    lambda git: git.changed_paths("HEAD^", "HEAD"),
    lambda git: git.would_revert("HEAD^", "HEAD^^", "m.yaml", "HEAD"),
    lambda git: git.in_progress(),
    lambda git: git.relative(Path("README.md").absolute()) if git.top == Path.cwd() else None,
]


def booby_trap(repo: Sandbox, marker: Path) -> None:
    """Everything that is known to run when somebody looks at a clone."""
    trap = repo.write(".git/trap", f'#!/bin/sh\necho "$0 $*" >>{marker}\nexit 1\n')
    trap.chmod(0o755)
    repo.write(".gitattributes", "* diff=trap filter=trap merge=trap\n")
    repo.write(".git/info/attributes", "* diff=trap filter=trap merge=trap\n")
    hooks = [
        "pre-commit",
        "post-index-change",
        "reference-transaction",
        "post-checkout",
        "fsmonitor-watchman",
    ]
    for hook in hooks:
        repo.write(f".git/hooks/{hook}", trap.read_text()).chmod(0o755)
    for setting in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.gitProxy",
        "core.askPass",
        "diff.external",
        "diff.trap.textconv",
        "diff.trap.command",
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "merge.trap.driver",
        "gpg.program",
        "gpg.ssh.program",
        "sequence.editor",
        "remote.origin.uploadpack",
        "uploadpack.packObjectsHook",
        "credential.helper",
    ):
        repo.git("config", setting, str(trap))
    for alias in ("log", "rev-parse", "cat-file", "ls-tree", "symbolic-ref"):
        repo.git("config", f"alias.{alias}", f"!{trap}")
    for switch in ("log.showSignature", "pager.log", "filter.trap.required", "log.follow"):
        repo.git("config", switch, "true")


def signed_commit(repo: Sandbox) -> None:
    """A commit that carries a signature, so that `log.showSignature` has something to show."""
    tree = repo.git("rev-parse", "HEAD^{tree}")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    who = "A <a@b> 1 +0000"
    body = f"tree {tree}\nparent {repo.head}\nauthor {who}\ncommitter {who}\n{signature}\nsigned\n"
    commit = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=body)
    repo.git("update-ref", "HEAD", commit)


def test_reading_a_booby_trapped_clone_runs_nothing_of_it(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"m.yaml": "a\nb\nc\n"})
    repo.commit({"m.yaml": "a\nB\nc\n"})
    signed_commit(repo)
    marker = repo.path.parent / "marker"
    monkeypatch.chdir(repo.path)
    git = GitRepo.discover(repo.path)
    booby_trap(repo, marker)
    for read in READING:
        read(git)
        assert not marker.exists(), f"{read}: {marker.read_text()}"
    repo.git("status", ok=False)
    assert marker.exists()  # the traps are set


def test_reading_a_partial_clone_fetches_only_when_the_user_allows_it(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.path}", "../partial")
    marker = repo.path.parent / "marker"
    partial = Sandbox(repo.path.parent / "partial")
    partial.git("config", "remote.origin.uploadpack", f"touch {marker}; git-upload-pack")
    git = GitRepo.discover(partial.path)
    for ask in (lambda: git.read("HEAD", "README.md"), lambda: git.read_many([("HEAD", "README.md")])):
        with pytest.raises(Conflict) as caught:
            ask()
        assert code(caught) == "missing-object"
        assert "GIT_NO_LAZY_FETCH=0" in said(caught)
    assert not marker.exists()
    monkeypatch.setenv("GIT_NO_LAZY_FETCH", "0")
    assert git.read("HEAD", "README.md") == b"# Registry\n"


# ---------------------------------------------------------------------------- the checkout's questions


def test_the_identity_is_git_s_and_never_made_up(repo: Sandbox, git: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git.identity() == Identity("Ada Lovelace", "ada@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with pytest.raises(Conflict) as caught:
        git.identity()
    assert code(caught) == "no-identity"
    assert "git config --global user.name" in said(caught)
    assert "git config --global user.email" in said(caught)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "An Author")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "but@no.committer")
    repo.write("README.md", "2")
    with pytest.raises(Conflict) as caught:
        git.commit_only(["README.md"], "two")
    assert code(caught) == "no-identity"


def test_each_way_of_being_dirty_is_seen_and_nothing_else(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({"clean": "", "edited": "", "staged": "", "deleted": "", "a*b": "", "axb": "", ".gitignore": "ign*\n"})
    for name in ("edited", "staged", "untracked", "ignored", "axb"):
        repo.write(name, "new")
    repo.git("add", "staged")
    (repo.path / "deleted").unlink()
    asked = ["clean", "edited", "staged", "deleted", "untracked", "ignored", "a*b", "absent"]
    assert sorted(git.dirty(asked)) == ["deleted", "edited", "ignored", "staged", "untracked"]


def test_an_unmerged_path_is_a_conflict_of_its_own(repo: Sandbox, git: GitRepo) -> None:
    unmerge(repo, "m a.yaml")
    with pytest.raises(Conflict) as caught:
        git.dirty(["m a.yaml"])
    assert code(caught) == "unmerged"
    assert "m a.yaml" in said(caught)


def unmerge(repo: Sandbox, name: str) -> None:
    repo.commit({name: "1\n"})
    repo.git("switch", "-qc", "side")
    repo.commit({name: "2\n"})
    repo.git("switch", "-q", "main")
    repo.commit({name: "3\n"})
    repo.git("merge", "-q", "side", ok=False)


def test_edits_that_git_is_told_to_overlook_are_told(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({"a": "", "b": "", "c": ""})
    repo.git("update-index", "--assume-unchanged", "a")
    repo.git("update-index", "--skip-worktree", "b")
    assert git.unwatched(["a", "b", "c"]) == {"a": "assume-unchanged", "b": "skip-worktree"}


def test_an_operation_that_waits_has_the_name_of_its_command(repo: Sandbox, git: GitRepo) -> None:
    assert git.in_progress() is None
    unmerge(repo, "m")
    assert git.in_progress() == "merge"
    repo.git("merge", "--abort")
    repo.git("rebase", "side", ok=False)
    assert git.in_progress() == "rebase"
    repo.git("rebase", "--abort")
    repo.git("cherry-pick", "side", ok=False)
    assert git.in_progress() == "cherry-pick"
    repo.git("cherry-pick", "--abort")
    repo.git("revert", "--no-edit", "HEAD~1", ok=False)
    assert git.in_progress() == "revert"


# ----------------------------------------------------------------------------------------- committing


def test_a_commit_holds_the_paths_and_leaves_what_others_staged(repo: Sandbox, git: GitRepo) -> None:
    repo.write("foreign", "x")
    repo.git("add", "foreign")
    repo.write("README.md", "2")
    commit = git.commit_only(["README.md"], "two")
    assert commit == repo.head
    assert git.changed_paths("HEAD^", "HEAD") == ["README.md"]
    assert repo.git("status", "--porcelain") == "A  foreign"


def test_a_message_survives_as_it_is(repo: Sandbox, git: GitRepo) -> None:
    repo.git("config", "commit.cleanup", "strip")
    repo.git("config", "i18n.commitEncoding", "latin1")
    repo.write("README.md", "2")
    git.commit_only(["README.md"], "Zoë\n\n# not a comment\n\nRegistry-Model: m\n")
    assert (
        repo.git("log", "-1", "--format=%B", "--encoding=UTF-8").rstrip()
        == "Zoë\n\n# not a comment\n\nRegistry-Model: m"
    )


def test_a_refusing_hook_is_quoted_without_its_terminal_tricks(repo: Sandbox, git: GitRepo) -> None:
    repo.hook("pre-commit", r"printf '\033[31mno\033[0m\033]0;title\007 \007way\n' >&2; seq 40 >&2; exit 1")
    repo.write("README.md", "2")
    with pytest.raises(Conflict) as caught:
        git.commit_only(["README.md"], "two")
    assert code(caught) == "commit-refused"
    why = caught.value.problems[0].why
    assert why.startswith("…\n21\n") and why.endswith("\n40")
    repo.hook("pre-commit", r"printf '\033[31mno\033[0m\033]0;title\007 \007way\n' >&2; exit 1")
    with pytest.raises(Conflict) as caught:
        git.commit_only(["README.md"], "two")
    assert caught.value.problems[0].why == "no way"


def test_hooks_find_their_own_locale_and_pathspecs_as_the_user_set_them(
    repo: Sandbox, git: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    repo.hook("pre-commit", "echo $LC_ALL >.git/seen; git diff --cached --name-only -- '*.md' >>.git/seen")
    repo.write("README.md", "2")
    git.commit_only(["README.md"], "two")
    assert (repo.path / ".git/seen").read_text() == "C.UTF-8\nREADME.md\n"


def test_the_hash_of_a_commit_is_its_own_even_when_another_follows_at_once(repo: Sandbox, git: GitRepo) -> None:
    repo.hook("post-commit", "rm .git/hooks/post-commit; git commit -q --allow-empty -m 'another one'")
    repo.write("README.md", "2")
    commit = git.commit_only(["README.md"], "two")
    assert repo.git("log", "-1", "--format=%s", commit) == "two"
    assert repo.git("log", "-1", "--format=%s") == "another one"


def test_plain_text_has_no_control_or_direction_characters() -> None:
    assert plain("a\x1b[2Jb\x9bc\u202ed\r\ne\tf\x00") == "abcd\ne    f"


# ------------------------------------------------------------------------------------------ reverting

THREE = "a: 1\n\n\n\nb: 1\n\n\n\nc: 1\n"


def test_a_preview_of_a_revert_is_what_the_revert_makes(repo: Sandbox, git: GitRepo) -> None:
    parent = repo.commit({"m": THREE})
    commit = repo.commit({"m": THREE.replace("a: 1", "a: 2")})
    repo.commit({"m": THREE.replace("a: 1", "a: 2").replace("c: 1", "c: 2")})
    expected = THREE.replace("c: 1", "c: 2").encode()
    assert git.would_revert(commit, parent, "m", "HEAD") == expected
    assert git.would_revert(commit, parent, "m", commit) == THREE.encode()
    new = git.revert(commit, mainline=False, message="put a back\n\n# with a reason\nRegistry-Model: m\n")
    assert new == repo.head
    assert git.read(new, "m") == expected
    assert repo.git("log", "-1", "--format=%B").rstrip() == "put a back\n\n# with a reason\nRegistry-Model: m"
    assert repo.git("status", "--porcelain") == ""


def test_a_revert_that_conflicts_or_lacks_a_file_has_no_preview(repo: Sandbox, git: GitRepo) -> None:
    parent = repo.commit({"m": THREE})
    commit = repo.commit({"m": THREE.replace("a: 1", "a: 2"), "new": "x"})
    repo.commit({"m": THREE.replace("a: 1", "a: 3")})
    assert git.would_revert(commit, parent, "m", "HEAD") is None
    assert git.would_revert(commit, parent, "new", "HEAD") is None


def test_a_merge_is_reverted_against_its_first_parent(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({"m": THREE})
    repo.git("switch", "-qc", "side")
    repo.commit({"m": THREE.replace("a: 1", "a: 2")})
    repo.git("switch", "-q", "main")
    repo.commit({"other": "x"})
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    new = git.revert(repo.head, mainline=True, message="back")
    assert git.read(new, "m") == THREE.encode()


def test_a_revert_that_fails_leaves_nothing_behind(repo: Sandbox, git: GitRepo) -> None:
    repo.commit({"m": "1\n", "other": "1\n"})
    commit = repo.commit({"m": "2\n"})
    repo.commit({"m": "3\n"})
    repo.write("other", "an unstaged edit\n")
    head, status = repo.head, repo.git("status", "--porcelain")

    def refuses(what: str) -> None:
        with pytest.raises(Conflict) as caught:
            git.revert(what, mainline=False, message="back")
        assert code(caught) == "revert-refused"
        assert (repo.head, repo.git("status", "--porcelain"), git.in_progress()) == (head, status, None)

    refuses(commit)  # a conflict
    repo.hook("prepare-commit-msg", "exit 1")  # after which `git revert --abort` knows of no revert
    refuses(head)
    repo.git("config", "commit.gpgsign", "true")
    repo.git("config", "gpg.program", "false")
    (repo.path / ".git/hooks/prepare-commit-msg").unlink()
    refuses(head)
    repo.git("add", "other")
    status = repo.git("status", "--porcelain")
    refuses(head)  # something is staged


def test_the_first_commit_of_a_shallow_clone_is_not_reverted_into_nothing(repo: Sandbox) -> None:
    repo.commit({"README.md": "2"})
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", "../shallow")
    shallow = Sandbox(repo.path.parent / "shallow")
    with pytest.raises(Conflict) as caught:
        GitRepo.discover(shallow.path).revert("HEAD", mainline=False, message="back")
    assert code(caught) == "revert-refused"
    assert "--unshallow" in said(caught)
    assert (shallow.path / "README.md").exists()
