"""What a rule is: a function that yields breaches; its name is its code, its docstring its why.

A rule never raises for data that fits the schema, and never sees text: it names places by their
path in the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from registry.errors import Finding, Path


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a rule does not hold: what is wrong there, and what would mend it."""

    at: Path
    what: str
    fix: str = ""
    on_key: bool = False
    file: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence that is true when all is well."""

    code: str
    why: str
    check: Callable[[Any], Iterator[Breach]]

    def findings(self, subject: Any) -> Iterator[Finding]:
        """The breaches in a manifest or a change, with the rule's code and why."""
        for b in self.check(subject):
            yield Finding(self.code, b.what, b.at, self.why, b.fix, b.on_key, b.file, b.warning)


def rule_book() -> tuple[
    dict[str, Rule], Callable[[Callable[[Any], Iterator[Breach]]], Callable[[Any], Iterator[Breach]]]
]:
    """An empty shelf of rules, and the decorator that puts a function on it."""
    rules: dict[str, Rule] = {}

    def rule(check: Callable[[Any], Iterator[Breach]]) -> Callable[[Any], Iterator[Breach]]:
        code = check.__name__.replace("_", "-")
        rules[code] = Rule(code, " ".join((check.__doc__ or "").split()), check)
        return check

    return rules, rule
