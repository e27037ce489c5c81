"""Writes the parts of these pages that the program knows best: `python docs/generate.py`.

commands.md is made of the commands themselves; in errors.md the lines between `<!-- name -->` and
`<!-- end -->` are made of the rules. `tests/test_docs.py` fails when a page is not what this writes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin

from typer.models import ArgumentInfo, OptionInfo

from registry.cli import COMMANDS
from registry.cli.writing import Writing
from registry.rules import Rule
from registry.rules.change import CHANGE_RULES
from registry.rules.state import STATE_RULES

DOCS = Path(__file__).parent
EXAMPLES = "../tests/examples"

HEAD = """\
# Commands

This page is made from the program: `registry COMMAND --help` says the same.

MODEL is a model's name. Where a command takes `MODEL [VERSION]`, one word does as well as two: `fraud/4`
for `fraud 4`, and in the same way `fraud/Staging` and `fraud@champion`; each also with `models:/` before
it. Stage names are taken in any case. A name with a space goes in quotes.

Exit codes are on the page about [errors](errors.md).
"""

TERMINAL = """\
## On a terminal and elsewhere

Tables are drawn on a terminal and plain in a pipe or a file: columns two spaces apart, nothing cut
off, `-` for an empty cell. What was asked for goes to standard output, failures and warnings to
standard error. `NO_COLOR=1` turns colours off. With `--json` a failure is JSON too. JSON only ever
gains keys.

`registry --install-completion` sets up completion for your shell; it knows the models, versions,
stages and aliases of the manifest at hand.

| variable | meaning |
|---|---|
| `REGISTRY_FILE` | the manifest, as `--file` names it |
| `REGISTRY_TRACEBACK` | set to `1`: after a mistake of our own the traceback is shown, not written to a file |
| `NO_COLOR` | set to anything: no colours |
"""


def pages() -> dict[Path, str]:
    """Each page that is generated, whole or in part, and what it should say."""
    errors = DOCS / "errors.md"
    return {DOCS / "commands.md": commands_page(), errors: with_rules(errors.read_text("utf-8"))}


# -- commands.md ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or an option of a command, as the signature of its function declares it."""

    name: str
    kind: Any
    said: ArgumentInfo | OptionInfo
    required: bool

    @property
    def is_option(self) -> bool:
        return isinstance(self.said, OptionInfo)

    @property
    def spellings(self) -> list[str]:
        """`-m`, `--message`: the shortest first."""
        told = (self.said.default, *(self.said.param_decls or ()))  # in Annotated the first is no default
        return sorted((word for word in told if isinstance(word, str)), key=len)

    @property
    def value(self) -> str:
        """What a person writes there: `STAGE`, `passed|failed`; nothing for a switch."""
        if self.kind is bool:
            return ""
        return self.said.metavar or "|".join(map(str, get_args(self.kind))) or self.name.upper()

    @property
    def word(self) -> str:
        """An argument as the usage shows it."""
        word = self.value + ("…" if get_origin(self.kind) is list else "")
        return word if self.required else f"[{word}]"


def commands_page() -> str:
    """The page about all commands, in the order of the help."""
    found = {name: _function(place) for name, place in COMMANDS.items()}
    shared = list(_parameters(Writing))
    parts = [HEAD, _contents(found), _shared_section(shared)]
    parts += [_section(name, function, {p.name for p in shared}) for name, function in found.items()]
    return "\n".join([*parts, TERMINAL])


def _function(place: str) -> Callable[..., Any]:
    module, _, function = place.partition(".")
    command: Callable[..., Any] = getattr(import_module(f"registry.cli.{module}"), function)
    return command


def _parameters(function: Callable[..., Any]) -> Iterator[Parameter]:
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        kind, *said = get_args(parameter.annotation)
        yield Parameter(name, _without_none(kind), said[-1], parameter.default is parameter.empty)


def _without_none(kind: Any) -> Any:
    """`int` of `int | None`."""
    inner = [k for k in get_args(kind) if k is not type(None)]
    return inner[0] if type(None) in get_args(kind) else kind


def _contents(found: Mapping[str, Callable[..., Any]]) -> str:
    rows = [f"| [`{name}`](#registry-{_anchor(name)}) | {_sentence(f)} |" for name, f in found.items()]
    return "\n".join(["| command | |", "|---|---|", *rows, ""])


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _sentence(function: Callable[..., Any]) -> str:
    return re.split(r"(?<=\.)\s", _cell(function.__doc__), maxsplit=1)[0]


def _shared_section(shared: Iterable[Parameter]) -> str:
    return "\n".join(["## Options of every writing command", "", *_options(shared), ""])


def _section(name: str, function: Callable[..., Any], shared: set[str]) -> str:
    shown = [p for p in _parameters(function) if not p.said.hidden]
    writes = shared <= {p.name for p in shown}
    own = [p for p in shown if not (writes and p.name in shared)]
    lines = [f"## registry {name}", "", "```sh", _usage(name, shown), "```", ""]
    if twin := _twin(name):
        return "\n".join([*lines, f"The same as [`registry {twin}`](#registry-{_anchor(twin)}).", ""])
    lines += [inspect.cleandoc(function.__doc__ or ""), ""]
    if arguments := [p for p in own if not p.is_option]:
        lines += ["| argument | |", "|---|---|", *(f"| `{p.word}` | {_cell(p.said.help)} |" for p in arguments), ""]
    if options := [p for p in own if p.is_option]:
        lines += [*_options(options), ""]
    if writes:
        lines += ["It takes the [options of every writing command](#options-of-every-writing-command) too.", ""]
    return "\n".join(lines)


def _twin(name: str) -> str | None:
    """An earlier command that does the very same."""
    earlier = list(COMMANDS)[: list(COMMANDS).index(name)]
    return next((other for other in earlier if COMMANDS[other] == COMMANDS[name]), None)


def _usage(name: str, shown: Iterable[Parameter]) -> str:
    words = [p.word for p in shown if not p.is_option]
    words += [f"{p.spellings[-1]} {p.value}" for p in shown if p.is_option and p.required]
    words += ["[OPTIONS]"] if any(p.is_option for p in shown) else []
    words += ["[-- COMMAND…]"] if name == "promote" else []
    return " ".join(["registry", name, *words])


def _options(options: Iterable[Parameter]) -> list[str]:
    return ["| option | |", "|---|---|", *(f"| {_spelled(p)} | {_cell(p.said.help)}{_notes(p)} |" for p in options)]


def _spelled(option: Parameter) -> str:
    *short, long = option.spellings
    return ", ".join(f"`{_cell(word)}`" for word in (*short, f"{long} {option.value}"))


def _notes(option: Parameter) -> str:
    required = " Required." if option.required else ""
    return required + (f" Or the variable `{option.said.envvar}`." if option.said.envvar else "")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


# -- errors.md -----------------------------------------------------------------------------------------


def with_rules(page: str) -> str:
    """The page about errors with its two tables of rules made anew."""
    page = _between(page, "state-rules", _rules(STATE_RULES))
    return _between(page, "change-rules", _rules(CHANGE_RULES))


def _between(page: str, name: str, lines: Iterable[str]) -> str:
    head, begin, rest = page.partition(f"<!-- {name} -->\n")
    _, end, tail = rest.partition("<!-- end -->\n")
    if not (begin and end):
        raise ValueError(f"errors.md has no <!-- {name} --> with an <!-- end -->")
    return "".join([head, begin, *(line + "\n" for line in lines), end, tail])


def _rules(rules: Mapping[str, Rule]) -> Iterator[str]:
    yield "| code | why |"
    yield "|---|---|"
    for code, rule in rules.items():
        yield f"| [`{code}`]({EXAMPLES}/{code}/) | {_cell(rule.why)} |"


def main() -> None:
    """Write every page anew."""
    for page, text in pages().items():
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
