"""From the words of a command line to values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from registry.document import MAX_INTEGER
from registry.errors import Misused, NotFound
from registry.load import Documents
from registry.selectors import find, parse
from registry.workspace import Workspace

T = TypeVar("T")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def workspace(file: Path | None) -> Workspace:
    """The registry of `--file`, else the one around the current folder."""
    return Workspace.find(file, here())


def here() -> Path:
    """The current folder.

    Raises:
        NotFound: somebody removed it.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotFound.because("no-folder", "the current folder is gone", fix="cd to one that exists") from error


def named(documents: Documents, model: str, version: int | None) -> tuple[str, int | None]:
    """The model and version that two words, or one such as `fraud/4`, mean.

    Raises:
        Misused: the words name two versions.
    """
    if "/" not in model and "@" not in model:
        return model, version
    chosen = parse(model)
    if version is not None and (chosen.version, chosen.stage, chosen.alias) != (None, None, None):
        raise Misused.because("two-versions", f"{model} and {version} name two versions",
                              fix=f"write {model}, or {chosen.model} {version}")  # fmt: skip
    if chosen.version is None and (chosen.stage or chosen.alias):
        return chosen.model, find(documents.manifest, model).version.number
    return chosen.model, version or chosen.version


def one_version(documents: Documents, model: str, version: int | None) -> tuple[str, int]:
    """The same where a version must be named."""
    name, number = named(documents, model, version)
    if number is None:
        raise Misused.because("which-version", f"say which version of {name}",
                              fix=f"write {name} VERSION; registry show '{name}' lists them")  # fmt: skip
    return name, number


def tags(words: Iterable[str] | None) -> dict[str, str]:
    """`--tag tier=critical`: tags are text."""
    return _pairs("--tag", "tier=critical", words, str)


def metrics(words: Iterable[str] | None) -> dict[str, int | float]:
    """`--metric auc=0.93`: metrics are finite numbers."""
    return _pairs("--metric", "auc=0.93", words, _number)


def params(words: Iterable[str] | None) -> dict[str, Any]:
    """`--param depth=8`: read as YAML would read them plain: numbers, true, false, else text."""
    return _pairs("--param", "depth=8", words, scalar)


def scalar(text: str) -> str | int | float | bool:
    """The value that a plain scalar has in a manifest; what is too large for a number stays text."""
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text) and len(text) < 18 and abs(int(text)) < MAX_INTEGER:
        return int(text)
    if _FLOAT.fullmatch(text) and not _INTEGER.fullmatch(text) and isfinite(float(text)):
        return float(text)
    return text


def _number(text: str) -> int | float:
    value = scalar(text)
    if isinstance(value, str | bool):
        raise ValueError(text)
    return value


def _pairs(option: str, example: str, words: Iterable[str] | None, read: Callable[[str], T]) -> dict[str, T]:
    found: dict[str, T] = {}
    for word in words or ():
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise _unclear(f"{option} {word} is not KEY=VALUE", f"write {option} {example}")
        if key in found:
            raise _unclear(f"{option} {key} is given twice", "give it once")
        try:
            found[key] = read(text)
        except ValueError:
            raise _unclear(f"{option} {word}: {text!r} is no finite number", f"write {option} {example}") from None
    return found


def _unclear(what: str, fix: str) -> Misused:
    return Misused.because("usage", what, fix=fix)
