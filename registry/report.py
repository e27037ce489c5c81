"""Problems, tables, moves and versions as text and as JSON data. Pure.

The one place that gives a manifest's words a form for people and machines. Text for a terminal or
a log passes `safe` first; JSON carries the words as they are, and `json_text` escapes them.
JSON grows only by new keys, so that scripts may rely on what they read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.change import Move
from registry.errors import Problem

if TYPE_CHECKING:
    from registry.edits import Edit
    from registry.model import Manifest, Model, Stage, Version
    from registry.rules.gates import Gate

FORMAT = 1
"""The `format` of every JSON object that is not simply one version."""
SUBJECT = 100
"""Characters of a commit's subject; its trailers say all of it."""
NOTHING = "-"
"""An empty cell, so that every line of a table has the same number of words."""

NARROW = 10
"""Columns of a terminal for each column of a table, below which rich would drop some."""

Cell = str | int | None


# -- text ----------------------------------------------------------------------------------------------


def safe(text: str, *, lines: bool = False) -> str:
    r"""The text with everything that a terminal would obey, or not show, written as `\x1b` or `\u202e`.

    That is control, format (bidi), surrogate, private and unassigned characters and every line
    break; `lines` keeps newlines, for a text that may have several.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (lines and c == "\n") or _is_space(c) else _escaped(c) for c in text)


def _is_space(character: str) -> bool:
    from unicodedata import category  # only for the rare text that needs a second look

    return category(character) == "Zs"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def problems_text(problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> str:
    """`FILE:LINE:COL: WHAT [CODE]` for each, with its why and its fix below."""
    told = [*((p, "") for p in problems), *((p, "warning: ") for p in warnings)]
    return "\n".join(line for problem, word in told for line in _problem_lines(problem, word))


def _problem_lines(problem: Problem, word: str) -> list[str]:
    place = f"{problem.where}: " if problem.where else ""
    said = [safe(place) + word + safe(f"{problem.what} [{problem.code}]")]
    if problem.why:
        said.append("    why: " + safe(problem.why, lines=True).replace("\n", "\n         "))
    if problem.fix:
        said.append("    fix: " + safe(problem.fix))
    return said


def table(rows: Iterable[Sequence[Cell]], headers: Sequence[str], width: int | None = None) -> str:
    """A table; nothing in it is ever cut off.

    Without `width`, for files and pipes: columns two spaces apart, headers in capitals, no colour.
    With the width of a terminal: drawn by rich, long cells folded; a terminal too narrow for that
    folds the plain lines itself.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    names = [safe(name).upper() for name in headers]
    if width is None or width < NARROW * len(names):
        return _plain_table(cells, names)
    return _drawn_table(cells, names, width)


def _cell(value: Cell) -> str:
    return NOTHING if value in (None, "") else safe(str(value))


def _plain_table(rows: list[list[str]], headers: list[str]) -> str:
    widths = [max(map(_columns, column)) for column in zip(headers, *rows, strict=True)]
    return "\n".join(_padded(row, widths) for row in (headers, *rows))


def _padded(row: list[str], widths: list[int]) -> str:
    return "  ".join(cell + " " * (w - _columns(cell)) for cell, w in zip(row, widths, strict=True)).rstrip()


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _drawn_table(rows: list[list[str]], headers: list[str], width: int) -> str:
    import io

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # never a plain string: rich would read `[/foo]` in it as markup

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in headers:
        drawn.add_column(Text(name), overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, emoji=False, highlight=False)
    if console.no_color:  # rich looks at NO_COLOR, and would still print bold
        drawn.header_style = "none"
    console.print(drawn)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


# -- moves ---------------------------------------------------------------------------------------------


def move_text(move: Move) -> str:
    """A move in one line: `fraud-detector 4: Staging -> Production, replaces 3`."""
    text, end = str(move), f": {move.kind}"
    text = text.removesuffix(end) + f" {move.kind}" if text.endswith(end) else text
    text += " changed" if move.kind == "touched" else ""
    return safe(text) + (f", replaces {move.replaces}" if move.replaces else "")


def deed(move: Move) -> str:
    """What was done, in a word or two: `promoted (return)`, `aliased champion`, `touched tags`."""
    more = "(return)" if move.returned else move.alias or move.detail or ", ".join(move.fields)
    return f"{move.kind} {more}".strip()


def told(edit: Edit, moves: Iterable[Move]) -> list[Move]:
    """The moves worth telling, the one that an operation was about first.

    A new model is told by its first version, and what was recorded with a move by that move.
    """
    about = sorted(
        moves, key=lambda m: (m.kind == "created", m.version != edit.version, m.kind in ("touched", "checked"))
    )
    beside = [("created", None), ("touched", about[0].version), ("checked", about[0].version)] if about else []
    return [*about[:1], *(m for m in about[1:] if (m.kind, m.version) not in beside)]


def commit_message(operation: str, edit: Edit, moves: Iterable[Move], reason: str) -> str:
    """What a commit says: the move, the reason given, and trailers that git-interpret-trailers(1) reads."""
    move = next(iter(told(edit, moves)), None)
    subject = safe(str(move) if move else f"{edit.model or 'registry'}: {operation}")
    body = [subject if len(subject) <= SUBJECT else subject[: SUBJECT - 1] + "…"]
    if reason.strip():
        body.append(_reason(reason))
    body.append("\n".join(f"{key}: {safe(str(value))}" for key, value in _trailers(operation, edit, move) if value))
    return "\n\n".join(body) + "\n"


def _reason(reason: str) -> str:
    """The reason, with a line that git would take for the end of the message (`---`) moved in by a space."""
    lines = safe(reason.replace("\r\n", "\n").strip(), lines=True).split("\n")
    return "\n".join(" " + line if line.startswith("---") else line.rstrip() for line in lines)


def _trailers(operation: str, edit: Edit, move: Move | None) -> Iterable[tuple[str, Cell]]:
    yield "Registry-Operation", operation
    yield "Registry-Model", edit.model
    yield "Registry-Version", edit.version
    if move:
        yield "Registry-From", move.source
        yield "Registry-To", move.target
        yield "Registry-Replaces", move.replaces


# -- JSON data -----------------------------------------------------------------------------------------


def json_text(data: Any) -> str:
    """JSON for people and programs; only ASCII, so that nothing in it can reach a terminal."""
    return json.dumps(data, indent=2)


def problems_json(problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> dict[str, Any]:
    """`{"format": 1, "problems": […], "warnings": […]}`.

    Each problem has code, what, why, fix and its place as file, line and column; these three are
    null where no file is to blame.
    """
    return {"format": FORMAT, "problems": [*map(_problem, problems)], "warnings": [*map(_problem, warnings)]}


def _problem(problem: Problem) -> dict[str, Any]:
    where = problem.where
    place = {"file": where.file, "line": where.line, "column": where.column} if where else {}
    return {"code": problem.code, "what": problem.what, "file": None, "line": None, "column": None,
            **place, "why": problem.why, "fix": problem.fix}  # fmt: skip


def version_json(model: Model, version: Version, revision: str | None = None) -> dict[str, Any]:
    """One version: its record, and where the model's stages and aliases see it.

    What the record does not say is null, or empty for a mapping; `revision` is there when it is known.
    """
    number, record = version.number, version.data
    mappings = ("metrics", "params", "tags", "source", "approvals", "checks", "replaced_by")
    facts = {
        "model": model.name,
        "version": number,
        "stage": model.stage_of(number),
        "stages": list(model.stands_in(number)),
        "aliases": aliases_of(model, number),
        "life": model.life(number),
        **{key: record.get(key) for key in ("uri", "digest", "format", "description")},
        **{key: record.get(key, {}) for key in mappings},
        **{key: record.get(key) for key in ("archived", "deleted", "created_by", "created_at")},
    }
    return facts if revision is None else {**facts, "revision": revision}


def model_json(model: Model) -> dict[str, Any]:
    """One model without its versions: what stands in each stage of the policy, and the rest of its block."""
    return {
        "model": model.name,
        "description": model.description,
        "owners": list(model.owners),
        "tags": dict(model.tags),
        "formerly": list(model.formerly),
        "stages": {stage.name: list(model.holders(stage)) for stage in model.policy.stages},
        "aliases": dict(model.aliases),
        "newest": model.newest,
    }


def aliases_of(model: Model, number: int) -> list[str]:
    """The aliases that name a version."""
    return [alias for alias, named in model.aliases.items() if named == number]


# -- models and versions as text -----------------------------------------------------------------------


def models_table(models: Iterable[Model], stages: Sequence[Stage], width: int | None) -> str:
    """A row per model: what stands in each stage, the newest version, the owners."""
    rows = [[m.name, *(_numbers(m.holders(s)) for s in stages), m.newest, ", ".join(m.owners)] for m in models]
    return table(rows, ["model", *(s.name for s in stages), "newest", "owners"], width)


def versions_table(model: Model, width: int | None) -> str:
    """A row per version of a model, newest last."""
    rows = [
        [n, model.stage_of(n), model.life(n), ", ".join(aliases_of(model, n)), v.uri, v.data.get("created_at")]
        for n, v in model.versions.items()
    ]
    return table(rows, ["version", "stage", "life", "aliases", "uri", "created"], width)


def counted(manifest: Manifest) -> str:
    """How much a manifest holds, in words: `2 models, 1 version`."""
    versions = sum(len(model.versions) for model in manifest.models.values())
    pairs = ((len(manifest.models), "model"), (versions, "version"))
    return ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in pairs)


def _numbers(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def model_text(model: Model) -> str:
    """What is said of a model as a whole, one line each."""
    aliases = ", ".join(f"{alias} {number}" for alias, number in model.aliases.items())
    return fields_text({
        "model": model.name, "description": model.description, "owners": ", ".join(model.owners),
        "tags": _pairs(model.tags), "formerly": ", ".join(model.formerly), "aliases": aliases,
    })  # fmt: skip


def version_text(model: Model, version: Version) -> str:
    """All that a version's record says, and where it stands, one line each."""
    facts = version_json(model, version)
    shown = {key: _words(value) for key, value in facts.items()}
    shown["approvals"] = "\n".join(f"{stage}: {', '.join(who)}" for stage, who in version.approvals.items())
    shown["checks"] = "\n".join(f"{name}: {_check(check)}" for name, check in version.checks.items())
    shown["replaced_by"] = "\n".join(f"{s}: {n or 'nothing'}" for s, n in version.replaced_by.items())
    shown["archived"] = facts["archived"].get("reason", "on purpose") if version.archived else ""
    return fields_text(shown)


def gates_text(stage: Stage, gates: Iterable[Gate]) -> str:
    """How a version fares at the gates of a stage that it may enter next."""
    lines = [f"to enter {safe(stage.name)}:"]
    for gate in gates:
        lines.append(f"  {'passed ' if gate.passed else 'missing'}  {safe(gate.name if gate.passed else gate.missing)}")
        if not gate.passed and gate.fix:
            lines.append(f"           fix: {safe(gate.fix)}")
    return "\n".join(lines if len(lines) > 1 else [f"{lines[0]} nothing is required"])


def fields_text(fields: Mapping[str, str]) -> str:
    """Names and values below each other, the empty ones left out; a value may have several lines."""
    said = {name: value for name, value in fields.items() if value}
    indent = max(map(len, said), default=0) + 2
    return "\n".join(f"{name + ':':{indent}}" + safe(value, lines=True).replace("\n", "\n" + " " * indent)
                     for name, value in said.items())  # fmt: skip


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return _pairs(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_scalar(value)}" for key, value in values.items())


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _check(check: Mapping[str, str]) -> str:
    return " ".join([check["result"], *(check[k] for k in ("url", "by", "at", "note") if k in check)])
