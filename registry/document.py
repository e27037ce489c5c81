"""YAML text as plain data with the place of every value. Pure; the only `import yaml`.

The YAML read here is a strict subset that every YAML library reads alike: mappings with string
keys, sequences, strings, true, false, null, decimal integers and finite floats. Whatever else a
text holds is a problem with its line and column, and all of them are reported, not the first.

Data is built from the parser's events in one loop with a stack of its own, so that no input
controls recursion (composing a document of 50 kB of `[` overflows the C stack: measured).
Must never guess what an unclear scalar means, and never touch the disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, Literal

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from registry.errors import Location, Path, Problem

MAX_BYTES = 8 * 2**20
"""A larger file is refused before it is decoded."""
MAX_DEPTH = 16
"""Containers within containers; the format itself needs seven."""
MAX_INTEGER = 2**53
"""From here on a reader that knows only doubles would see another number."""

BOM = "\ufeff"


class PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own event parser in Python, for machines without libyaml; ten times slower."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


PARSERS: dict[str, Callable[[str], Any]] = {"python": PureParser}
try:
    from yaml import cyaml

    PARSERS["libyaml"] = cyaml.CParser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover - depends on how PyYAML was built
    pass
parser: Callable[[str], Any] = PARSERS.get("libyaml", PureParser)


@dataclass(frozen=True, slots=True)
class Node:
    """Where a value stands in the text: `text[start:end]`, without comments that follow it.

    `line` and `column` count from 1. `keys` holds the span of each key of a mapping, `values`
    the nodes of a mapping's or sequence's values, both in the order of the text.
    """

    kind: Literal["scalar", "mapping", "sequence"]
    start: int
    end: int
    line: int
    column: int
    flow: bool = False
    style: str | None = None
    keys: tuple[Node, ...] = ()
    values: tuple[Node, ...] = ()
    names: tuple[str, ...] = ()

    def key(self, name: str) -> Node:
        """The node of the key `name` itself."""
        return self.keys[self.names.index(name)]

    def child(self, part: str | int) -> Node:
        """The node of the value at a key or an index."""
        return self.values[part if isinstance(part, int) else self.names.index(part)]


@dataclass(frozen=True)
class Document:
    """One YAML text and what it says.

    `data` is as complete as the problems allow: with a broken syntax it is None, with a duplicate
    key the first value stands. Nobody may act on the data of a document that has problems.
    """

    file: str
    text: str
    data: Any
    problems: tuple[Problem, ...] = ()

    @cached_property
    def root(self) -> Node:
        """The tree of positions; made on demand, since a good file that is only read never needs it."""
        return positions(self.text)

    def where(self, path: Path, *, on_key: bool = False) -> Location:
        """The place of a value (or of its key), or of its nearest ancestor that exists."""
        if self.data is None:
            return Location(self.file, 1, 1)
        node = self.root
        for depth, part in enumerate(path):
            if isinstance(part, str) and part not in node.names:
                break
            if isinstance(part, int) and not (node.kind == "sequence" and part < len(node.values)):
                break
            if on_key and depth == len(path) - 1 and isinstance(part, str):
                node = node.key(part)
            else:
                node = node.child(part)
        return Location(self.file, node.line, node.column)

    def encode(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8")


def read(source: bytes | str, file: str = "models.yaml") -> Document:
    """The document in `source`; never raises for any bytes at all.

    A `str` is taken as it stands, with its own line endings.
    """
    text, problem = _decode(source, file)
    if problem is not None:
        return Document(file, text, None, (problem,))
    problems = list(_foreign_text(text, file))
    if problems:
        return Document(file, text, None, tuple(problems))
    data = _Reader(text, file, problems).data()
    document = Document(file, text, data, tuple(problems))
    if "\t" in text and data is not None:
        problems.extend(_tabs(document))
    _name_first_keys(document, problems)
    problems.sort(key=lambda p: p.where or Location(file, 1, 1))
    return Document(file, text, data, tuple(problems))


def _name_first_keys(document: Document, problems: list[Problem]) -> None:
    """Complete the duplicates' words with the line of the first, known only now."""
    for i, problem in enumerate(problems):
        if isinstance(problem, _Duplicate):
            first = document.where(problem.path, on_key=True).line if document.data is not None else 0
            what = f"{problem.what}; the first is on line {first}" if first else problem.what
            problems[i] = Problem(problem.code, what, problem.where, problem.why, problem.fix)


# -- bytes to characters ---------------------------------------------------------------------------

_CONTROL_BYTES = bytes(b for b in [*range(0x20), 0x7F] if b not in b"\t\n\r")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7}|={7})(?: |\r?$)", re.M)
_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def _decode(source: bytes | str, file: str) -> tuple[str, Problem | None]:
    try:
        raw = source if isinstance(source, bytes) else source.encode("utf-8")
    except UnicodeEncodeError as error:
        return "", Problem("not-utf-8", f"the text is not valid Unicode: {error.reason}", Location(file, 1, 1))

    def refuse(code: str, what: str, fix: str, at: int = 0) -> tuple[str, Problem]:
        line = raw.count(b"\n", 0, at) + 1
        column = len(raw[raw.rfind(b"\n", 0, at) + 1 : at].decode("utf-8", "replace")) + 1
        return "", Problem(code, what, Location(file, line, column), "", fix)

    if len(raw) > MAX_BYTES:
        size = f"{len(raw) / 2**20:.1f} MiB"
        return refuse(
            "too-large",
            f"the file is {size}; the limit is {MAX_BYTES // 2**20} MiB",
            "keep one file per model: see `include:`",
        )
    if not raw.strip():
        return refuse("empty-file", "the file is empty", "run `registry init`, or restore it from Git")
    if raw.startswith(_UTF16_OR_32):
        return refuse("not-utf-8", "the file is UTF-16 or UTF-32, not UTF-8", "save it as UTF-8")
    if raw.startswith(b"version https://git-lfs"):
        return refuse(
            "lfs-pointer",
            "this is a Git LFS pointer, not the manifest itself",
            "run `git lfs pull`, and do not track the manifest with LFS",
        )
    if (nul := raw.find(0)) >= 0:
        return refuse("binary", "the file is binary: it holds a NUL byte", "restore it from Git", nul)
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError as error:
        byte = f"0x{raw[error.start]:02x}"
        return refuse("not-utf-8", f"the byte {byte} is not UTF-8", "save the file as UTF-8", error.start)


def _foreign_text(text: str, file: str) -> Iterator[Problem]:
    """Characters and lines that have no place in a manifest, whatever YAML makes of them."""
    marked = any(mark in text for mark in ("<<<<<<<", "=======", ">>>>>>>"))  # quicker than the pattern says no
    conflicts = list(_CONFLICT.finditer(text)) if marked else []
    for match in [m for m in conflicts if m[0].startswith("<")] or conflicts[:1]:
        yield Problem(
            "conflict-markers",
            f"an unresolved merge conflict: {match[0].strip()}",
            _at(text, match.start(), file),
            "Half of each side is no state that anybody meant.",
            "resolve it; `git status` says what is under way and how to drop it",
        )
    body = text.removeprefix(BOM)
    offset = len(text) - len(body)
    plain = body.isascii() and len(body) == len(body.encode().translate(None, _CONTROL_BYTES))
    if not plain:
        for match in _INVISIBLE.finditer(body):
            yield _invisible(match[0], _at(text, offset + match.start(), file))
    if body.count("\r") != body.count("\r\n"):
        for match in re.finditer(r"\r(?!\n)", body):
            yield _invisible("\r", _at(text, offset + match.start(), file))


def _invisible(character: str, where: Location) -> Problem:
    return Problem(
        "invisible-character",
        f"the character U+{ord(character):04X} is a control or invisible character",
        where,
        "What a reviewer sees must be what a program reads.",
        "delete it",
    )


def _at(text: str, index: int, file: str) -> Location:
    start = text.rfind("\n", 0, index) + 1
    bom = 1 if start == 0 and text.startswith(BOM) else 0
    return Location(file, text.count("\n", 0, index) + 1, index - start + 1 - bom)


# -- characters to data ----------------------------------------------------------------------------

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+(?:[eE][-+][0-9]+)?)?")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_FIRST = frozenset("0123456789+-.~=<yYnNtTfFoO")  # a plain scalar that starts otherwise is a string to all
_UNCLEAR = re.compile(
    r"""(?ix:
      y | n | yes | no | on | off | true | false | null | = | <<
    | [-+]? (?: 0b[01_]+ | 0o?[0-7_]+ | 0x[0-9a-f_]+ | [0-9][0-9_]* )          # integers, in every base
    | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )?                  # base 60
    | [-+]? (?: [0-9][0-9_]* \.? [0-9_]* | \.[0-9_]+ ) (?: e[-+]?[0-9]+ )?     # floats
    | [-+]? \.inf | \.nan
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: (?: t|[ ]+ ) [0-9]{1,2}:.* )?         # dates and times
    )"""
)


class _Stop(Exception):
    """The rest of the text has no meaning any more."""


class _Duplicate(Problem):
    """A duplicate key, until the line of the first is known."""

    path: Path = ()


@dataclass(slots=True)
class _Frame:
    """A container that is being filled; `key` waits for its value."""

    container: Any
    key: str | None = None


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, text: str, file: str, problems: list[Problem]) -> None:
        self.body = text.removeprefix(BOM)
        self.file, self.problems = file, problems
        self.stack: list[_Frame] = []
        self.keys: dict[str, str] = {}  # plain keys found good: most keys come again, and share their memory
        self.plain: dict[str, Any] = {}  # numbers found good: small ones come again and again
        self.duplicates = False

    def data(self) -> Any:
        """What the text says; None when it says nothing that holds together."""
        try:
            events = parser(self.body)
            get = events.get_event
            return self._loop(get)
        except _Stop:
            pass
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except (yaml.YAMLError, ValueError, IndexError, OverflowError) as error:
            # libyaml and the pure parser meet odd escapes with raw errors; no position is known then
            self._report("syntax", f"the text is not YAML: {str(error).splitlines()[0]}", None)
        return None

    def _loop(self, get: Callable[[], Any]) -> Any:  # noqa: PLR0912, PLR0915 - a call per event costs as much as the event
        stack, documents = self.stack, 0
        root: list[Any] = []
        frame = _Frame(root)
        container: Any = root
        keys, plain = self.keys, self.plain
        while (event := get()) is not None:
            kind = event.__class__
            if kind is ScalarEvent:
                if container.__class__ is dict and frame.key is None:
                    name = event.value
                    if event.style or name not in keys or event.tag is not None or event.anchor is not None:
                        self._key(event)
                    if name in container:
                        self._duplicate(event, name)
                        frame.key = self._hidden(container, name)
                    else:
                        frame.key = keys.get(name, name)
                    continue
                value: Any = event.value
                if event.tag is not None or event.anchor is not None:
                    self._decorated(event)
                elif not event.style:  # libyaml says "" where the pure parser says None
                    if value in plain:
                        value = plain[value]
                    elif not value or value[0] in _FIRST:
                        value = self._plain(event)
                elif event.style == '"':
                    self._visible(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                value = self._opened(event, frame, {} if kind is MappingStartEvent else [])
                if container.__class__ is list:
                    container.append(value)
                else:
                    container[frame.key] = value
                stack.append(frame)
                frame, container = _Frame(value), value
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if self.duplicates:
                    self._unhide(container)
                frame = stack.pop()
                container, frame.key = frame.container, None
                continue
            elif kind is AliasEvent:
                self._report(
                    "alias",
                    f"the alias *{event.anchor} stands for another part of the file",
                    event,
                    "One place must say what is served; nothing may change by changing another.",
                    "write the value itself",
                )
                if container.__class__ is dict and frame.key is None:
                    raise _Stop
                value = None
            else:
                if kind is DocumentStartEvent:
                    documents += 1
                    self._document(event, documents)
                continue
            if container.__class__ is list:
                container.append(value)
            else:
                container[frame.key] = value
                frame.key = None
        if not root:
            self._report(
                "empty-file",
                "the file holds no data, only comments",
                None,
                fix="run `registry init`, or restore it from Git",
            )
            return None
        return root[0]

    # each of these sees one event that is out of the ordinary

    def _document(self, event: Any, count: int) -> None:
        if event.version or event.tags:
            self._report("directive", "a YAML directive (%) stands before the document", event, fix="delete the line")
        if count > 1:
            self._report(
                "several-documents",
                "a second YAML document begins here",
                event,
                "Readers take the first, the last or all of several.",
                "keep one document",
            )
            raise _Stop

    def _opened(self, event: Any, frame: _Frame, value: Any) -> Any:
        if frame.container.__class__ is dict and frame.key is None:
            self._report(
                "key-is-not-a-string",
                "a mapping or sequence stands where a key belongs",
                event,
                fix="use a plain word as the key",
            )
            raise _Stop
        if len(self.stack) >= MAX_DEPTH:
            self._report(
                "too-deep",
                f"more than {MAX_DEPTH} containers stand within each other",
                event,
                fix="a manifest needs seven at most; see what is nested here",
            )
            raise _Stop
        if event.tag is not None or event.anchor is not None:
            self._decorated(event)
        return value

    def _key(self, event: Any) -> None:
        name: str = event.value
        if event.tag is not None or event.anchor is not None:
            self._decorated(event)
        elif not event.style and name == "<<":
            self._report(
                "merge-key",
                "the merge key << copies another mapping in",
                event,
                "Readers disagree on which value wins.",
                "write the keys themselves",
            )
        elif not event.style and (not name or name in _CONSTANTS or _UNCLEAR.fullmatch(name)):
            self._report(
                "key-is-not-a-string",
                f"the key {name or 'null'} is not a string to every reader",
                event,
                fix=f'quote it: "{name}"',
            )
        elif event.style == '"':
            self._visible(event)
        elif not event.style:
            self.keys[name] = name

    def _duplicate(self, event: Any, name: str) -> None:
        mark = event.start_mark
        problem = _Duplicate(
            "duplicate-key",
            f"the key {_short(name)} appears twice in this mapping",
            Location(self.file, mark.line + 1, mark.column + 1),
            "Most readers keep the last of two equal keys without a word.",
            "delete or rename one of the two",
        )
        frames = [*self.stack[1:], _Frame(None, name)]
        path = tuple(len(f.container) - 1 if isinstance(f.container, list) else f.key for f in frames)
        object.__setattr__(problem, "path", path)
        self.problems.append(problem)

    def _hidden(self, container: dict[str, Any], name: str) -> str:
        """A name under which the second value of a duplicate waits until its mapping ends."""
        self.duplicates = True
        return f"{name}\0{len(container)}"

    def _unhide(self, container: Any) -> None:
        if self.duplicates and isinstance(container, dict):
            for name in [n for n in container if "\0" in n]:
                del container[name]

    def _decorated(self, event: Any) -> None:
        if event.anchor is not None:
            self._report(
                "anchor",
                f"the anchor &{event.anchor} is not allowed",
                event,
                "One place must say what is served; nothing may change by changing another.",
                f"delete &{event.anchor}",
            )
        if event.tag is not None:
            self._report(
                "tag",
                f"the tag {_short(event.tag)} is not allowed",
                event,
                "A tag chooses what the value is turned into.",
                "delete it, and quote strings",
            )

    def _plain(self, event: Any) -> Any:
        """A plain scalar that may be something else than a string."""
        text: str = event.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if match := _NUMBER.fullmatch(text):
            value = self._number(event, text, is_float=match[1] is not None)
            if not self.problems:
                self.plain[text] = value
            return value
        if _UNCLEAR.fullmatch(text):
            self._report(
                "unclear-scalar",
                f"{_short(text)} without quotes is not the same thing to every YAML reader",
                event,
                "Some see a date, a boolean or another number where others see a string.",
                _clearer(text),
            )
        return text

    def _number(self, event: Any, text: str, *, is_float: bool) -> int | float:
        if is_float:
            if isfinite(number := float(text)):
                return number
            self._report(
                "number-out-of-range",
                f"{_short(text)} is not a finite number",
                event,
                fix="write a number that fits a double",
            )
            return 0.0
        if len(text) > 17 or not -MAX_INTEGER < int(text) < MAX_INTEGER:
            self._report(
                "number-out-of-range",
                f"{_short(text)} is not below 2^53",
                event,
                "Readers that know only doubles would see another number.",
                "as a text, quote it",
            )
            return 0
        return int(text)

    def _visible(self, event: Any) -> None:
        """An escape in a quoted string may spell what is not allowed in the open."""
        if match := _INVISIBLE.search(event.value):
            mark = event.start_mark
            self.problems.append(_invisible(match[0], Location(self.file, mark.line + 1, mark.column + 1)))
        elif "\r" in event.value:
            mark = event.start_mark
            self.problems.append(_invisible("\r", Location(self.file, mark.line + 1, mark.column + 1)))

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        words = error.problem or str(error.context)
        tab = mark is not None and self.body[mark.index : mark.index + 1] == "\t"
        where = Location(self.file, mark.line + 1, mark.column + 1) if mark else Location(self.file, 1, 1)
        if tab:
            self.problems.append(_tab(where))
            return
        context = f" ({error.context})" if error.problem and error.context else ""
        end = " at the end of the file; is it cut off?" if mark and mark.index >= len(self.body.rstrip()) else ""
        self.problems.append(
            Problem(
                "syntax",
                f"this is not YAML: {words}{context}{end}",
                where,
                fix="see the line above too: a quote, bracket or indentation may be off",
            )
        )

    def _report(self, code: str, what: str, event: Any, why: str = "", fix: str = "") -> None:
        mark = event.start_mark if event is not None else None
        where = Location(self.file, mark.line + 1, mark.column + 1) if mark else Location(self.file, 1, 1)
        self.problems.append(Problem(code, what, where, why, fix))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _clearer(text: str) -> str:
    """How to write an unclear scalar: as the number that was probably meant, or quoted."""
    number: float | int | None = None
    if re.fullmatch(r"[-+]?[0-9]+|0[xob][0-9a-f]+", text, re.I) and len(text) < 17:
        number = int(text) if text.lstrip("+-").isdigit() else int(text, 0)
    elif re.fullmatch(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?", text, re.I) and isfinite(float(text)):
        number = float(text)
    if number is None:
        finite = "write a finite number, or as a text " if re.search(r"nan|inf", text, re.I) else ""
        return f'{finite}quote it: "{text}"'
    return f'write {number if isinstance(number, int) else number_text(number)}, or quote it: "{text}"'


def is_plain_string(text: str) -> bool:
    """Whether a text without quotes is a string to every YAML reader."""
    return not (text in _CONSTANTS or _NUMBER.fullmatch(text) or _UNCLEAR.fullmatch(text))


def number_text(number: float) -> str:
    """A float as every YAML reader reads it: with a point, and a sign in the exponent."""
    text = repr(number)
    if "e" in text and "." not in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}.0e{exponent}"
    return re.sub(r"e(\d)", r"e+\1", text)


# -- characters to positions -----------------------------------------------------------------------


@dataclass(slots=True)
class _Open:
    """A container whose end has not come yet."""

    event: Any
    keys: list[Node]
    names: list[str]
    values: list[Node]
    within: Any = None


def positions(text: str, within: Any = None) -> Node:
    """The tree of nodes of a text that the reader could read.

    With `within`, nested keys and indexes, containers that it does not lead to have a span and no children.
    """
    body = text.removeprefix(BOM)
    shift = len(text) - len(body)
    stack: list[_Open] = [_Open(None, [], [], [], {0: within} if within is not None else None)]
    get = parser(body).get_event
    while (event := get()) is not None:
        kind = event.__class__
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            parent = stack[-1]
            if parent.within is None:
                inside = None
            else:
                part = parent.names[-1] if parent.event.__class__ is MappingStartEvent else len(parent.values)
                if part not in parent.within:
                    _attach(parent, _skipped(event, get, text, shift), None)
                    continue
                inside = parent.within[part]
            stack.append(_Open(event, [], [], [], inside))
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            closed = stack.pop()
            _attach(stack[-1], _container(closed, event, shift), None)
        elif kind is ScalarEvent or kind is AliasEvent:
            _attach(stack[-1], _scalar(event, text, shift), getattr(event, "value", ""))
    return stack[0].values[0]


def _skipped(start: Any, get: Callable[[], Any], text: str, shift: int) -> Node:
    """The node of a container whose events are passed over."""
    depth, end, event, last = 1, 0, start, start
    while depth:
        event = get()
        happened = event.__class__
        if happened is ScalarEvent:
            last = event
        elif happened is MappingStartEvent or happened is SequenceStartEvent:
            depth += 1
        elif happened is MappingEndEvent or happened is SequenceEndEvent:
            depth -= 1
            if event.end_mark.index > event.start_mark.index:  # a bracket; blocks end where the next token stands
                last, end = start, event.end_mark.index + shift
    if last is not start:
        end = max(end, _scalar(last, text, shift).end)
    mark = start.start_mark
    kind: Literal["mapping", "sequence"] = "mapping" if start.__class__ is MappingStartEvent else "sequence"
    return Node(kind, mark.index + shift, end, mark.line + 1, mark.column + 1, bool(start.flow_style))


def _attach(parent: _Open, node: Node, name: str | None) -> None:
    if isinstance(parent.event, MappingStartEvent) and len(parent.keys) == len(parent.values):
        parent.keys.append(node)
        parent.names.append(name or "")
    else:
        parent.values.append(node)


def _scalar(event: Any, text: str, shift: int) -> Node:
    start, end = event.start_mark.index + shift, event.end_mark.index + shift
    style = getattr(event, "style", None) or None
    if style in ("|", ">") and "+" not in text[start : start + 3]:
        end = start + len(text[start:end].rstrip())
    return Node("scalar", start, end, event.start_mark.line + 1, event.start_mark.column + 1, style=style)


def _container(closed: _Open, end_event: Any, shift: int) -> Node:
    mark, flow = closed.event.start_mark, bool(closed.event.flow_style)
    if flow:
        end = end_event.end_mark.index + shift
    else:  # the end event of a block stands at the next token, behind comments and blank lines
        last = closed.values[-1] if closed.values else closed.keys[-1]
        end = max(last.end, closed.keys[-1].end if closed.keys else 0)
    kind: Literal["mapping", "sequence"] = "mapping" if isinstance(closed.event, MappingStartEvent) else "sequence"
    return Node(
        kind,
        mark.index + shift,
        end,
        mark.line + 1,
        mark.column + 1,
        flow,
        None,
        tuple(closed.keys),
        tuple(closed.values),
        tuple(closed.names),
    )


# -- tabs ------------------------------------------------------------------------------------------


def _tab(where: Location) -> Problem:
    return Problem(
        "tab",
        "a tab stands where spaces belong",
        where,
        "YAML forbids tabs in indentation, and readers differ on the others.",
        "use spaces",
    )


def _tabs(document: Document) -> Iterator[Problem]:
    """Tabs outside of scalars and comments."""
    text = document.text
    spans = sorted(_scalar_spans(document.root))
    inside = 0
    comment = -1
    for match in re.finditer(r"[\t#\n]", text):
        at = match.start()
        while inside < len(spans) and spans[inside][1] <= at:
            inside += 1
        if inside < len(spans) and spans[inside][0] <= at:
            continue
        if match[0] == "\n":
            comment = -1
        elif match[0] == "#":
            comment = at if comment < 0 else comment
        elif comment < 0:
            yield _tab(_at(text, at, document.file))


def _scalar_spans(root: Node) -> Iterator[tuple[int, int]]:
    todo = [root]
    while todo:
        node = todo.pop()
        todo.extend(node.values)
        todo.extend(node.keys)
        if node.kind == "scalar":
            yield node.start, node.end


def nested_columns(text: str) -> Iterator[tuple[str, int, int]]:
    """Each block container below a key of a block mapping: its kind, the key's column and its own."""
    get = parser(text.removeprefix(BOM)).get_event
    stack: list[Any] = []
    key = None
    while (event := get()) is not None:
        kind = event.__class__
        if kind is ScalarEvent:
            key = event if stack and stack[-1].__class__ is MappingStartEvent and key is None else None
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if key is not None and not event.flow_style and not stack[-1].flow_style:
                yield (
                    ("mapping" if kind is MappingStartEvent else "sequence"),
                    key.start_mark.column,
                    event.start_mark.column,
                )
            stack.append(event)
            key = None
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            stack.pop()
            key = None
