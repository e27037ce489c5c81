"""The verbs: each takes a registry's documents and gives back the documents it leads to. Pure.

A verb says what the data should be; `splice` finds the text for it and `check` judges it. A verb
refuses only what cannot be said (an unknown version), never what a rule judges (a gate).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from registry.document import read
from registry.errors import Misused, NotFound, Rejected
from registry.load import Documents
from registry.model import ARCHIVED, Model, Stage, Version
from registry.selectors import find_model, find_stage, find_version
from registry.splice import Flow, FlowList, same

RECORD_ORDER = (
    "version",
    "replaced_by",
    "archived",
    "deleted",
    "approvals",
    "overrides",
    "description",
    "tags",
    "uri",
    "checks",
    "digest",
    "format",
    "metrics",
    "params",
    "source",
    "created_by",
    "created_at",
)
MODEL_ORDER = ("description", "owners", "tags", "formerly", "stages", "aliases", "versions")

STARTER = """\
# yaml-language-server: $schema=schema/models.schema.json
schema_version: 1

policy:
  stages:                  # in promotion order
    - name: Staging
    - name: Production
      from: [Staging]      # a version enters Production from Staging

models: {}
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a verb did: the new documents, the version it is about, and a word when nothing changed."""

    documents: Documents
    model: str
    version: int | None = None
    said: str = ""


Verb = Callable[[Documents], Edit]


def init(file: str) -> Documents:
    """A registry with the default policy and no models yet."""
    return Documents(read(STARTER, file))


def register(documents: Documents, model: str, uri: str, **fields: Any) -> Edit:
    """Append a version; the model is created when it is new.

    `fields` are the record's other keys, those that are None or empty left out. The same uri,
    digest and run again is no new version: the edit says so and names the number.

    Raises:
        Rejected: that version says something else of itself (another metric, say), or the name is
            one that a renamed model had.
    """
    record = {"uri": uri, **{k: v for k, v in fields.items() if v not in (None, "", {}, [])}}
    known = documents.manifest.models.get(model)
    if known is None:
        _refuse_twin(documents, model)
        _refuse_former(documents, model)
        known = Model(model, {}, documents.manifest.policy)
    elif (again := _registered_already(known, record)) is not None:
        _refuse_other_words(known, again, record)
        return Edit(documents, model, again, f"{model} {again} is this very version; nothing was registered")
    number = max(known.versions, default=0) + 1
    ordered = {k: _laid_out(k, record[k]) for k in RECORD_ORDER if k in record}
    versions = [*known.data.get("versions", ()), {"version": number, **ordered}]
    return Edit(_with(documents, known, versions=versions), model, number)


def promote(documents: Documents, model: str, version: int | None = None, stage: str | None = None) -> Edit:
    """Put a version into a stage, in the place of what stands there.

    Without `stage`: the next one. Without `version`: what stands in the stage before. Refused with
    the choices when two readings exist. A version that stands there already is no change.
    """
    found = find_model(documents.manifest, model)
    number, into = _meant(found, version, stage)
    if number in found.holders(into):
        return Edit(documents, model, number, f"{model} {number} already stands in {into.name}; nothing to do")
    return Edit(_entered(documents, found, number, into), model, number)


def demote(documents: Documents, model: str, version: int | None, stage: str) -> Edit:
    """Take a version out of a stage, which then holds one less (usually: nothing)."""
    found = find_model(documents.manifest, model)
    out_of = find_stage(found.policy, stage)
    held = found.holders(out_of)
    if version is None:
        if len(held) > 1:
            raise Misused.because(
                "which-version",
                f"{model} {out_of.name} holds {', '.join(map(str, held))}",
                fix=f"say which: registry demote '{model}' {held[0]} --from {out_of.name}",
            )
        if not held:
            return Edit(documents, model, None, f"{model} has no version in {out_of.name}; nothing to do")
        version = held[0]
    if version not in held:
        find_version(found, version)
        return Edit(documents, model, version, f"{model} {version} does not stand in {out_of.name}; nothing to do")
    return Edit(_vacated(documents, found, version, [out_of]), model, version)


def archive(documents: Documents, model: str, version: int, reason: str = "") -> Edit:
    """Take a version out of every stage and bar it from all of them."""
    found = find_model(documents.manifest, model)
    record = find_version(found, version)
    if record.archived:
        return Edit(documents, model, version, f"{model} {version} is archived already; nothing to do")
    documents = _vacated(documents, found, version, [s for s in found.policy.stages if version in found.holders(s)])
    return Edit(_put(documents, model, version, archived=_because(reason)), model, version)


def restore(documents: Documents, model: str, version: int) -> Edit:
    """Let an archived version into stages again."""
    found = find_model(documents.manifest, model)
    if not find_version(found, version).archived:
        return Edit(documents, model, version, f"{model} {version} is not archived on purpose; nothing to restore")
    return Edit(_put(documents, model, version, archived=None), model, version)


def delete(documents: Documents, model: str, version: int | None = None, reason: str = "") -> Edit:
    """Withdraw a version for good: its record stays, nothing resolves to it. Without a version: the model.

    Raises:
        Rejected: a stage or an alias points there.
    """
    found = find_model(documents.manifest, model)
    if version is None:
        return Edit(_without_model(documents, found), model)
    known = found.versions.get(version)
    if known is not None and known.deleted:
        return Edit(documents, model, version, f"{model} {version} is deleted already; nothing to do")
    find_version(found, version)
    stages = [name for name, numbers in found.slots.items() if version in numbers]
    aliases = [alias for alias, number in found.aliases.items() if number == version]
    if stages or aliases:
        pointing = [*stages, *(f"the alias {a}" for a in aliases)]
        fix = [f"registry demote '{model}' {version} --from {s}" for s in stages]
        fix += [f"registry alias remove '{model}' {a}" for a in aliases]
        raise Rejected.because(
            "in-use",
            f"{' and '.join(pointing)} of {model} still {'points' if len(pointing) == 1 else 'point'}"
            f" at version {version}",
            why="What is served must not vanish.",
            fix="; ".join(fix),
        )
    return Edit(_put(documents, model, version, deleted=_because(reason)), model, version)


def rename(documents: Documents, model: str, new_name: str) -> Edit:
    """Give a model another name; its records stay, and a look-up of the old name will say the new one."""
    found = find_model(documents.manifest, model)
    if model == new_name:
        return Edit(documents, model, None, f"{model} is its name already; nothing to do")
    _refuse_twin(documents, new_name, but=model)
    _refuse_former(documents, new_name, but=model)
    former = FlowList([*(n for n in found.formerly if n != new_name), model])
    return Edit(
        documents.with_model(new_name, _keyed(found.data, "formerly", former, MODEL_ORDER), was=model),
        new_name,
    )


def set_alias(documents: Documents, model: str, alias: str, version: int) -> Edit:
    """Let an alias name a version, whatever it named before."""
    found = find_model(documents.manifest, model)
    find_version(found, version)
    if found.aliases.get(alias) == version:
        return Edit(documents, model, version, f"{model}@{alias} is version {version} already; nothing to do")
    return Edit(_with(documents, found, aliases={**found.aliases, alias: version}), model, version)


def remove_alias(documents: Documents, model: str, alias: str) -> Edit:
    """Take an alias away."""
    found = find_model(documents.manifest, model)
    if alias not in found.aliases:
        return Edit(documents, model, None, f"{model} has no alias {alias}; nothing to do")
    return Edit(_with(documents, found, aliases={a: n for a, n in found.aliases.items() if a != alias}), model)


def approve(documents: Documents, model: str, version: int, stage: str, who: str) -> Edit:
    """Add a person's yes for one version and one stage; `who` is an e-mail address."""
    found = find_model(documents.manifest, model)
    into = find_stage(found.policy, stage)
    record = find_version(found, version)
    if who in record.approvers(into):
        return Edit(
            documents,
            model,
            version,
            f"{who} approved {model} {version} for {into.name} already; nothing to do",
        )
    people = FlowList([*record.approvals.get(into.name, ()), who])
    approvals = {**record.approvals, into.name: people}
    return Edit(_put(documents, model, version, approvals=approvals), model, version)


def unapprove(documents: Documents, model: str, version: int, stage: str, who: str) -> Edit:
    """Withdraw a person's approval, where the version does not stand in the stage."""
    found = find_model(documents.manifest, model)
    into = find_stage(found.policy, stage)
    record = find_version(found, version)
    if who not in record.approvers(into):
        return Edit(
            documents,
            model,
            version,
            f"{who} has not approved {model} {version} for {into.name}; nothing to do",
        )
    left = {
        name: FlowList([w for w in people if w != who or name not in into.names])
        for name, people in record.approvals.items()
    }
    approvals = {name: people for name, people in left.items() if people}
    return Edit(_put(documents, model, version, approvals=approvals), model, version)


def record_check(
    documents: Documents, model: str, version: int, check: str, result: str, url: str | None = None
) -> Edit:
    """Add a check's result (`passed` or `failed`); a newer one takes the place of the older."""
    found = find_model(documents.manifest, model)
    record = find_version(found, version)
    outcome = Flow(result=result, **({"url": url} if url else {}))
    if same(dict(record.checks.get(check, {})), dict(outcome)):
        return Edit(
            documents,
            model,
            version,
            f"{model} {version}: the check {check} is recorded so already; nothing to do",
        )
    return Edit(_put(documents, model, version, checks={**record.checks, check: outcome}), model, version)


def describe(
    documents: Documents,
    model: str,
    version: int | None = None,
    *,
    description: str | None = None,
    owners: Iterable[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
) -> Edit:
    """Say more about a model, or about one of its versions; what is None stays as it is.

    An empty description or list of owners removes it; a tag with the value None is removed.
    Metrics (of a version) may only be added.
    """
    found = find_model(documents.manifest, model)
    record = find_version(found, version) if version is not None else None
    data = record.data if record else found.data
    fields: dict[str, Any] = {}
    if description is not None:
        fields["description"] = description
    if owners is not None:
        fields["owners"] = FlowList(owners)
    if tags is not None:
        fields["tags"] = Flow({k: v for k, v in {**data.get("tags", {}), **tags}.items() if v is not None})
    if metrics is not None and record:
        fields["metrics"] = Flow({**record.metrics, **metrics})
    edited = _put(documents, model, record.number, **fields) if record else _with(documents, found, **fields)
    return _unless_same(documents, Edit(edited, model, version))


def transition(documents: Documents, model: str, version: int, stage: str) -> Edit:
    """MLflow's way to move a version: it stands in the stage afterwards, and in no later one.

    `None` and `Archived` vacate every slot; the stages before stay or go as the policy says.
    """
    found = find_model(documents.manifest, model)
    record = find_version(found, version)
    target = stage.casefold()
    into = None if target in ("none", "archived") else find_stage(found.policy, stage)
    order = found.policy.order(into.name) if into else -1
    leaving = [s for s in found.policy.stages if version in found.holders(s) and found.policy.order(s.name) > order]
    edited = _vacated(documents, found, version, leaving)
    if target == "archived":
        if edited.manifest.models[model].stage_of(version) != ARCHIVED:
            edited = _put(edited, model, version, archived=Flow())
    elif record.archived and into is None:
        edited = _put(edited, model, version, archived=None)
    if into and version not in found.holders(into):
        edited = _entered(edited, edited.manifest.models[model], version, into)
    return _unless_same(documents, Edit(edited, model, version))


def roll_back(documents: Documents, model: str, stage: str | None = None, to: int | None = None) -> Edit:
    """Put back what stood in a stage before: the version whose `replaced_by` names the present one.

    The replacement is undone, so the version that leaves does not count as replaced: to roll back
    again goes further back and never toggles. None or several candidates: it asks for `to`.
    """
    found = find_model(documents.manifest, model)
    where = find_stage(found.policy, stage) if stage else found.policy.stage("Production") or found.policy.stages[-1]
    if where.many:
        raise Rejected.because(
            "holds-many",
            f"{where.name} holds many versions; none of them replaced another",
            fix=f"registry demote '{model}' VERSION --from {where.name}",
        )
    present = next(iter(found.holders(where)), None)
    target = find_version(found, to).number if to is not None else _predecessor(found, where, present)
    if target == present:
        return Edit(documents, model, target, f"{model} {target} already stands in {where.name}; nothing to do")
    if not found.versions[target].has_left(where):
        raise Rejected.because(
            "never-stood-there",
            f"{model} {target} was not replaced in {where.name}",
            why="A rollback puts back what another version replaced; this one never stood there, or was rolled back.",
            fix=f"registry promote '{model}' {target} --to {where.name}",
        )
    return Edit(_entered(documents, found, target, where, undo=True), model, target)


def _predecessor(model: Model, stage: Stage, present: int | None) -> int:
    """The version that says the present one took its place."""
    left = {n: v for n, v in model.versions.items() if v.has_left(stage) and not v.deleted}
    told = [n for n, v in left.items() if present in (v.replaced_by.get(name, 0) for name in stage.names)]
    if len(told) == 1 and not left[told[0]].archived:
        return told[0]
    state = f"{model.name} {present} stands in {stage.name}" if present else f"{model.name} {stage.name} is empty"
    usable = [n for n in told if not left[n].archived] or [n for n, v in left.items() if not v.archived]
    if not usable:
        raise NotFound.because(
            "nothing-to-roll-back-to",
            f"{state}, and no version is there to be put back",
            fix=f"registry demote '{model.name}' --from {stage.name}" if present else "",
        )
    archived = [n for n in told if left[n].archived]
    what = (
        f"{archived[0]}, which it replaced, is archived" if archived else "which of those before is meant is not clear"
    )
    raise Misused.because(
        "which-version", f"{state}; {what}", fix="say which: " + " or ".join(f"--to {n}" for n in usable)
    )


# -- which version, which stage ----------------------------------------------------------------------


def _meant(model: Model, version: int | None, stage: str | None) -> tuple[int, Stage]:
    """The one reading of a promotion."""
    if version is not None:
        find_version(model, version)
    if version is not None and stage is not None:
        return version, find_stage(model.policy, stage)
    if version is not None:
        readings = [(version, s) for s in _next(model, version)]
    elif stage is not None:
        into = find_stage(model.policy, stage)
        readings = [(n, into) for n in _standing_before(model, into)]
        readings = [r for r in readings if r[0] not in model.holders(into)] or readings[:1]
    else:
        readings = [(n, s) for s in model.policy.stages for n in _standing_before(model, s)]
        readings = [r for r in readings if r[0] not in model.holders(r[1])] or readings[-1:]
    if len(readings) == 1:
        return readings[0]
    name = f"'{model.name}'"
    if readings:
        choices = [f"registry promote {name} {n} --to {s.name}" for n, s in readings]
        raise Misused.because(
            "which-promotion",
            f"promote what of {model.name}? there are several readings",
            why="A promotion is never a guess.",
            fix=" or ".join(choices[:6]),
        )
    if version is not None:
        raise Misused.because(
            "no-next-stage",
            f"{model.name} {version} stands in {model.stage_of(version)}; there is no next stage",
            fix="say which stage: --to STAGE",
        )
    raise NotFound.because(
        "nothing-to-promote",
        f"nothing of {model.name} stands where it could be promoted from",
        fix=f"say which version: registry promote {name} VERSION --to {model.policy.stages[0].name}",
    )


def _next(model: Model, number: int) -> list[Stage]:
    """The stages that a version may enter next: those that it left, else those behind its furthest."""
    version, standing = model.versions[number], model.stands_in(number)
    later = [
        s
        for s in model.policy.stages
        if model.policy.order(s.name) > model.policy.order(standing[-1] if standing else "")
    ]
    returns = [s for s in later if version.has_left(s)]
    named = [s for s in later if standing and standing[-1] in s.entered_from]
    free = [s for s in later[:1] if not s.entered_from]
    return list({s.name: s for s in [*(named or free), *returns]}.values())


def _standing_before(model: Model, stage: Stage) -> tuple[int, ...]:
    """What stands in the stage that comes before: the ones it is entered from, else the one declared before.

    Before the first stage wait the versions that never stood anywhere.
    """
    order = model.policy.order(stage.name)
    sources = [s for s in model.policy.stages if s.name in stage.entered_from]
    if not sources and order > 0:
        sources = [model.policy.stages[order - 1]]
    if sources:
        return tuple(dict.fromkeys(n for s in sources for n in model.holders(s)))
    return tuple(n for n, v in model.versions.items() if model.stage_of(n) == "None" and not v.deleted)


# -- data to data ----------------------------------------------------------------------------------


def _entered(documents: Documents, model: Model, number: int, stage: Stage, *, undo: bool = False) -> Documents:
    """A version enters a stage: what it replaces says so, unless the replacement is only undone."""
    slots, versions = dict(model.data.get("stages", {})), {n: v.data for n, v in model.versions.items()}
    gone = [] if stage.many else [n for n in model.holders(stage) if n != number]
    slots = _set(slots, stage.name, _filled(slots.get(stage.name), model.holders(stage), number, stage))
    for leaver in gone:
        if not undo and leaver in versions:
            versions[leaver] = _told(versions[leaver], stage, number)
    if model.policy.moves:
        for before in model.policy.stages[: model.policy.order(stage.name)]:
            if number in model.holders(before):
                slots = _emptied(slots, before.name, number)
                versions[number] = _told(versions[number], before, None)
    versions[number] = _untold(versions[number], stage)
    return _with(documents, model, stages=slots, versions=_records(model, versions))


def _vacated(documents: Documents, model: Model, number: int, stages: Iterable[Stage]) -> Documents:
    """A version leaves stages, and nothing takes its place."""
    slots, known = dict(model.data.get("stages", {})), model.versions.get(number)
    record: Mapping[str, Any] = known.data if known else {}
    for stage in stages:
        slots = _emptied(slots, stage.name, number)
        record = _told(record, stage, None)
    return _with(documents, model, stages=slots, versions=_records(model, {number: record}))


def _filled(slot: Mapping[str, Any] | None, held: tuple[int, ...], number: int, stage: Stage) -> dict[str, Any]:
    if stage.many:
        return {"versions": FlowList(sorted({*held, number}))}
    return {"versions": FlowList([number])} if slot and "versions" in slot else {"version": number}


def _emptied(slots: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    left = [n for n in slots[name].get("versions", ()) if n != number]
    if left:
        return {**slots, name: {"versions": FlowList(left)}}
    return {k: v for k, v in slots.items() if k != name}


def _set(slots: dict[str, Any], name: str, slot: Mapping[str, Any]) -> dict[str, Any]:
    """The slots with one set: where it was, or on top. A slot that is added below another would conflict,
    in a merge, with a change of what that other holds; on top a line that stays stands between them."""
    return {**slots, name: slot} if name in slots else {name: slot, **slots}


def _told(record: Mapping[str, Any], stage: Stage, by: int | None) -> dict[str, Any]:
    told = {k: v for k, v in record.get("replaced_by", {}).items() if k not in stage.names}
    return _keyed(record, "replaced_by", {**told, stage.name: by}, RECORD_ORDER)


def _untold(record: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    told = {k: v for k, v in record.get("replaced_by", {}).items() if k not in stage.names}
    return _keyed(record, "replaced_by", told or None, RECORD_ORDER)


def _records(model: Model, changed: Mapping[int, Mapping[str, Any]]) -> list[Any]:
    return [changed.get(r["version"], r) for r in model.data.get("versions", ())]


def _put(documents: Documents, model: str, number: int, **fields: Any) -> Documents:
    """A record with other values; None or an empty container removes a key."""
    found = documents.manifest.models[model]
    record: Mapping[str, Any] = found.versions[number].data
    for key, value in fields.items():
        keep = value is not None and (value or key in ("archived", "deleted"))
        record = _keyed(record, key, value if keep else None, _record_order(record))
    return _with(documents, found, versions=_records(found, {number: record}))


def _record_order(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Checks stand behind the uri, but an immutable key stays last: evidence for the newest record and
    the next registration conflict in a merge otherwise (measured)."""
    if list(record)[-1:] != ["uri"]:
        return RECORD_ORDER
    return (*(k for k in RECORD_ORDER if k not in ("uri", "metrics", "checks")), "checks", "metrics", "uri")


def _with(documents: Documents, model: Model, **fields: Any) -> Documents:
    """A model with other values; an empty one removes its key."""
    data: Mapping[str, Any] = model.data
    for key, value in fields.items():
        data = _keyed(data, key, value or None, MODEL_ORDER)
    return documents.with_model(model.name, dict(data))


def _keyed(mapping: Mapping[str, Any], key: str, value: Any, order: tuple[str, ...]) -> dict[str, Any]:
    """The mapping with one key set where it is, or placed behind those that come before it; None removes it."""
    if value is None:
        return {k: v for k, v in mapping.items() if k != key}
    if key in mapping:
        return {k: value if k == key else v for k, v in mapping.items()}
    rank = order.index(key) if key in order else len(order)
    before = [i for i, k in enumerate(mapping) if k in order and order.index(k) < rank]
    items = list(mapping.items())
    items.insert(before[-1] + 1 if before else 0, (key, value))
    return dict(items)


def _laid_out(key: str, value: Any) -> Any:
    """New metrics, params, tags and sources are written in one line."""
    return Flow(value) if key in ("metrics", "params", "tags", "source") else value


def _because(reason: str) -> Flow:
    return Flow(reason=reason) if reason else Flow()


def _registered_already(model: Model, record: Mapping[str, Any]) -> int | None:
    wanted = Version({"version": 0, **record})
    return next(
        (
            n
            for n, v in model.versions.items()
            if not v.deleted and (v.uri, v.digest, v.run_id) == (wanted.uri, wanted.digest, wanted.run_id)
        ),
        None,
    )


def _refuse_other_words(model: Model, number: int, record: Mapping[str, Any]) -> None:
    """The same artifact with other facts: to drop them would let old metrics pass for new ones."""
    known = model.versions[number].data
    told = {k: v for k, v in record.items() if k not in ("created_by", "created_at")}
    differing = [k for k, v in told.items() if not _says(known.get(k), v)]
    if differing:
        raise Rejected.because(
            "registered-differently",
            f"{model.name} {number} has this uri, digest and run already, and says otherwise of {', '.join(differing)}",
            why="A record never changes; dropping what you say would leave the old facts standing for a new artifact.",
            fix="give what is new a uri, a digest or a run of its own; more metrics, tags or words: registry describe",
        )


def _says(known: Any, told: Any) -> bool:
    if isinstance(known, dict) and isinstance(told, dict):
        return all(k in known and same(known[k], v) for k, v in told.items())
    return same(known, told)


def _refuse_former(documents: Documents, name: str, but: str = "") -> None:
    """A renamed model's old name answers with the new one; a new model under it would answer with another artifact."""
    models = documents.manifest.models.values()
    folded = name.casefold()
    renamed = next((m.name for m in models if m.name != but and folded in map(str.casefold, m.formerly)), None)
    if renamed:
        raise Rejected.because(
            "renamed-model", f"the model {name} is called {renamed} now", fix=f"register it for {renamed}"
        )


def _refuse_twin(documents: Documents, name: str, but: str = "") -> None:
    """A name that is taken, or differs from a taken one only in case."""
    twin = next((n for n in documents.manifest.models if n.casefold() == name.casefold() and n != but), None)
    if twin == name:
        raise Rejected.because("name-taken", f"there is a model {name} already", fix="choose another name")
    if twin:
        raise Rejected.because(
            "model-names-are-unique-without-case",
            f"the model names {twin} and {name} differ only in case",
            why="On some disks and in some readers they are one name.",
            fix=f"write {twin}",
        )


def _without_model(documents: Documents, model: Model) -> Documents:
    held = [name for name, numbers in model.slots.items() if numbers]
    if held:
        raise Rejected.because(
            "in-use",
            f"{', '.join(held)} of {model.name} still {'holds' if len(held) == 1 else 'hold'} a version",
            why="What is served must not vanish.",
            fix="; ".join(f"registry demote '{model.name}' --from {s}" for s in held),
        )
    return documents.with_model(model.name, None)


def _unless_same(before: Documents, edit: Edit) -> Edit:
    if edit.documents.changed_from(before):
        return edit
    return replace(
        edit,
        documents=before,
        said=f"{edit.model}{f' {edit.version}' if edit.version else ''} says so already; nothing to do",
    )
