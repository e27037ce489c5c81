"""Questions at the command line: list, show, get, history, validate, schema, doctor."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.cli_helpers import MANIFEST, Run, registry, run
from tests.conftest import Sandbox

__all__ = ["registry", "run"]


# -- list ----------------------------------------------------------------------------------------------


def test_list_has_a_row_per_model_and_a_column_per_stage(registry: Sandbox, run: Run) -> None:
    told = run("list")
    assert (told.status, told.err) == (0, "")
    assert told.out == (
        "MODEL  STAGING  PRODUCTION  NEWEST  OWNERS\n"
        "fraud  3        2           4       risk-ml, [/foo]\n"
        "churn  -        -           1       -\n"
    )  # fmt: skip


def test_list_as_json(registry: Sandbox, run: Run) -> None:
    told = run("list", "--json")
    assert told.json["format"] == 1
    assert told.json["models"][0] == {
        "model": "fraud",
        "description": "Scores card transactions.",
        "owners": ["risk-ml", "[/foo]"],
        "tags": {"tier": "[bold]critical[/bold]"},
        "formerly": [],
        "stages": {"Staging": [3], "Production": [2]},
        "aliases": {"champion": 2},
        "newest": 4,
    }


# -- show ----------------------------------------------------------------------------------------------


def test_show_of_a_model_says_what_it_is_and_lists_its_versions(registry: Sandbox, run: Run) -> None:
    told = run("show", "fraud")
    assert told.out == (
        "model:       fraud\n"
        "description: Scores card transactions.\n"
        "owners:      risk-ml, [/foo]\n"
        "tags:        tier=[bold]critical[/bold]\n"
        "aliases:     champion 2\n"
        "\n"
        "VERSION  STAGE       LIFE                 ALIASES   URI             CREATED\n"
        "1        Archived    archived             -         s3://m/fraud/1  -\n"
        "2        Production  production_deployed  champion  s3://m/fraud/2  2026-11-02T09:15:00Z\n"
        "3        Staging     production_approved  -         s3://m/fraud/3  -\n"
        "4        None        registered           -         s3://m/fraud/4  -\n"
    )


@pytest.mark.parametrize("selector", ["fraud/3", "fraud/Staging", "fraud/staging", "models:/fraud/3"])
def test_show_of_a_version_says_all_of_it_and_what_the_next_stage_wants(
    registry: Sandbox, run: Run, selector: str
) -> None:
    told = run("show", selector)
    assert "life:      production_approved\n" in told.out
    assert "approvals: Production: bob@example.com\n" in told.out
    assert told.out.endswith(
        "to enter Production:\n"
        "  passed   field digest\n"
        "  passed   metric auc min 0.9\n"
        "  passed   approvals 1\n"
    )  # fmt: skip


def test_show_says_what_is_missing_and_how_to_get_it(registry: Sandbox, run: Run) -> None:
    approved = "approvals:\n          Production: [bob@example.com]\n        uri: s3://m/fraud/3"
    registry.write("models.yaml", MANIFEST.replace(approved, "uri: s3://m/fraud/3"))
    told = run("show", "fraud/3")
    assert "  missing  it has 0 of 1 approvals\n" in told.out
    assert "           fix: somebody else runs: registry approve 'fraud' 3 --for Production\n" in told.out


def test_show_as_json_has_the_versions(registry: Sandbox, run: Run) -> None:
    model = run("show", "fraud", "--json").json
    assert [v["version"] for v in model["versions"]] == [1, 2, 3, 4]
    assert model["versions"][1] == run("show", "fraud@champion", "--json").json


# -- get -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["fraud/Production"], "s3://m/fraud/2"),
        (["fraud/production"], "s3://m/fraud/2"),
        (["fraud@champion"], "s3://m/fraud/2"),
        (["models:/fraud/3"], "s3://m/fraud/3"),
        (["fraud/Production", "--field", "version"], "2"),
        (["fraud/Production", "--field", "stage"], "Production"),
        (["fraud/Production", "--field", "model"], "fraud"),
        (["fraud/Production", "--field", "metrics.auc"], "0.93"),
        (["fraud/Production", "--field", "metrics.val.auc"], "0.91"),
        (["fraud/Production", "--field", "params.depth"], "8"),
        (["fraud/Production", "--field", "checks.offline-eval.result"], "passed"),
        (["fraud/Production", "--field", "aliases"], '["champion"]'),
        (["fraud/Production", "--field", "uri", "--json"], '"s3://m/fraud/2"'),
    ],
)
def test_get_prints_one_line(registry: Sandbox, run: Run, words: list[str], line: str) -> None:
    told = run("get", *words)
    assert (told.status, told.out, told.err) == (0, line + "\n", "")


@pytest.mark.parametrize("field", ["format", "metrics.loss", "color", "metrics.auc.x", "metrics."])
def test_get_of_a_field_that_is_not_there_names_those_that_are(registry: Sandbox, run: Run, field: str) -> None:
    told = run("get", "fraud/Production", "--field", field)
    assert (told.status, told.out) == (3, "")
    assert f"fraud 2 has no {field} [unknown-field]" in told.err
    assert "digest, metrics, params" in told.err


@pytest.mark.parametrize(
    ("selector", "status", "words"),
    [
        ("frad/Production", 3, "did you mean fraud?"),
        ("fraud/9", 3, "there are: 1, 2, 3, 4"),
        ("fraud@challenger", 3, "there are: champion"),
        ("churn/Production", 3, "churn has no version in Production"),
        ("fraud/Canary", 1, "there are: Staging, Production"),
        ("fraud", 2, "write fraud/Staging"),
        ("fraud/latest", 2, "[never-latest]"),
        ("a/b/c", 2, "[not-a-selector]"),
        ("", 2, "[not-a-selector]"),
    ],
)
def test_get_never_guesses(registry: Sandbox, run: Run, selector: str, status: int, words: str) -> None:
    told = run("get", selector)
    assert (told.status, told.out) == (status, "")
    assert words in told.err


def test_get_of_an_archived_version_answers_and_says_so(registry: Sandbox, run: Run) -> None:
    told = run("get", "fraud/1")
    assert (told.status, told.out) == (0, "s3://m/fraud/1\n")
    assert told.err == "warning: fraud 1 stands in no stage any more [archived-version]\n"


def test_get_refuses_a_manifest_that_breaks_a_rule(registry: Sandbox, run: Run) -> None:
    registry.write("models.yaml", MANIFEST.replace("champion: 2", "champion: 9"))
    told = run("get", "fraud/Production")
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith("models.yaml:25:17: ")
    assert json.loads(run("get", "fraud/Production", "--json").err)["problems"][0]["line"] == 25


def test_get_at_a_revision_or_a_date_answers_as_it_was_then(registry: Sandbox, run: Run) -> None:
    before = registry.head
    text = MANIFEST.replace("version: 2\n    aliases", "version: 3\n    aliases")
    text = text.replace("Staging: 3\n        approvals", "Staging: 3\n          Production: 3\n        approvals")
    after = registry.commit({"models.yaml": text}, "promoted", date="@4000000000 +0000")
    assert run("get", "fraud/Production").out == "s3://m/fraud/3\n"
    assert run("get", "fraud/Production", "--at", before).out == "s3://m/fraud/2\n"
    assert run("get", "fraud/Production", "--at", "HEAD~1").out == "s3://m/fraud/2\n"
    assert run("get", "fraud/Production", "--at", "2096-01-01").out == "s3://m/fraud/2\n"
    assert run("get", "fraud/Production", "--at", "2097-01-01").out == "s3://m/fraud/3\n"
    assert run("get", "fraud/Production", "--at", before[:8], "--json").json["revision"] == before
    assert run("get", "fraud/Production", "--at", "main", "--field", "revision").out == after + "\n"


def test_get_at_a_revision_that_does_not_exist_is_not_found(registry: Sandbox, run: Run) -> None:
    assert run("get", "fraud/Production", "--at", "no-such-branch").status == 3
    assert run("get", "fraud/Production", "--at", "1999-01-01").status == 3


def test_get_looks_up_one_model_of_a_registry_in_many_files(registry: Sandbox, run: Run) -> None:
    part = "schema_version: 1\nmodels:\n  cards:\n    formerly: [visa]\n    versions:\n      - version: 1\n        uri: s3://c/1\n"
    registry.write("models.yaml", "schema_version: 1\ninclude: models/\n")
    registry.write("models/cards.yaml", part)
    registry.write("models/broken.yaml", "schema_version: 1\nmodels: [\n")
    assert run("get", "cards/1").out == "s3://c/1\n"
    (registry.path / "models/broken.yaml").unlink()
    assert "is called cards now" in run("get", "visa/1").err
    assert "did you mean cards?" in run("show", "card").err


# -- history -------------------------------------------------------------------------------------------


def test_history_says_who_when_from_to_and_by_which_commit(registry: Sandbox, run: Run) -> None:
    text = MANIFEST.replace("      Staging:\n        version: 3\n", "", 1)
    text = text.replace("      - version: 3\n", "      - version: 3\n        replaced_by:\n          Staging: null\n")
    commit = registry.commit({"models.yaml": text}, "whatever it says", date="@4000000000 +0000")
    head, first, *_ = run("history").out.splitlines()
    assert head.split() == ["WHEN", "MODEL", "VERSION", "WHAT", "FROM", "TO", "REPLACES", "WHO", "COMMIT"]
    assert first.split() == [
        "2096-10-02T07:06:40Z", "fraud", "3", "demoted", "Staging", "Archived", "-", "Ada", "Lovelace", commit[:7],
    ]  # fmt: skip


def test_history_as_json_and_of_one_model(registry: Sandbox, run: Run) -> None:
    moves = run("history", "churn", "--json").json["moves"]
    assert [m["kind"] for m in moves] == ["registered", "created"]
    assert moves[0]["commit"] == registry.head
    assert moves[0]["email"] == "ada@example.com"


def test_history_of_an_unknown_model_is_not_found(registry: Sandbox, run: Run) -> None:
    told = run("history", "frad")
    assert (told.status, told.out) == (3, "")
    assert "did you mean fraud?" in told.err


# -- validate ------------------------------------------------------------------------------------------


def test_validate_says_one_line_when_all_is_well(registry: Sandbox, run: Run) -> None:
    told = run("validate")
    assert (told.status, told.out, told.err) == (0, "models.yaml: ok (2 models, 5 versions)\n", "")


def test_validate_reports_all_problems_on_standard_output(registry: Sandbox, run: Run) -> None:
    wrong = MANIFEST.replace("champion: 2", "champion: 9").replace("version: 3\n      Prod", "version: 8\n      Prod")
    registry.write("models.yaml", wrong)
    told = run("validate")
    assert (told.status, told.err) == (1, "")
    places = [line[:15] for line in told.out.splitlines() if line.startswith("models")]
    assert places == ["models.yaml:21:", "models.yaml:25:"]
    assert [p["line"] for p in run("validate", "--json").json["problems"]] == [21, 25]


def test_validate_needs_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.yaml").write_text(MANIFEST)
    assert run("validate").status == 0
    assert run("validate", "models.yaml", str(tmp_path / "models.yaml")).out.count(": ok (") == 2


def test_validate_reads_standard_input(registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    given(MANIFEST.encode())
    assert run("validate", "-").out == "<stdin>: ok (2 models, 5 versions)\n"
    given(b"models: [\n")
    assert run("validate", "-").out.startswith("<stdin>:")
    given(b"")
    assert run("validate", "-").status == 1


def test_validate_of_a_file_that_is_not_there_still_reports_the_others(registry: Sandbox, run: Run) -> None:
    registry.write("bad.yaml", "schema_version: 1\nmodels: 3\n")
    told = run("validate", "nope.yaml", "bad.yaml", "models.yaml")
    assert told.status == 3
    assert "there is no nope.yaml" in told.err
    assert "bad.yaml:2:9: " in told.out
    assert "models.yaml: ok" in told.out


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xff\xfes\x00", b"", b"services:\n  web: 1\n"])
def test_validate_of_a_file_that_is_no_manifest_says_what_it_is(registry: Sandbox, run: Run, data: bytes) -> None:
    (registry.path / "other.yaml").write_bytes(data)
    told = run("validate", "other.yaml")
    assert (told.status, told.err) == (1, "")
    assert told.out.startswith("other.yaml:1:1: ")


def test_validate_of_a_folder_or_a_pipe_is_unreadable(registry: Sandbox, run: Run) -> None:
    import os

    os.mkfifo(registry.path / "pipe.yaml")
    for name in (".", "pipe.yaml"):
        told = run("validate", name)
        assert told.status == 1
        assert "[unreadable]" in told.out


def test_a_manifest_is_found_upwards_and_by_name(registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    below = registry.path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert run("validate").out.startswith("../../models.yaml: ok")
    monkeypatch.chdir(registry.path.parent)
    assert run("list").status == 3
    assert run("list", "--file", "repo/models.yaml").status == 0
    monkeypatch.setenv("REGISTRY_FILE", "repo/models.yaml")
    from registry.cli import main

    assert main(["list"]) == 0


# -- schema, doctor ------------------------------------------------------------------------------------


def test_schema_prints_the_schema(run: Run) -> None:
    assert run("schema").json["$id"]


def test_doctor_says_what_is_well_and_what_is_not(registry: Sandbox, run: Run) -> None:
    told = run("doctor")
    assert (told.status, told.err) == (0, "")
    assert all(line.startswith("ok ") for line in told.out.splitlines())
    registry.write("models.yaml", MANIFEST + "# more\n")
    told = run("doctor", "--json")
    assert told.status == 1
    assert [a["what"] for a in told.json["advice"] if not a["ok"]] == ["models.yaml has changes that are not committed"]


# -- every word of a manifest is harmless -----------------------------------------------------------------


def test_what_a_manifest_says_reaches_no_terminal_as_a_command(registry: Sandbox, run: Run) -> None:
    """Also where the reader refuses it: the refusal repeats the text."""
    for evil in ("\u202e", "\u200b", "\x9b", "\x1b"):
        registry.write("models.yaml", MANIFEST.replace("Scores card", f"[/foo] {evil}"))
        for words in (["show", "fraud"], ["show", "fraud", "--json"], ["list"], ["validate"], ["get", "fraud/2"]):
            told = run(*words)
            assert evil not in told.out + told.err
            assert told.status in (0, 1)


def test_markup_is_only_text(registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.cli.reading.width", lambda: 100)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[/foo]" in run("list").out
    assert "[bold]critical[/bold]" in run("show", "fraud").out
