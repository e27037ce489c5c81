"""What a manifest declares, as frozen views over its plain data. Pure.

A view reads what it is asked for and copies nothing, so that a registry of thousands of versions
costs nothing until somebody looks. Views expect data that fits the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

NONE, ARCHIVED = "None", "Archived"
RESERVED = ("none", "archived", "latest")
"""Words that mean something of their own wherever a stage or an alias is named."""

DEFAULT_STAGES: list[dict[str, Any]] = [{"name": "Staging"}, {"name": "Production", "from": ["Staging"]}]


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = data.get(key, {})
    return found


@dataclass(frozen=True)
class Stage:
    """A slot that every model has, as the policy declares it."""

    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def names(self) -> tuple[str, ...]:
        """The name and those it had before."""
        return (self.name, *self.data.get("formerly", ()))

    @property
    def many(self) -> bool:
        """Whether it may hold several versions at once."""
        return self.data.get("holds") == "many"

    @property
    def entered_from(self) -> tuple[str, ...]:
        """Where an entrant must stand, in one of these; empty: anywhere."""
        return tuple(self.data.get("from", ()))

    @property
    def requires(self) -> Mapping[str, Any]:
        """The gates: `fields`, `metrics`, `approvals`, `checks`."""
        return _mapping(self.data, "requires")

    @property
    def approvals(self) -> int:
        """How many people's approvals an entrant needs."""
        return int(self.requires.get("approvals", 0))

    @property
    def word(self) -> str:
        """The name as a part of a word: `Pre Production` is `pre_production`."""
        return self.name.lower().replace(" ", "_").replace("-", "_")


@dataclass(frozen=True)
class Policy:
    """The stages in promotion order, and how promotion works."""

    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(Stage(s) for s in self.data.get("stages") or DEFAULT_STAGES)

    @cached_property
    def _by_name(self) -> dict[str, Stage]:
        return {s.name.casefold(): s for s in reversed(self.stages)}

    @property
    def moves(self) -> bool:
        """Whether promotion leaves the stages before, as in MLflow; otherwise it copies forward."""
        return self.data.get("promotion") == "move"

    @property
    def overrides_allowed(self) -> bool:
        return self.data.get("overrides") == "allowed"

    def stage(self, name: str) -> Stage | None:
        """The stage of that name, in any case."""
        return self._by_name.get(name.casefold())

    def order(self, name: str) -> int:
        """The place of a stage in promotion order; stages that are not declared come first."""
        return next((i for i, s in enumerate(self.stages) if s.name == name), -1)


@dataclass(frozen=True)
class Version:
    """An immutable numbered record, with the evidence gathered for it."""

    data: Mapping[str, Any]

    @property
    def number(self) -> int:
        return int(self.data["version"])

    @property
    def uri(self) -> str:
        return str(self.data["uri"])

    @property
    def digest(self) -> str | None:
        digest: str | None = self.data.get("digest")
        return digest

    @property
    def metrics(self) -> Mapping[str, float]:
        return _mapping(self.data, "metrics")

    @property
    def run_id(self) -> str | None:
        return _mapping(self.data, "source").get("run_id")

    @property
    def replaced_by(self) -> Mapping[str, int | None]:
        """Stage -> the version that took its place there; None where nothing did."""
        return _mapping(self.data, "replaced_by")

    @property
    def approvals(self) -> Mapping[str, list[str]]:
        return _mapping(self.data, "approvals")

    @property
    def checks(self) -> Mapping[str, Mapping[str, str]]:
        return _mapping(self.data, "checks")

    @property
    def archived(self) -> bool:
        """Archived on purpose; a version no stage holds any more counts as archived too (`Model.stage_of`)."""
        return "archived" in self.data

    @property
    def deleted(self) -> bool:
        return "deleted" in self.data

    def has_left(self, stage: Stage) -> bool:
        """Whether it held the stage before: entering it again is a return."""
        return any(name in self.replaced_by for name in stage.names)

    def approvers(self, stage: Stage) -> tuple[str, ...]:
        """Who approved it for the stage, each once."""
        return tuple(dict.fromkeys(who for name in stage.names for who in self.approvals.get(name, ())))


@dataclass(frozen=True)
class Model:
    """A named container of versions, with the stages and aliases that point at them."""

    name: str
    data: Mapping[str, Any]
    policy: Policy

    @cached_property
    def versions(self) -> dict[int, Version]:
        """By number, in the order of the file; of two with one number the first."""
        found: dict[int, Version] = {}
        for record in self.data.get("versions", ()):
            found.setdefault(record["version"], Version(record))
        return found

    @cached_property
    def slots(self) -> dict[str, tuple[int, ...]]:
        """Stage name, as written -> the numbers it holds."""
        return {name: held(slot) for name, slot in self.data.get("stages", {}).items()}

    @property
    def aliases(self) -> Mapping[str, int]:
        return _mapping(self.data, "aliases")

    @property
    def description(self) -> str:
        return str(self.data.get("description", ""))

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(self.data.get("owners", ()))

    @property
    def tags(self) -> Mapping[str, Any]:
        return _mapping(self.data, "tags")

    @property
    def formerly(self) -> tuple[str, ...]:
        return tuple(self.data.get("formerly", ()))

    @property
    def newest(self) -> int | None:
        """The highest number that is not deleted."""
        return max((n for n, v in self.versions.items() if not v.deleted), default=None)

    def holders(self, stage: Stage) -> tuple[int, ...]:
        """The numbers that stand in a stage."""
        return self.slots.get(stage.name, ())

    def stands_in(self, number: int) -> tuple[str, ...]:
        """The stages that hold a version, in promotion order."""
        return tuple(s.name for s in self.policy.stages if number in self.holders(s))

    def stage_of(self, number: int) -> str:
        """A version's current stage: the furthest that holds it, else `Archived` or `None`."""
        standing = self.stands_in(number)
        if standing:
            return standing[-1]
        version = self.versions[number]
        return ARCHIVED if version.archived or version.replaced_by else NONE

    def life(self, number: int) -> str:
        """Where a version is in its life: `registered`, `staging_approved`, … `archived`, `deleted`."""
        version = self.versions[number]
        if version.deleted:
            return "deleted"
        if self.stage_of(number) == ARCHIVED:
            return "archived"
        for stage in reversed(self.policy.stages):
            if number in self.holders(stage):
                return f"{stage.word}_deployed"
            if len(version.approvers(stage)) >= max(stage.approvals, 1):
                return f"{stage.word}_approved"
        return "registered"

    def path(self, number: int, *rest: str | int) -> tuple[str | int, ...]:
        """Where a version's record stands in the manifest's data."""
        index = next(i for i, r in enumerate(self.data.get("versions", ())) if r["version"] == number)
        return ("models", self.name, "versions", index, *rest)


@dataclass(frozen=True)
class Manifest:
    """All that one state of a registry declares.

    `files` holds the data of each included file by its path; a registry in one file has none.
    `own` names the models that stand in the root file itself, where there are others.
    """

    data: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    own: tuple[str, ...] = ()

    @cached_property
    def policy(self) -> Policy:
        return Policy(self.data.get("policy") or {})

    @cached_property
    def models(self) -> dict[str, Model]:
        return {name: Model(name, data, self.policy) for name, data in self.data.get("models", {}).items()}

    def versions(self) -> Iterator[tuple[Model, Version]]:
        """Every version with its model."""
        for model in self.models.values():
            for version in model.versions.values():
                yield model, version


def held(slot: Mapping[str, Any]) -> tuple[int, ...]:
    """The numbers in a slot, in either of its two spellings."""
    return (slot["version"],) if "version" in slot else tuple(slot.get("versions", ()))
