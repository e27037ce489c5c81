"""What happened between two states of a registry: its moves, computed by comparing, never told. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from registry.model import ARCHIVED, Manifest, Model, Stage, Version

Kind = Literal[
    "created",
    "renamed",
    "removed",  # models
    "registered",
    "deleted",
    "undeleted",  # versions
    "promoted",
    "demoted",
    "archived",
    "restored",  # and where they stand
    "aliased",
    "approved",
    "unapproved",
    "checked",
    "touched",
    "policy",
]

MUTABLE = (
    "replaced_by",
    "archived",
    "deleted",
    "approvals",
    "overrides",
    "description",
    "tags",
    "checks",
    "metrics",
)
"""The keys of a version's record that may change after it was registered."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happened to a model or to one of its versions.

    `source` and `target` are stages, or `None`/`Archived`; `replaces` is the version whose place
    was taken (for an alias: that it named before); `returned` tells of a version that entered a
    stage which it had held before; `detail` is who approved, or which check with its result;
    `fields` names what else was touched.
    """

    kind: Kind
    model: str
    version: int | None = None
    source: str | None = None
    target: str | None = None
    replaces: int | None = None
    alias: str | None = None
    returned: bool = False
    detail: str = ""
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The move as the subject of a commit: `fraud-detector 4: Staging -> Production`."""
        who = self.model if self.version is None else f"{self.model} {self.version}"
        match self.kind:
            case "promoted" | "demoted" | "archived" | "restored" if self.source != self.target:
                return f"{who}: {self.source} -> {self.target}" + (" (return)" if self.returned else "")
            case "aliased" if self.version is None:
                return f"{self.model}: remove alias {self.alias}"
            case "aliased":
                return f"{self.model} {self.version}: alias {self.alias}"
            case "approved" | "unapproved":
                return f"{who}: {self.kind} for {self.target} by {self.detail}"
            case "checked":
                return f"{who}: check {self.detail}"
            case "renamed":
                return f"{self.source} -> {self.model}: rename"
            case "touched":
                return f"{who}: {', '.join(self.fields)}"
            case "policy":
                return "policy: " + ", ".join(self.fields)
            case _:
                return f"{who}: {self.kind}"


@dataclass(frozen=True)
class Change:
    """Two states, the earlier None where the registry begins; and who makes the change, where known."""

    before: Manifest | None
    after: Manifest
    actor: str | None = None

    @cached_property
    def pairs(self) -> tuple[tuple[Model | None, Model | None], ...]:
        """Each model that differs, before and after; a renamed one with its former self."""
        old = dict(self.before.models) if self.before else {}
        found: list[tuple[Model | None, Model | None]] = []
        for name, model in self.after.models.items():
            former = old.pop(name, None)
            if former is None:
                former = next((old.pop(n) for n in reversed(model.formerly) if self._vanished(n, old)), None)
            if former is None or former.data is not model.data:
                found.append((former, model))
        found += [(former, None) for former in old.values()]
        return tuple(pair for pair in found if pair[0] is None or pair[1] is None or _differ(pair[0], pair[1]))

    def _vanished(self, name: str, old: dict[str, Model]) -> bool:
        return name in old and name not in self.after.models

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """What happened, model by model in the order of the file, the policy first."""
        return (*self._policy(), *(m for before, after in self.pairs for m in self._model(before, after)))

    def _policy(self) -> Iterator[Move]:
        before = self.before.policy.data if self.before else self.after.policy.data
        after = self.after.policy.data
        if repr(before) != repr(after):
            fields = [k for k in {**before, **after} if repr(before.get(k)) != repr(after.get(k))]
            yield Move("policy", "", fields=tuple(fields))

    def _model(self, before: Model | None, after: Model | None) -> Iterator[Move]:
        if after is None:
            assert before is not None  # noqa: S101 - a pair has at least one side
            yield Move("removed", before.name)
            return
        if before is None:
            yield Move("created", after.name)
            before = Model(after.name, {}, self.before.policy if self.before else after.policy)
        elif before.name != after.name:
            yield Move("renamed", after.name, source=before.name)
        yield from _touched_model(before, after)
        for number, version in after.versions.items():
            yield from _version(before, after, number, version)
        yield from _aliases(before, after)


def entered(before: Model | None, after: Model, stage: Stage) -> tuple[int, ...]:
    """The versions that a stage holds now and did not hold before, under any of its names."""
    old = holders_before(before, stage)
    return tuple(n for n in after.holders(stage) if n not in old)


def left(before: Model | None, after: Model, stage: Stage) -> tuple[int, ...]:
    """The versions that a stage held before and does not hold now."""
    return tuple(n for n in holders_before(before, stage) if n not in after.holders(stage))


def holders_before(before: Model | None, stage: Stage) -> tuple[int, ...]:
    """What a stage held, under the name that it had then."""
    if before is None:
        return ()
    return next((before.slots[name] for name in stage.names if name in before.slots), ())


def _differ(before: Model, after: Model) -> bool:
    return before.name != after.name or repr(before.data) != repr(after.data)


def _touched_model(before: Model, after: Model) -> Iterator[Move]:
    fields = [k for k in ("description", "owners", "tags") if repr(before.data.get(k)) != repr(after.data.get(k))]
    if fields and before.data:
        yield Move("touched", after.name, fields=tuple(fields))


def _version(before: Model, after: Model, number: int, version: Version) -> Iterator[Move]:
    old = before.versions.get(number)
    if old is None:
        yield Move("registered", after.name, number)
    source = before.stage_of(number) if old else "None"
    target = after.stage_of(number)
    now_in = [s for s in after.policy.stages if number in entered(before, after, s)]
    gone_from = [s for s in after.policy.stages if number in left(before, after, s)]
    if version.archived and not (old and old.archived):
        yield Move("archived", after.name, number, source, ARCHIVED)
    elif old and old.archived and not version.archived and not now_in:
        yield Move("restored", after.name, number, ARCHIVED, target)
    elif now_in:
        yield from _entries(before, after, number, source, now_in, gone_from)
    else:
        for stage in gone_from:
            if not _replaced(before, after, stage):
                yield Move("demoted", after.name, number, stage.name, target)
    if version.deleted != bool(old and old.deleted):
        yield Move("deleted" if version.deleted else "undeleted", after.name, number)
    if old is not None:
        yield from _evidence(after.name, old, version)


def _evidence(model: str, old: Version, new: Version) -> Iterator[Move]:
    """What was said of a version: approvals and checks by name, anything else as fields touched."""
    told = [(stage, who) for stage, people in new.approvals.items() for who in people]
    before = [(stage, who) for stage, people in old.approvals.items() for who in people]
    for stage, who in told:
        if (stage, who) not in before:
            yield Move("approved", model, new.number, target=stage, detail=who)
    for stage, who in before:
        if (stage, who) not in told:
            yield Move("unapproved", model, new.number, target=stage, detail=who)
    for name, check in new.checks.items():
        if repr(old.checks.get(name)) != repr(check):
            yield Move("checked", model, new.number, detail=f"{name} {check['result']}")
    others = ("replaced_by", "archived", "deleted", "approvals", "checks")
    fields = [k for k in {**old.data, **new.data} if k not in others and repr(old.data.get(k)) != repr(new.data.get(k))]
    fields += ["checks"] if set(old.checks) - set(new.checks) else []
    if fields:
        yield Move("touched", model, new.number, fields=tuple(fields))


def _entries(
    before: Model, after: Model, number: int, source: str, now_in: list[Stage], gone_from: list[Stage]
) -> Iterator[Move]:
    for stage in now_in:
        order = after.policy.order(stage.name)
        back = any(after.policy.order(s.name) > order for s in gone_from)
        gone = left(before, after, stage)
        old = before.versions.get(number)
        yield Move(
            "demoted" if back else "promoted",
            after.name,
            number,
            source,
            stage.name,
            replaces=gone[0] if gone and not stage.many else None,
            returned=bool(old and old.has_left(stage)),
        )


def _replaced(before: Model, after: Model, stage: Stage) -> bool:
    """Whether a version left its stage because another took its place: that other's move tells it."""
    return not stage.many and bool(entered(before, after, stage))


def _aliases(before: Model, after: Model) -> Iterator[Move]:
    for alias in {**before.aliases, **after.aliases}:
        old, new = before.aliases.get(alias), after.aliases.get(alias)
        if old != new:
            yield Move("aliased", after.name, new, alias=alias, replaces=old)


def as_dict(move: Move) -> dict[str, Any]:
    """A move as JSON data: what it does not say is left out."""
    plain = {
        "kind": move.kind,
        "model": move.model,
        "version": move.version,
        "from": move.source,
        "to": move.target,
        "replaces": move.replaces,
        "alias": move.alias,
        "return": move.returned or None,
        "detail": move.detail,
        "fields": list(move.fields),
    }
    return {k: v for k, v in plain.items() if v not in (None, "", [])}
