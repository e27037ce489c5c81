"""Operations in a real checkout: one commit each, or nothing at all."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from registry import edits
from registry.check import check
from registry.errors import Conflict, NotFound, RegistryError, Rejected
from registry.history import history
from registry.workspace import Outcome, Workspace
from tests.conftest import Sandbox
from tests.registries import fraud, register, step

promote = edits.promote


def opened(repo: Sandbox) -> Workspace:
    return Workspace.find(None, repo.path)


@pytest.fixture
def registry(repo: Sandbox) -> Sandbox:
    """A repository with fraud 4 in Staging and 3 in Production, committed."""
    repo.commit({"models.yaml": fraud().root.text}, "a registry")
    return repo


def state(repo: Sandbox) -> tuple[str, str, str]:
    return repo.head, repo.git("status", "--porcelain"), (repo.path / "models.yaml").read_text()


def test_init_makes_a_repository_a_registry_and_the_first_commit(tmp_path: Path) -> None:
    outcome = Workspace.init(tmp_path / "new")
    made = Sandbox(tmp_path / "new")
    assert outcome.commit == made.head
    assert made.git("ls-files").split() == ["models.yaml", "schema/models.schema.json"]
    assert check(opened(made).documents()).problems == ()
    assert "registry already" in Workspace.init(tmp_path / "new").edit.said


def test_an_operation_is_one_commit_of_one_file(registry: Sandbox) -> None:
    registry.write("other.txt", "staged by somebody")
    registry.git("add", "other.txt")
    outcome = opened(registry).run("promote", step(promote, "fraud", 4, "Production"), reason="better recall")
    assert outcome.commit == registry.head
    assert registry.git("show", "--name-only", "--format=", "HEAD") == "models.yaml"
    assert registry.git("status", "--porcelain") == "A  other.txt"
    message = registry.git("log", "-1", "--format=%B")
    assert message.startswith("fraud 4: Staging -> Production\n\nbetter recall\n\n")
    trailers = registry.git("log", "-1", "--format=%(trailers:only,unfold)")
    assert trailers.splitlines() == [
        "Registry-Operation: promote",
        "Registry-Model: fraud",
        "Registry-Version: 4",
        "Registry-From: Staging",
        "Registry-To: Production",
        "Registry-Replaces: 3",
    ]


def test_nothing_to_do_is_no_commit(registry: Sandbox) -> None:
    before = state(registry)
    outcome = opened(registry).run("promote", step(promote, "fraud", 3, "Production"))
    assert (outcome.commit, state(registry)) == (None, before)
    assert outcome.edit.said


def test_a_refused_operation_leaves_all_as_it_was(registry: Sandbox) -> None:
    before = state(registry)
    with pytest.raises(Rejected):
        opened(registry).run("promote", step(promote, "fraud", 5, "Production"))
    assert state(registry) == before


def test_a_dry_run_tells_the_diff_and_writes_nothing(registry: Sandbox) -> None:
    before = state(registry)
    outcome = opened(registry).run("promote", step(promote, "fraud", 4, "Production"), dry_run=True)
    assert state(registry) == before
    diff = outcome.diff
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    real = registry.git("diff", "HEAD~1", "HEAD").splitlines()
    assert [line for line in diff.splitlines() if line[:1] in "+-"] == [line for line in real if line[:1] in "+-"]


def test_without_commit_only_the_file_is_edited(registry: Sandbox) -> None:
    head = registry.head
    outcome = opened(registry).run("promote", step(promote, "fraud", 4, "Production"), commit=False)
    assert outcome.commit is None
    assert (registry.head, registry.git("status", "--porcelain")) == (head, " M models.yaml")
    opened(registry).run("register", register("fraud", 6), commit=False)
    assert opened(registry).judged().manifest.models["fraud"].newest == 6


def test_uncommitted_edits_are_in_the_way(registry: Sandbox) -> None:
    registry.write("models.yaml", fraud().root.text + "# mine\n")
    with pytest.raises(Conflict) as error:
        opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    assert error.value.problems[0].code == "uncommitted-changes"
    assert (registry.path / "models.yaml").read_text().endswith("# mine\n")


def test_a_hook_that_refuses_leaves_all_as_it_was(registry: Sandbox) -> None:
    registry.hook("pre-commit", "echo not today >&2; exit 1")
    before = state(registry)
    with pytest.raises(Conflict) as error:
        opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    assert "not today" in error.value.problems[0].why
    assert state(registry) == before


def test_it_works_from_a_subdirectory_and_a_linked_worktree(registry: Sandbox) -> None:
    (registry.path / "deep/down").mkdir(parents=True)
    Workspace.find(None, registry.path / "deep/down").run("promote", step(promote, "fraud", 4, "Production"))
    registry.git("worktree", "add", "-q", "../linked", "-b", "linked")
    linked = Sandbox(registry.path.parent / "linked")
    outcome = opened(linked).run("register", register("fraud", 6))
    assert outcome.commit == linked.head != registry.head


def test_a_manifest_in_a_subdirectory_is_committed_there(repo: Sandbox) -> None:
    repo.commit({"ml/models.yaml": fraud().root.text})
    Workspace.find(Path("ml/models.yaml"), repo.path).run("promote", step(promote, "fraud", 4, "Production"))
    assert repo.git("show", "--name-only", "--format=", "HEAD") == "ml/models.yaml"


def test_without_a_manifest_it_says_where_it_looked(repo: Sandbox) -> None:
    with pytest.raises(NotFound) as error:
        opened(repo)
    assert "up to the repository's root" in error.value.problems[0].what


def test_an_invalid_manifest_is_not_edited_but_may_be_mended(registry: Sandbox) -> None:
    text = fraud().root.text.replace("        version: 3\n", "        versions: [2, 3]\n", 1)
    assert text != fraud().root.text
    registry.commit({"models.yaml": text}, "two productions")
    with pytest.raises(Rejected):
        opened(registry).run("register", register("fraud", 6))
    opened(registry).run("demote", step(edits.demote, "fraud", 2, "Production"))
    assert opened(registry).judged().manifest.models["fraud"].slots["Production"] == (3,)


def test_folders_pipes_and_forbidden_files_are_named(repo: Sandbox) -> None:
    (repo.path / "models.yaml").mkdir()
    with pytest.raises(RegistryError) as error:
        Workspace.find(None, repo.path).documents()
    assert error.value.problems[0].code == "unreadable"


# -- included files ------------------------------------------------------------------------------------


def test_with_include_each_model_has_a_file_of_its_own(repo: Sandbox) -> None:
    repo.commit({"models.yaml": "schema_version: 1\ninclude: models/\n"})
    workspace = opened(repo)
    workspace.run("register", register("fraud", 1))
    workspace.run("register", step(edits.register, "churn rate", "s3://models/churn/1"))
    workspace.run("promote", step(promote, "fraud", 1, "Staging"))
    assert repo.git("show", "--name-only", "--format=", "HEAD") == "models/fraud.yaml"
    workspace.run("rename", step(edits.rename, "churn rate", "churn"))
    assert repo.git("ls-files", "models").split() == ["models/churn.yaml", "models/fraud.yaml"]
    assert list(workspace.judged().manifest.models) == ["churn", "fraud"]
    workspace.run("delete", step(edits.delete, "churn"))
    assert repo.git("ls-files", "models") == "models/fraud.yaml"
    assert next(str(d.move) for d in history(workspace, "churn")) == "churn: removed"
    assert workspace.documents_at("HEAD~4")[0].manifest.models.keys() == {"fraud"}


# -- rollback ------------------------------------------------------------------------------------------


def rolled_back(repo: Sandbox, **options: object) -> Outcome:
    return opened(repo).rollback("fraud", **options)  # type: ignore[arg-type]


def production(repo: Sandbox) -> tuple[int, ...]:
    return opened(repo).judged().manifest.models["fraud"].slots["Production"]


def test_a_rollback_is_a_real_revert_where_that_gives_the_result(registry: Sandbox) -> None:
    promotion = opened(registry).run("promote", step(promote, "fraud", 4, "Production")).commit
    opened(registry).run("register", register("churn", 3))
    outcome = rolled_back(registry, reason="false alarms doubled")
    assert outcome.reverted == promotion
    assert production(registry) == (3,)
    message = registry.git("log", "-1", "--format=%B")
    assert message.startswith(f'Revert "fraud 4: Staging -> Production"\n\nThis reverts commit {promotion}.\n')
    assert "false alarms doubled" in message
    assert "Registry-Operation: rollback" in registry.git("log", "-1", "--format=%(trailers:only)")


def test_a_rollback_of_a_merged_promotion_reverts_the_merge(registry: Sandbox) -> None:
    registry.git("switch", "-qc", "branch")
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    registry.git("switch", "-q", "main")
    registry.git("merge", "-q", "--no-ff", "--no-edit", "branch")
    merge = registry.head
    assert rolled_back(registry).reverted == merge
    assert production(registry) == (3,)


def test_a_rollback_is_an_edit_where_a_revert_would_do_something_else(registry: Sandbox) -> None:
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"), commit=False)
    registry.commit({"models.yaml": (registry.path / "models.yaml").read_text(), "more.txt": "x"}, "by hand, with more")
    outcome = rolled_back(registry)
    assert (outcome.reverted, production(registry)) == (None, (3,))
    assert (registry.path / "more.txt").exists()


def test_a_rollback_with_foreign_files_staged_leaves_them_staged(registry: Sandbox) -> None:
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    registry.write("other.txt", "x")
    registry.git("add", "other.txt")
    assert rolled_back(registry).reverted is None
    assert registry.git("status", "--porcelain") == "A  other.txt"
    assert production(registry) == (3,)


def test_a_rollback_in_a_shallow_clone_is_an_edit(registry: Sandbox) -> None:
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    registry.git("clone", "-q", "--depth=1", f"file://{registry.path}", "../shallow")
    shallow = Sandbox(registry.path.parent / "shallow")
    assert rolled_back(shallow).reverted is None
    assert production(shallow) == (3,)
    assert (shallow.path / "README.md").exists()


def test_a_rollback_of_a_rollback_goes_further_back(registry: Sandbox) -> None:
    workspace = opened(registry)
    for number in (4, 5):
        workspace.run("promote", step(promote, "fraud", number, "Staging"))
        workspace.run("promote", step(promote, "fraud", number, "Production"))
    rolled_back(registry)
    assert production(registry) == (4,)
    rolled_back(registry)
    assert production(registry) == (3,)


# -- history -------------------------------------------------------------------------------------------


def test_history_counts_hand_edits_merges_and_squashes_and_trusts_no_message(registry: Sandbox) -> None:
    workspace = opened(registry)
    workspace.run("promote", step(promote, "fraud", 4, "Production"))
    text = (registry.path / "models.yaml").read_text()
    registry.commit(
        {"models.yaml": text.replace("uri: s3://models/churn/2", "uri: s3://elsewhere/2")},
        "fraud 9: None -> Production",
    )
    registry.git("revert", "--no-edit", "HEAD~1")
    told = [str(d.move) for d in history(workspace)]
    assert told[:3] == ["fraud 3: Archived -> Production (return)", "churn 2: uri", "fraud 4: Staging -> Production"]
    assert {str(d.move) for d in history(workspace, "churn")} >= {"churn 2: uri", "churn: created"}


def test_a_state_that_breaks_a_rule_is_passed_over(registry: Sandbox) -> None:
    good = (registry.path / "models.yaml").read_text()
    registry.commit({"models.yaml": "<<<<<<< HEAD\n" + good}, "broken")
    registry.commit({"models.yaml": good.replace("        version: 4", "        version: 5", 1)}, "mended")
    latest = history(opened(registry))[0]
    assert (str(latest.move), latest.commit) == ("fraud 5: None -> Staging", registry.head)


def test_a_clock_that_went_backwards_does_not_reorder(repo: Sandbox) -> None:
    repo.commit({"models.yaml": fraud().root.text}, "one", date="@1767225600 +0000")
    later = fraud(step(promote, "fraud", 4, "Production")).root.text
    repo.commit({"models.yaml": later}, "two", date="@1700000000 +0000")
    newest, *_, oldest = history(opened(repo))
    assert str(newest.move) == "fraud 4: Staging -> Production"
    assert newest.time == oldest.time or newest.time >= oldest.time


def test_what_stood_there_at_a_revision_or_a_date(repo: Sandbox) -> None:
    repo.git("update-ref", "-d", "HEAD")
    first = repo.commit({"models.yaml": fraud().root.text}, "one", date="@1767225600 +0000")  # 2026-01-01
    repo.commit(
        {"models.yaml": fraud(step(promote, "fraud", 4, "Production")).root.text}, "two", date="@1767398400 +0000"
    )
    workspace = opened(repo)

    def production_at(when: str) -> tuple[int, ...]:
        return workspace.documents_at(when)[0].manifest.models["fraud"].slots["Production"]

    assert production_at(first[:8]) == production_at("HEAD~1") == (3,)
    assert production_at("2026-01-01") == production_at("2026-01-02T23:59:59Z") == (3,)
    assert production_at("2026-01-03") == production_at("2026-06-01T00:00:00+02:00") == (4,)
    with pytest.raises(NotFound):
        production_at("2025-12-31")
    with pytest.raises(NotFound):
        production_at("--output=x")


# -- writers at once -------------------------------------------------------------------------------------


def _promotions(folder: str, model: str, count: int) -> None:
    workspace = Workspace.find(None, Path(folder))
    for i in range(count):
        workspace.run("promote", step(promote, model, 1 + i % 2, "Staging"))


def test_four_processes_promote_in_one_clone_and_every_promotion_lands(repo: Sandbox) -> None:
    steps = [register(f"m{w}", n) for w in range(4) for n in (1, 2)]
    documents = edits.init("models.yaml")
    for one in steps:
        documents = one(documents).documents
    start = repo.commit({"models.yaml": documents.root.text})
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_promotions, args=(str(repo.path), f"m{w}", 25)) for w in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [w.exitcode for w in writers] == [0, 0, 0, 0]
    assert repo.git("rev-list", "--count", f"{start}..HEAD") == "100"
    assert repo.git("status", "--porcelain") == ""
    subjects = repo.git("log", "--format=%s", f"{start}..HEAD").splitlines()
    assert all(sum(s.startswith(f"m{w} ") for s in subjects) == 25 for w in range(4))
    assert check(opened(repo).documents()).problems == ()


def test_a_manifest_of_another_shape_is_not_edited(registry: Sandbox) -> None:
    registry.commit({"models.yaml": "schema_version: 1\nmodels:\n"}, "no models")
    with pytest.raises(Rejected) as error:
        opened(registry).run("register", register("fraud", 6))
    assert error.value.problems[0].code == "schema"


def test_a_models_file_is_edited_only_through_the_root_that_has_the_policy(repo: Sandbox) -> None:
    policy = "policy:\n  stages:\n    - name: Production\n      requires: {approvals: 1}\n"
    repo.commit({"models.yaml": f"schema_version: 1\n{policy}include: models/\n"})
    opened(repo).run("register", register("fraud", 1))
    part = Workspace.find(Path("models/fraud.yaml"), repo.path)
    with pytest.raises(RegistryError) as error:
        part.run("promote", step(promote, "fraud", 1, "Production"))
    assert error.value.problems[0].code == "included-file"


@pytest.mark.parametrize("include", ["/etc", "../", "models/../../", "link/"])
def test_included_files_lie_below_the_manifest(repo: Sandbox, include: str) -> None:
    (repo.path / "link").symlink_to("/etc")
    repo.write("models.yaml", f"schema_version: 1\ninclude: {include}\n")
    with pytest.raises(Rejected):
        opened(repo).judged()


def test_a_rule_that_is_broken_at_head_does_not_open_the_gates(repo: Sandbox) -> None:
    text = fraud().root.text.replace("      - version: 3\n", "      - version: 3\n        deleted: {}\n", 1)
    repo.commit(
        {"models.yaml": text.replace("      from: [Staging]", "      requires: {approvals: 1}\n      from: [Staging]")}
    )
    with pytest.raises(Rejected) as error:
        opened(repo).run("promote", step(promote, "fraud", 4, "Production"))
    assert [p.code for p in error.value.problems] == ["gates-are-passed"]


def test_a_shallow_clone_makes_up_no_history(registry: Sandbox) -> None:
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    registry.git("clone", "-q", "--depth=2", f"file://{registry.path}", "../shallow")
    shallow = Sandbox(registry.path.parent / "shallow")
    assert [str(d.move) for d in history(opened(shallow))] == ["fraud 4: Staging -> Production"]


def test_a_time_from_history_names_the_state_that_it_tells_of(registry: Sandbox) -> None:
    opened(registry).run("promote", step(promote, "fraud", 4, "Production"))
    told = history(opened(registry))[0].time
    for when in (told.isoformat(), f"{told:%Y-%m-%dT%H:%M}Z", f"{told:%Y-%m-%d}"):
        assert opened(registry).documents_at(when)[0].manifest.models["fraud"].slots["Production"] == (4,)


def test_a_refused_edit_is_told_with_places_in_the_file_that_is_there(registry: Sandbox) -> None:
    with pytest.raises(Rejected) as error:
        opened(registry).run("register", step(edits.register, "fraud", "no uri at all"))
    where = error.value.problems[0].where
    assert where is not None
    assert (registry.path / "models.yaml").read_text().splitlines()[where.line - 1].strip() == "- version: 1"


def test_an_init_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    with pytest.raises(Conflict) as error:
        Workspace.init(tmp_path / "new")
    assert error.value.problems[0].code == "no-identity"
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_needs_no_identity(registry: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert opened(registry).run("promote", step(promote, "fraud", 4, "Production"), dry_run=True).diff


def test_a_rollback_of_a_return_brings_the_chain_back(registry: Sandbox) -> None:
    workspace = opened(registry)
    for number in (4, 3):  # 3 was there first, 4 replaced it, 3 returned
        workspace.run("promote", step(promote, "fraud", number, "Production"))
    assert rolled_back(registry, to=4).reverted
    assert production(registry) == (4,)
    assert rolled_back(registry).reverted
    assert production(registry) == (3,)


def test_without_commit_a_failed_rename_of_a_file_loses_nothing(repo: Sandbox) -> None:
    repo.commit({"models.yaml": "schema_version: 1\ninclude: models/\n"})
    opened(repo).run("register", register("a", 1))
    text = (repo.path / "models/a.yaml").read_text() + "# words of mine\n"
    repo.write("models/a.yaml", text)
    (repo.path / "models/b.yaml").mkdir()
    with pytest.raises(RegistryError):
        opened(repo).run("rename", step(edits.rename, "a", "b"), commit=False)
    assert (repo.path / "models/a.yaml").read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "schema_version: 2\nmodels: {a: {versions: 5}}\n",
        "schema_version: 1\nmodels:\n" + "".join(f"  m{i}: {{versions: 5}}\n" for i in range(600)),
        "schema_version: 1\ninclude: 5\n",
        "schema_version: 1\npolicy: {stages: [{name: A, requires: {metrics: {x: {max: -0.5}}}}]}\nmodels: {}\n",
        "schema_version: 1\nmodels: {a: {stages: {Staging: {version: 9}}, versions: []}}\n",
    ],
    ids=["a-later-format", "more-than-is-told", "include-a-number", "a-negative-limit", "nothing-registered"],
)
def test_odd_states_are_judged_and_read_without_a_crash(repo: Sandbox, text: str) -> None:
    repo.commit({"models.yaml": text})
    workspace = opened(repo)
    check(workspace.documents())
    history(workspace)
    for verb in (step(edits.demote, "a", None, "Staging"), register("b", 1)):
        try:
            workspace.run("try", verb, dry_run=True)
        except RegistryError:
            continue


def test_a_file_that_holds_two_models_loses_neither(repo: Sandbox) -> None:
    two = "schema_version: 1\nmodels:\n  a:\n    versions: []\n  b:\n    versions:\n      - {version: 1, uri: s3://b}\n"
    repo.commit({"models.yaml": "schema_version: 1\ninclude: models/\n", "models/a.yaml": two})
    with pytest.raises(Rejected):
        opened(repo).run("promote", step(promote, "b", 1, "Staging"))
    assert (repo.path / "models/a.yaml").read_text() == two
