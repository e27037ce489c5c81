"""Two people at once: what plain git makes of two branches, and what the judge makes of that."""

from __future__ import annotations

import pytest

from registry import edits
from registry.check import check, check_change
from registry.load import Documents
from registry.splice import same
from tests.conftest import Sandbox
from tests.registries import Step, after, fraud, parse, register, slots, step

promote = edits.promote


def merged(repo: Sandbox, base: Documents, ours: Documents, theirs: Documents) -> str | None:
    """The manifest after `theirs` was merged into `ours` by git alone; None where it conflicts."""
    repo.commit({"models.yaml": base.root.text}, "base")
    repo.git("switch", "-qc", "theirs")
    repo.commit({"models.yaml": theirs.root.text}, "theirs")
    repo.git("switch", "-q", "main")
    repo.commit({"models.yaml": ours.root.text}, "ours")
    repo.git("merge", "-q", "--no-edit", "theirs", ok=False)
    if repo.git("ls-files", "--unmerged"):
        return None
    return (repo.path / "models.yaml").read_text()


BOTH_ORDERS = pytest.mark.parametrize("swapped", [False, True], ids=["one-order", "the-other"])

EMPTY_PRODUCTION = fraud(step(edits.demote, "fraud", 3, "Production"), step(promote, "fraud", 5, "Staging"))


@BOTH_ORDERS
@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (fraud(), step(promote, "fraud", 4, "Production"), step(promote, "fraud", 2, "Staging")),
        (fraud(), step(promote, "fraud", 4, "Production"), step(promote, "fraud", 5, "Staging")),
        (EMPTY_PRODUCTION, step(promote, "fraud", 5, "Production"), step(promote, "fraud", 2, "Staging")),
        (fraud(), step(promote, "fraud", 4, "Production"), register("fraud", 6)),
        (fraud(), step(promote, "fraud", 5, "Staging"), register("fraud", 6)),
        (fraud(), step(edits.approve, "fraud", 5, "Production", "bob@example.com"), register("fraud", 6)),
        (fraud(), step(edits.record_check, "fraud", 5, "eval", "passed"), register("fraud", 6)),
        (
            fraud(),
            step(edits.approve, "fraud", 5, "Staging", "b@x"),
            step(edits.record_check, "fraud", 5, "eval", "passed"),
        ),
        (fraud(), step(edits.archive, "fraud", 5), register("fraud", 6)),
        (fraud(), step(promote, "fraud", 4, "Production"), step(promote, "churn", 2, "Staging")),
        (fraud(), step(edits.roll_back, "fraud", "Staging", 3), register("fraud", 6)),
        (fraud(), step(edits.describe, "fraud", description="Scores cards."), step(promote, "churn", 2, "Staging")),
    ],
    ids=[
        "production-staging",
        "production-next",
        "first-production-staging",
        "production-register",
        "staging-register",
        "approve-register",
        "check-register",
        "approve-check",
        "archive-register",
        "two-models",
        "rollback-register",
        "describe-promote",
    ],
)
def test_what_does_not_contradict_merges_cleanly_and_rightly(
    repo: Sandbox, base: Documents, one: Step, other: Step, swapped: bool
) -> None:
    ours, theirs = (other, one) if swapped else (one, other)
    mine = after(base, ours)
    text = merged(repo, base, mine, after(base, theirs))
    assert text is not None, "a false conflict"
    result = parse(text)
    assert check_change(mine, result).problems == ()
    assert _same_content(result, after(base, one, other))


@BOTH_ORDERS
@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (fraud(), step(promote, "fraud", 4, "Production"), step(promote, "fraud", 2, "Production")),
        (EMPTY_PRODUCTION, step(promote, "fraud", 5, "Production"), step(promote, "fraud", 4, "Production")),
        (
            fraud(step(edits.demote, "fraud", 4, "Staging"), step(edits.demote, "fraud", 3, "Production")),
            step(promote, "fraud", 4, "Staging"),
            step(promote, "fraud", 5, "Staging"),
        ),
        (fraud(), register("fraud", 6, digest="sha256:" + "0" * 64), register("fraud", 6, digest="sha256:" + "1" * 64)),
        (fraud(), step(promote, "fraud", 4, "Production"), step(edits.demote, "fraud", 3, "Production")),
        (fraud(), step(edits.set_alias, "fraud", "champion", 3), step(edits.set_alias, "fraud", "champion", 4)),
        (fraud(), register("new", 1), register("new", 1, digest="sha256:" + "1" * 64)),
    ],
    ids=[
        "two-productions",
        "first-production",
        "first-staging",
        "one-number",
        "promote-demote",
        "one-alias",
        "one-model",
    ],
)
def test_what_contradicts_conflicts(repo: Sandbox, base: Documents, one: Step, other: Step, swapped: bool) -> None:
    ours, theirs = (other, one) if swapped else (one, other)
    assert merged(repo, base, after(base, ours), after(base, theirs)) is None


@BOTH_ORDERS
@pytest.mark.parametrize(
    ("withdraw", "code"),
    [
        (step(edits.delete, "fraud", 5), "a-stage-holds-no-withdrawn-version"),
        (step(edits.archive, "fraud", 5), "a-stage-holds-no-withdrawn-version"),
        (step(edits.archive, "fraud", 5, "too slow"), "a-stage-holds-no-withdrawn-version"),
    ],
    ids=["delete", "archive", "archive-with-a-reason"],
)
def test_a_withdrawal_against_a_promotion_is_refused(repo: Sandbox, withdraw: Step, code: str, swapped: bool) -> None:
    base = fraud()
    one, other = after(base, withdraw), after(base, step(promote, "fraud", 5, "Staging"))
    text = merged(repo, base, *((other, one) if swapped else (one, other)))
    assert text is not None
    assert [p.code for p in check(parse(text)).problems] == [code]


def test_one_model_added_at_two_places_is_refused(repo: Sandbox) -> None:
    base = fraud()
    below = after(base, register("new", 1))
    record = below.root.text[len(base.root.text) :]
    above = parse(base.root.text.replace("models:\n", "models:\n" + record, 1))
    text = merged(repo, base, below, above)
    assert text is not None
    assert [p.code for p in check(parse(text)).problems] == ["duplicate-key"]


@pytest.mark.parametrize(
    "later",
    [
        (),
        (register("fraud", 6),),
        (step(promote, "churn", 2, "Staging"),),
        (step(promote, "fraud", 5, "Staging"),),
        (step(edits.describe, "fraud", description="Scores cards."), register("churn", 3)),
    ],
    ids=["the-last", "a-registration-later", "another-model-later", "a-staging-later", "words-later"],
)
def test_a_promotion_is_undone_by_git_revert_and_done_again_by_its_revert(
    repo: Sandbox, later: tuple[Step, ...]
) -> None:
    base = fraud()
    promoted = after(base, step(promote, "fraud", 4, "Production"))
    repo.commit({"models.yaml": base.root.text}, "base")
    promotion = repo.commit({"models.yaml": promoted.root.text}, "promote")
    now = promoted
    for one in later:
        now = after(now, one)
        repo.commit({"models.yaml": now.root.text}, "later")
    repo.git("revert", "--no-edit", promotion)
    undone = parse((repo.path / "models.yaml").read_text())
    assert check_change(now, undone).problems == ()
    assert slots(undone)["Production"] == (3,)
    assert undone.root.text == after(base, *later).root.text
    repo.git("revert", "--no-edit", "HEAD")
    again = parse((repo.path / "models.yaml").read_text())
    assert check_change(undone, again).problems == ()
    assert again.root.text == now.root.text


def _same_content(one: Documents, other: Documents) -> bool:
    """Equal but for the order of keys, which two branches need not agree on."""
    return same(_sorted(one.root.data), _sorted(other.root.data))


def _sorted(data: object) -> object:
    if isinstance(data, dict):
        return {k: _sorted(data[k]) for k in sorted(data)}
    return [_sorted(d) for d in data] if isinstance(data, list) else data
