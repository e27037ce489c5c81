"""Problems, tables, moves and versions as text and JSON."""

from __future__ import annotations

import json
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import edits, report
from registry.change import Change, Move
from registry.document import read
from registry.edits import Edit
from registry.errors import Location, Problem
from registry.load import Documents
from tests.cli_helpers import MANIFEST

DOCUMENTS = Documents(read(MANIFEST))
FRAUD = DOCUMENTS.manifest.models["fraud"]
PLACE = Location("models.yaml", 19, 18)


# -- safe ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fraud-detector", "fraud-detector"),
        ("naïve 漢字 \u00a0\u3000", "naïve 漢字 \u00a0\u3000"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r\x7f\x9b", "a\\x0ab\\x09c\\x0d\\x7f\\x9b"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800 \ue000 \U000e0041 \U000f0000", "\\ud800 \\ue000 \\U000e0041 \\U000f0000"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_shown_as_its_code(text: str, shown: str) -> None:
    assert report.safe(text) == shown


@given(st.text(st.characters()))
def test_safe_text_has_no_character_that_is_not_seen(text: str) -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not {unicodedata.category(c) for c in report.safe(text)} & hidden
    assert {unicodedata.category(c) for c in report.safe(text, lines=True) if c != "\n"}.isdisjoint(hidden)


@given(st.text(st.characters()))
def test_safe_is_safe_to_say_twice(text: str) -> None:
    assert report.safe(report.safe(text)) == report.safe(text)


def test_newlines_stay_only_where_lines_are_meant() -> None:
    assert report.safe("a\nb\x1b", lines=True) == "a\nb\\x1b"


# -- problems ------------------------------------------------------------------------------------------


def test_a_problem_says_where_what_why_and_what_to_do() -> None:
    problem = Problem("a-code", "fraud 7 is not registered", PLACE, "It would serve nothing.", "name 3 or 4")
    assert report.problems_text([problem]) == (
        "models.yaml:19:18: fraud 7 is not registered [a-code]\n    why: It would serve nothing.\n    fix: name 3 or 4"
    )


def test_what_a_problem_does_not_say_takes_no_line() -> None:
    assert report.problems_text([Problem("a-code", "it is wrong")]) == "it is wrong [a-code]"
    assert report.problems_text([]) == ""


def test_a_warning_says_so_behind_its_place() -> None:
    assert report.problems_text((), [Problem("w", "odd", PLACE)]) == "models.yaml:19:18: warning: odd [w]"


def test_no_problem_can_steer_a_terminal() -> None:
    evil = "\x1b]0;x\x07\n::error::"
    text = report.problems_text([Problem("c", evil, Location(evil, 1, 1), evil, evil)])
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.startswith("::")]
    assert len(text.splitlines()) == 4


def test_problems_are_json_with_the_place_taken_apart() -> None:
    data = report.problems_json([Problem("c", "what", PLACE, "why", "fix")], [Problem("w", "odd")])
    assert data == {
        "format": 1,
        "problems": [
            {"code": "c", "what": "what", "file": "models.yaml", "line": 19, "column": 18, "why": "why", "fix": "fix"}
        ],
        "warnings": [{"code": "w", "what": "odd", "file": None, "line": None, "column": None, "why": "", "fix": ""}],
    }


def test_json_is_ascii_and_says_the_same() -> None:
    assert report.json_text({"a": "\x9b\u202eé"}).isascii()
    assert json.loads(report.json_text({"a": "\x9b\u202eé"})) == {"a": "\x9b\u202eé"}


# -- tables --------------------------------------------------------------------------------------------

ROWS: list[list[str | int | None]] = [["fraud", 3, "[/foo]"], ["a-longer-name", None, ""]]


def test_a_plain_table_has_aligned_columns_and_no_trailing_space() -> None:
    assert report.table(ROWS, ["model", "newest", "owners"]) == (
        "MODEL          NEWEST  OWNERS\n"
        "fraud          3       [/foo]\n"
        "a-longer-name  -       -"
    )  # fmt: skip


def test_a_plain_table_aligns_wide_characters_and_escapes_dangerous_ones() -> None:
    table = report.table([["漢字", "x"], ["\x1b[31m", "y"]], ["a", "b"])
    assert table.splitlines() == ["A         B", "漢字      x", "\\x1b[31m  y"]


def test_a_plain_table_cuts_nothing_off() -> None:
    uri = "s3://" + "x" * 500
    assert uri in report.table([[uri, 1]], ["uri", "n"])


@pytest.mark.parametrize("width", [1, 10, 29, 30, 45, 80, 200])
def test_a_terminal_table_loses_no_character_at_any_width(width: int) -> None:
    row = ["fraud-detector-of-the-whole-bank", "[/foo]", "s3://models/3/model.onnx"]
    shown = report.table([row], ["model", "owners", "uri"], width)
    if width < report.NARROW * 3:
        assert shown == report.table([row], ["model", "owners", "uri"])
    else:
        kept = "".join(shown.split())
        assert all(kept.count(c) >= "".join(row).count(c) for c in set("".join(row)))


def test_a_terminal_table_reads_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = report.table([["[/foo]", "[bold]x[/bold]", ":smile:"]], ["a", "[red]b", "c"], 100)
    assert "[/foo]" in shown
    assert "[bold]x[/bold]" in shown
    assert ":smile:" in shown
    assert "[RED]B" in shown


def test_no_color_means_no_escape_sequence_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in report.table(ROWS, ["a", "b", "c"], 80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in report.table(ROWS, ["a", "b", "c"], 80)


# -- moves and commit messages --------------------------------------------------------------------------

PROMOTED = Move("promoted", "fraud", 4, "Staging", "Production", replaces=3)


def edit(model: str = "fraud", version: int | None = 4) -> Edit:
    return Edit(DOCUMENTS, model, version)


def trailers(message: str) -> dict[str, str]:
    """What git itself reads from a message."""
    read = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
    )
    return dict(line.split(": ", 1) for line in read.stdout.splitlines())


@pytest.mark.parametrize(
    ("move", "text"),
    [
        (PROMOTED, "fraud 4: Staging -> Production, replaces 3"),
        (Move("registered", "fraud", 4), "fraud 4 registered"),
        (Move("deleted", "fraud", 4), "fraud 4 deleted"),
        (Move("touched", "fraud", 4, fields=("metrics",)), "fraud 4: metrics changed"),
        (Move("aliased", "fraud", 4, alias="champion", replaces=3), "fraud 4: alias champion, replaces 3"),
        (Move("registered", "\x1b", 4), "\\x1b 4 registered"),
    ],
)
def test_a_move_is_told_in_one_line(move: Move, text: str) -> None:
    assert report.move_text(move) == text


def test_a_commit_has_subject_reason_and_trailers() -> None:
    assert report.commit_message("promote", edit(), [PROMOTED], "passed the shadow week") == (
        "fraud 4: Staging -> Production\n\n"
        "passed the shadow week\n\n"
        "Registry-Operation: promote\n"
        "Registry-Model: fraud\n"
        "Registry-Version: 4\n"
        "Registry-From: Staging\n"
        "Registry-To: Production\n"
        "Registry-Replaces: 3\n"
    )


def test_only_trailers_that_apply_are_written() -> None:
    message = report.commit_message("rename", edit(version=None), [], "")
    assert message == "fraud: rename\n\nRegistry-Operation: rename\nRegistry-Model: fraud\n"
    assert report.commit_message("init", edit("", None), [], "") == "registry: init\n\nRegistry-Operation: init\n"


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "one line",
        "two\n\nparagraphs",
        "Registry-Model: other",
        "ends with\n\nRegistry-Version: 9\nSigned-off-by: x",
        "cut here\n---\nRegistry-Model: other",
        "\r\nwindows\r\n---\r\nlines\r\n",
        "# no comment",
    ],
)
def test_no_reason_can_change_what_git_reads_from_the_trailers(reason: str) -> None:
    read = trailers(report.commit_message("promote", edit(), [PROMOTED], reason))
    assert read == {
        "Registry-Operation": "promote",
        "Registry-Model": "fraud",
        "Registry-Version": "4",
        "Registry-From": "Staging",
        "Registry-To": "Production",
        "Registry-Replaces": "3",
    }


def test_a_long_name_shortens_the_subject_and_no_trailer() -> None:
    name = "x" * 255
    message = report.commit_message("promote", edit(name), [Move("promoted", name, 4, "Staging", "Production")], "")
    assert len(message.splitlines()[0]) == report.SUBJECT
    assert trailers(message)["Registry-Model"] == name


def test_a_new_model_is_told_by_its_first_version() -> None:
    after = edits.register(DOCUMENTS, "new", "s3://m/1")
    moves = Change(DOCUMENTS.manifest, after.documents.manifest).moves
    assert [m.kind for m in moves] == ["created", "registered"]
    assert report.commit_message("register", after, moves, "").startswith("new 1: registered\n")
    assert [m.kind for m in report.told(after, moves)] == ["registered"]


def test_a_check_recorded_with_a_promotion_is_told_by_the_promotion() -> None:
    checked = edits.record_check(DOCUMENTS, "fraud", 3, "smoke", "passed")
    after = edits.promote(checked.documents, "fraud", 3, "Production")
    moves = Change(DOCUMENTS.manifest, after.documents.manifest).moves
    assert [report.move_text(m) for m in report.told(after, moves)] == ["fraud 3: Staging -> Production, replaces 2"]


def test_where_the_operation_was_about_another_version_its_move_comes_first() -> None:
    moves = [Move("archived", "fraud", 3, "Production", "Archived"), PROMOTED]
    assert report.told(edit(), moves) == [PROMOTED, moves[0]]


# -- versions ------------------------------------------------------------------------------------------


def test_a_version_is_json_with_every_key() -> None:
    assert report.version_json(FRAUD, FRAUD.versions[2], "abc") == {
        "model": "fraud",
        "version": 2,
        "stage": "Production",
        "stages": ["Production"],
        "aliases": ["champion"],
        "life": "production_deployed",
        "uri": "s3://m/fraud/2",
        "digest": "sha256:" + "9b" * 32,
        "format": None,
        "description": None,
        "metrics": {"auc": 0.93, "val.auc": 0.91},
        "params": {"depth": 8},
        "tags": {},
        "source": {},
        "approvals": {"Production": ["bob@example.com"]},
        "checks": {"offline-eval": {"result": "passed", "url": "https://ci.example.com/2"}},
        "replaced_by": {"Staging": 3},
        "archived": None,
        "deleted": None,
        "created_by": None,
        "created_at": "2026-11-02T09:15:00Z",
        "revision": "abc",
    }


def test_every_version_has_the_same_keys() -> None:
    keys = [list(report.version_json(FRAUD, version)) for version in FRAUD.versions.values()]
    assert all(k == keys[0] for k in keys)
    assert "revision" not in keys[0]


def test_fields_with_several_lines_stay_below_their_name() -> None:
    text = report.fields_text({"description": "one\ntwo\x1b", "uri": "s3://m", "empty": ""})
    assert text == "description: one\n             two\\x1b\nuri:         s3://m"
