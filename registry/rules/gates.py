"""What a stage requires of a version that enters it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from registry.errors import Path
from registry.model import Model, Stage, Version


@dataclass(frozen=True, slots=True)
class Gate:
    """One requirement and how an entrant fares: `passed`, and if not what is `missing` and how to mend it.

    `warning` marks what cannot be judged and refuses nothing. `at` is the path within the record.
    """

    name: str
    passed: bool
    missing: str = ""
    fix: str = ""
    at: Path = ()
    warning: bool = False


def gates(model: Model, entrant: Version, stage: Stage, replaced: Version | None, actor: str | None) -> Iterator[Gate]:
    """How a version fares at every gate of a stage, against the version it would replace.

    `actor` is who promotes: their own approval does not count.
    """
    yield from _fields(entrant, stage)
    yield from _metrics(entrant, stage, replaced)
    yield from _approvals(model, entrant, stage, actor)
    yield from _checks(model, entrant, stage)


def _fields(entrant: Version, stage: Stage) -> Iterator[Gate]:
    for name in stage.requires.get("fields", ()):
        present = entrant.data.get(name) not in (None, "", {}, [])
        yield Gate(f"field {name}", present, f"the field {name} is missing", f"register it again with {name}")


def _metrics(entrant: Version, stage: Stage, replaced: Version | None) -> Iterator[Gate]:
    for name, limits in stage.requires.get("metrics", {}).items():
        at = ("metrics", name)
        if name not in entrant.metrics:
            yield Gate(f"metric {name}", False, f"the metric {name} is missing", f"record it: --metric {name}=VALUE")
            continue
        value = entrant.metrics[name]
        for limit, bound in limits.items():
            if limit in _ABSOLUTE:
                holds, words = _ABSOLUTE[limit]
                passed = holds(_exact(value), _exact(bound))
                yield Gate(
                    f"metric {name} {limit} {bound}",
                    passed,
                    f"{name} is {value}, {words} {bound}",
                    _BETTER,
                    at,
                )
            else:
                yield _relative(name, value, limit, bound, replaced)


_BETTER = "register a version that meets it, or change the policy in a change of its own"
_ABSOLUTE: dict[str, tuple[Callable[[Decimal, Decimal], bool], str]] = {
    "min": (lambda value, bound: value >= bound, "below the least allowed"),
    "max": (lambda value, bound: value <= bound, "above the most allowed"),
}


def _relative(name: str, value: float, limit: str, bound: float, replaced: Version | None) -> Gate:
    label, at = f"metric {name} {limit} {bound}", ("metrics", name)
    if replaced is None:
        return Gate(label, True)
    if name not in replaced.metrics:
        return Gate(
            label,
            False,
            f"version {replaced.number}, which it replaces, has no {name} to compare with",
            "",
            at,
            warning=True,
        )
    old = replaced.metrics[name]
    rise = _exact(value) - _exact(old)
    passed = rise <= _exact(bound) if limit == "max_rise" else -rise <= _exact(bound)
    word = "more" if limit == "max_rise" else "less"
    return Gate(
        label,
        passed,
        f"{name} is {value}, {abs(rise).normalize():f} {word} than the {old} of version {replaced.number};"
        f" {bound} is allowed",
        _BETTER,
        at,
    )


def _exact(number: float) -> Decimal:
    """The number as it is written: 0.931 - 0.926 is 0.005 and not a hair more."""
    return Decimal(repr(number))


def _approvals(model: Model, entrant: Version, stage: Stage, actor: str | None) -> Iterator[Gate]:
    if not stage.approvals:
        return
    everybody = {who.casefold() for who in entrant.approvers(stage)}
    people = everybody - {(actor or "").casefold()}
    own = " (the approval of the one who promotes does not count)" if people != everybody else ""
    yield Gate(
        f"approvals {stage.approvals}",
        len(people) >= stage.approvals,
        f"it has {len(people)} of {stage.approvals} approvals{own}",
        f"somebody else runs: registry approve '{model.name}' {entrant.number} --for {stage.name}",
        ("approvals",),
    )


def _checks(model: Model, entrant: Version, stage: Stage) -> Iterator[Gate]:
    for name in stage.requires.get("checks", ()):
        result = entrant.checks.get(name, {}).get("result")
        missing = f"the check {name} has {'not passed' if result else 'not been recorded'}"
        record = f"registry record-check '{model.name}' {entrant.number} {name} --result passed"
        yield Gate(
            f"check {name}",
            result == "passed",
            missing,
            f"run it, and when it passes: {record}",
            ("checks", name),
        )
