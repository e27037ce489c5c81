"""Writing at the command line: one commit each, the same options everywhere, and a word about what was done."""

from __future__ import annotations

import json

import pytest

from tests.cli_helpers import MANIFEST, Run, changed, registry, run
from tests.conftest import Sandbox

__all__ = ["registry", "run"]


def text(sandbox: Sandbox) -> str:
    return (sandbox.path / "models.yaml").read_text()


def subject(sandbox: Sandbox) -> str:
    return sandbox.git("log", "-1", "--format=%s")


# -- what all of them share ----------------------------------------------------------------------------


def test_a_promotion_is_one_commit_and_one_line(registry: Sandbox, run: Run) -> None:
    told = run("promote", "fraud", "--to", "production", "-m", "passed the shadow week")
    assert (told.status, told.err) == (0, "")
    assert told.out == f"fraud 3: Staging -> Production, replaces 2 [{registry.head[:7]}]\n"
    assert registry.git("log", "-1", "--format=%B").splitlines() == [
        "fraud 3: Staging -> Production",
        "",
        "passed the shadow week",
        "",
        "Registry-Operation: promote",
        "Registry-Model: fraud",
        "Registry-Version: 3",
        "Registry-From: Staging",
        "Registry-To: Production",
        "Registry-Replaces: 2",
    ]


def test_a_dry_run_prints_the_diff_and_changes_nothing(registry: Sandbox, run: Run) -> None:
    head = registry.head
    told = run("promote", "fraud", "3", "--dry-run")
    assert told.status == 0
    assert told.out.startswith("--- a/models.yaml\n+++ b/models.yaml\n@@ ")
    assert "-        version: 2\n+        version: 3\n" in told.out
    assert (registry.head, text(registry)) == (head, MANIFEST)
    assert "+        version: 3" in run("promote", "fraud", "3", "--dry-run", "--json").json["diff"]


def test_no_commit_edits_the_file_and_leaves_the_commit(registry: Sandbox, run: Run) -> None:
    head = registry.head
    told = run("promote", "fraud", "3", "--no-commit")
    assert told.out == "fraud 3: Staging -> Production, replaces 2 [not committed]\n"
    assert registry.head == head
    assert changed(MANIFEST, text(registry)) == [
        "-        version: 2", "+        version: 3", "+          Production: 3",
    ]  # fmt: skip


def test_nothing_to_do_is_said_and_makes_no_commit(registry: Sandbox, run: Run) -> None:
    head = registry.head
    told = run("promote", "fraud", "2", "--to", "Production")
    assert (told.status, told.out) == (0, "fraud 2 already stands in Production; nothing to do\n")
    assert registry.head == head
    assert run("promote", "fraud", "2", "--to", "Production", "--json").json["commit"] is None


def test_json_says_the_commit_the_moves_and_the_version(registry: Sandbox, run: Run) -> None:
    data = run("promote", "fraud", "3", "--json").json
    assert {k: data[k] for k in ("format", "model", "version", "commit", "said", "reverted", "warnings")} == {
        "format": 1,
        "model": "fraud",
        "version": 3,
        "commit": registry.head,
        "said": "",
        "reverted": None,
        "warnings": [],
    }
    assert data["moves"][0] == {
        "kind": "promoted", "model": "fraud", "version": 3, "from": "Staging", "to": "Production", "replaces": 2,
    }  # fmt: skip
    assert data["record"]["life"] == "production_deployed"


def test_quiet_prints_the_number_alone(registry: Sandbox, run: Run) -> None:
    assert run("register", "fraud", "--uri", "s3://m/fraud/5", "-q").out == "5\n"
    assert run("register", "fraud", "--uri", "s3://m/fraud/5", "--quiet").out == "5\n"


def test_the_file_may_be_named_from_anywhere(registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(registry.path.parent)
    assert run("promote", "fraud", "3", "--file", "repo/models.yaml").status == 0
    assert subject(registry) == "fraud 3: Staging -> Production"


def test_a_failure_goes_to_standard_error_as_json_where_json_was_asked_for(registry: Sandbox, run: Run) -> None:
    told = run("promote", "frad", "--json")
    assert (told.status, told.out) == (3, "")
    assert json.loads(told.err)["problems"][0]["fix"] == "did you mean fraud?"


def test_a_refused_gate_changes_nothing_and_says_everything(registry: Sandbox, run: Run) -> None:
    head = registry.head
    assert run("promote", "fraud", "4", "--to", "Staging").status == 0
    told = run("promote", "fraud", "4", "--to", "Production")
    assert (told.status, told.out) == (1, "")
    assert told.err.count(" [gates-are-passed]") == 3
    assert registry.git("rev-parse", "HEAD~1") == head


def test_a_warning_goes_to_standard_error(registry: Sandbox, run: Run) -> None:
    told = run("promote", "fraud", "1", "--to", "Production")
    assert told.out.startswith("fraud 1: Archived -> Production (return), replaces 2 [")
    assert "warning: " in told.err
    data = run("rollback", "fraud", "--to", "2", "--json")
    assert data.err == ""


# -- promote -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["fraud", "3"], ["fraud/3"], ["fraud/Staging"], ["models:/fraud/3"], ["fraud"]])
def test_promote_takes_a_version_in_one_word_or_two(registry: Sandbox, run: Run, words: list[str]) -> None:
    assert run("promote", *words, "--to", "Production").status == 0
    assert subject(registry) == "fraud 3: Staging -> Production"


def test_promote_without_one_reading_asks(registry: Sandbox, run: Run) -> None:
    run("register", "churn", "--uri", "s3://m/churn/2")
    told = run("promote", "churn", "--to", "Staging")
    assert told.status == 2
    assert "registry promote 'churn' 1 --to Staging or registry promote 'churn' 2 --to Staging" in told.err
    assert run("promote", "fraud/3", "4").status == 2


def test_promote_to_an_undeclared_stage_names_the_declared(registry: Sandbox, run: Run) -> None:
    told = run("promote", "fraud", "3", "--to", "Live")
    assert told.status == 1
    assert "there are: Staging, Production" in told.err


# -- promote … -- COMMAND… -----------------------------------------------------------------------------


def test_a_command_that_passes_promotes_and_is_recorded_as_a_check(registry: Sandbox, run: Run) -> None:
    script = 'echo "$REGISTRY_MODEL|$REGISTRY_VERSION|$REGISTRY_URI|$REGISTRY_STAGE" > seen'
    told = run("promote", "fraud", "3", "--", "sh", "-c", script)
    assert told.out == f"fraud 3: Staging -> Production, replaces 2 [{registry.head[:7]}]\n"
    assert (registry.path / "seen").read_text() == "fraud|3|s3://m/fraud/3|Production\n"
    assert run("show", "fraud/3", "--json").json["checks"] == {"sh": {"result": "passed"}}
    assert registry.git("rev-list", "--count", "HEAD") == "3"


def test_a_command_that_fails_changes_nothing_and_its_code_is_told(registry: Sandbox, run: Run) -> None:
    head = registry.head
    told = run("promote", "fraud", "3", "--", "sh", "-c", "exit 7")
    assert (told.status, told.out) == (1, "")
    assert "sh exited with 7; fraud 3 was not promoted, nothing was changed [command-failed]" in told.err
    assert (registry.head, text(registry)) == (head, MANIFEST)


def test_a_command_ended_by_a_signal_or_not_startable_changes_nothing(registry: Sandbox, run: Run) -> None:
    assert "was ended by signal 9" in run("promote", "fraud", "3", "--", "sh", "-c", "kill -9 $$").err
    assert "./nope cannot be run: No such file" in run("promote", "fraud", "3", "--", "./nope").err
    assert text(registry) == MANIFEST


def test_a_command_gets_its_own_options(registry: Sandbox, run: Run) -> None:
    assert run("promote", "fraud", "3", "--", "test", "--help", "=", "--help").status == 0


def test_no_command_runs_for_a_promotion_that_would_be_refused(registry: Sandbox, run: Run) -> None:
    run("promote", "fraud", "4", "--to", "Staging")
    assert run("promote", "fraud", "4", "--to", "Production", "--", "touch", "ran").status == 1
    assert run("promote", "fraud", "2", "--to", "Production", "--", "touch", "ran").status == 0
    assert run("promote", "fraud", "3", "--to", "Staging", "--dry-run", "--", "touch", "ran").status == 0
    assert not (registry.path / "ran").exists()


def test_a_check_that_the_gate_wants_may_be_the_command_itself(registry: Sandbox, run: Run) -> None:
    registry.commit({"models.yaml": MANIFEST.replace("approvals: 1\n", "checks: ['true']\n")}, "policy")
    assert "the check true has not been recorded" in run("promote", "fraud", "3").err
    assert run("promote", "fraud", "3", "--", "true").status == 0


def test_two_dashes_without_a_command_are_a_mistake(registry: Sandbox, run: Run) -> None:
    told = run("promote", "fraud", "3", "--")
    assert told.status == 2
    assert "there is no COMMAND behind --" in told.err
    assert text(registry) == MANIFEST


# -- the other moves -----------------------------------------------------------------------------------


def test_demote_archive_and_restore(registry: Sandbox, run: Run) -> None:
    assert run("demote", "fraud", "--from", "staging").out.startswith("fraud 3: Staging -> Archived [")
    assert run("archive", "fraud/2", "-m", "leaked labels").out.startswith("fraud 2: Production -> Archived [")
    assert run("show", "fraud/2", "--json").json["archived"] == {"reason": "leaked labels"}
    assert run("promote", "fraud", "2", "--to", "Production").status == 1
    assert run("restore", "fraud", "2").status == 0
    assert run("promote", "fraud", "2", "--to", "Production").status == 0


def test_a_version_must_be_named_to_be_archived(registry: Sandbox, run: Run) -> None:
    for verb in ("archive", "restore"):
        told = run(verb, "fraud")
        assert told.status == 2
        assert "say which version of fraud" in told.err


def test_rollback_says_whether_git_reverted_or_not(registry: Sandbox, run: Run) -> None:
    run("promote", "fraud", "3")
    promotion = registry.head
    told = run("rollback", "fraud", "-m", "false alarms doubled")
    assert told.out == (
        f"fraud 2: Archived -> Production (return), replaces 3 [{registry.head[:7]}]\n"
        f"by git revert of {promotion[:7]}\n"
    )
    assert text(registry) == MANIFEST
    told = run("rollback", "fraud", "--stage", "production")  # to what stood there before the first commit
    assert told.out == (
        f"fraud 1: Archived -> Production (return), replaces 2 [{registry.head[:7]}]\n"
        "as a new commit; git revert would not give exactly this\n"
    )


def test_a_rollback_can_be_tried_dry_named_and_read_by_programs(registry: Sandbox, run: Run) -> None:
    run("promote", "fraud", "3")
    assert "+        version: 2" in run("rollback", "fraud", "--dry-run").out
    promotion = registry.head
    data = run("rollback", "fraud", "--to", "2", "--json").json
    assert (data["version"], data["reverted"]) == (2, promotion)
    assert run("rollback", "fraud", "--to", "4").status == 1


def test_rollback_with_nothing_to_go_back_to_is_not_found(registry: Sandbox, run: Run) -> None:
    assert run("rollback", "churn").status == 3


# -- models and names ----------------------------------------------------------------------------------


def test_delete_of_a_version_keeps_its_record(registry: Sandbox, run: Run) -> None:
    assert run("delete", "fraud", "4", "-m", "by mistake").out.startswith("fraud 4 deleted [")
    assert run("get", "fraud/4").status == 3
    assert "deleted: {reason: by mistake}" in text(registry)
    assert "registry demote 'fraud' 2 --from Production" in run("delete", "fraud/2").err


def test_delete_of_a_model_wants_to_be_told_so(registry: Sandbox, run: Run) -> None:
    told = run("delete", "churn")
    assert told.status == 2
    assert "--whole-model" in told.err
    assert run("delete", "churn/1", "--whole-model").status == 2
    assert run("delete", "churn", "--whole-model").out.startswith("churn removed [")
    assert run("get", "churn/1").status == 3


def test_a_renamed_model_is_found_by_its_new_name_only(registry: Sandbox, run: Run) -> None:
    assert run("rename", "fraud", "cards").out.startswith("fraud -> cards: rename [")
    assert "is called cards now" in run("get", "fraud/2").err
    assert run("get", "cards/2").out == "s3://m/fraud/2\n"
    assert run("rename", "cards", "Churn").status == 1


def test_aliases_are_set_and_removed(registry: Sandbox, run: Run) -> None:
    assert run("alias", "set", "fraud", "champion", "3").out.startswith("fraud 3: alias champion, replaces 2 [")
    assert run("get", "fraud@champion", "--field", "version").out == "3\n"
    assert run("alias", "remove", "fraud", "champion").status == 0
    assert run("get", "fraud@champion").status == 3
    assert run("alias", "set", "fraud", "Production", "3").status == 1


# -- evidence ------------------------------------------------------------------------------------------


def test_an_approval_is_given_by_who_git_says(registry: Sandbox, run: Run) -> None:
    registry.git("config", "user.email", "carol@example.com")
    told = run("approve", "fraud", "4", "--for", "production")
    assert told.out == f"fraud 4: approved for Production by carol@example.com [{registry.head[:7]}]\n"
    assert "Production: [carol@example.com]" in text(registry)
    assert run("unapprove", "fraud/4", "--for", "Production").status == 0
    assert text(registry) == MANIFEST


def test_a_check_is_recorded_with_its_link(registry: Sandbox, run: Run) -> None:
    words = ["record-check", "fraud", "4", "offline-eval", "--result", "failed", "--url", "https://ci/1"]
    assert run(*words).status == 0
    assert "offline-eval: {result: failed, url: " in text(registry)
    assert run(*words[:5], "maybe").status == 2


def test_describe_says_more_of_a_model_or_a_version(registry: Sandbox, run: Run) -> None:
    assert (
        run("describe", "fraud", "--description", "New", "--owner", "a", "--owner", "b", "--remove-tag", "tier").status
        == 0
    )
    assert run("describe", "fraud/4", "--metric", "auc=0.97", "--tag", "night=yes").status == 0
    model = run("show", "fraud", "--json").json
    assert (model["description"], model["owners"], model["tags"]) == ("New", ["a", "b"], {})
    assert model["versions"][3]["metrics"] == {"auc": 0.97}
    assert model["versions"][3]["tags"] == {"night": "yes"}
    assert run("describe", "fraud", "--owner", "").status == 0
    assert run("show", "fraud", "--json").json["owners"] == []


@pytest.mark.parametrize(
    "words",
    [
        ["fraud"],
        ["fraud", "--metric", "auc=1"],
        ["fraud", "3", "--owner", "x"],
        ["fraud", "3", "--metric", "auc"],
        ["fraud", "3", "--metric", "auc=high"],
        ["fraud", "3", "--metric", "auc=nan"],
        ["fraud", "3", "--tag", "=x"],
        ["fraud", "3", "--tag", "a=1", "--tag", "a=2"],
    ],
)
def test_describe_that_says_no_clear_thing_is_wrong_usage(registry: Sandbox, run: Run, words: list[str]) -> None:
    told = run("describe", *words)
    assert (told.status, told.out) == (2, "")
    assert "fix: " in told.err


def test_a_recorded_metric_does_not_change(registry: Sandbox, run: Run) -> None:
    assert run("describe", "fraud", "3", "--metric", "auc=0.99").status == 1
    assert text(registry) == MANIFEST


# -- init ----------------------------------------------------------------------------------------------


def test_init_makes_a_registry_that_is_valid(repo: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.path)
    assert run("init", "team a").out == f"team a/models.yaml: a new registry [{repo.head[:7]}]\n"
    assert "is a registry already" in run("init", "team a").out
    monkeypatch.chdir(repo.path / "team a")
    assert run("validate").out == "models.yaml: ok (0 models, 0 versions)\n"
    assert run("list").out == "MODEL  STAGING  PRODUCTION  NEWEST  OWNERS\n"
    assert run("register", "m", "--uri", "s3://m/1", "--json").json["version"] == 1


# -- as in MLflow --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["transition-stage", "transition-version"])
def test_a_stage_transition_says_mlflows_words(registry: Sandbox, run: Run, command: str) -> None:
    words = ["models", command, "--model-name", "fraud", "--version", "3", "--stage", "production"]
    for _ in range(2):
        told = run(*words, "--archive-existing-versions")
        assert (told.status, told.err) == (0, "")
        assert told.out == "Model version '3' of model 'fraud' transitioned to stage 'Production'.\n"
    assert registry.git("rev-list", "--count", "HEAD") == "3"


@pytest.mark.parametrize(("stage", "written"), [("none", "None"), ("ARCHIVED", "Archived")])
def test_none_and_archived_vacate_every_slot(registry: Sandbox, run: Run, stage: str, written: str) -> None:
    told = run("models", "transition-stage", "--model-name", "fraud", "--version", "2", "--stage", stage)
    assert told.out == f"Model version '2' of model 'fraud' transitioned to stage '{written}'.\n"
    assert run("show", "fraud/2", "--json").json["stages"] == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--version", "3", "--stage", "Production"], 2, "missing option '--model-name' [usage]"),
        (["--model-name", "fraud", "--version", "9", "--stage", "Production"], 3, "fraud has no version 9"),
        (["--model-name", "nope", "--version", "3", "--stage", "Production"], 3, "there is no model nope"),
        (["--model-name", "fraud", "--version", "3", "--stage", "Canary"], 1, "the policy declares no stage Canary"),
        (["--model-name", "fraud", "--version", "x", "--stage", "Production"], 2, "invalid value for '--version'"),
    ],
)
def test_each_mistake_in_a_transition_has_its_words_and_code(
    registry: Sandbox, run: Run, words: list[str], status: int, said: str
) -> None:
    told = run("models", "transition-stage", *words)
    assert (told.status, told.out) == (status, "")
    assert said in told.err


def test_list_versions_lists_version_and_stage(registry: Sandbox, run: Run) -> None:
    run("delete", "fraud", "4")
    told = run("models", "list-versions", "--model-name", "fraud")
    assert told.out == "VERSION  STAGE\n1        Archived\n2        Production\n3        Staging\n"
    versions = run("models", "list-versions", "--model-name", "fraud", "--json").json["versions"]
    assert [(v["version"], v["stage"]) for v in versions] == [(1, "Archived"), (2, "Production"), (3, "Staging")]
