"""Hypothesis strategies: data, and texts that say it in every layout a person might use."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from registry.splice import scalar

names = st.sampled_from(["a", "bc", "version", "uri", "Production", "x y", "é", "yes", "3", "tags", "k-1", "z.w"])
strings = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "no",
            "1e5",
            "2026-11-02",
            "s3://m/1",
            "a: b",
            "a #b",
            "- x",
            "{x",
            "é ü",
            "~",
            "3",
            "'q'",
            '"',
            "a\\b",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=12),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    strings,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=14,
)
mappings = st.dictionaries(names, values, min_size=1, max_size=4)


class Layout:
    """Writes data as YAML, asking `draw` at every choice a writer has."""

    def __init__(self, draw: Any, comments: bool = True) -> None:
        self.draw, self.comments, self.count = draw, comments, 0

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def text(self, data: dict[str, Any]) -> str:
        lines = self.mapping(data, 0)
        newline = self.pick("\n", "\n", "\r\n")
        head = self.pick("", "", "\ufeff") + self.pick("", "# head" + newline, "---" + newline)
        end = self.pick(newline, newline, "")
        return head + newline.join(lines) + end

    def comment(self) -> str:
        self.count += 1
        return f"# note {self.count}"

    def tail(self) -> str:
        return "  " + self.comment() if self.comments and self.pick(0, 0, 0, 1) else ""

    def between(self, indent: int) -> list[str]:
        if not self.comments:
            return []
        kind = self.pick(0, 0, 0, 0, 1, 2)
        return [] if kind == 0 else [""] if kind == 1 else [" " * indent + self.comment()]

    def scalar(self, value: Any, flow: bool = False) -> str:
        if isinstance(value, str) and self.pick(0, 0, 1):
            return "'" + value.replace("'", "''") + "'" if self.pick(0, 1) else json.dumps(value, ensure_ascii=False)
        return scalar(value, flow=flow)

    def flow(self, value: Any) -> str:
        pad = self.pick("", "", " ")
        if isinstance(value, dict):
            inner = ", ".join(f"{self.scalar(k, True)}: {self.flow(v)}" for k, v in value.items())
            return "{" + pad + inner + pad + "}"
        if isinstance(value, list):
            return "[" + pad + ", ".join(self.flow(v) for v in value) + pad + "]"
        return self.scalar(value, True)

    def spread(self, head: str, value: Any, indent: int) -> list[str]:
        """A container in brackets, an entry a line."""
        pairs = value.items() if isinstance(value, dict) else [(None, v) for v in value]
        entries = [("" if k is None else f"{self.scalar(k, True)}: ") + self.flow(v) for k, v in pairs]
        commas = [","] * (len(entries) - 1) + [self.pick("", ",")]
        pad = " " * (indent + self.pick(1, 2, 4))
        lines = [f"{pad}{entry}{comma}{self.tail()}" for entry, comma in zip(entries, commas, strict=True)]
        ends = "{}" if isinstance(value, dict) else "[]"
        return [f"{head} {ends[0]}", *lines, " " * indent + " " + ends[1]]

    def mapping(self, data: dict[str, Any], indent: int) -> list[str]:
        lines: list[str] = []
        for key, value in data.items():
            lines += self.between(indent)
            head = " " * indent + self.scalar(key) + ":"
            if isinstance(value, dict | list) and value and self.pick(0, 0, 0, 1):
                lines += self.spread(head, value, indent)
            elif not isinstance(value, dict | list) or not value or self.pick(0, 0, 1):
                lines.append(f"{head} {self.flow(value)}{self.tail()}")
            elif isinstance(value, dict):
                lines += [head + self.tail(), *self.mapping(value, indent + self.pick(1, 2, 2, 4))]
            else:
                lines += [head + self.tail(), *self.sequence(value, indent + self.pick(0, 2, 2, 3))]
        return lines

    def sequence(self, data: list[Any], indent: int) -> list[str]:
        lines: list[str] = []
        gap = self.pick(1, 1, 3)
        for value in data:
            lines += self.between(indent)
            dash = " " * indent + "-" + " " * gap
            if isinstance(value, dict) and value and self.pick(0, 0, 1):
                inner = self.mapping(value, indent + 1 + gap)
                while not inner[0].strip() or inner[0].strip().startswith("#"):
                    inner.pop(0)
                lines += [dash + inner[0].lstrip(" "), *inner[1:]]
            else:
                lines.append(dash + self.flow(value) + self.tail())
        return lines


@st.composite
def documents(draw: Any, comments: bool = True) -> tuple[str, dict[str, Any]]:
    """A text and the data it says."""
    data = draw(mappings)
    return Layout(draw, comments).text(data), data


def paths(data: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in the data below the root."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [p for k, v in items for p in [(*at, k), *paths(v, (*at, k))]]


def replaced(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The data with another value at a path, sharing all else."""
    if not path:
        return value
    head, *rest = path
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[head] = replaced(copy[head], tuple(rest), value)
    return copy


def removed(data: Any, path: tuple[str | int, ...]) -> Any:
    """The data without what stands at a path."""
    *head, last = path
    parent: Any = data
    for part in head:
        parent = parent[part]
    copy = dict(parent) if isinstance(parent, dict) else list(parent)
    del copy[last]
    return replaced(data, tuple(head), copy)


def inserted(data: Any, path: tuple[str | int, ...], key: str, index: int, value: Any) -> Any:
    """The data with one more entry or item in the container at a path."""
    parent: Any = data
    for part in path:
        parent = parent[part]
    if isinstance(parent, dict):
        items = [(k, v) for k, v in parent.items() if k != key]
        items.insert(index % (len(items) + 1), (key, value))
        fresh: Any = dict(items)
    else:
        fresh = list(parent)
        fresh.insert(index % (len(fresh) + 1), value)
    return replaced(data, path, fresh)
