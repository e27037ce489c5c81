"""The strict reader: what it accepts means the same to everybody, the rest is refused with its place."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry import document
from registry.document import MAX_BYTES, MAX_DEPTH, read
from registry.splice import same
from tests.layouts import documents


def problems(source: bytes | str) -> list[tuple[str, str]]:
    """Each problem as its code and line:column."""
    return [(p.code, str(p.where).partition(":")[2]) for p in read(source).problems]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 1", {"a": 1}),
        ("a: -0", {"a": 0}),
        ("a: 0.50", {"a": 0.5}),
        ("a: 1.0e-05", {"a": 1e-05}),
        ("a: true\nb: false\nc: null\nd: ~\ne:\n", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ('a: "1"\nb: \'no\'\nc: "2026-11-02"', {"a": "1", "b": "no", "c": "2026-11-02"}),
        ("a: 1.2.3\nb: v1\nc: s3://m/1\nd: 1c9e00", {"a": "1.2.3", "b": "v1", "c": "s3://m/1", "d": "1c9e00"}),
        ("a: [1, x, {b: c}]", {"a": [1, "x", {"b": "c"}]}),
        ("a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("\ufeffa: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ('a: "tab\\there"\nb: "line\\nbreak"', {"a": "tab\there", "b": "line\nbreak"}),
        ("a: x\n# tab\tin a comment", {"a": "x"}),
        ("a: 'tab\there'", {"a": "tab\there"}),
    ],
)
def test_the_subset_is_read(text: str, data: object, each_parser: str) -> None:
    found = read(text)
    assert found.problems == ()
    assert same(found.data, data)


UNCLEAR = """
    no No NO yes Yes on Off y N True TRUE False Null NULL 1_000 0o17 017 0x1F 0b11 +1 .5 5. 1. 1e5
    1e-05 1.5e3 12:30:45 1:30 190:20:30.15 2026-11-02 2026-11-02T09:15:00Z .inf -.inf +.INF .nan
    .NaN = -.5 +1.5 0_1 08
""".split()  # noqa: SIM905 - one word beside the other reads better


@pytest.mark.parametrize("word", UNCLEAR)
def test_what_readers_disagree_on_must_be_quoted(word: str, each_parser: str) -> None:
    assert problems(f"a: {word}") == [("unclear-scalar", "1:4")]
    assert problems(f"a: [{word}]") == [("unclear-scalar", "1:5")]
    assert read(f'a: "{word}"').data == {"a": word}
    assert problems(f"{word}: a") in ([("key-is-not-a-string", "1:1")], [("merge-key", "1:1")])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", [("empty-file", "1:1")]),
        (b" \n\n", [("empty-file", "1:1")]),
        (b"# only this\n", [("empty-file", "1:1")]),
        (b"a: \xff\n", [("not-utf-8", "1:4")]),
        ("é: 1\n".encode() + b"b: \xe9\n", [("not-utf-8", "2:4")]),
        ("a: 1".encode("utf-16"), [("not-utf-8", "1:1")]),
        ("a: 1".encode("utf-16-le"), [("binary", "1:2")]),
        (b"\x7fELF\x00\x01", [("binary", "1:5")]),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", [("lfs-pointer", "1:1")]),
        (b"a: 1\nb: x\x1b[2J\n", [("invisible-character", "2:5")]),
        ("a: \u202ex\nb: \u0085\n", [("invisible-character", "1:4"), ("invisible-character", "2:4")]),
        ("a: 1\rb: 2\n", [("invisible-character", "1:5")]),
        ("a: 1\n\ufeffb: 2\n", [("invisible-character", "2:1")]),
        ('a: "\\x07"\n', [("invisible-character", "1:4")]),
        (
            "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
            [("conflict-markers", "2:1")],
        ),
        ("a: 1\n---\nb: 2\n", [("several-documents", "2:1")]),
        ("%YAML 1.2\n---\na: 1\n", [("directive", "1:1")]),
        ("a: &x 1\nb: *x\n", [("anchor", "1:4"), ("alias", "2:4")]),
        ("a: !!int 1\nb: !x {}\n", [("tag", "1:4"), ("tag", "2:4")]),
        ("a: 1\nb: {a: 1, a: 2}\na: 3\n", [("duplicate-key", "2:11"), ("duplicate-key", "3:1")]),
        ('"a": 1\na: 2\n', [("duplicate-key", "2:1")]),
        ("a: {<<: {b: 1}}\n", [("merge-key", "1:5")]),
        ("1: x\n? [a]\n: 2\n", [("key-is-not-a-string", "1:1"), ("key-is-not-a-string", "2:3")]),
        (
            "yes: 1\n'yes': 2\nyes: 3\n",
            [
                ("key-is-not-a-string", "1:1"),
                ("duplicate-key", "2:1"),
                ("duplicate-key", "3:1"),
                ("key-is-not-a-string", "3:1"),
            ],
        ),
        (
            "a: 9007199254740992\nb: -9007199254740992\nc: 1.0e+999\n",
            [("number-out-of-range", "1:4"), ("number-out-of-range", "2:4"), ("number-out-of-range", "3:4")],
        ),
        ("a: " + "9" * 5000 + "\n", [("number-out-of-range", "1:4")]),
        ("a:\n\tb: 1\n", [("tab", "2:1")]),
        ("a:\t1\n", [("tab", "1:3")]),
        ("b: 'x\ty' # \t\n\nc: [1,\t2]\n", [("tab", "3:7")]),
        ("[" * (MAX_DEPTH + 1), [("too-deep", f"1:{MAX_DEPTH + 1}")]),
        ("a: b: c\n", [("syntax", "1:5")]),
    ],
)
def test_the_rest_is_refused_with_its_place(
    source: bytes | str, expected: list[tuple[str, str]], each_parser: str
) -> None:
    assert sorted(problems(source)) == sorted(expected)


def test_a_duplicate_says_where_the_first_is() -> None:
    assert "the first is on line 2" in read("x: 1\na: 1\nb: 2\na: 3\n").problems[0].what


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    lines = [p.where.line for p in read("a: no\nb: &x 1\nc: 2\nc: 3\nd: 0x1\n").problems if p.where]
    assert lines == [1, 2, 4, 5]


def test_a_file_over_the_limit_is_refused_before_it_is_decoded() -> None:
    started = time.process_time()
    assert problems(b"\xff" * (MAX_BYTES + 1)) == [("too-large", "1:1")]
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "bomb",
    ["[" * 50_000, "{a: " * 50_000, "- " * 50_000, "a:\n" + " [" * 5_000, "? " * 10_000, "&a " * 5_000],
)
def test_no_input_recurses_or_hangs(bomb: str, each_parser: str) -> None:
    assert read(bomb).problems


@pytest.mark.parametrize(
    "odd",
    [
        '"\\ud800"',
        '"\\U00110000"',
        '"\\xZZ"',
        "!<x",
        "%",
        "@",
        "`",
        "a: !!int ''",
        "- - -\n -",
        "\ufeff\ufeff",
    ],
)
def test_odd_bytes_are_problems_and_never_exceptions(odd: str, each_parser: str) -> None:
    assert read(f"a: {odd}\n").problems


@given(st.binary(max_size=60))
def test_any_bytes_at_all_get_data_or_problems(source: bytes) -> None:
    found = read(source)
    assert found.problems or isinstance(found.data, (dict, list, str, int, float, bool, type(None)))


@given(documents())
def test_what_is_accepted_means_the_same_to_pyyaml(case: tuple[str, object]) -> None:
    text, _ = case
    assert same(yaml.safe_load(text), read(text).data)


@given(documents())
def test_both_parsers_say_the_same(case: tuple[str, object]) -> None:
    text, _ = case
    found = []
    for name in document.PARSERS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(document, "parser", document.PARSERS[name])
            one = read(text)
            found.append((one.data, one.problems, one.root))
    assert all(f == found[0] for f in found)


def test_a_path_is_found_with_its_line_and_column() -> None:
    found = read("models:\n  fraud:\n    versions:\n      - {version: 1, uri: x}\n")
    assert str(found.where(("models", "fraud", "versions", 0, "uri"))) == "models.yaml:4:27"
    assert str(found.where(("models", "fraud", "versions", 0, "uri"), on_key=True)) == "models.yaml:4:22"
    assert str(found.where(("models", "fraud", "stages", "Production"))) == "models.yaml:3:5"
