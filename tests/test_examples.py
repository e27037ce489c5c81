"""Each folder in `examples/` is a test: the manifest, or the change of one, and the report it gets.

A folder is named for the code it shows, or `CODE--CASE`.

`UPDATE_EXAMPLES=1 pytest tests/test_examples.py` writes the reports anew; read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry.check import check, check_change
from registry.load import Documents, load
from registry.report import problems_text
from registry.rules.change import CHANGE_RULES
from registry.rules.state import STATE_RULES

EXAMPLES = Path(__file__).parent / "examples"
FOLDERS = sorted(p for p in EXAMPLES.iterdir() if p.is_dir())


def documents(file: Path) -> Documents:
    folder = file.parent

    def read(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    def names(below: str) -> list[str]:
        return [p.relative_to(folder).as_posix() for p in (folder / below).rglob("*.yaml")]

    return load(read, file.name, list_files=names)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_an_example_gets_its_report(folder: Path, each_parser: str) -> None:
    after = documents(folder / "after.yaml")
    before = documents(folder / "before.yaml") if (folder / "before.yaml").exists() else None
    verdict = check_change(before, after) if before else check(after)
    report = problems_text(verdict.problems, verdict.warnings) + "\n"
    expected = folder / "report.txt"
    if os.environ.get("UPDATE_EXAMPLES"):
        expected.write_text(report)
    if folder.name != "syntax":  # the two parsers say the same with other words
        assert report == expected.read_text()
    assert f"[{folder.name.partition('--')[0]}]" in report


@pytest.mark.parametrize("folder", [f for f in FOLDERS if (f / "before.yaml").exists()], ids=lambda p: p.name)
def test_the_state_before_is_sound(folder: Path) -> None:
    assert check(documents(folder / "before.yaml")).problems == ()


def test_every_rule_has_an_example() -> None:
    assert {*STATE_RULES, *CHANGE_RULES} <= {f.name for f in FOLDERS}


@pytest.mark.parametrize("code", [*STATE_RULES, *CHANGE_RULES])
def test_every_rule_says_why(code: str) -> None:
    assert {**STATE_RULES, **CHANGE_RULES}[code].why.endswith(".")
