"""The judge: one for writers, hooks, CI, merges and readers. Pure.

Everything that is wrong is reported at once, in file order, each with its line and column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from registry.change import Change
from registry.errors import Finding, Location, Problem, Rejected
from registry.load import Documents
from registry.model import Manifest
from registry.rules.change import CHANGE_RULES
from registry.rules.state import STATE_RULES
from registry.schema import findings as schema_findings
from registry.schema import fits


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, and what only deserves a word."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def require(self) -> Verdict:
        """Itself when nothing is wrong; raises Rejected with all problems otherwise."""
        if self.problems:
            raise Rejected(*self.problems)
        return self


def check(documents: Documents, *, shown: Documents | None = None) -> Verdict:
    """What is wrong with one state of a registry.

    `shown` are the documents in which people will look for it: a state that was refused is in no file.
    """
    problems = list(documents.problems)
    findings: list[Finding] = []
    if documents.root.data is not None:
        shape = _shape(documents)
        findings = [*shape, *_state(documents, shape)]
    # what the reader already found odd about a scalar explains why it does not fit the schema either
    known = {p.where for p in problems}
    located = [_located(shown or documents, f) for f in findings]
    problems += [p for p in located if p.code != "schema" or p.where not in known]
    return Verdict(_in_file_order(problems))


def check_change(before: Documents | None, after: Documents, *, actor: str | None = None) -> Verdict:
    """What is wrong with a change: with the state it leads to, and with the way there.

    The way is judged when both ends are sound; `actor` is who makes the change, as Git's e-mail.
    """
    state = check(after)
    if state.problems or (before is not None and check(before).problems):
        return state
    return judge_moves(before, after, actor)


def judge_moves(
    before: Documents | None, after: Documents, actor: str | None, *, shown: Documents | None = None
) -> Verdict:
    """The change rules alone, for two states that are known to be sound; `shown` as in `check`."""
    change = Change(before.manifest if before else None, after.manifest, actor)
    found = [f for rule in CHANGE_RULES.values() for f in rule.findings(change)]
    wrong = [_located(shown or after, f) for f in found if not f.warning]
    odd = [_located(shown or after, f) for f in found if f.warning]
    return Verdict(_in_file_order(wrong), _in_file_order(odd))


def _shape(documents: Documents) -> list[Finding]:
    """What does not fit the schema, in every file."""
    found = list(schema_findings(documents.root.data))
    for path, part in documents.parts.items():
        if part.data is not None:
            found += [replace(f, file=path) for f in schema_findings(part.data)]
    return found


def _state(documents: Documents, shape: list[Finding]) -> list[Finding]:
    """What the state rules find in the parts of the manifest that have the right shape."""
    manifest = _sound(documents, shape)
    if manifest is None:
        return []
    return [f for rule in STATE_RULES.values() for f in rule.findings(manifest)]


def _sound(documents: Documents, shape: list[Finding]) -> Manifest | None:
    """The manifest without the models that do not fit the schema; None when nothing can be said."""
    if not isinstance(documents.root.data, dict) or any(f.at[:1] in (("policy",), ("include",)) for f in shape):
        return None
    manifest = documents.manifest
    models = manifest.data.get("models", {})
    if not shape:
        return manifest
    if not isinstance(models, dict) or not isinstance(manifest.data.get("policy", {}), dict):
        return None
    if any(f.code in ("foreign-file", "schema-version") for f in shape):
        return None
    # not by the findings: there may be more than are told
    sound = {n: m for n, m in models.items() if fits({"schema_version": 1, "models": {n: m}})}
    files = {path: data for path, data in manifest.files.items() if fits(data)}
    return Manifest({**manifest.data, "models": sound}, files, manifest.own)


def _located(documents: Documents, finding: Finding) -> Problem:
    return Problem(finding.code, finding.what, documents.where(finding), finding.why, finding.fix)


def _in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    first = Location("", 0, 0)
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: p.where or first))
