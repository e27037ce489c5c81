"""The shape of a manifest: whether data fits the JSON Schema and, where it does not, why in plain words.

The only `import jsonschema`, and that only once something is wrong: jsonschema-rs gives the fast yes,
jsonschema explains the no. Reads one file, the schema; never fetches anything; never raises for data that
could have been JSON. Some words stand in the schema itself, beside the pattern they explain: `x-what` and
`x-fix` (the schema's `$comment` lists all such keywords).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, NoReturn

from registry.errors import Finding, Path, nearest

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator as Explainer
    from jsonschema_rs import Validator as Judge

FORMAT = 1
"""The one `schema_version` that this program reads."""

MOST = 500
"""Findings in one file; a file that is wrong all over must not keep the judge busy for minutes."""

SHOWN = 60
"""Characters of a value that a message repeats."""

Words = tuple[str, str]
"""What is wrong, and what to do about it."""


@cache
def text() -> str:
    """The schema as it is published: the wheel's copy, else the one of the checkout this module stands in."""
    packaged = File(__file__).with_name("models.schema.json")
    source = packaged.parents[1] / "schema" / packaged.name
    return (packaged if packaged.exists() else source).read_text(encoding="utf-8")


def fits(data: object) -> bool:
    """Whether `data` is a manifest of format 1: fast, and without a reason."""
    judge = _judge()
    try:
        return judge.is_valid(data)
    except Exception:  # too deep, half a surrogate pair, a key that is no text: none of it fits
        return False


def findings(data: object) -> list[Finding]:
    """What keeps `data` from being a manifest of format 1, at most one word a place; [] when nothing does."""
    if fits(data):
        return []
    return _of_another_kind(data) or _explained(data) or [_unexplained(data)]


# --- the two engines


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(text())
    return schema


@cache
def _judge() -> Judge:
    """jsonschema-rs, with regular expressions that cannot backtrack."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        text(),
        retriever=_never,
        pattern_options=jsonschema_rs.RegexOptions(),
        keywords={"x-exact-integer": _ExactInteger},
    )


@cache
def _explainer() -> Explainer:
    """jsonschema, with an empty registry: a reference to elsewhere fails instead of being fetched."""
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: _is_integer(value))
    exact: type[Explainer] = validators.extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, type_checker=checker
    )
    return exact(_schema(), registry=Registry())


def _never(uri: str, /) -> NoReturn:
    raise LookupError(uri)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class _ExactInteger:
    """`x-exact-integer`: to JSON Schema 1.0 is an integer, in a manifest it is a mistake."""

    def __init__(self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]) -> None:
        pass

    def validate(self, instance: Any) -> None:
        if isinstance(instance, float):
            raise ValueError


# --- data that is no manifest of format 1 at all: one finding, as more would be noise


def _of_another_kind(data: object) -> list[Finding]:
    if not isinstance(data, dict):
        return [_foreign("it is empty" if data is None else f"it is {_kind(data)}, not a mapping")]
    if "schema_version" not in data and not _looks_like_ours(data):
        return [_foreign("it has no schema_version")]
    version: Any = data.get("schema_version")
    return [_other_format(version)] if _is_integer(version) and version != FORMAT else []


def _looks_like_ours(data: dict[Any, Any]) -> bool:
    """Whether a key of ours is there; dbt's models.yaml has `models` too, but as a list."""
    known = _schema()["properties"].keys() & data.keys()
    return bool(known) and not (known == {"models"} and isinstance(data["models"], list))


def _foreign(because: str) -> Finding:
    return Finding(
        "foreign-file",
        f"this is not a model registry manifest: {because}",
        (),
        why="A file of this name may belong to another program.",
        fix=f"begin the manifest with `schema_version: {FORMAT}`, or name another file",
    )


def _other_format(version: int) -> Finding:
    return Finding(
        "schema-version",
        f"this manifest is of format {_digits(version)}; this program reads format {FORMAT}",
        ("schema_version",),
        why="A program that guesses at a format it does not know could serve the wrong model.",
        fix="upgrade git-model-registry" if version > FORMAT else f"write `schema_version: {FORMAT}`",
    )


# --- from jsonschema's errors to findings


def _explained(data: Any) -> list[Finding]:
    """At most one finding for each place; [] when jsonschema finds no fault or gives up."""
    try:
        errors = _explainer().iter_errors(_suspects(data))
        said = list(islice(_said(errors), MOST))
    except Exception:  # RecursionError, OverflowError, ValueError for huge integers: all seen
        return []
    best: dict[tuple[Path, bool], Finding] = {}
    for _, finding in sorted(said, key=lambda ranked: ranked[0]):
        best.setdefault((finding.at, finding.on_key), finding)
    return [*best.values(), *([_AND_MORE] if len(said) == MOST else [])]


_AND_MORE = Finding("schema", f"only the first {MOST} problems are shown", (), fix="mend these and look again")


def _suspects(data: dict[Any, Any]) -> dict[Any, Any]:
    """The same data with stand-ins for models and records that fit: jsonschema is very slow."""
    models = data.get("models")
    if not isinstance(models, dict):
        return data
    return data | {"models": {n: {} if _good({n: model}) else _suspect(model) for n, model in models.items()}}


def _suspect(model: Any) -> Any:
    versions = model.get("versions") if isinstance(model, dict) else None
    if not isinstance(versions, list):
        return model
    return model | {"versions": [_RECORD if _good({"m": {"versions": [it]}}) else it for it in versions]}


def _good(models: dict[Any, Any]) -> bool:
    return fits({"schema_version": FORMAT, "models": models})


_RECORD = {"version": 1, "uri": "a"}


def _unexplained(data: object) -> Finding:
    """For what one engine refuses and the other cannot explain: that must never pass for a yes."""
    at: Path = ()
    why = "jsonschema-rs refuses it and jsonschema finds no fault."
    try:
        _judge().validate(data)
    except Exception as error:
        at = tuple(getattr(error, "instance_path", ()))
        why = why if hasattr(error, "instance_path") else f"The judge says {_quoted(str(error))}."
    what = "this does not fit the schema of a manifest, and what is wrong could not be told"
    return Finding("schema", what, at, why, fix="if it looks right, please report it as a mistake of this program")


@dataclass(frozen=True, slots=True)
class _Fault:
    """One error of jsonschema and what is needed to speak of it.

    `speakers` are the schemas that say something of the value, from where it is used to where
    `keyword`, which it fails, is defined.
    """

    keyword: str
    wanted: Any
    value: Any
    at: Path
    on_key: bool
    speakers: list[dict[str, Any]]

    @property
    def schema(self) -> dict[str, Any]:
        return self.speakers[-1]

    def says(self, keyword: str) -> str:
        """The outermost text under `keyword`: what it is here goes before what such things are."""
        return next((s[keyword] for s in self.speakers if isinstance(s.get(keyword), str)), "")

    @property
    def title(self) -> str:
        return self.says("title").lower()

    @property
    def label(self) -> str:
        """The key or the list entry, as a person would call it."""
        if self.on_key:
            return f"the key {_quoted(str(self.value))}"
        entry = "".join(f"[{step}]" for step in self.at[-1:] if isinstance(step, int))
        keys = [step for step in self.at if isinstance(step, str)]
        return _quoted(keys[-1])[1:-1] + entry if keys else "the manifest"


def _fault(error: ValidationError) -> _Fault:
    value: Any = error.instance
    at: Path = tuple(error.absolute_path)
    on_key = "propertyNames" in error.absolute_schema_path
    return _Fault(
        keyword=str(error.validator),
        wanted=error.validator_value,
        value=value,
        at=(*at, value) if on_key else at,
        on_key=on_key,
        speakers=_speakers(error),
    )


def _speakers(error: ValidationError) -> list[dict[str, Any]]:
    """Follows the error's way through the schema; jsonschema leaves the `$ref` steps out of it."""
    node: Any = _schema()
    passed = [node]
    *way, keyword = error.absolute_schema_path
    for step in way:
        node = _with(step, node, passed)[step]
        if step in {"properties", "items", "additionalProperties", "propertyNames"}:
            passed.clear()  # from here on the talk is of a part of the value, not of the value
        passed.append(node)
    _with(keyword, node, passed)
    return [it for it in [*passed, error.schema] if isinstance(it, dict)]


def _with(step: str | int, node: Any, passed: list[Any]) -> Any:
    """The schema that has `step`: this one, or the one it refers to, which is noted as passed."""
    while isinstance(node, dict) and step not in node:
        node = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
        passed.append(node)
    return node


def _said(errors: Iterable[ValidationError]) -> Iterator[tuple[int, Finding]]:
    """Each error as (rank, finding): of several for one place the lowest rank says it best."""
    for fault in map(_fault, errors):
        if fault.keyword == "additionalProperties":
            yield from ((0, _unknown_key(fault, key)) for key in _unknown_keys(fault))
        elif words := _WORDS.get(fault.keyword, _no_word)(fault):
            yield _rank(fault), Finding("schema", words[0], fault.at, _why(fault), words[1], fault.on_key)


def _rank(fault: _Fault) -> int:
    return [*_WORDS, fault.keyword].index(fault.keyword)


def _why(fault: _Fault) -> str:
    """The first sentence that describes what is missing, the broken constraint, or else the place."""
    described = fault.says("description")
    if fault.keyword == "required":
        described = next(fault.schema["properties"][k]["description"] for k in fault.wanted if k not in fault.value)
    elif fault.keyword in {"not", "pattern"}:
        described = fault.schema.get("description", described)
    first, _, rest = described.partition(". ")
    return f"{first}." if rest else first


# --- words


def _wrong_type(fault: _Fault) -> Words:
    kinds = [fault.wanted] if isinstance(fault.wanted, str) else fault.wanted
    expected = _any_of([_KINDS[kind] for kind in kinds])
    what = f"{fault.label}: expected {expected}, got {_kind(fault.value)}"
    if "object" in kinds and "x-fix" in fault.schema:
        return what, fault.schema["x-fix"]
    mends = (mend for kind, test, mend in _MENDS if kind in kinds and test(fault.value))
    return what, next(mends, f"write {expected}").format(fault.value)


def _not_listed(fault: _Fault) -> Words:
    listed = [str(option) for option in (fault.wanted if fault.keyword == "enum" else [fault.wanted])]
    hint = nearest(fault.value[:SHOWN], listed) if isinstance(fault.value, str) else ""
    what = f"{fault.label}: expected {_any_of(listed)}, got {_kind(fault.value)}"
    return what, hint if hint.startswith(_DID_YOU_MEAN) else f"write {_any_of(listed)}"


def _missing(fault: _Fault) -> Words | None:
    keys = [key for key in fault.wanted if key not in fault.value and not _misspelt(fault, key)]
    if not keys:
        return None
    consts = [fault.schema["properties"][key].get("const", "…") for key in keys]
    entries = " and ".join(f"`{key}: {const}`" for key, const in zip(keys, consts, strict=True))
    return f"{fault.label} has no {' and no '.join(keys)}", f"add {entries} to this {fault.title}"


def _none_or_both(fault: _Fault) -> Words | None:
    keys = [key for option in fault.wanted for key in option["required"]]
    if not isinstance(fault.value, dict):
        return None
    if any(_misspelt(fault, key) for key in keys if key not in fault.value):
        return None
    return _unfit(fault)


def _unknown_keys(fault: _Fault) -> list[Any]:
    return [key for key in fault.value if key not in fault.schema["properties"]]


def _misspelt(fault: _Fault, key: str) -> bool:
    """Whether an unknown key looks like `key`: then that is what to mend, and nothing is missing."""
    unknown = islice(_unknown_keys(fault), 20)
    return any(nearest(str(it)[:SHOWN], [key]).startswith(_DID_YOU_MEAN) for it in unknown)


def _unknown_key(fault: _Fault, key: Any) -> Finding:
    what = f"unknown key {_quoted(str(key))} in this {fault.title}"
    fix = fault.schema.get("x-instead", {}).get(key) or _known_key(fault, str(key)[:SHOWN])
    return Finding("schema", what, (*fault.at, key), _why(fault), fix, on_key=True)


def _known_key(fault: _Fault, key: str) -> str:
    """Rather a key that is not there yet: two of a name cannot be meant."""
    known = fault.schema["properties"]
    hint = nearest(key, [name for name in known if name not in fault.value])
    return hint if hint.startswith(_DID_YOU_MEAN) else nearest(key, known)


def _unfit(fault: _Fault) -> Words:
    """For what only the schema's own words can say: `x-what` after the value, or after its label."""
    quotable = isinstance(fault.value, str) and not fault.on_key
    subject = f"{fault.label}: {_quoted(fault.value)}" if quotable else fault.label
    return f"{subject} {fault.schema['x-what']}", fault.schema["x-fix"]


def _empty(fault: _Fault) -> Words:
    return f"{fault.label} is empty", "fill it, or remove it"


def _too_long(fault: _Fault) -> Words:
    length = f"{len(fault.value)} characters long"
    return f"{fault.label} is {length}; at most {fault.wanted} are allowed", "shorten it"


def _too_small(fault: _Fault) -> Words:
    return (
        f"{fault.label}: {_digits(fault.value)} is less than {fault.wanted}",
        f"write {fault.wanted} or more",
    )


def _too_large(fault: _Fault) -> Words:
    return (
        f"{fault.label}: {_digits(fault.value)} is more than {fault.wanted}",
        f"write {fault.wanted} or less",
    )


def _no_word(fault: _Fault) -> Words:
    return f"{fault.label} does not fit the schema ({fault.keyword})", ""


_WORDS: dict[str, Callable[[_Fault], Words | None]] = {
    "type": _wrong_type,
    "const": _not_listed,
    "enum": _not_listed,
    "required": _missing,
    "anyOf": _none_or_both,
    "oneOf": _none_or_both,
    "not": _unfit,
    "pattern": _unfit,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
    "maxLength": _too_long,
    "minimum": _too_small,
    "maximum": _too_large,
}
"""The words for each keyword; where several fail in one place, the first of these is told."""

_DID_YOU_MEAN = "did you mean "
"""How `nearest` begins when it is sure."""

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def _reads_as(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_a(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


_MENDS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("integer", _reads_as(r"[0-9]{1,16}"), "write {} without quotes"),
    ("number", _reads_as(r"-?[0-9]{1,16}(\.[0-9]{1,16})?"), "write {} without quotes"),
    ("integer", lambda value: isinstance(value, float) and value.is_integer(), "write {:.0f}"),
    ("object", _is_a(type(None)), "write {{}} for an empty one, or remove the key"),
    ("array", _is_a(type(None)), "write [] for an empty one, or remove the key"),
    ("string", _is_a(type(None)), "write a text, or remove the key"),
    ("string", _is_a(bool, int, float), "put it in quotes"),
    ("array", _is_a(str, bool, int, float), "write it as a list, in [ ]"),
    ("array", _is_a(dict), "begin each entry with a dash"),
    ("object", _is_a(list), "write its entries as `key: value`, without dashes"),
    ("object", _is_a(str, bool, int, float), "write its entries as `key: value` below it"),
)
"""How a value of the wrong type is most often meant: (wanted type, test of the value, fix)."""


def _any_of(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _kind(value: Any) -> str:
    """The value in a few words, never a dump of it."""
    if isinstance(value, str):
        return f"the text {_quoted(value)}"
    if value is None or isinstance(value, bool):
        return {None: "nothing (null)", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return f"the number {_digits(value)}"
    return "a mapping" if isinstance(value, dict) else "a list"


def _digits(number: float) -> str:
    """The number as text; Python itself refuses to print integers of thousands of digits."""
    return "beyond 10^60" if isinstance(number, int) and abs(number) > 10**60 else str(number)


def _quoted(value: str) -> str:
    """In quotes and cut short, without what a terminal would obey or a log must not show."""
    value = _PASSWORD.sub("://…@", value[:4096])
    shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


_PASSWORD = re.compile(r"://[^/?#:]*:[^/?#@]*@")
