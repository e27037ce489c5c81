"""The pages for people say what the program does: commands, codes, links, manifests and every example."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

import pytest

from registry.change import MUTABLE
from registry.check import check
from registry.cli import COMMANDS
from registry.document import read
from registry.errors import Conflict, Misused, NotFound, Rejected
from registry.load import Documents
from registry.rules.change import CHANGE_RULES
from registry.rules.state import STATE_RULES
from registry.schema import text as schema_text
from tests.conftest import Sandbox

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted(DOCS.glob("*.md"))
EXAMPLES = ROOT / "tests/examples"


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def each_page(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=page_id)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


# -- what is generated -----------------------------------------------------------------------------------


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_what_the_program_says() -> None:
    for page, text in generator().pages().items():
        assert page.read_text("utf-8") == text, f"{page_id(page)} is stale: python docs/generate.py"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section(command: str) -> None:
    assert f"\n## registry {command}\n" in (DOCS / "commands.md").read_text("utf-8")


# -- codes -------------------------------------------------------------------------------------------------

CODE_AT = {"because": 0, "Problem": 0, "Finding": 0, "_Duplicate": 0, "_report": 0, "refuse": 0, "_failed": 2}
"""Functions that are given a code, and the place among their arguments."""

EITHER = {"f'{command}-refused'": ("commit-refused", "revert-refused")}
"""Codes that are put together."""

STATUS = {error.__name__: error.status for error in (Rejected, Misused, NotFound, Conflict)}


def codes_in_source() -> dict[str, set[int]]:
    """Every code that the program may report, with the exit codes where the place that raises it tells."""
    found: dict[str, set[int]] = {code: {1} for code in (*STATE_RULES, *CHANGE_RULES)}
    for file in (ROOT / "registry").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for code, status in told_by(node):
                found.setdefault(code, set()).update(status)
    return found


def told_by(node: ast.AST) -> Iterator[tuple[str, set[int]]]:
    """The codes that one node of the syntax tree tells."""
    if isinstance(node, ast.FunctionDef):  # the default of a parameter called `code`
        arguments = [*node.args.posonlyargs, *node.args.args]
        for argument, default in zip(arguments[::-1], node.args.defaults[::-1], strict=False):
            if argument.arg == "code" and isinstance(default, ast.Constant):
                yield str(default.value), set()
    elif isinstance(node, ast.JoinedStr):  # a line that ends in its code
        if end := re.search(r" \[([a-z-]+)]'$", ast.unparse(node)):
            yield end[1], set()
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = node.args[CODE_AT[name]] if name in CODE_AT and len(node.args) > CODE_AT[name] else None
        raised = getattr(getattr(node.func, "value", None), "id", "")
        status = {STATUS[raised]} if raised in STATUS else set()
        if isinstance(given, ast.Constant):
            yield str(given.value), status
        elif isinstance(given, ast.JoinedStr):
            yield from ((code, status) for code in EITHER[ast.unparse(given)])


def codes_on_page() -> dict[str, set[int]]:
    """Every code that errors.md explains, with the exit codes that its sections name."""
    found: dict[str, set[int]] = {}
    for section in (DOCS / "errors.md").read_text("utf-8").split("\n## "):
        status = {int(number) for number in re.findall(r"Exit code ([0-9]+)", section)}
        for code in re.findall(r"^\| \[?`([a-z0-9-]+)`", section, re.M):
            found.setdefault(code, set()).update(status)
    return found


def test_no_code_is_missing_and_none_is_dead() -> None:
    assert sorted(codes_on_page()) == sorted(codes_in_source())


def test_codes_stand_under_their_exit_code() -> None:
    explained = codes_on_page()
    assert not {code: status for code, status in codes_in_source().items() if not status <= explained[code]}


def test_a_code_with_an_example_links_to_it() -> None:
    page = (DOCS / "errors.md").read_text("utf-8")
    linked = set(re.findall(r"^\| \[`([a-z0-9-]+)`]\(\.\./tests/examples/\1/\)", page, re.M))
    assert linked == {folder.name.partition("--")[0] for folder in EXAMPLES.iterdir()}


# -- the manifest ------------------------------------------------------------------------------------------


def rows(page: Path) -> Iterator[list[str]]:
    """The cells of every row of every table, without backquotes."""
    for line in page.read_text("utf-8").splitlines():
        if line.startswith("| "):
            yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_every_key_of_the_schema_is_explained() -> None:
    schema = json.loads(schema_text())
    places = [schema, *schema["$defs"].values()]
    keys = {key for place in places for key in place.get("properties", {})}
    text = (DOCS / "manifest.md").read_text("utf-8")
    assert not {key for key in keys if not re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", text)}


def test_what_may_change_later_is_what_the_rules_let_change() -> None:
    section = (DOCS / "manifest.md").read_text("utf-8").split("\n### A version\n")[1].split("\n## ")[0]
    later = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.M))
    assert {key for key, when in later.items() if when != "never"} == set(MUTABLE)
    assert later.keys() == json.loads(schema_text())["$defs"]["version"]["properties"].keys()


@each_page([page for page in PAGES if blocks(page, "yaml")])
def test_manifests_are_valid(page: Path) -> None:
    for block in blocks(page, "yaml"):
        if re.sub(r"^#.*\n", "", block, flags=re.M).startswith("schema_version"):
            assert check(Documents(read(block, page.name))).problems == ()


def unclear_words() -> list[tuple[str, str]]:
    found = [(row[0].strip("`"), row[2]) for row in rows(DOCS / "manifest.md") if "or the text" in row[1]]
    found += [(row[0].strip("`"), row[2]) for row in rows(DOCS / "manifest.md") if row[1].endswith(", or 17")]
    return found


def test_the_table_of_unclear_words_is_true() -> None:
    words = unclear_words()
    assert len(words) > 10
    for word, instead in words:
        assert [p.code for p in read(f"a: {word}").problems] == ["unclear-scalar"], word
        for better in re.findall(r"`([^`]+)`", instead):
            assert read(f"a: {better}").problems == (), better


# -- links -------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The headings of a page as a forge makes anchors of them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@each_page(PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    for link in re.findall(r"]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


# -- examples that run ---------------------------------------------------------------------------------------

FOLDER = "/home/ada/registry"
"""The scratch repository, as pages show it."""


@dataclass(frozen=True)
class Example:
    """One command of a page, and the lines that the page shows below it."""

    command: str
    shown: list[str]


def examples(block: str) -> Iterator[Example]:
    """The commands of a block: behind `$ `, continued behind `> `."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        first, *lines = part.rstrip("\n").split("\n")
        more = 0
        while more < len(lines) and lines[more].startswith("> "):
            more += 1
        yield Example("\n".join([first, *(line[2:] for line in lines[:more])]), lines[more:])


def outputs(commands: list[str], folder: Path) -> list[list[str]]:
    """What each command prints, one after the other in one shell."""
    script = "".join(f"eval {shlex.quote(c)}\nlast=$?; printf '\\0'; (exit $last)\n" for c in commands)
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return [out.rstrip("\n").split("\n") if out else [] for out in done.stdout.split("\0")]


def plain(line: str, folder: Path) -> str:
    """A line without what differs from run to run."""
    line = line.replace(str(folder), FOLDER)
    line = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|\+00:00)", "TIME", line)
    return re.sub(r"\b[0-9a-f]{7,40}\b", "HASH", line).rstrip()


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines are those shown, where `...` stands for any."""
    pattern = "".join("(?:.*\n)*?" if line == "..." else re.escape(line + "\n") for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed)) is not None


@each_page([page for page in PAGES if blocks(page, "console")])
def test_examples_do_what_they_show(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    Sandbox(folder).git("init", "--quiet")
    told = [example for block in blocks(page, "console") for example in examples(block)]
    for example, printed in zip_longest(told, outputs([e.command for e in told], folder)):
        if example is None:
            assert printed == []  # behind the last command
            continue
        shown = [plain(line, folder) for line in "\n".join(example.shown).rstrip("\n").split("\n") if example.shown]
        actual = [plain(line, folder) for line in printed or ()]
        if not fits(shown, actual):  # pytest shows the difference
            assert actual == shown, f"{page_id(page)}: $ {example.command}"


# -- the README's set-up ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("SETUP_COMMANDS"), reason="installs packages: set SETUP_COMMANDS=1")
def test_the_two_commands_of_the_readme_work_in_a_fresh_copy(tmp_path: Path) -> None:
    setup = blocks(ROOT / "README.md", "sh")[:2]
    assert len(setup) == 2
    copy = tmp_path / "copy"
    skipped = shutil.ignore_patterns(".git", ".venv", "venv", ".*_cache", ".hypothesis", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=skipped)
    plain_world = {k: v for k, v in os.environ.items() if k not in ("SETUP_COMMANDS", "PYTEST_CURRENT_TEST")}
    for command in setup:
        subprocess.run(["bash", "-euc", command], cwd=copy, env=plain_world, check=True)
