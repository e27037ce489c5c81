"""A room imports only rooms above it, and each outside library has its one owner."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "registry"

LEVELS = [
    {"errors"},
    {"model", "document", "places", "artifacts"},
    {"splice", "schema", "selectors", "rules"},
    {"load", "change"},
    {"rules.gates", "edits"},
    {"rules.state", "rules.change"},
    {"check", "report"},
    {"gitrepo"},
    {"checkout"},
    {"workspace"},
    {"history"},
    {"doctor"},
    {"demo"},
    {"cli"},
]
"""From top to bottom; the package itself (`registry`) holds only names and its version."""

OWNERS = {
    "yaml": {"document"},
    "jsonschema": {"schema"},
    "jsonschema_rs": {"schema"},
    "referencing": {"schema"},
    "git": {"gitrepo"},
    "typer": {"cli"},
    "filelock": {"checkout"},
    "subprocess": {"gitrepo", "cli", "demo"},
}

PURE = {
    "errors",
    "model",
    "document",
    "places",
    "splice",
    "selectors",
    "rules",
    "load",
    "change",
    "edits",
    "check",
    "report",
}
IMPURE_MODULES = {
    "os",
    "pathlib",
    "subprocess",
    "socket",
    "shutil",
    "tempfile",
    "time",
    "random",
    "secrets",
    "urllib",
}


def rooms() -> dict[str, list[str]]:
    """Each module, by its name below the package, with what it imports (also inside functions)."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        imports = []
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imports += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                imports += (
                    [f"{node.module}.{alias.name}" for alias in node.names]
                    if node.module == "registry"
                    else [node.module or ""]
                )
        found[name] = imports
    return found


def level(room: str) -> int:
    for i, names in enumerate(LEVELS):
        if room in names:
            return i
    return level(room.rpartition(".")[0]) if "." in room else pytest.fail(f"{room} has no level")


ROOMS = rooms()


@pytest.mark.parametrize("room", [r for r in ROOMS if r not in ("__init__", "__main__")])
def test_a_room_imports_only_rooms_above_it(room: str) -> None:
    for target in ROOMS[room]:
        if target.startswith("registry.") and not target.startswith("registry.__"):
            other = target.removeprefix("registry.")
            same_folder = room.split(".", maxsplit=1)[0] == other.split(".")[0] == "cli"
            assert same_folder or level(other) < level(room), f"{room} imports {other}"


@pytest.mark.parametrize("room", ROOMS)
def test_an_outside_library_has_one_owner(room: str) -> None:
    for target in ROOMS[room]:
        owners = OWNERS.get(target.split(".")[0])
        assert owners is None or room.split(".", maxsplit=1)[0] in owners, f"{room} imports {target}"


@pytest.mark.parametrize("room", [r for r in ROOMS if r.split(".")[0] in PURE])
def test_a_pure_room_reaches_nothing_outside(room: str) -> None:
    assert not {t.split(".")[0] for t in ROOMS[room]} & IMPURE_MODULES
