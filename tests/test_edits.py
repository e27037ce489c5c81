"""The verbs: what each makes of a registry, and what each refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import edits
from registry.change import Change
from registry.check import check, check_change
from registry.errors import Misused, NotFound, RegistryError, Rejected
from registry.load import Documents
from registry.splice import same
from tests.layouts import Layout
from tests.registries import Step, after, fraud, parse, register, slots, step

promote, demote = edits.promote, edits.demote


def refused(documents: Documents, one: Step) -> tuple[str, str]:
    """The code and the fix of the error that a step ends in."""
    with pytest.raises(RegistryError) as error:
        one(documents)
    return error.value.problems[0].code, error.value.problems[0].fix


def record(documents: Documents, number: int, model: str = "fraud") -> dict[str, Any]:
    return dict(documents.manifest.models[model].versions[number].data)


def moves(before: Documents, later: Documents) -> list[str]:
    return [str(m) for m in Change(before.manifest, later.manifest).moves]


def codes(before: Documents, later: Documents, actor: str | None = None) -> list[str]:
    return [p.code for p in check_change(before, later, actor=actor).problems]


# -- register ----------------------------------------------------------------------------------------


def test_a_new_version_takes_the_next_number_and_goes_last() -> None:
    later = after(fraud(), register("fraud", 6, metrics={"auc": 0.9}, digest=""))
    assert list(later.manifest.models["fraud"].versions) == [1, 2, 3, 4, 5, 6]
    assert later.root.text.endswith(
        "      - version: 6\n        uri: s3://models/fraud/6/model.onnx\n        metrics: {auc: 0.9}\n"
        '        created_by: trainer@example.com\n        created_at: "2026-11-20T08:00:00Z"\n'
    )


def test_the_same_uri_digest_and_run_is_no_new_version() -> None:
    edit = register("fraud", 5)(fraud())
    assert (edit.version, edit.documents.changed_from(fraud())) == (5, {})
    assert "nothing was registered" in edit.said
    assert register("fraud", 5, source={"run_id": "8f1d"})(fraud()).version == 6


def test_a_number_is_never_reused_not_even_a_deleted_one() -> None:
    later = after(fraud(), step(edits.delete, "fraud", 5), register("fraud", 5))
    assert list(later.manifest.models["fraud"].versions)[-1] == 6


def test_a_model_that_differs_only_in_case_is_refused() -> None:
    assert refused(fraud(), register("Fraud", 1)) == ("model-names-are-unique-without-case", "write fraud")


# -- promote -----------------------------------------------------------------------------------------


def test_promotion_changes_only_the_slot_and_the_displaced_record() -> None:
    base = fraud()
    later = after(base, step(promote, "fraud", 4, "production"))
    assert slots(later) == {"Production": (4,), "Staging": (4,)}
    assert record(later, 3)["replaced_by"] == {"Staging": 4, "Production": 4}
    changed = set(later.root.text.splitlines()) ^ set(base.root.text.splitlines())
    assert changed <= {"        version: 3", "        version: 4", "          Production: 4"}
    assert moves(base, later) == ["fraud 4: Staging -> Production"]


def test_with_promotion_move_the_stages_before_are_left() -> None:
    base = fraud(policy="schema_version: 1\npolicy:\n  promotion: move\n")
    assert slots(base) == {"Staging": (4,), "Production": (3,)}
    later = after(base, step(promote, "fraud", 4, "Production"))
    assert slots(later) == {"Production": (4,)}
    assert record(later, 4)["replaced_by"] == {"Staging": None}
    assert codes(base, later) == []


def test_what_stands_there_already_is_no_change() -> None:
    edit = promote(fraud(), "fraud", 3, "Production")
    assert edit.said == "fraud 3 already stands in Production; nothing to do"
    assert edit.documents.changed_from(fraud()) == {}


def test_a_promotion_without_words_has_one_reading_or_names_them() -> None:
    base = fraud(step(edits.archive, "fraud", 1), step(edits.archive, "fraud", 2), step(edits.archive, "fraud", 5))
    assert slots(promote(base, "fraud").documents)["Production"] == (4,)
    assert slots(promote(fraud(), "fraud", stage="Production").documents)["Production"] == (4,)
    assert slots(promote(fraud(), "fraud", 5).documents)["Staging"] == (5,)
    assert slots(promote(fraud(), "fraud", 4).documents)["Production"] == (4,)
    code, fix = refused(fraud(), step(promote, "fraud"))
    assert code == "which-promotion"
    assert "registry promote 'fraud' 4 --to Production" in fix
    assert refused(fraud(), step(promote, "fraud", 3))[0] == "no-next-stage"
    assert refused(fraud(), step(promote, "fraud", None, "Staging"))[0] == "which-promotion"


def test_a_promotion_of_nothing_says_so() -> None:
    empty = after(fraud(), step(demote, "fraud", None, "Staging"), step(demote, "fraud", None, "Production"))
    assert refused(empty, step(promote, "fraud", None, "Production"))[0] == "nothing-to-promote"


def test_an_unlawful_move_is_refused_with_the_allowed_ones() -> None:
    base = fraud()
    problems = check_change(base, after(base, step(promote, "fraud", 5, "Production"))).problems
    assert [(p.code, p.fix) for p in problems] == [
        ("moves-follow-the-policy", "Production is entered from Staging; promote it to Staging first")
    ]


@pytest.mark.parametrize(
    ("one", "code", "kind"),
    [
        (step(promote, "frud", 4), "unknown-model", NotFound),
        (step(promote, "fraud", 9), "unknown-version", NotFound),
        (step(promote, "fraud", 4, "Prodution"), "unknown-stage", Rejected),
        (step(edits.set_alias, "fraud", "champion", 9), "unknown-version", NotFound),
        (step(edits.roll_back, "churn", "Production"), "nothing-to-roll-back-to", NotFound),
        (step(edits.roll_back, "fraud", "Production", 5), "never-stood-there", Rejected),
        (step(edits.delete, "fraud", 3), "in-use", Rejected),
        (step(edits.delete, "fraud"), "in-use", Rejected),
        (step(edits.rename, "fraud", "churn"), "name-taken", Rejected),
        (step(edits.rename, "fraud", "CHURN"), "model-names-are-unique-without-case", Rejected),
        (step(edits.promote, "fraud"), "which-promotion", Misused),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_cannot_be_meant_is_refused(one: Step, code: str, kind: type[RegistryError]) -> None:
    with pytest.raises(kind) as error:
        one(fraud())
    assert error.value.problems[0].code == code


def test_a_misspelt_name_gets_the_nearest() -> None:
    assert refused(fraud(), step(promote, "frud", 4))[1] == "did you mean fraud?"
    assert refused(fraud(), step(promote, "fraud", 4, "prodution"))[1] == "did you mean Production?"
    assert refused(fraud(), step(promote, "fraud", 9))[1] == "there are: 1, 2, 3, 4, 5"


def test_a_stage_that_holds_many_gains_and_loses_one_at_a_time() -> None:
    base = fraud(
        policy="schema_version: 1\npolicy:\n  stages:\n    - name: Staging\n      holds: many\n    - name: Production\n"
    )
    assert slots(base)["Staging"] == (3, 4)
    later = after(base, step(promote, "fraud", 5, "Staging"), step(demote, "fraud", 3, "Staging"))
    assert slots(later)["Staging"] == (4, 5)
    assert record(later, 3)["replaced_by"] == {"Staging": None}
    assert check(later).problems == ()
    assert refused(base, step(demote, "fraud", None, "Staging"))[0] == "which-version"


# -- gates -------------------------------------------------------------------------------------------

GATES = """\
schema_version: 1
policy:
  stages:
    - name: Production
      requires:
        fields: [digest]
        metrics:
          auc: {min: 0.9, max_drop: 0.005}
          latency_ms: {max_rise: 5}
        approvals: 1
        checks: [eval]
"""


def gated(*steps: Step, **fields: Any) -> Documents:
    """Version 1 in Production with auc 0.931 and no latency; version 2 made of `fields`."""
    first = register("m", 1, metrics={"auc": 0.931})
    start = after(parse(GATES + "models: {}\n"), first)
    text = start.root.text.replace("  m:\n", "  m:\n    stages:\n      Production:\n        version: 1\n")
    return after(parse(text), register("m", 2, **fields), *steps)


def missing(base: Documents, actor: str | None = "ada@example.com") -> list[str]:
    problems = check_change(base, after(base, step(promote, "m", 2, "Production")), actor=actor).problems
    return [p.what.partition(": ")[2] for p in problems]


def test_every_gate_that_is_not_passed_is_named_at_once() -> None:
    assert missing(gated()) == [
        "the field digest is missing",
        "the metric auc is missing",
        "the metric latency_ms is missing",
        "it has 0 of 1 approvals",
        "the check eval has not been recorded",
    ]


def test_gates_that_are_passed_let_the_version_in() -> None:
    base = gated(
        step(edits.approve, "m", 2, "Production", "bob@example.com"),
        step(edits.record_check, "m", 2, "eval", "failed"),
        step(edits.record_check, "m", 2, "eval", "passed"),
        metrics={"auc": 0.926, "latency_ms": 9},
        digest="sha256:" + "0" * 64,
    )
    verdict = check_change(base, after(base, step(promote, "m", 2, "Production")), actor="ada@example.com")
    assert verdict.problems == ()
    assert [w.what for w in verdict.warnings] == [
        "m 2 -> Production: version 1, which it replaces, has no latency_ms to compare with"
    ]


def test_a_drop_is_counted_in_decimals_as_it_is_written() -> None:
    assert "auc" not in str(missing(gated(metrics={"auc": 0.926})))
    assert "auc is 0.9259, 0.0051 less than the 0.931 of version 1; 0.005 is allowed" in missing(
        gated(metrics={"auc": 0.9259})
    )


def test_the_approval_of_the_one_who_promotes_does_not_count() -> None:
    base = gated(step(edits.approve, "m", 2, "Production", "ada@example.com"))
    assert "it has 0 of 1 approvals (the approval of the one who promotes does not count)" in missing(base)
    assert "approvals" not in str(missing(base, actor="bob@example.com"))


def test_a_return_passes_gates_that_were_tightened_since_and_is_warned_of() -> None:
    base = after(fraud(), step(promote, "fraud", 4, "Production"))
    strict = parse(
        base.root.text.replace("      from: [Staging]", "      requires: {approvals: 2}\n      from: [Staging]")
    )
    back = after(strict, step(promote, "fraud", 3, "Production"))
    verdict = check_change(strict, back)
    assert verdict.problems == ()
    assert [w.what for w in verdict.warnings] == ["fraud 3 -> Production (return): it has 0 of 2 approvals"]


# -- leaving, archiving, deleting --------------------------------------------------------------------


def test_a_vacated_slot_is_told_and_an_empty_stages_is_removed() -> None:
    base = fraud()
    later = after(base, step(demote, "fraud", None, "Production"), step(demote, "fraud", 4, "staging"))
    assert record(later, 3)["replaced_by"] == {"Staging": 4, "Production": None}
    assert "stages" not in later.manifest.models["fraud"].data
    assert later.manifest.models["fraud"].stage_of(3) == "Archived"
    assert codes(base, later) == []


def test_archive_vacates_bars_and_restore_clears() -> None:
    base = fraud()
    later = after(base, step(edits.archive, "fraud", 3, "drifted"))
    assert slots(later) == {"Staging": (4,)}
    assert record(later, 3)["archived"] == {"reason": "drifted"}
    barred = after(later, step(promote, "fraud", 3, "Production"))
    assert codes(later, barred) == ["a-stage-holds-no-withdrawn-version"]
    restored = after(later, step(edits.restore, "fraud", 3))
    assert codes(restored, after(restored, step(promote, "fraud", 3, "Production"))) == []
    assert moves(base, later) == ["fraud 3: Production -> Archived"]


def test_a_deleted_version_keeps_its_record_and_nothing_resolves_to_it() -> None:
    later = after(fraud(), step(edits.delete, "fraud", 5, "leak"))
    assert record(later, 5)["uri"] == "s3://models/fraud/5/model.onnx"
    assert record(later, 5)["deleted"] == {"reason": "leak"}
    assert refused(later, step(promote, "fraud", 5))[0] == "deleted-version"
    assert later.manifest.models["fraud"].newest == 4


def test_a_model_in_no_stage_can_be_deleted_and_begins_afresh() -> None:
    base = fraud(step(demote, "churn", 1, "Staging"))
    gone = after(base, step(edits.delete, "churn"))
    assert list(gone.manifest.models) == ["fraud"]
    assert codes(base, gone) == []
    assert register("churn", 9)(gone).version == 1


def test_a_renamed_model_keeps_its_records_and_its_old_name_answers_with_the_new() -> None:
    base = fraud()
    later = after(base, step(edits.rename, "fraud", "cards"))
    assert record(later, 3, "cards") == record(base, 3)
    assert codes(base, later) == []
    assert refused(later, step(promote, "fraud", 4)) == ("renamed-model", "ask for cards")
    back = after(later, step(edits.rename, "cards", "fraud"))
    assert back.manifest.models["fraud"].formerly == ("cards",)


# -- aliases, approvals, evidence, words ---------------------------------------------------------------


def test_an_alias_is_set_moved_and_removed() -> None:
    base = fraud()
    one = after(base, step(edits.set_alias, "fraud", "champion", 3))
    two = after(one, step(edits.set_alias, "fraud", "champion", 4))
    assert two.manifest.models["fraud"].aliases == {"champion": 4}
    assert after(two, step(edits.remove_alias, "fraud", "champion")).root.text == base.root.text
    assert edits.set_alias(two, "fraud", "champion", 4).said


def test_an_approval_is_given_once_and_withdrawn() -> None:
    base = fraud()
    one = after(base, step(edits.approve, "fraud", 5, "production", "bob@example.com"))
    assert record(one, 5)["approvals"] == {"Production": ["bob@example.com"]}
    assert list(record(one, 5))[:2] == ["version", "approvals"]
    assert edits.approve(one, "fraud", 5, "Production", "bob@example.com").said
    assert after(one, step(edits.unapprove, "fraud", 5, "Production", "bob@example.com")).root.text == base.root.text


def test_an_approval_stands_as_long_as_the_version_stands_there() -> None:
    base = after(fraud(), step(edits.approve, "fraud", 3, "Production", "bob@example.com"))
    later = after(base, step(edits.unapprove, "fraud", 3, "Production", "bob@example.com"))
    assert codes(base, later) == ["approvals-stand-while-the-version-does"]


def test_the_life_of_a_version() -> None:
    lived = []
    now = fraud()
    for one in (
        step(edits.describe, "fraud", description="x"),
        step(edits.approve, "fraud", 5, "Staging", "b@x"),
        step(promote, "fraud", 5, "Staging"),
        step(edits.approve, "fraud", 5, "Production", "b@x"),
        step(promote, "fraud", 5, "Production"),
        step(demote, "fraud", 5, "Production"),
        step(demote, "fraud", 5, "Staging"),
        step(edits.delete, "fraud", 5),
    ):
        now = after(now, one)
        lived.append(now.manifest.models["fraud"].life(5))
    assert lived == [
        "registered",
        "staging_approved",
        "staging_deployed",
        "production_approved",
        "production_deployed",
        "production_approved",
        "archived",
        "deleted",
    ]


def test_a_newer_result_of_a_check_takes_the_place_of_the_older() -> None:
    base = after(fraud(), step(edits.record_check, "fraud", 5, "eval", "failed", "https://ci/1"))
    later = after(base, step(edits.record_check, "fraud", 5, "eval", "passed"))
    assert record(later, 5)["checks"] == {"eval": {"result": "passed"}}
    assert list(record(later, 5))[-1] == "created_at"
    assert codes(base, later) == []


def test_an_immutable_key_stays_last_in_a_bare_record() -> None:
    base = parse("schema_version: 1\nmodels:\n  m:\n    versions:\n      - version: 1\n        uri: s3://m/1\n")
    assert list(record(after(base, step(edits.record_check, "m", 1, "eval", "passed")), 1, "m"))[-1] == "uri"


def test_words_are_set_and_removed() -> None:
    one = after(
        fraud(),
        step(edits.describe, "fraud", description="Scores: cards", owners=["risk"], tags={"tier": "a"}),
    )
    assert 'description: "Scores: cards"\n    owners: [risk]\n    tags: {tier: a}\n' in one.root.text
    none = after(one, step(edits.describe, "fraud", description="", owners=[], tags={"tier": None}))
    assert none.root.text == fraud().root.text


def test_metrics_are_added_and_never_changed() -> None:
    base = after(fraud(), register("fraud", 6, metrics={"auc": 0.9}))
    added = after(base, step(edits.describe, "fraud", 6, metrics={"loss": 0.1}))
    assert codes(base, added) == []
    assert codes(base, after(base, step(edits.describe, "fraud", 6, metrics={"auc": 0.99}))) == [
        "evidence-is-only-added"
    ]


# -- MLflow's transitions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "stage", "expected"),
    [
        (4, "production", {"Production": (4,), "Staging": (4,)}),
        (3, "Staging", {"Staging": (3,)}),
        (3, "None", {"Staging": (4,)}),
        (3, "ARCHIVED", {"Staging": (4,)}),
        (5, "archived", {"Staging": (4,), "Production": (3,)}),
        (3, "Production", {"Staging": (4,), "Production": (3,)}),
    ],
)
def test_a_transition_vacates_the_later_stages(number: int, stage: str, expected: dict[str, Any]) -> None:
    base = fraud()
    later = edits.transition(base, "fraud", number, stage).documents
    assert slots(later) == expected
    assert codes(base, later) == []
    if stage.casefold() == "archived":
        assert later.manifest.models["fraud"].stage_of(number) == "Archived"


def test_a_transition_to_none_lifts_the_bar_that_another_stage_runs_into() -> None:
    barred = after(fraud(), step(edits.transition, "fraud", 5, "Archived"))
    assert codes(barred, after(barred, step(edits.transition, "fraud", 5, "Staging"))) == [
        "a-stage-holds-no-withdrawn-version"
    ]
    assert "archived" not in record(after(barred, step(edits.transition, "fraud", 5, "None")), 5)


# -- rollback ------------------------------------------------------------------------------------------


def test_a_rollback_undoes_the_promotion_to_the_byte() -> None:
    base = fraud()
    promoted = after(base, step(promote, "fraud", 4, "Production"))
    assert after(promoted, step(edits.roll_back, "fraud")).root.text == base.root.text


def test_a_rollback_goes_further_back_and_never_toggles() -> None:
    def in_production(now: Documents) -> tuple[int, ...]:
        return slots(now)["Production"]

    base = after(fraud(), step(promote, "fraud", 4, "Production"), step(promote, "fraud", 5), step(promote, "fraud", 5))
    once = after(base, step(edits.roll_back, "fraud"))
    twice = after(once, step(edits.roll_back, "fraud"))
    assert (in_production(base), in_production(once), in_production(twice)) == ((5,), (4,), (3,))
    assert codes(base, once) == codes(once, twice) == []
    assert refused(twice, step(edits.roll_back, "fraud"))[0] == "nothing-to-roll-back-to"


def test_a_rollback_with_several_candidates_asks() -> None:
    base = after(fraud(), step(promote, "fraud", 4, "Production"), step(promote, "fraud", 3, "Production"))
    again = after(base, step(promote, "fraud", 5), step(promote, "fraud", 5), step(promote, "fraud", 3, "Production"))
    code, fix = refused(again, step(edits.roll_back, "fraud"))
    assert (code, fix) == ("which-version", "say which: --to 4 or --to 5")
    assert slots(after(again, step(edits.roll_back, "fraud", None, 5)))["Production"] == (5,)


def test_an_emptied_stage_is_filled_again() -> None:
    base = after(fraud(), step(demote, "fraud", None, "Production"))
    assert slots(after(base, step(edits.roll_back, "fraud")))["Production"] == (3,)


# -- laws ----------------------------------------------------------------------------------------------

some_steps = st.lists(
    st.one_of(
        st.builds(lambda n: register("fraud", n), st.integers(1, 9)),
        st.builds(
            lambda n, s: step(promote, "fraud", n, s), st.integers(1, 6), st.sampled_from(["Staging", "Production"])
        ),
        st.builds(lambda s: step(demote, "fraud", None, s), st.sampled_from(["Staging", "Production"])),
        st.builds(lambda n: step(edits.archive, "fraud", n), st.integers(1, 6)),
        st.builds(lambda n: step(edits.restore, "fraud", n), st.integers(1, 6)),
        st.builds(lambda n: step(edits.delete, "fraud", n), st.integers(1, 6)),
        st.builds(lambda n: step(edits.set_alias, "fraud", "champion", n), st.integers(1, 6)),
        st.builds(
            lambda n, s: step(edits.transition, "fraud", n, s),
            st.integers(1, 6),
            st.sampled_from(["None", "Staging", "Production", "Archived"]),
        ),
        st.builds(lambda: step(edits.roll_back, "fraud")),
        st.builds(
            lambda n, s: step(edits.approve, "fraud", n, s, "b@x"),
            st.integers(1, 6),
            st.sampled_from(["Staging", "Production"]),
        ),
    ),
    min_size=1,
    max_size=8,
)


@given(some_steps, st.booleans())
def test_whatever_the_verbs_make_is_lawful_or_refused(steps: list[Step], move: bool) -> None:
    """A verb leads from a sound state to a sound one, or the judge or the verb itself refuses; never a third thing."""
    now = fraud(policy="schema_version: 1\npolicy:\n  promotion: move\n" if move else "")
    for one in steps:
        try:
            later = one(now).documents
        except RegistryError:
            continue
        verdict = check_change(now, later)
        allowed = {"moves-follow-the-policy", "a-stage-holds-no-withdrawn-version"}
        assert {p.code for p in verdict.problems} <= allowed
        if not verdict.problems:
            now = later
    assert check(now).problems == ()


@given(some_steps)
def test_history_repeats_itself_backwards(steps: list[Step]) -> None:
    """Going back to a state's text by revert is never refused for what a promotion or demotion did."""
    now = fraud()
    for one in steps:
        try:
            later = one(now).documents
        except RegistryError:
            continue
        if check_change(now, later).problems:
            continue
        if {m.kind for m in Change(now.manifest, later.manifest).moves} <= {"promoted", "demoted"}:
            assert codes(later, now) == []
        now = later


RICH = fraud(
    step(edits.set_alias, "fraud", "champion", 3),
    step(edits.approve, "fraud", 4, "Production", "b@x"),
    step(edits.record_check, "fraud", 4, "eval", "passed"),
    step(edits.describe, "fraud", description="Scores: cards", owners=["risk"], tags={"tier": "a"}),
    step(edits.describe, "fraud", 4, metrics={"auc": 0.9}),
)


@given(st.data(), some_steps)
def test_a_verb_means_the_same_in_every_layout(data: st.DataObject, steps: list[Step]) -> None:
    """Block or flow, any indentation, comments, CRLF, a byte order mark: the edit is the same edit."""
    base = RICH.root.data
    laid_out = parse(Layout(data.draw).text(base))
    plain = RICH
    for one in steps[:3]:
        try:
            later = one(plain).documents
        except RegistryError:
            continue
        laid_out, plain = one(laid_out).documents, later
    assert same(laid_out.root.data, plain.root.data)


# -- what must not pass unseen -------------------------------------------------------------------------


def test_a_registration_that_says_otherwise_of_a_known_version_is_refused() -> None:
    base = after(fraud(), register("fraud", 6, metrics={"auc": 0.95}))
    assert register("fraud", 6, metrics={"auc": 0.95})(base).said
    assert register("fraud", 6)(base).said
    assert refused(base, register("fraud", 6, metrics={"auc": 0.1}))[0] == "registered-differently"
    assert refused(base, register("fraud", 6, metrics={"loss": 0.1}))[0] == "registered-differently"


def test_a_former_name_is_not_given_to_another_model() -> None:
    later = after(fraud(), step(edits.rename, "fraud", "cards"))
    assert refused(later, register("fraud", 9)) == ("renamed-model", "register it for cards")


def test_an_approval_in_another_spelling_of_the_address_is_the_same_person() -> None:
    base = gated(step(edits.approve, "m", 2, "Production", "Ada@Example.com"))
    assert "it has 0 of 1 approvals (the approval of the one who promotes does not count)" in missing(base)


def test_a_rollback_past_an_archived_version_asks() -> None:
    base = after(fraud(), step(promote, "fraud", 4, "Production"), step(promote, "fraud", 5), step(promote, "fraud", 5))
    code, fix = refused(after(base, step(edits.archive, "fraud", 4)), step(edits.roll_back, "fraud"))
    assert (code, fix) == ("which-version", "say which: --to 3")


def test_what_stands_there_against_a_rule_can_be_taken_out_and_gates_still_hold() -> None:
    broken = parse(fraud().root.text.replace("      - version: 3\n", "      - version: 3\n        deleted: {}\n"))
    assert slots(after(broken, step(demote, "fraud", 3, "Production"))) == {"Staging": (4,)}
