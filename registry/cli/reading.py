"""Questions to a registry: list, show, get, history. They change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli.arguments import workspace
from registry.cli.artifact import local
from registry.cli.options import AsJson, ManifestFile, Selector
from registry.cli.terminal import complain, say, say_json, width
from registry.errors import NotFound, Problem
from registry.load import Documents
from registry.model import ARCHIVED, Model, Version
from registry.report import (
    FORMAT,
    deed,
    gates_text,
    model_json,
    model_text,
    models_table,
    problems_text,
    safe,
    table,
    version_json,
    version_text,
    versions_table,
)
from registry.selectors import Answer, find, find_model, parse


def list_models(file: ManifestFile = None, as_json: AsJson = False) -> None:
    """List the models and what stands in each stage."""
    manifest = opened(file).manifest
    if as_json:
        say_json({"format": FORMAT, "models": [model_json(m) for m in manifest.models.values()]})
    else:
        say(models_table(manifest.models.values(), manifest.policy.stages, width()))


def show(selector: Selector, file: ManifestFile = None, as_json: AsJson = False) -> None:
    """Show a model, or one version of it.

    A model (fraud) with its versions; a version (fraud/3, fraud/Production, fraud@champion) with
    what it still lacks for the next stage.
    """
    asked = parse(selector)
    manifest = opened(file, asked.model).manifest
    if (asked.version, asked.stage, asked.alias) == (None, None, None):
        _show_model(find_model(manifest, asked.model), as_json)
    else:
        _show_version(find(manifest, selector), as_json)


def get(
    selector: Selector,
    field: Annotated[
        str | None,
        typer.Option(
            "--field", metavar="NAME", help="uri (the default), path (of a local file), version, digest, metrics.auc, …"
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="REV|DATE", help="As it was at a Git revision, or at a time (UTC).")
    ] = None,
    file: ManifestFile = None,
    as_json: AsJson = False,
) -> None:
    """Print where one version is, for scripts.

    One line: the uri, or another field. Never a guess: what is not there, or not clear, is an error that names what is.
    """
    answer, revision = _answer(selector, at, file)
    facts = version_json(answer.model, answer.version, revision)
    place = local(answer.version.uri, workspace(file).path.parent)
    facts["path"] = str(place) if place else None
    if facts["stage"] == ARCHIVED:
        complain(problems_text((), [_archived(answer)]))
    if as_json and field is None:
        say_json(facts)
    else:
        value = _field(facts, field or "uri")
        say(json.dumps(value) if as_json or not isinstance(value, str) else safe(value))


def show_history(
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="One model, under all its names.")] = None,
    file: ManifestFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell who moved what, when, and by which commit.

    The newest first. Computed from the manifest's Git history, so that edits by hand count too.
    """
    from registry.change import as_dict
    from registry.history import history

    registry = workspace(file)
    dated = history(registry, model)
    if model and not dated:
        find_model(registry.judged().manifest, model)
    if registry.repo.shallow:
        complain("this clone is shallow, and its history begins in the middle; for all of it: git fetch --unshallow")
    if as_json:
        say_json({"format": FORMAT, "moves": [
            {"time": d.time.isoformat(), **as_dict(d.move), "commit": d.commit, "author": d.author, "email": d.email}
            for d in dated
        ]})  # fmt: skip
        return
    rows = [[f"{d.time:%Y-%m-%dT%H:%M:%SZ}", d.move.model, d.move.version, deed(d.move), d.move.source, d.move.target,
             d.move.replaces, d.author, d.commit[:7]] for d in dated]  # fmt: skip
    say(table(rows, ["when", "model", "version", "what", "from", "to", "replaces", "who", "commit"], width()))


def opened(file: Path | None, model: str | None = None) -> Documents:
    """The registry, judged; with `model`, no more of a large one than a look-up of it needs."""
    registry = workspace(file)
    documents = registry.judged(model)
    if model is not None and "include" in documents.root.data and model not in documents.manifest.models:
        return registry.judged()  # to say what it was renamed to, or the nearest name
    return documents


def _answer(selector: str, at: str | None, file: Path | None) -> tuple[Answer, str | None]:
    """The answer now, or at another time and then with the commit that gives it."""
    if at is None:
        return find(opened(file, parse(selector).model).manifest, selector), None
    from registry.check import check

    documents, revision = workspace(file).documents_at(at, parse(selector).model)
    check(documents).require()
    return find(documents.manifest, selector), revision


def _archived(answer: Answer) -> Problem:
    name = f"{answer.model.name} {answer.version.number}"
    if not answer.version.archived:
        return Problem("archived-version", f"{name} stands in no stage any more")
    reason = answer.version.data["archived"].get("reason")
    return Problem("archived-version", f"{name} is archived" + (f": {reason}" if reason else ""))


def _field(facts: dict[str, Any], name: str) -> Any:
    """A fact by its dotted name; the names of metrics and tags may have dots themselves.

    Raises:
        NotFound: this version does not say it.
    """
    value = _dug(facts, name)
    if value in (None, "", {}, []):
        there = [key for key, fact in facts.items() if fact not in (None, "", {}, [])]
        raise NotFound.because("unknown-field", f"{facts['model']} {facts['version']} has no {name}",
                               fix=f"there are: {', '.join(there)}")  # fmt: skip
    return value


def _dug(facts: Any, name: str) -> Any:
    if not isinstance(facts, dict) or name in facts:
        return facts.get(name) if isinstance(facts, dict) else None
    cuts = (i for i, c in enumerate(name) if c == ".")
    return next((_dug(facts[name[:i]], name[i + 1 :]) for i in cuts if name[:i] in facts), None)


def _show_model(model: Model, as_json: bool) -> None:
    if as_json:
        versions = [version_json(model, version) for version in model.versions.values()]
        say_json({"format": FORMAT, **model_json(model), "versions": versions})
        return
    say(model_text(model))
    say("\n" + versions_table(model, width()) if model.versions else "")


def _show_version(answer: Answer, as_json: bool) -> None:
    model, version = answer.model, answer.version
    if as_json:
        say_json(version_json(model, version))
        return
    say(version_text(model, version))
    say(_next_gates(model, version))


def _next_gates(model: Model, version: Version) -> str:
    """How it fares at the gates of the stage behind the furthest that it stands in."""
    from registry.rules.gates import gates

    order = model.policy.order(model.stage_of(version.number))
    if version.archived or order + 1 >= len(model.policy.stages):
        return ""
    stage = model.policy.stages[order + 1]
    holder = next(iter(model.holders(stage)), None)
    replaced = model.versions[holder] if holder and not stage.many else None
    return "\n" + gates_text(stage, gates(model, version, stage, replaced, None))
