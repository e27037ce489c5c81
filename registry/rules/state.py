"""What must be true of every state of a manifest. Pure.

To add a rule: a function here, and a folder of its name in `tests/examples/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from registry.errors import nearest
from registry.model import RESERVED, Manifest, Model
from registry.places import expected_file
from registry.rules import Breach, rule_book

STATE_RULES, state_rule = rule_book()


@state_rule
def stages_are_named_once(manifest: Manifest) -> Iterator[Breach]:
    """Stage names are matched without regard to case; None, Archived and latest mean something of their own."""
    seen: set[str] = set()
    for i, stage in enumerate(manifest.policy.data.get("stages", ())):
        name = stage["name"]
        at = ("policy", "stages", i, "name")
        if name.casefold() in RESERVED:
            yield Breach(at, f"the stage name {name} is reserved", "choose another name")
        for each in (name, *stage.get("formerly", ())):
            if each.casefold() in seen:
                yield Breach(at, f"the policy names the stage {each} twice", "rename or remove one of the two")
            seen.add(each.casefold())


@state_rule
def from_names_declared_stages(manifest: Manifest) -> Iterator[Breach]:
    """A stage that can only be entered from a stage that does not exist could never be entered."""
    declared = [s.name for s in manifest.policy.stages]
    for i, stage in enumerate(manifest.policy.data.get("stages", ())):
        for j, name in enumerate(stage.get("from", ())):
            at = ("policy", "stages", i, "from", j)
            if name not in declared:
                yield Breach(
                    at,
                    f"{stage['name']} is entered from {name}, which is not declared",
                    nearest(name, declared),
                )
            elif name == stage["name"]:
                yield Breach(at, f"{name} is entered from itself", f"remove {name} from its own `from`")


@state_rule
def model_names_are_unique_without_case(manifest: Manifest) -> Iterator[Breach]:
    """On some disks and in some readers Fraud and fraud are one name."""
    seen: dict[str, str] = {}
    for name in manifest.models:
        twin = seen.setdefault(name.casefold(), name)
        if twin != name:
            yield Breach(
                ("models", name),
                f"the model names {twin} and {name} differ only in case",
                "rename one of the two",
                on_key=True,
            )


@state_rule
def an_included_file_holds_its_model(manifest: Manifest) -> Iterator[Breach]:
    """A look-up finds a model's file by the model's name; a model elsewhere would never be found."""
    include = manifest.data.get("include")
    for file, data in manifest.files.items():
        names = list(data.get("models") or {})
        for key in ("policy", "include"):
            if key in data:
                yield Breach(
                    (key,),
                    f"an included file holds no {key}",
                    f"move {key} to the root manifest",
                    on_key=True,
                    file=file,
                )
        if len(names) != 1:
            yield Breach(
                (),
                f"an included file holds exactly one model, this one {len(names)}",
                "give each model a file of its own",
                file=file,
            )
        elif (expected := expected_file(include, file, names[0])) != file:
            yield Breach(
                ("models", names[0]),
                f"the model {names[0]} belongs in {expected}",
                f"move the file to {expected}, or rename the model",
                on_key=True,
                file=file,
            )


@state_rule
def a_model_stands_in_one_file(manifest: Manifest) -> Iterator[Breach]:
    """A look-up and a listing must not find two different models under one name."""
    seen = dict.fromkeys((name.casefold() for name in manifest.own), "the root manifest")
    for file, data in manifest.files.items():
        for name in data.get("models") or {}:
            if (first := seen.setdefault(name.casefold(), file)) != file:
                at = ("models", name)
                yield Breach(at, f"{name} stands in {first} too", "keep one of the two", on_key=True, file=file)


@state_rule
def a_former_name_is_nobody_elses(manifest: Manifest) -> Iterator[Breach]:
    """Who asks for a renamed model by its old name is told the new one, not given another model."""
    names = {name.casefold(): name for name in manifest.models}
    for model in manifest.models.values():
        for i, former in enumerate(model.formerly):
            other = names.get(former.casefold())
            if other is not None and other != model.name:
                yield Breach(
                    ("models", model.name, "formerly", i),
                    f"{model.name} was called {former}, and another model is called {other}",
                    f"rename {other}",
                )
            names.setdefault(former.casefold(), model.name)


@state_rule
def a_gate_can_be_passed(manifest: Manifest) -> Iterator[Breach]:
    """A stage that nobody can enter is a mistake in the policy, noticed at the worst time."""
    for i, stage in enumerate(manifest.policy.data.get("stages", ())):
        for name, limits in stage.get("requires", {}).get("metrics", {}).items():
            if "min" in limits and "max" in limits and limits["min"] > limits["max"]:
                yield Breach(
                    ("policy", "stages", i, "requires", "metrics", name),
                    f"{name} must be at least {limits['min']} and at most {limits['max']}",
                    "swap the two",
                    on_key=True,
                )


@state_rule
def a_time_is_on_the_calendar(manifest: Manifest) -> Iterator[Breach]:
    """A date that does not exist breaks whoever reads it as one."""
    for model, version in manifest.versions():
        created = version.data.get("created_at")
        if created is not None and not _is_time(created):
            yield Breach(
                model.path(version.number, "created_at"),
                f"{model.name} {version.number} was created at {created}, which is no day and time",
                'write it as "2026-11-02T09:15:00Z"',
            )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@state_rule
def version_numbers_ascend(manifest: Manifest) -> Iterator[Breach]:
    """A number names one version for ever; records are appended, never inserted."""
    for model in manifest.models.values():
        highest = 0
        for i, record in enumerate(model.data.get("versions", ())):
            number = record["version"]
            at = ("models", model.name, "versions", i, "version")
            if number == highest:
                yield Breach(
                    at,
                    f"{model.name} has version {number} twice",
                    f"register the second again: it becomes version {_next(model)}",
                )
            elif number < highest:
                yield Breach(
                    at,
                    f"{model.name} {number} stands behind version {highest}",
                    "keep the records in ascending order of version",
                )
            highest = max(highest, number)


@state_rule
def a_slot_names_a_declared_stage(manifest: Manifest) -> Iterator[Breach]:
    """Nobody looks into a stage that the policy does not know."""
    declared = [s.name for s in manifest.policy.stages]
    for model in manifest.models.values():
        for name in model.slots:
            if name not in declared:
                yield Breach(
                    ("models", model.name, "stages", name),
                    f"{model.name} has a slot {name}, which the policy does not declare",
                    nearest(name, declared),
                    on_key=True,
                )


@state_rule
def a_stage_holds_registered_versions(manifest: Manifest) -> Iterator[Breach]:
    """A stage that names a version nobody registered would serve nothing."""
    for model in manifest.models.values():
        for name, numbers in model.slots.items():
            for i, number in enumerate(numbers):
                if number not in model.versions:
                    yield Breach(
                        _slot_path(model, name, i),
                        f"{model.name} {name} names version {number}, which is not registered",
                        _registered(model),
                    )


@state_rule
def a_stage_holds_no_withdrawn_version(manifest: Manifest) -> Iterator[Breach]:
    """What was deleted or archived was taken out of service on purpose."""
    for model in manifest.models.values():
        for name, numbers in model.slots.items():
            for i, number in enumerate(numbers):
                version = model.versions.get(number)
                if version and (version.deleted or version.archived):
                    word, fix = (
                        ("deleted", "name another version")
                        if version.deleted
                        else ("archived", f"restore it first: registry restore '{model.name}' {number}")
                    )
                    yield Breach(
                        _slot_path(model, name, i), f"{model.name} {name} names version {number}, which is {word}", fix
                    )


@state_rule
def a_stage_holds_one_version(manifest: Manifest) -> Iterator[Breach]:
    """Whoever asks for the production model must get exactly one answer."""
    for model in manifest.models.values():
        for name, numbers in model.slots.items():
            stage = manifest.policy.stage(name)
            for i, number in enumerate(numbers):
                if number in numbers[:i]:
                    yield Breach(
                        _slot_path(model, name, i), f"{model.name} {name} names version {number} twice", "name it once"
                    )
            if stage and stage.name == name and not stage.many and len(set(numbers)) > 1:
                listed = " and ".join(str(n) for n in dict.fromkeys(numbers))
                yield Breach(
                    ("models", model.name, "stages", name),
                    f"{model.name} {name} holds versions {listed}; it may hold one",
                    f"keep one of them, or declare `holds: many` for {name}",
                    on_key=True,
                )


@state_rule
def a_version_is_not_where_it_was_replaced(manifest: Manifest) -> Iterator[Breach]:
    """`replaced_by` says that a version left a stage; what stands there has not left."""
    for model in manifest.models.values():
        for name, numbers in model.slots.items():
            for number in numbers:
                version = model.versions.get(number)
                if version and name in version.replaced_by:
                    yield Breach(
                        model.path(number, "replaced_by", name),
                        f"{model.name} {number} stands in {name} and says that it was replaced there",
                        f"remove {name} from its replaced_by",
                        on_key=True,
                    )


@state_rule
def replaced_by_names_registered_versions(manifest: Manifest) -> Iterator[Breach]:
    """A rollback goes by it."""
    for model, version in manifest.versions():
        for name, number in version.replaced_by.items():
            at = model.path(version.number, "replaced_by", name)
            if number == version.number:
                yield Breach(at, f"{model.name} {number} says that it was replaced by itself", "name another, or null")
            elif number is not None and number not in model.versions:
                yield Breach(
                    at,
                    f"{model.name} {version.number} was replaced by version {number}, which is not registered",
                    _registered(model),
                )


@state_rule
def an_alias_points_at_a_version(manifest: Manifest) -> Iterator[Breach]:
    """An alias that points at nothing, or at what was deleted, would serve nothing."""
    for model in manifest.models.values():
        for alias, number in model.aliases.items():
            at = ("models", model.name, "aliases", alias)
            if number not in model.versions:
                yield Breach(
                    at,
                    f"the alias {alias} of {model.name} names version {number}, which is not registered",
                    _registered(model),
                )
            elif model.versions[number].deleted:
                yield Breach(
                    at,
                    f"the alias {alias} of {model.name} names version {number}, which is deleted",
                    "name another version, or remove the alias",
                )


@state_rule
def an_alias_is_no_stage_and_no_number(manifest: Manifest) -> Iterator[Breach]:
    """`model/production` and `model@production` must not mean two things."""
    stages = {n.casefold() for s in manifest.policy.stages for n in s.names} | set(RESERVED)
    for model in manifest.models.values():
        for alias in model.aliases:
            number = alias.removeprefix("v").removeprefix("V")
            if alias.casefold() in stages or (number.isascii() and number.isdigit()):
                kind = "a version number" if number.isdigit() else "a stage or a reserved word"
                yield Breach(
                    ("models", model.name, "aliases", alias),
                    f"the alias {alias} of {model.name} reads as {kind}",
                    "choose another name",
                    on_key=True,
                )


def _slot_path(model: Model, name: str, i: int) -> tuple[str | int, ...]:
    slot = model.data["stages"][name]
    return ("models", model.name, "stages", name, *(("version",) if "version" in slot else ("versions", i)))


def _registered(model: Model) -> str:
    usable = [str(n) for n, v in model.versions.items() if not v.deleted]
    if not usable:
        return "register it first"
    return f"register it first, or name one of {', '.join(usable[-8:])}"


def _next(model: Model) -> int:
    return max(model.versions, default=0) + 1
