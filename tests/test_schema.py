"""What fits the schema, what does not, and that a person is told why in one place and in plain words."""

from __future__ import annotations

import copy
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import regress
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry

from registry import schema
from registry.errors import Finding, Path

PROJECT = File(__file__).parent.parent
SCHEMA_FILE = PROJECT / "schema" / "models.schema.json"
EXAMPLES = File(__file__).parent / "schema-examples"
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
GOOD: dict[str, Any] = yaml.safe_load((EXAMPLES / "good.yaml").read_text(encoding="utf-8"))

MODEL = ("models", "fraud-detector")
RECORD = (*MODEL, "versions", 1)
GATES = ("policy", "stages", 1, "requires")
GONE = object()


def but(at: Path, value: object, data: Any = GOOD) -> Any:
    """A copy of `data` with one thing changed: `value` put at `at`, or what is there taken away."""
    changed = copy.deepcopy(data)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    if value is GONE:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return changed


def one(data: object) -> Finding:
    (finding,) = schema.findings(data)
    return finding


def subschemas(node: Any = SCHEMA, at: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every schema inside the schema, with its place; not the maps of schemas, nor examples."""
    yield at, node
    for keyword in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
        if isinstance(node.get(keyword), dict):
            yield from subschemas(node[keyword], (*at, keyword))
    for keyword in ("properties", "$defs"):
        for name, inner in node.get(keyword, {}).items():
            yield from subschemas(inner, (*at, keyword, name))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, inner in enumerate(node.get(keyword, [])):
            yield from subschemas(inner, (*at, keyword, index))


# --- what fits


def test_the_design_s_example_fits() -> None:
    assert schema.findings(GOOD) == []


@pytest.mark.parametrize(
    "data",
    [
        {"schema_version": 1, "models": {}},
        {"schema_version": 1, "models": {"churn": {}}},
        {"schema_version": 1, "include": "models/"},
        {"schema_version": 1, "include": {"folder": ".registry/models/", "layout": "by-hash"}},
        {"schema_version": 1, "include": ["teams/risk/", {"folder": "teams/search/"}], "models": {}},
        {"schema_version": 1, "policy": {"promotion": "move", "overrides": "allowed"}, "models": {}},
    ],
)
def test_small_and_split_manifests_fit(data: dict[str, Any]) -> None:
    assert schema.findings(data) == []


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ((*MODEL, "stages"), {}),
        ((*MODEL, "stages", "Production"), {"versions": [3, 4]}),
        ((*MODEL, "versions"), []),
        ((*MODEL, "formerly"), ["fraud (old) v1.0+eu"]),
        ((*MODEL, "tags"), {"pii": False, "weight": 0.5, "note": "two\nlines"}),
        ((*RECORD, "replaced_by"), {"Staging": None, "Production": 4}),
        ((*RECORD, "archived"), {}),
        ((*RECORD, "deleted"), {"reason": "trained on leaked labels"}),
        ((*RECORD, "overrides"), {"Production": {"reason": "import", "by": "ann"}}),
        ((*RECORD, "source", "notebook"), "eda.ipynb"),
        ((*RECORD, "params"), {"a": None, "b": True, "c": "x", "d": 1e-3}),
        ((*RECORD, "metrics"), {"auc": 1}),
        ((*RECORD, "created_at"), "2026-11-02T10:15:00.250+01:00"),
        ((*RECORD, "uri"), "artifacts/model v1.onnx".replace(" ", "%20")),
        ((*RECORD, "uri"), "./model..v2/x...y"),
        ((*RECORD, "uri"), "models:/fraud/3"),
        ((*RECORD, "uri"), "git+ssh://git@host:22/x@main"),
        ((*RECORD, "uri"), "s3://modèles/détecteur"),
        ((*GATES, "metrics", "auc"), {"max_drop": -0.01}),
    ],
)
def test_what_the_design_allows_fits(at: Path, value: object) -> None:
    assert schema.findings(but(at, value)) == []


# --- what does not, and its words

RECORD_OF = "One registered version: where its artifact is and how it came about."
SLOT_OF = "What a stage holds: one version, or several where the policy says `holds: many`."
SLOT_FIX = "write `version: 4`, or `versions: [4, 5]` where the stage holds many"

MISTAKES: list[tuple[Path, object, str, str]] = [
    # wrong types
    ((*RECORD, "version"), "3", 'version: expected an integer, got the text "3"', "write 3 without quotes"),
    ((*RECORD, "version"), 3.0, "version: expected an integer, got the number 3.0", "write 3"),
    ((*RECORD, "version"), True, "version: expected an integer, got true", "write an integer"),
    ((*RECORD, "version"), None, "version: expected an integer, got nothing (null)", "write an integer"),
    ((*RECORD, "version"), 0, "version: 0 is less than 1", "write 1 or more"),
    ((*RECORD, "version"), 2**53, "version: 9007199254740992 is more than 9007199254740991", "or less"),
    ((*RECORD, "uri"), 3, "uri: expected a text, got the number 3", "put it in quotes"),
    ((*RECORD, "uri"), None, "uri: expected a text, got nothing (null)", "write a text, or remove the key"),
    ((*RECORD, "created_by"), False, "created_by: expected a text, got false", "put it in quotes"),
    ((*RECORD, "metrics", "auc"), "0.9", 'auc: expected a number, got the text "0.9"', "write 0.9 without"),
    ((*RECORD, "metrics", "auc"), "high", 'auc: expected a number, got the text "high"', "write a number"),
    (
        (*RECORD, "params", "a"),
        [],
        "a: expected a text, a number, true or false or null, got a list",
        "write",
    ),
    ((*RECORD, "source"), "x", 'source: expected a mapping, got the text "x"', "as `key: value` below it"),
    (
        (*RECORD, "archived"),
        None,
        "archived: expected a mapping, got nothing (null)",
        "write {} for an empty",
    ),
    ((*RECORD, "version"), [], "version: expected an integer, got a list", "write an integer"),
    ((*MODEL, "owners"), "risk", 'owners: expected a list, got the text "risk"', "write it as a list"),
    ((*MODEL, "owners"), None, "owners: expected a list, got nothing (null)", "write [] for an empty"),
    ((*MODEL, "owners", 0), 3, "owners[0]: expected a text, got the number 3", "put it in quotes"),
    ((*MODEL, "versions"), {}, "versions: expected a list, got a mapping", "begin each entry with a dash"),
    ((*MODEL, "aliases", "champion"), [3], "champion: expected an integer, got a list", "write an integer"),
    (("models",), [], "models: expected a mapping, got a list", "without dashes"),
    (MODEL, None, "fraud-detector: expected a mapping, got nothing (null)", "write {} for an empty one"),
    (("include",), 3, "include: expected a text or a mapping, got the number 3", "such as models/"),
    (("schema_version",), "1", 'schema_version: expected an integer, got the text "1"', "write 1 without"),
    (("schema_version",), 1.0, "schema_version: expected an integer, got the number 1.0", "write 1"),
    # slots
    ((*MODEL, "stages", "Staging"), 3, "Staging: expected a mapping, got the number 3", SLOT_FIX),
    ((*MODEL, "stages", "Staging"), {}, "Staging must hold either version or versions", SLOT_FIX),
    ((*MODEL, "stages", "Staging"), {"version": 1, "versions": [2]}, "Staging must hold either", SLOT_FIX),
    # words that are not in the list
    (
        ("policy", "promotion"),
        "mvoe",
        'promotion: expected copy or move, got the text "mvoe"',
        "did you mean",
    ),
    (
        (*RECORD, "checks", "offline-eval", "result"),
        "ok",
        "result: expected passed or failed",
        "write passed",
    ),
    ((*GATES, "fields", 0), "digset", "fields[0]: expected description, tags, uri, ", "did you mean digest?"),
    # patterns
    ((*RECORD, "uri"), "/srv/m", 'uri: "/srv/m" is neither a URI nor a relative path', "write scheme:…"),
    ((*RECORD, "uri"), "a b", 'uri: "a b" is neither a URI nor a relative path', "a space is %20"),
    ((*RECORD, "uri"), "C:/m", 'uri: "C:/m" is neither a URI nor a relative path', "write scheme:…"),
    ((*RECORD, "uri"), "a\\b", 'uri: "a\\\\b" is neither a URI nor a relative path', "a backslash is /"),
    ((*RECORD, "uri"), "", 'uri: "" is neither a URI nor a relative path', "write scheme:…"),
    ((*RECORD, "uri"), "a/../b", 'uri: "a/../b" has a .. segment', "write the path it leads to"),
    ((*RECORD, "uri"), "..", 'uri: ".." has a .. segment', "write the path it leads to"),
    ((*RECORD, "uri"), "s3://a\n", 'uri: "s3://a\\n" has a line break', "write it on one line"),
    ((*RECORD, "uri"), "https://ann:pw@h/x", 'uri: "https://…@h/x" holds a password', "change the password"),
    (
        (*RECORD, "uri"),
        "s3:" + "a" * 3000,
        "uri is 3003 characters long; at most 2048 are allowed",
        "shorten",
    ),
    ((*RECORD, "digest"), "sha256:AB", 'digest: "sha256:AB" is not a SHA-256 digest', "64 hex digits"),
    (
        (*RECORD, "created_at"),
        "2026-11-02",
        'created_at: "2026-11-02" is not a time in RFC 3339',
        "write date",
    ),
    ((*RECORD, "format"), "", "format is empty", "fill it, or remove it"),
    ((*RECORD, "format"), "on\x1bnx", 'format: "on\\u001bnx" has a line break, a control', "write it on one"),
    (
        (*RECORD, "description"),
        "\x9b2J",
        'description: "\\u009b2J" has a control character',
        "without control",
    ),
    (
        (*RECORD, "checks", "offline-eval", "url"),
        "javascript:x",
        'url: "javascript:x" is not an http',
        "https",
    ),
    (("include",), "models", 'include: "models" is not a folder of this repository', "slash at the end"),
    (("include",), "a/../b/", 'include: "a/../b/" has a segment that is empty, ., .. or .git', "plain path"),
    (("include",), ".git/hooks/", 'include: ".git/hooks/" has a segment that is empty', "plain path"),
    # empty or out of range
    ((*GATES, "approvals"), 200, "approvals: 200 is more than 100", "write 100 or less"),
    ((*GATES, "metrics", "auc"), {}, "auc is empty", "fill it, or remove it"),
    (("policy", "stages"), [], "stages is empty", "fill it, or remove it"),
    (("include",), [], "include is empty", "fill it, or remove it"),
]


@pytest.mark.parametrize(("at", "value", "what", "fix"), MISTAKES)
def test_a_wrong_value_is_told_at_its_place(at: Path, value: object, what: str, fix: str) -> None:
    finding = one(but(at, value))
    assert (finding.code, finding.at, finding.on_key) == ("schema", at, False)
    assert finding.what.startswith(what)
    assert fix in finding.fix
    assert finding.why.endswith(".")


BAD_KEYS: list[tuple[Path, str, str, str]] = [
    (MODEL, "verison", 'unknown key "verison" in this model', "did you mean versions?"),
    (RECORD, "deleted_by", 'unknown key "deleted_by" in this version record', "did you mean deleted?"),
    (RECORD, "stage", 'unknown key "stage" in this version record', "stages are slots of the model"),
    (RECORD, "run_id", 'unknown key "run_id" in this version record', "write it in source"),
    (("policy",), "stage", 'unknown key "stage" in this policy', "did you mean stages?"),
    (GATES, "metric", 'unknown key "metric" in this set of gates', "did you mean metrics?"),
    ((*GATES, "metrics", "auc"), "mni", 'unknown key "mni" in this metric bound', "did you mean"),
    ((), "x" * 99, f'unknown key "{"x" * 59}…" in this model registry manifest', "there are: "),
    (("models",), "a/b", 'the key "a/b" is not a model name', "use only letters, digits"),
    (("models",), "", 'the key "" is not a model name', "begin with a letter"),
    (("models",), "a\n", 'the key "a\\n" has a line break, a control character or a space', "on one line"),
    (("models",), "a ", 'the key "a " has a line break, a control character or a space', "on one line"),
    (("models",), "a٣", 'the key "a٣" is not a model name', "use only letters, digits"),
    (("models",), "a" * 300, f'the key "{"a" * 59}…" is 300 characters long', "shorten it"),
    ((*MODEL, "stages"), "lATEST", 'the key "lATEST" is a reserved name', "choose another name"),
    ((*MODEL, "stages"), "9", 'the key "9" is not a stage name', "begin with a letter"),
    ((*MODEL, "aliases"), "1x", 'the key "1x" is not an alias name', "begin with a letter or _"),
    ((*RECORD, "metrics"), "a\tb", 'the key "a\\tb" has a line break, a control character', "on one line"),
]


@pytest.mark.parametrize(("parent", "key", "what", "fix"), BAD_KEYS)
def test_a_wrong_key_is_told_at_the_key(parent: Path, key: str, what: str, fix: str) -> None:
    fitting: dict[Path, object] = {
        ("models",): {},
        (*MODEL, "stages"): {"version": 3},
        (*MODEL, "aliases"): 3,
        (*RECORD, "metrics"): 1,
    }
    finding = one(but((*parent, key), fitting.get(parent, "x")))
    assert (finding.code, finding.at, finding.on_key) == ("schema", (*parent, key), True)
    assert finding.what.startswith(what)
    assert fix in finding.fix
    assert finding.why.endswith(".")


@pytest.mark.parametrize(
    ("at", "what", "fix"),
    [
        ((*RECORD, "uri"), "versions[1] has no uri", "add `uri: …` to this version record"),
        (("policy", "stages", 0, "name"), "stages[0] has no name", "add `name: …` to this stage"),
        ((*RECORD, "checks", "offline-eval", "result"), "offline-eval has no result", "add `result: …`"),
        (("schema_version",), "the manifest has no schema_version", "add `schema_version: 1` to this"),
        (("models",), "the manifest has neither models nor include", "write `models: {}`"),
    ],
)
def test_a_missing_key_is_told_at_its_parent(at: Path, what: str, fix: str) -> None:
    finding = one(but(at, GONE))
    assert (finding.code, finding.at, finding.what, finding.on_key) == ("schema", at[:-1], what, False)
    assert finding.fix.startswith(fix)


def test_all_missing_keys_of_one_place_are_one_finding() -> None:
    finding = one(but((*RECORD, "overrides"), {"Production": {}}))
    assert finding.what == "Production has no reason and no by"
    assert finding.fix == "add `reason: …` and `by: …` to this override"


@pytest.mark.parametrize(
    ("at", "value", "key", "meant"),
    [
        ((*MODEL, "stages", "Production"), {"versoin": 3}, "versoin", "version"),
        ((*RECORD, "overrides"), {"Production": {"resaon": "x", "by": "ann"}}, "resaon", "reason"),
        ((*MODEL, "versions", 0), {"version": 2, "url": "s3://a"}, "url", "uri"),
    ],
)
def test_a_misspelt_key_is_not_also_a_missing_one(at: Path, value: object, key: str, meant: str) -> None:
    finding = one(but(at, value))
    assert (finding.at[-1], finding.on_key, finding.fix) == (key, True, f"did you mean {meant}?")


def test_every_mistake_is_told() -> None:
    data = but((*RECORD, "uri"), "/srv", but(("policy", "promotion"), "x", but((*MODEL, "owners"), 3)))
    assert {finding.at for finding in schema.findings(data)} == {
        (*RECORD, "uri"),
        ("policy", "promotion"),
        (*MODEL, "owners"),
    }


def test_why_is_the_first_sentence_of_the_place_s_description() -> None:
    assert one(but((*RECORD, "vresion"), 1)).why == RECORD_OF
    assert one(but((*MODEL, "stages", "Staging"), {})).why == SLOT_OF
    assert one(but((*MODEL, "owners", 0), 3)).why.startswith("A person, team or program")
    assert one(but((*RECORD, "uri"), GONE)).why.startswith("Where the artifact is")


# --- files of another kind


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (None, "it is empty"),
        ([], "it is a list, not a mapping"),
        ("x", 'it is the text "x", not a mapping'),
        ({}, "it has no schema_version"),
        ({"version": 2, "sources": []}, "it has no schema_version"),
        ({"version": 2, "models": [{"name": "customers"}]}, "it has no schema_version"),
    ],
)
def test_a_foreign_file_gets_one_finding(data: object, because: str) -> None:
    finding = one(data)
    assert (finding.code, finding.at) == ("foreign-file", ())
    assert finding.what == f"this is not a model registry manifest: {because}"


@pytest.mark.parametrize(
    ("version", "fix"),
    [(2, "upgrade git-model-registry"), (0, "write `schema_version: 1`"), (10**400, "upgrade git")],
)
def test_another_format_is_not_judged_further(version: int, fix: str) -> None:
    finding = one({"schema_version": version, "registered_models": []})
    assert (finding.code, finding.at) == ("schema-version", ("schema_version",))
    assert "this program reads format 1" in finding.what
    assert finding.fix.startswith(fix)


# --- never too much, never a crash, never a wrong yes


def deep(levels: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for _ in range(levels):
        data = {"schema_version": 1, "models": data}
    return data


HORRORS: dict[str, Any] = {
    "deep": deep(100_000),
    "half a surrogate pair": "\ud800",
    "half a surrogate pair as a key": {"\ud800": 1},
    "a large integer": 10**400,
    "an integer that Python does not print": 10**5000,
    "nan": float("nan"),
    "infinity": float("inf"),
    "a tuple": (1, 2),
    "bytes": b"bytes",
    "an integer as a key": {1: 2},
    "null as a key": {None: []},
    "long": "a\n" * 1_000_000,
    "wide": [[]] * 100_000,
}


@pytest.mark.parametrize("horror", HORRORS)
@pytest.mark.parametrize("at", [("schema_version",), ("models",), MODEL, (*MODEL, "owners"), (*RECORD, "uri")])
def test_no_data_passes_wrongly_or_crashes(at: Path, horror: str) -> None:
    assert schema.findings(but(at, HORRORS[horror]))


@pytest.mark.parametrize(
    "at",
    [
        ("schema_version",),
        (*GATES, "approvals"),
        (*MODEL, "stages", "Production", "version"),
        (*MODEL, "aliases", "champion"),
        (*MODEL, "versions", 0, "replaced_by", "Production"),
        (*RECORD, "version"),
    ],
)
def test_a_float_never_passes_for_an_integer(at: Path) -> None:
    assert stock().is_valid(but(at, 1.0)), "JSON Schema itself takes 1.0 for an integer"
    finding = one(but(at, 1.0))
    assert (finding.at, finding.fix) == (at, "write 1")
    assert finding.what.endswith("got the number 1.0")


def test_what_only_one_engine_refuses_is_still_refused() -> None:
    finding = one(but((*RECORD, "description"), "\ud800"))
    assert finding.code == "schema"
    assert "what is wrong could not be told" in finding.what


def test_a_message_never_repeats_much_of_the_file_nor_a_password() -> None:
    for value in ["x" * 10**6, "https://ann:hunter2@host/" + "x" * 9999, {"z" * 999: ["y" * 999] * 9}]:
        for at in [*(place for place, *_ in MISTAKES), (*RECORD, "x" * 9999)]:
            for finding in schema.findings(but(at, value)):
                assert len(finding.what + finding.why + finding.fix) < 700
                assert "hunter2" not in finding.what + finding.fix


def test_a_file_that_is_wrong_all_over_is_judged_in_bounded_time() -> None:
    started = time.perf_counter()
    found = schema.findings({"schema_version": 1, "models": {f"{n}/": {f"k{n}": n} for n in range(20_000)}})
    assert len(found) == schema.MOST + 1
    assert found[-1].what == "only the first 500 problems are shown"
    assert time.perf_counter() - started < 10


def test_nothing_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    for cached in (schema._judge, schema._explainer, schema._schema, schema.text):
        cached.cache_clear()
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert schema.findings(GOOD) == []
    assert one(but((*RECORD, "uri"), 3)).at == (*RECORD, "uri")


def test_a_manifest_that_fits_never_imports_jsonschema() -> None:
    program = (
        "import sys; from registry import schema\n"
        "assert schema.findings({'schema_version': 1, 'models': {}}) == []\n"
        "assert not {'jsonschema', 'referencing'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=PROJECT)


# --- the two engines agree

ODD = [
    "",
    "a",
    "a\n",
    "\n",
    " a",
    "a ",
    "a\x00",
    "٣",
    "１",
    "é",
    "a" * 300,
    "a" * 11_000,
    "None",
    "latest",
    "..",
    "a/b",
]
ODD_VALUES = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 1.0, 0.5, 2**53, 2**63, [], {}, [1], ["a"], {"version": 1}]),
    st.sampled_from(ODD),
    st.text(max_size=8),
    st.text(alphabet="aZ0 ._+()-/:@?#\\\n\r\t\x00\x1b\x7f\x85\xa0\u2028\u202eé٣\U0001f600", max_size=12),
)


def places(data: Any, at: Path = ()) -> Iterator[Path]:
    """Every place in the data but the root."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inner:
        yield (*at, step)
        yield from places(value, (*at, step))


def part(data: Any, at: Path) -> Any:
    for step in at:
        data = data[step]
    return data


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The good manifest after one to three accidents."""
    data = GOOD
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(sorted(places(data), key=repr)))
        accident = draw(st.sampled_from(["replace", "remove", "add", "rename", "append"]))
        parent, value = part(data, at[:-1]), part(data, at)
        if accident == "replace":
            data = but(at, draw(ODD_VALUES), data)
        elif accident == "append" and isinstance(value, str):
            data = but(at, value + draw(st.sampled_from(["\n", " ", "\x00", "٣", "/..", "\r\n"])), data)
        elif accident in ("add", "rename") and isinstance(parent, dict):
            data = but((*at[:-1], draw(st.sampled_from(ODD))), value, data)
            data = but(at, GONE, data) if accident == "rename" and at[-1] not in ODD else data
        elif part(data, at[:-1]):
            data = but(at, GONE, data)
    return data


def stock(node: dict[str, Any] = SCHEMA) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(node, registry=Registry())


@settings(deadline=None, max_examples=100)
@given(mutated())
def test_both_engines_judge_a_manifest_alike(data: Any) -> None:
    assert schema.fits(data) == schema._explainer().is_valid(data)
    assert jsonschema_rs.Draft202012Validator(schema.text()).is_valid(data) == stock().is_valid(data)


@settings(deadline=None, max_examples=100)
@given(mutated())
def test_what_does_not_fit_has_findings_at_places_that_exist(data: Any) -> None:
    found = schema.findings(data)
    assert bool(found) != schema.fits(data)
    assert len({(it.at, it.on_key) for it in found}) == len(found)
    for finding in found:
        assert finding.what and "could not be told" not in finding.what
        assert finding.at in {(), *places(data)}


# definitions that only forbid something are always used beside one that forbids line breaks
WHOLE = sorted(name for name, node in SCHEMA["$defs"].items() if {"type", "$ref"} & node.keys())


@pytest.mark.parametrize("name", WHOLE)
def test_both_engines_judge_a_text_alike(name: str) -> None:
    alone = {"$schema": SCHEMA["$schema"], "$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{name}"}
    judge, explainer = jsonschema_rs.Draft202012Validator(alone), stock(alone)
    near = st.sampled_from([*SCHEMA["$defs"][name].get("examples", []), *ODD])
    texts = ODD_VALUES | st.builds(lambda a, b: f"{a}{b}", near, st.sampled_from(ODD))

    @settings(deadline=None, max_examples=25)
    @given(texts)
    def agree(value: object) -> None:
        assert judge.is_valid(value) == explainer.is_valid(value)

    agree()


@pytest.mark.parametrize("node", [node for _, node in subschemas() if "pattern" in node], ids=lambda it: it["pattern"])
def test_editors_read_the_patterns_like_the_judge(node: dict[str, Any]) -> None:
    """JavaScript's way, as `regress` has it for check-jsonschema."""
    judge, editor = (
        jsonschema_rs.Draft202012Validator({"pattern": node["pattern"]}),
        regress.Regex(node["pattern"], "u"),
    )
    near = st.sampled_from([example for example in node.get("examples", []) if isinstance(example, str)] + ODD)

    @settings(deadline=None, max_examples=25)
    @given(st.builds(lambda a, b: f"{a}{b}", near, ODD_VALUES))
    def agree(value: str) -> None:
        assert judge.is_valid(value) == (editor.find(value) is not None)

    agree()


# --- the schema itself


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:git-model-registry:models:1"
    assert schema.text() == SCHEMA_FILE.read_text(encoding="utf-8")


def test_every_property_has_a_description_for_the_editor() -> None:
    bare = [at for at, node in subschemas() if "properties" in at[-2:-1] and not node.get("description")]
    assert bare == []


def test_every_definition_has_a_title_and_a_description() -> None:
    bare = [name for name, node in SCHEMA["$defs"].items() if not (node.get("title") and node["description"])]
    assert bare == []


def test_every_pattern_has_words_for_whoever_fails_it() -> None:
    for at, node in subschemas():
        if {"pattern", "not", "anyOf", "oneOf"} & node.keys() and at[-1:] != ("not",):
            assert node.get("x-what") and node.get("x-fix"), at


def test_every_mapping_says_what_may_stand_in_it() -> None:
    open_ones = [
        at for at, node in subschemas() if "object" in node.get("type", ()) and "additionalProperties" not in node
    ]
    assert open_ones == []


def test_every_reference_stays_in_the_file() -> None:
    for _, node in subschemas():
        assert node.get("$ref", "#/$defs/model").removeprefix("#/$defs/") in SCHEMA["$defs"]


def test_every_example_and_default_fits_where_it_stands() -> None:
    for at, node in subschemas():
        for example in [*node.get("examples", []), *([node["default"]] if "default" in node else [])]:
            assert stock().evolve(schema=node).is_valid(example), (at, example)


def test_every_keyword_of_the_schema_has_words() -> None:
    said = {*schema._WORDS, "additionalProperties"}
    judging = set(jsonschema.Draft202012Validator.VALIDATORS) - {
        "$ref",
        "properties",
        "items",
        "propertyNames",
        "allOf",
        "if",
    }
    assert {keyword for _, node in subschemas() for keyword in node.keys() & judging} <= said


PATTERNS = sorted({node["pattern"] for _, node in subschemas() if "pattern" in node})
LONG = ["a", "0", " ", ".", "/", ":", "@", "a:", "a/", "../", "://", "a@:", " .", "é", "\n", "[", "Nn"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_take_linear_time(pattern: str) -> None:
    compiled = re.compile(pattern)
    started = time.perf_counter()
    for head in ("", "https://", "a:", "sha256:", "2026-11-02T09:15:00."):
        for filling in LONG:
            for tail in ("", "!", "\n", "@", " ", "\\"):
                compiled.search(head + filling * (100_000 // len(filling)) + tail)
    # about 500 searches: linear ones take a second in all, one quadratic search alone takes minutes
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_stay_in_what_all_engines_read_alike(pattern: str) -> None:
    assert not re.search(r"\\[dDwWsSbBAzZpP]|\(\?[^:]|[*+?}][+?]", pattern)
    assert not re.search(r"\([^()]*[*+][^()]*\)[*+]", pattern)


@pytest.mark.parametrize(("example", "status"), [("good.yaml", 0), ("bad.yaml", 1)])
def test_the_stock_tool_judges_with_this_schema(example: str, status: int) -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--schemafile",
        str(SCHEMA_FILE),
        str(EXAMPLES / example),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
