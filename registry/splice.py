"""Byte-exact edits: the text of a document changed as little as it takes to say new data. Pure.

The caller says what the data should be; the difference between that and what the text says now
becomes a few splices at the places where the text says it, as a careful person would make them.
Every byte outside survives: comments, quotes, order, indentation, line endings, a byte order
mark, a missing final newline. The result is read again and must mean exactly the new data.

An edit never reorders what stays: new keys go behind the key they follow in the new data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.document import BOM, Document, Node, is_plain_string, nested_columns, number_text, positions, read
from registry.errors import Problem, Rejected


class Flow(dict[str, Any]):
    """A mapping that is written in one line, `{a: 1}`; otherwise new mappings are blocks."""


class FlowList(list[Any]):
    """A list that is written in one line, `[a, b]`."""


def rewrite(document: Document, data: Any) -> Document:
    """The document that says `data`, its text changed only where the data changed.

    Raises:
        Rejected: `data` cannot be said in a manifest (a control character, say), or the text is
            laid out in a way that cannot be edited safely. Nothing is ever half edited.
    """
    if document.problems:
        raise Rejected(*document.problems)
    if _unchanged(document.data, data):
        return document
    body = document.text.removeprefix(BOM)
    mark = document.text[: len(document.text) - len(body)]
    text = mark + _Splicer(Document(document.file, body, document.data) if mark else document).apply(data)
    result = read(text, document.file)
    if result.problems:
        raise Rejected(*result.problems)
    if not same(result.data, data):
        raise Rejected(
            Problem(
                "cannot-edit",
                "this text cannot be edited safely where the change belongs",
                document.where(()),
                "After an edit the text must mean exactly what was intended.",
                "make the change by hand, or write the place in plain block style",
            )
        )
    return Document(result.file, result.text, data)  # shares with the old data what did not change


def same(one: Any, other: Any) -> bool:
    """Equal as a reader sees it: 1, 1.0 and true differ, and so does the order of keys."""
    return one is other or repr(one) == repr(other)


def _unchanged(one: Any, other: Any) -> bool:
    """`same`, quick where the two share most of their objects."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_unchanged(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_unchanged, one, other))
    return repr(one) == repr(other)


_GONE = object()


def _differing(old: Any, new: Any) -> Any:
    """The keys and indexes, nested, below which the two differ; None: everything there may matter."""
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(k, v, new.get(k, _GONE)) for k, v in old.items()]
    elif isinstance(old, list) and isinstance(new, list):
        pairs = [(i, v, new[i] if i < len(new) else _GONE) for i, v in enumerate(old)]
    else:
        return None
    return {part: _differing(was, now) for part, was, now in pairs if not _unchanged(was, now)}


def new_text(data: dict[str, Any], newline: str = "\n") -> str:
    """A whole new text in the style the tool writes."""
    lines = [line for key, value in data.items() for line in _entry(key, value, 0, Style())]
    return newline.join(lines) + newline


# -- values to text --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """How this text is laid out: columns per level, of a list within a mapping, and line ends."""

    step: int = 2
    list_step: int = 2
    newline: str = "\n"

    @classmethod
    def of(cls, document: Document) -> Style:
        """The layout of the first nested block mapping and list."""
        text = document.text
        newline = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
        step = list_step = None
        for kind, key, inner in nested_columns(text):
            if kind == "mapping" and step is None:
                step = inner - key
            if kind == "sequence" and list_step is None:
                list_step = inner - key
            if step is not None and list_step is not None:
                break
        step = step or 2
        return cls(step, step if list_step is None else list_step, newline)


def scalar(value: Any, *, flow: bool = False, quoted: bool = False) -> str:
    """A scalar as text: plain where every reader sees the same, double-quoted elsewhere."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, int):
        return str(value)
    safe = _PLAIN_IN_FLOW if flow else _PLAIN
    if not quoted and safe.fullmatch(value) and is_plain_string(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


_PLAIN = re.compile(r"(?!.*: )[\w/][\w ./@+()=,;~*?!&$%:-]*(?<![ :])")
_PLAIN_IN_FLOW = re.compile(r"\w[\w ./@+()=~-]*(?<! )")


def _inline(value: Any) -> bool:
    return not isinstance(value, dict | list) or isinstance(value, Flow | FlowList) or not value


def _flow(value: Any, *, inside: bool = False) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(_flow_entry(k, v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v, inside=True) for v in value) + "]"
    return scalar(value, flow=inside)


def _flow_entry(key: str, value: Any) -> str:
    return f"{scalar(key, flow=True)}: {_flow(value, inside=True)}"


def _entry(key: str, value: Any, indent: int, style: Style) -> list[str]:
    head = " " * indent + scalar(key) + ":"
    if _inline(value):
        return [f"{head} {_flow(value)}"]
    return [head, *_block(value, indent, style)]


def _block(value: Any, indent: int, style: Style) -> list[str]:
    """The lines of a block container below a key that stands at `indent`."""
    if isinstance(value, dict):
        return [line for k, v in value.items() for line in _entry(k, v, indent + style.step, style)]
    return [line for v in value for line in _item(v, indent + style.list_step, style)]


def _item(value: Any, indent: int, style: Style, gap: int = 2) -> list[str]:
    dash = " " * indent + "-" + " " * (gap - 1)
    if _inline(value) or isinstance(value, list):
        return [dash + _flow(value)]
    lines = [line for k, v in value.items() for line in _entry(k, v, indent + gap, style)]
    return [dash + lines[0][indent + gap :], *lines[1:]]


# -- the difference as splices ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Slot:
    """What holds a value: the index behind its colon or dash, the column (from 0) of its key or dash."""

    after: int
    indent: int
    flow: bool
    dash: bool = False


class _Splicer:
    """Collects the splices of one edit of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.style = Style.of(document)
        self.ended = document.text.endswith("\n")
        # a missing final newline is lent for the edit and taken back at the end
        self.text = document.text if self.ended else document.text + self.style.newline
        self.splices: list[tuple[int, int, str]] = []

    def apply(self, data: Any) -> str:
        old = self.document.data
        root = positions(self.document.text, _differing(old, data))
        self._change(root, old, data, _Slot(0, -self.style.step, False))
        self.splices.sort(key=lambda s: s[:2])  # stable: an insertion stands before a removal at its place
        parts, at = [], 0
        for start, end, new in self.splices:
            if start < at:
                self._refuse()
            parts += [self.text[at:start], new]
            at = end
        text = "".join([*parts, self.text[at:]])
        return text if self.ended else text.removesuffix("\n").removesuffix("\r")

    def _refuse(self) -> None:
        raise Rejected(Problem("cannot-edit", "this text cannot be edited safely", self.document.where(())))

    def _put(self, start: int, end: int, new: str) -> None:
        self.splices.append((start, end, new))

    # places

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        """The start of the line after the one that holds the character before `index`."""
        return self.text.find("\n", max(index - 1, 0)) + 1

    def _first_on_line(self, index: int) -> bool:
        before = self.text[self._line_start(index) : index]
        return not before.strip(" ")

    def _behind(self, end: int, indent: int) -> int:
        """Where a new sibling goes behind an entry that ends at `end`: after comments that are its own."""
        at = place = self._line_end(end)
        while at < len(self.text):
            stop = self.text.find("\n", at) + 1 or len(self.text)
            line = self.text[at:stop]
            depth = len(line) - len(line.lstrip(" "))
            if line.strip() and not (line.lstrip(" ").startswith("#") and depth > indent):
                break
            at = stop
            if line.strip():
                place = stop
        return place

    def _before(self, start: int, indent: int) -> int:
        """Where a new first sibling goes: before the comments that stand right above the old first."""
        place = self._line_start(start)
        while place:
            above = self.text.rfind("\n", 0, place - 1) + 1
            line = self.text[above:place]
            if not line.startswith(" " * indent + "#"):
                return place
            place = above
        return self._line_start(start)

    def _colon(self, key: Node) -> int:
        return self.text.index(":", key.end) + 1

    def _lines(self, lines: list[str]) -> str:
        return "".join(line + self.style.newline for line in lines)

    # values

    def _change(self, node: Node, old: Any, new: Any, slot: _Slot) -> None:
        if _unchanged(old, new):
            return
        grows = not old and not slot.flow and not _inline(new)  # `{}` gets its first entries as a block
        if isinstance(old, dict) and isinstance(new, dict) and node.kind == "mapping" and not grows:
            self._mapping(node, old, new, slot)
        elif isinstance(old, list) and isinstance(new, list) and node.kind == "sequence" and not grows:
            self._sequence(node, old, new, slot)
        else:
            self._replace(node, new, slot)

    def _replace(self, node: Node, new: Any, slot: _Slot) -> None:
        """Another kind of value in the place of an old one."""
        inline = slot.flow or _inline(new) or (slot.dash and isinstance(new, list))
        quoted = node.style == '"' and isinstance(new, str)
        value = (
            _flow(new, inside=slot.flow) if isinstance(new, dict | list) else scalar(new, flow=slot.flow, quoted=quoted)
        )
        end = node.start + len(self.text[node.start : node.end].rstrip())
        if slot.dash and not inline:
            self._put(slot.after, end, self._lines(_item(new, slot.indent, self.style)).rstrip()[slot.indent + 1 :])
        elif node.kind == "scalar" or node.flow:
            if inline:
                gap = "" if node.start > slot.after else " "
                self._put(node.start, end, gap + value)
            else:
                start = slot.after + len(self.text[slot.after : node.start].rstrip(" "))
                self._put(start, end, "")
                self._put(
                    self._line_end(end),
                    self._line_end(end),
                    self._lines(_block(new, slot.indent, self.style)),
                )
        elif self._first_on_line(node.start):  # a block below its key
            if inline:
                self._put(slot.after, slot.after, " " + value)
            else:
                place = self._line_start(node.start)
                self._put(place, place, self._lines(_block(new, slot.indent, self.style)))
            self._put(self._line_start(node.start), self._line_end(end), "")
        else:
            self._put(node.start, end, _flow(new) if isinstance(new, dict | list) else value)

    # mappings

    def _mapping(self, node: Node, old: dict[str, Any], new: dict[str, Any], slot: _Slot) -> None:
        renamed = _renamed(old, new)
        kept = [name for name in old if name in new or name in renamed]
        for name in kept:
            key, value = node.key(name), node.child(name)
            if name in renamed:
                self._put(key.start, key.end, scalar(renamed[name], flow=node.flow, quoted=bool(key.style)))
            inner = _Slot(self._colon(key), key.column - 1, node.flow)
            self._change(value, old[name], new[renamed.get(name, name)], inner)
        names = set(kept)
        present = {renamed.get(name, name): name for name in kept}
        groups: dict[str | None, dict[str, Any]] = {}
        anchor = None
        for name, value in new.items():
            if name in present:
                anchor = present[name]
            else:
                groups.setdefault(anchor, {})[name] = value
        if node.flow:
            self._flow_entries(
                node,
                [n in names for n in node.names],
                {_index(node, a): [_flow_entry(k, v) for k, v in g.items()] for a, g in groups.items()},
            )
        else:
            self._block_entries(node, names, groups, slot)

    def _block_entries(self, node: Node, kept: set[str], groups: dict[str | None, dict[str, Any]], slot: _Slot) -> None:
        indent = node.keys[0].column - 1
        for anchor, entries in groups.items():
            lines = [line for k, v in entries.items() for line in _entry(k, v, indent, self.style)]
            self._insert(
                node.keys[0].start if anchor is None else None,
                indent,
                lines,
                None if anchor is None else self._entry_end(node, anchor),
            )
        gone = [i for i, name in enumerate(node.names) if name not in kept]
        if len(gone) == len(node.names) and not groups:
            self._put(slot.after, slot.after, " {}")
        for i in gone:
            self._remove_entry(node, i)

    def _entry_end(self, node: Node, name: str) -> int:
        return max(self._colon(node.key(name)), node.child(name).end)

    def _insert(self, first: int | None, indent: int, lines: list[str], end: int | None) -> None:
        """New lines behind the entry that ends at `end`, or before the one that starts at `first`."""
        if end is not None:
            place = self._behind(end, indent)
            self._put(place, place, self._lines(lines))
        elif first is not None and self._first_on_line(first):
            place = self._before(first, indent)
            self._put(place, place, self._lines(lines))
        elif first is not None:  # behind a dash: the new first goes there, the old one to a line of its own
            self._put(first, first, self._lines(lines)[indent:] + " " * indent)

    def _remove_entry(self, node: Node, i: int) -> None:
        key = node.keys[i]
        end = self._entry_end(node, node.names[i])
        if self._first_on_line(key.start):
            self._put(self._line_start(key.start), self._line_end(end), "")
            return
        following = node.keys[i + 1].start if i + 1 < len(node.keys) else end
        comments = self.text[end:following].strip()
        self._put(key.start, end if comments else following, "")

    # sequences

    def _sequence(self, node: Node, old: list[Any], new: list[Any], slot: _Slot) -> None:
        shorter = min(len(old), len(new))
        head = next((i for i in range(shorter) if not _unchanged(old[i], new[i])), shorter)
        tail = next((i for i in range(shorter - head) if not _unchanged(old[-1 - i], new[-1 - i])), shorter - head)
        pairs = shorter - tail
        for i in range(head, pairs):
            dash = node.start if node.flow else self._dash(node, i)
            inner = _Slot(dash + 1, dash - self._line_start(dash), node.flow, not node.flow)
            self._change(node.values[i], old[i], new[i], inner)
        fresh = new[pairs : len(new) - tail]
        gone = range(pairs, len(old) - tail)
        if node.flow:
            marks = [i not in gone for i in range(len(old))]
            self._flow_entries(node, marks, {pairs - 1 if pairs else None: [_flow(v, inside=True) for v in fresh]})
        else:
            self._block_items(node, pairs, fresh, gone, slot)

    def _block_items(self, node: Node, pairs: int, fresh: list[Any], gone: range, slot: _Slot) -> None:
        indent = node.column - 1
        last = node.values[-1]
        dash = self._dash(node, len(node.values) - 1)
        gap = last.start - dash if "\n" not in self.text[dash : last.start] and last.start > dash + 1 else 2
        lines = [line for v in fresh for line in _item(v, indent, self.style, gap)]
        if lines:
            self._insert(self._dash(node, 0), indent, lines, node.values[pairs - 1].end if pairs else None)
        if len(gone) == len(node.values) and not fresh:
            self._put(slot.after, slot.after, " []")
        for i in gone:
            start = self._dash(node, i)
            if not self._first_on_line(start):
                self._refuse()
            end = max(node.values[i].end, start + 1)
            self._put(self._line_start(start), self._line_end(end), "")

    def _dash(self, node: Node, i: int) -> int:
        """The index of an item's dash, looked for between its predecessor and itself."""
        begin = node.start if i == 0 else node.values[i - 1].end
        stop = max(node.values[i].start, begin + 1)
        found = begin
        for match in re.finditer(r"#[^\n]*|-", self.text[begin:stop]):
            if match[0] == "-":
                found = begin + match.start()
        return found

    # flow style, mappings and sequences alike

    def _flow_entries(self, node: Node, kept: list[bool], fresh: dict[int | None, list[str]]) -> None:
        starts = [k.start for k in node.keys] or [v.start for v in node.values]
        ends = [max(v.end, node.keys[i].end if node.keys else 0) for i, v in enumerate(node.values)]
        groups = {a: entries for a, entries in fresh.items() if entries}
        if not any(kept):
            if groups or kept:
                new = ", ".join(e for entries in groups.values() for e in entries)
                self._put(node.start + 1, node.end - 1, new)
            return
        for anchor, entries in groups.items():
            if anchor is None:
                first = kept.index(True)
                self._put(starts[first], starts[first], ", ".join(entries) + ", ")
            elif self._has_own_lines(starts[anchor], ends[anchor]):
                self._flow_lines(starts[anchor], ends[anchor], entries)
            else:
                self._put(ends[anchor], ends[anchor], "".join(f", {e}" for e in entries))
        self._flow_removals(starts, ends, kept)

    def _flow_lines(self, start: int, end: int, entries: list[str]) -> None:
        """New entries on lines of their own, behind one that has its own too."""
        place = self._line_end(end)
        comma = "," in self.text[end:place].partition("#")[0]
        if not comma:
            self._put(end, end, ",")
        indent = self.text[self._line_start(start) : start]
        lines = [f"{indent}{entry}," for entry in entries]
        lines[-1] = lines[-1] if comma else lines[-1][:-1]
        self._put(place, place, self._lines(lines))

    def _flow_removals(self, starts: list[int], ends: list[int], kept: list[bool]) -> None:
        last = len(kept) - 1 - kept[::-1].index(True)
        gone = [i for i, keep in enumerate(kept) if not keep]
        own = {i for i in gone if self._has_own_lines(starts[i], ends[i])}
        if {i for i in gone if i > last} <= own:  # their comments go with them; a comma before the bracket may stay
            last = len(kept)
        for i in gone:
            if i in own and i < last:
                self._put(self._line_start(starts[i]), self._line_end(ends[i]), "")
            elif i < last:
                self._put(starts[i], starts[i + 1], "")
        if last + 1 < len(kept):
            self._put(ends[last], ends[-1], "")

    def _has_own_lines(self, start: int, end: int) -> bool:
        """Whether nothing but a comma and a comment shares the lines of an entry in brackets."""
        rest = self.text[end : self._line_end(end)]
        return self._first_on_line(start) and re.fullmatch(r"\s*,?\s*(#.*)?\s*", rest) is not None


def _index(node: Node, name: str | None) -> int | None:
    return None if name is None else node.names.index(name)


def _renamed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """Keys that got another name: gone and come at one place, with the same contents within."""
    gone = [n for n in old if n not in new]
    come = [n for n in new if n not in old]
    pairs: Iterator[tuple[str, str]] = ((g, c) for g in gone for c in come)
    return {g: c for g, c in pairs if list(old).index(g) == list(new).index(c) and _shares(old[g], new[c])}


def _shares(old: Any, new: Any) -> bool:
    """Whether one value was made from the other: they hold the same object."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return old is new or any(new.get(k) is v for k, v in old.items() if isinstance(v, dict | list))
