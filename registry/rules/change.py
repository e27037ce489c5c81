"""What may happen between two states of a manifest. Pure.

A change is judged by the policy that stood before it. Where a registry first appears there is
nothing to judge it against. A plain `git revert` of a move is a move that these rules allow.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.change import MUTABLE, Change, entered, left
from registry.model import Model, Policy, Stage, Version
from registry.rules import Breach, rule_book
from registry.rules.gates import gates

CHANGE_RULES, change_rule = rule_book()


@change_rule
def records_never_change(change: Change) -> Iterator[Breach]:
    """What was registered, judged and approved under a number must stay what that number means."""
    for _, after, old, new in _kept(change):
        for key in {**old.data, **new.data}:
            if key not in MUTABLE and repr(old.data.get(key)) != repr(new.data.get(key)):
                yield Breach(
                    after.path(new.number, key),
                    f"{after.name} {new.number}: {key} was changed",
                    "put it back, and register what is new as a new version",
                )


@change_rule
def evidence_is_only_added(change: Change) -> Iterator[Breach]:
    """A promotion that was judged by a metric or a check must stay as it was judged."""
    for _, after, old, new in _kept(change):
        for name, value in old.metrics.items():
            if repr(new.metrics.get(name)) != repr(value):
                done = "changed" if name in new.metrics else "removed"
                yield Breach(
                    after.path(new.number, "metrics", name),
                    f"{after.name} {new.number}: the metric {name} was {done}",
                    f"put {value} back; a new measurement gets a new name",
                )
        for stage, told in old.data.get("overrides", {}).items():
            if repr(new.data.get("overrides", {}).get(stage)) != repr(told):
                yield Breach(
                    after.path(new.number, "overrides", stage),
                    f"{after.name} {new.number}: the override for {stage} was changed",
                    "put it back",
                )
        for name in old.checks:
            if name not in new.checks:
                yield Breach(
                    after.path(new.number, "checks"),
                    f"{after.name} {new.number}: the check {name} was removed",
                    "put it back; a newer result may replace it",
                )


@change_rule
def records_never_disappear(change: Change) -> Iterator[Breach]:
    """A number that is gone could come to mean something else."""
    for before, after in change.pairs:
        for number in before.versions if before and after else ():
            if after and number not in after.versions:
                yield Breach(
                    ("models", after.name, "versions"),
                    f"{after.name} {number} was removed",
                    f"put it back; to withdraw it: registry delete '{after.name}' {number}",
                )


@change_rule
def new_versions_take_the_next_number(change: Change) -> Iterator[Breach]:
    """Numbers are never reused and never skipped, so that a number alone tells what came after what."""
    for before, after in change.pairs:
        if before is None or after is None:
            continue
        following = max(before.versions, default=0) + 1
        for number in after.versions:
            if number not in before.versions:
                if number != following:
                    yield Breach(
                        after.path(number, "version"),
                        f"{after.name} {number} is new; the next number is {following}",
                        f"register it as version {following}",
                    )
                following = max(following, number) + 1


@change_rule
def moves_follow_the_policy(change: Change) -> Iterator[Breach]:
    """A stage means something only if every version came through the stages before it."""
    for _, after, version, stage in _entrants(change):
        sources = stage.entered_from
        if not sources or any(_has_stood_in(after, version, name) for name in sources):
            continue
        allowed = _next_stages(after, version)
        overridden = _overridden(change, version, stage)
        came_from = _came_from(change, after, version)
        yield Breach(
            ("models", after.name, "stages", stage.name),
            f"{after.name} {version.number} cannot enter {stage.name} from {came_from}{overridden}",
            f"{stage.name} is entered from {' or '.join(sources)}"
            + (f"; promote it to {' or '.join(allowed)} first" if allowed else ""),
            on_key=True,
            warning=bool(overridden),
        )


@change_rule
def gates_are_passed(change: Change) -> Iterator[Breach]:
    """What a stage requires is required of everybody who enters it for the first time."""
    for before, after, version, stage, returned in _all_entrants(change):
        replaced = None if stage.many else _compared_with(before, after, stage)
        overridden = _overridden(change, version, stage)
        move = f"{after.name} {version.number} -> {stage.name}{' (return)' if returned else ''}"
        for gate in gates(after, version, stage, replaced, change.actor):
            if not gate.passed:
                yield Breach(
                    after.path(version.number, *gate.at),
                    f"{move}: {gate.missing}{overridden}",
                    gate.fix,
                    warning=gate.warning or returned or bool(overridden),
                )


@change_rule
def replaced_by_tells_of_a_move(change: Change) -> Iterator[Breach]:
    """It earns a version the right to return and tells a rollback where to go, so it must be true."""
    for before, after in change.pairs:
        if after is None:
            continue
        for number, version in after.versions.items():
            old = before.versions.get(number) if before else None
            for stage in after.policy.stages:
                yield from _told(before, after, number, version, old, stage)


def _told(
    before: Model | None, after: Model, number: int, version: Version, old: Version | None, stage: Stage
) -> Iterator[Breach]:
    at = after.path(number, "replaced_by")
    name = f"{after.name} {number}"
    had = bool(old and old.has_left(stage))
    has = version.has_left(stage)
    gone = number in left(before, after, stage)
    came = entered(before, after, stage)
    if has and had and old and version.replaced_by.get(stage.name) != _told_before(old, stage):
        yield Breach((*at, stage.name), f"{name}: replaced_by {stage.name} was changed", "put it back")
    elif has and not had and not gone and old is not None:
        yield Breach(
            (*at, stage.name),
            f"{name} says that it left {stage.name}, where it did not stand",
            f"remove {stage.name} from its replaced_by",
            on_key=True,
        )
    elif has and not had and gone and came and not stage.many and not _undone(before, came[0], number, stage):
        if (told := version.replaced_by.get(stage.name)) != came[0]:
            yield Breach(
                (*at, stage.name),
                f"{name} says that {told or 'nothing'} took its place in {stage.name}; {came[0]} did",
                f"write {came[0]}",
            )
    elif had and not has and number not in came:
        yield Breach(
            at,
            f"{name}: replaced_by {stage.name} was removed, and it did not enter {stage.name}",
            "put it back",
        )
    elif gone and not has and came and not stage.many and not _undone(before, came[0], number, stage):
        yield Breach(
            at,
            f"{name} left {stage.name} and does not say that {came[0]} took its place",
            f"write replaced_by: {{{stage.name}: {came[0]}}}",
        )


def _told_before(old: Version, stage: Stage) -> int | None:
    return next((old.replaced_by[n] for n in stage.names if n in old.replaced_by), None)


def _undone(before: Model | None, returner: int, leaver: int, stage: Stage) -> bool:
    """Whether a replacement was undone, as a rollback and a revert do.

    Then nothing was replaced: the leaver says what it said before it came, which may be nothing.
    """
    version = before.versions.get(returner) if before else None
    return bool(version and version.has_left(stage) and _told_before(version, stage) == leaver)


@change_rule
def approvals_stand_while_the_version_does(change: Change) -> Iterator[Breach]:
    """What let a version in must be there to see for as long as it is in."""
    for _, after, old, new in _kept(change):
        for stage in after.policy.stages:
            lost = [who for who in old.approvers(stage) if who not in new.approvers(stage)]
            if lost and new.number in after.holders(stage):
                yield Breach(
                    after.path(new.number, "approvals"),
                    f"{after.name} {new.number} stands in {stage.name}; the approval of {lost[0]} was removed",
                    "put it back, or demote the version first",
                )


@change_rule
def policy_and_occupants_change_apart(change: Change) -> Iterator[Breach]:
    """Who loosens a rule and uses it in one go was never judged by it."""
    before = change.before
    if before is None or repr(before.policy.data) == repr(change.after.policy.data):
        return
    for old, after in change.pairs:
        if after is None:
            continue
        for stage in change.after.policy.stages:
            moved = (*entered(old, after, stage), *left(old, after, stage))
            if moved:
                yield Breach(
                    ("models", after.name, "stages", stage.name),
                    f"the policy changes, and so does what {after.name} {stage.name} holds",
                    "make two changes of it",
                    on_key=True,
                )


@change_rule
def a_removed_stage_was_empty(change: Change) -> Iterator[Breach]:
    """What is served must not vanish because its stage does."""
    known = {name for stage in change.after.policy.stages for name in stage.names}
    for before, after in change.pairs:
        for name, numbers in (before.slots if before and after else {}).items():
            if before and after and name not in known and before.policy.stage(name) and numbers:
                yield Breach(
                    ("policy", "stages"),
                    f"the stage {name} was removed while {before.name} held a version there",
                    f"demote it first, or keep the name: formerly: [{name}]",
                )


@change_rule
def a_removed_model_was_in_no_stage(change: Change) -> Iterator[Breach]:
    """What is served must not vanish."""
    for before, after in change.pairs:
        if before is not None and after is None and any(before.slots.values()):
            held = ", ".join(name for name, numbers in before.slots.items() if numbers)
            yield Breach(
                ("models",),
                f"{before.name} was removed while {held} held a version",
                "demote what stands in its stages first",
            )


def _compared_with(before: Model | None, after: Model, stage: Stage) -> Version | None:
    """What an entrant is measured against: what it replaces; in an empty stage the newest that was taken out."""
    if gone := left(before, after, stage):
        return after.versions.get(gone[0])
    vacated = [
        v
        for v in (before.versions if before else {}).values()
        if any(name in v.replaced_by and v.replaced_by[name] is None for name in stage.names)
    ]
    return max(vacated, key=lambda v: v.number, default=None)


def _overridden(change: Change, version: Version, stage: Stage) -> str:
    """Who passed over the rules for this entry and why, in words; '' where nobody did, or the policy forbids it."""
    told = version.data.get("overrides", {}).get(stage.name)
    if not told or not _judging(change).overrides_allowed:
        return ""
    return f" (overridden by {told['by']}: {told['reason']})"


def _came_from(change: Change, after: Model, version: Version) -> str:
    """The stage that an entrant stood in before, in words."""
    before = next((b for b, a in change.pairs if a is after), None)
    return before.stage_of(version.number) if before and version.number in before.versions else "None"


def _kept(change: Change) -> Iterator[tuple[Model, Model, Version, Version]]:
    """Every version that stands on both sides, of every model that differs."""
    for before, after in change.pairs:
        if before and after:
            for number, old in before.versions.items():
                if (new := after.versions.get(number)) is not None and new.data is not old.data:
                    yield before, after, old, new


def _all_entrants(change: Change) -> Iterator[tuple[Model | None, Model, Version, Stage, bool]]:
    """Every version that entered a stage, with the stage as the policy before declares it, and whether it returned."""
    if change.before is None:
        return
    for before, after in change.pairs:
        for stage in _judging(change).stages if after else ():
            for number in (*entered(before, after, stage), *_passed_through(before, after, stage)) if after else ():
                if after and number in after.versions:
                    old = before.versions.get(number) if before else None
                    yield before, after, after.versions[number], stage, bool(old and old.has_left(stage))


def _passed_through(before: Model | None, after: Model, stage: Stage) -> list[int]:
    """New versions that say they have left a stage already: they must have been let in."""
    known = before.versions if before else {}
    return [
        n for n, v in after.versions.items() if n not in known and v.has_left(stage) and n not in after.holders(stage)
    ]


def _entrants(change: Change) -> Iterator[tuple[Model | None, Model, Version, Stage]]:
    for before, after, version, stage, returned in _all_entrants(change):
        if not returned:
            yield before, after, version, stage


def _judging(change: Change) -> Policy:
    """The policy that judges: the one before; where it changes nothing may move anyway."""
    return change.before.policy if change.before else change.after.policy


def _has_stood_in(model: Model, version: Version, name: str) -> bool:
    stage = model.policy.stage(name)
    return stage is not None and (version.number in model.holders(stage) or version.has_left(stage))


def _next_stages(model: Model, version: Version) -> list[str]:
    """Where a version could go instead."""
    return [
        s.name
        for s in model.policy.stages
        if version.number not in model.holders(s)
        and (not s.entered_from or any(_has_stood_in(model, version, n) for n in s.entered_from))
    ]
