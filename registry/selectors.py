"""`fraud-detector/3`, `fraud-detector/Production`, `fraud-detector@champion`: one text, one version. Pure.

MLflow's forms, each also with `models:/` before it. Never the latest, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import Misused, NotFound, Rejected, nearest
from registry.model import Manifest, Model, Policy, Stage, Version


@dataclass(frozen=True, slots=True)
class Answer:
    """The one version that a selector names, and by which stage or alias it was found."""

    model: Model
    version: Version
    stage: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector taken apart; `version`, `stage` and `alias` are None where the text says nothing."""

    model: str
    version: int | None = None
    stage: str | None = None
    alias: str | None = None


def parse(text: str) -> Selector:
    """A selector taken apart.

    Raises:
        Misused: it is none.
    """
    rest = text.removeprefix("models:/").removeprefix("models:").strip("/")
    name, at, alias = rest.rpartition("@")
    if at and name and alias and "/" not in name + alias:
        return Selector(name, alias=alias)
    name, slash, part = rest.partition("/")
    if not name or "/" in part or (slash and not part) or at:
        raise Misused.because(
            "not-a-selector", f"{text!r} is no selector", fix="write MODEL/VERSION, MODEL/STAGE or MODEL@ALIAS"
        )
    if not slash:
        return Selector(name)
    if part.isascii() and part.isdigit() and len(part) > 16:
        raise NotFound.because("unknown-version", f"{name} has no version {part[:16]}…", fix="numbers are shorter")
    if part.isascii() and part.isdigit():
        return Selector(name, version=int(part))
    return Selector(name, stage=part)


def find(manifest: Manifest, text: str) -> Answer:
    """The one version that a selector names.

    Raises:
        Misused: the selector names a model alone, or `latest`.
        NotFound: nothing stands there; the error names what exists.
        Rejected: the stage holds several versions, or is not declared.
    """
    selector = parse(text)
    model = find_model(manifest, selector.model)
    if selector.version is not None:
        return Answer(model, find_version(model, selector.version))
    if selector.alias is not None:
        return Answer(model, _aliased(model, selector.alias), alias=selector.alias)
    if selector.stage is None:
        filled = [name for name, numbers in model.slots.items() if numbers]
        raise Misused.because(
            "which-version",
            f"{text} does not say which version",
            fix="write " + " or ".join(f"{model.name}/{s}" for s in [*filled, "VERSION"][:4]),
        )
    if selector.stage.casefold() == "latest":
        raise Misused.because(
            "never-latest",
            "the latest version is whichever was registered last, approved or not",
            fix=f"name a stage, an alias or a number: {model.name}/{model.policy.stages[-1].name}",
        )
    return in_stage(model, find_stage(model.policy, selector.stage))


def in_stage(model: Model, stage: Stage) -> Answer:
    """The one version that a stage holds."""
    numbers = model.holders(stage)
    if len(numbers) > 1:
        raise Rejected.because(
            "several-in-stage",
            f"{model.name} {stage.name} holds {' and '.join(map(str, numbers))}",
            fix="name one: " + " or ".join(f"{model.name}/{n}" for n in numbers),
        )
    if not numbers:
        filled = ", ".join(f"{s} holds {', '.join(map(str, n))}" for s, n in model.slots.items() if n)
        raise NotFound.because(
            "not-in-stage",
            f"{model.name} has no version in {stage.name}",
            fix=filled or "no stage of it holds a version",
        )
    return Answer(model, model.versions[numbers[0]], stage=stage.name)


def _aliased(model: Model, alias: str) -> Version:
    if alias not in model.aliases:
        there = nearest(alias, model.aliases) or "it has no aliases"
        raise NotFound.because("unknown-alias", f"{model.name} has no alias {alias}", fix=there)
    return model.versions[model.aliases[alias]]


def find_model(manifest: Manifest, name: str) -> Model:
    """The model of that name; NotFound says the new name of a renamed one, or the nearest."""
    if name in manifest.models:
        return manifest.models[name]
    renamed = next((m.name for m in manifest.models.values() if name in m.formerly), None)
    if renamed:
        raise NotFound.because("renamed-model", f"the model {name} is called {renamed} now", fix=f"ask for {renamed}")
    raise NotFound.because("unknown-model", f"there is no model {name}", fix=nearest(name, manifest.models))


def find_version(model: Model, number: int) -> Version:
    """The version of that number; nothing resolves to a deleted one."""
    version = model.versions.get(number)
    usable = [str(n) for n, v in model.versions.items() if not v.deleted]
    fix = (
        f"there are: {', '.join(usable[-8:])}"
        if usable
        else f"register one: registry register '{model.name}' --uri URI"
    )
    if version is None:
        raise NotFound.because("unknown-version", f"{model.name} has no version {number}", fix=fix)
    if version.deleted:
        raise NotFound.because("deleted-version", f"{model.name} {number} is deleted", fix=fix)
    return version


def find_stage(policy: Policy, name: str) -> Stage:
    """The stage of that name, in any case."""
    stage = policy.stage(name)
    if stage is None:
        declared = [s.name for s in policy.stages]
        raise Rejected.because(
            "unknown-stage",
            f"the policy declares no stage {name}",
            why="A stage that nobody declared is one that nobody looks into.",
            fix=nearest(name, declared),
        )
    return stage
