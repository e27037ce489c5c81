"""Edits: what is asked for, and no other byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.document import read
from registry.errors import Rejected
from registry.splice import Flow, FlowList, rewrite, same
from tests.layouts import documents, inserted, mappings, names, paths, removed, replaced, scalars, values


def edit(text: str, data: Any) -> str:
    return rewrite(read(text), data).text


@given(documents())
def test_a_layout_says_its_data(case: tuple[str, Any]) -> None:
    text, data = case
    document = read(text)
    assert document.problems == ()
    assert same(document.data, data)


@given(documents(), st.data())
def test_setting_a_scalar_changes_no_byte_outside_it(case: tuple[str, Any], data: st.DataObject) -> None:
    text, old = case
    document = read(text)
    leaves = [p for p in paths(old) if not isinstance(_at(old, p), dict | list)]
    assume(leaves)
    path = data.draw(st.sampled_from(leaves))
    node = document.root
    for part in path:
        node = node.child(part)
    changed = rewrite(document, replaced(old, path, data.draw(scalars)))
    assert changed.text[: node.start] == text[: node.start]
    assert changed.text.endswith(text[node.end :])


@given(documents(), st.data())
def test_an_insertion_loses_no_byte(case: tuple[str, Any], data: st.DataObject) -> None:
    text, old = case
    containers = [()] + [p for p in paths(old) if isinstance(_at(old, p), dict | list) and _at(old, p)]
    path = data.draw(st.sampled_from(containers))
    key = data.draw(names)
    assume(not isinstance(_at(old, path), dict) or key not in _at(old, path))
    new = inserted(old, path, key, data.draw(st.integers(0, 4)), data.draw(values))
    changed = rewrite(read(text), new)
    assert same(changed.data, new)
    assert _within(text, changed.text)


@given(documents(), st.data())
def test_a_removal_adds_no_byte_but_empty_brackets(case: tuple[str, Any], data: st.DataObject) -> None:
    text, old = case
    candidates = [p for p in paths(old) if len(p) > 1 or len(old) > 1]
    assume(candidates)
    new = removed(old, data.draw(st.sampled_from(candidates)))
    changed = rewrite(read(text), new)
    assert same(changed.data, new)
    assert _within(_without_brackets(changed.text), _without_brackets(text))


@given(documents(), mappings)
def test_any_data_can_follow_any_text(case: tuple[str, Any], new: dict[str, Any]) -> None:
    text, old = case
    assume(set(old) & set(new))
    new = _ordered(new, old)
    assert same(rewrite(read(text), new).data, new)


@given(documents(comments=False))
def test_an_edit_and_its_inverse_are_nothing(case: tuple[str, Any]) -> None:
    text, old = case
    assume("new" not in old)
    there = rewrite(read(text), {**old, "new": {"x": [1, {"y": 2}]}})
    assert rewrite(there, old).text == text


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        data = data[part]
    return data


def _ordered(new: Any, old: Any) -> Any:
    """The new data with the keys that stay in the order that they have: an edit reorders nothing."""
    if isinstance(new, dict) and isinstance(old, dict):
        stay = [k for k in old if k in new]
        return {k: _ordered(new[k], old.get(k)) for k in (*stay, *(k for k in new if k not in old))}
    if isinstance(new, list) and isinstance(old, list):
        return [_ordered(v, old[i] if i < len(old) else None) for i, v in enumerate(new)]
    return new


def _without_brackets(text: str) -> str:
    return text.translate(str.maketrans("", "", "{}[], "))


def _within(part: str, whole: str) -> bool:
    rest = iter(whole)
    return all(c in rest for c in part)


RECORDS = """\
models:
  fraud:            # the first
    stages:
      Staging:
        version: 4   # since Monday
    # about versions
    versions:
      - version: 3
        uri: s3://a
        # a note of its own
      - version: 4
        uri: s3://b
  # the end
"""


def test_a_new_record_goes_behind_the_comments_of_the_last() -> None:
    data = read(RECORDS).data
    fraud = data["models"]["fraud"]
    fraud = {
        **fraud,
        "versions": [*fraud["versions"], {"version": 5, "uri": "s3://c", "metrics": Flow(auc=0.9)}],
    }
    assert edit(RECORDS, {"models": {"fraud": fraud}}) == RECORDS.replace(
        "        uri: s3://b\n",
        "        uri: s3://b\n      - version: 5\n        uri: s3://c\n        metrics: {auc: 0.9}\n",
    )


def test_a_new_key_goes_behind_the_one_it_follows() -> None:
    data = read(RECORDS).data
    fraud = data["models"]["fraud"]
    first = {"version": 3, "replaced_by": {"Staging": 4}, "uri": "s3://a"}
    fraud = {**fraud, "versions": [first, fraud["versions"][1]]}
    assert edit(RECORDS, {"models": {"fraud": fraud}}) == RECORDS.replace(
        "version: 3\n", "version: 3\n        replaced_by:\n          Staging: 4\n"
    )


def test_a_renamed_mapping_keeps_its_lines() -> None:
    document = read(RECORDS)
    fraud = document.data["models"]["fraud"]
    changed = rewrite(document, {"models": {"cards": {**fraud, "formerly": FlowList(["fraud"])}}}).text
    assert changed.startswith("models:\n  cards:            # the first\n    stages:")
    assert changed.endswith("        uri: s3://b\n    formerly: [fraud]\n  # the end\n")


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("a: {}  # none\n", {"a": {"b": {"c": 1}}}, "a:  # none\n  b:\n    c: 1\n"),
        ("a:\n  b: 1\nc: 2\n", {"a": {}, "c": 2}, "a: {}\nc: 2\n"),
        ("a: [u, v]\n", {"a": ["u"]}, "a: [u]\n"),
        ("a: [u, v]\n", {"a": ["v"]}, "a: [v]\n"),
        ("a:\n- u\n- v\n", {"a": ["u", "v", "w"]}, "a:\n- u\n- v\n- w\n"),
        ("a: 1", {"a": 1, "b": 2}, "a: 1\nb: 2"),
        ("a: 1\r\n", {"a": 1, "b": 2}, "a: 1\r\nb: 2\r\n"),
        ("a:\n", {"a": 3}, "a: 3\n"),
        ("a: # empty\n", {"a": 3}, "a: 3 # empty\n"),
        ("a: |\n  text\n\nb: 1\n", {"a": "text\n", "b": 2}, "a: |\n  text\n\nb: 2\n"),
        ("- a: 1\n  b: 2\n", [{"b": 2}], "- b: 2\n"),
        ("a: {u: 1,\n  v: 2}  # c\n", {"a": {"u": 1, "v": 2, "w": 3}}, "a: {u: 1,\n  v: 2, w: 3}  # c\n"),
        ("a: {\n  u: 1,  # one\n  v: 2,  # two\n}\n", {"a": {"u": 1}}, "a: {\n  u: 1,  # one\n}\n"),
        ("a: {\n  u: 1,  # one\n  v: 2  # two\n}\n", {"a": {"v": 2}}, "a: {\n  v: 2  # two\n}\n"),
        ("a: [\n  u,  # one\n  v  # two\n]\n", {"a": ["u", "v", "w"]}, "a: [\n  u,  # one\n  v,  # two\n  w\n]\n"),
        ("a: [\n  u,\n  v,\n]\n", {"a": ["u", "v", "w"]}, "a: [\n  u,\n  v,\n  w,\n]\n"),
        ("a: [u,\n  v]  # c\n", {"a": ["u"]}, "a: [u]  # c\n"),
        ("\ufeffa: 1\n", {"a": 2}, "\ufeffa: 2\n"),
        (
            "a:\n    b:\n        c: 1\n",
            {"a": {"b": {"c": 1}, "d": {"e": 1}}},
            "a:\n    b:\n        c: 1\n    d:\n        e: 1\n",
        ),
    ],
)
def test_small_edits_read_as_a_person_would_make_them(text: str, data: Any, expected: str) -> None:
    assert edit(text, data) == expected


def test_what_cannot_be_said_is_refused_and_nothing_is_edited() -> None:
    with pytest.raises(Rejected) as error:
        edit("a: 1\n", {"a": "\x1b[2J"})
    assert error.value.problems[0].code == "invisible-character"


def test_a_text_with_problems_is_not_edited() -> None:
    with pytest.raises(Rejected):
        edit("a: 1\na: 2\n", {"a": 3})
