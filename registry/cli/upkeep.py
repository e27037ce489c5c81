"""A registry as a whole: init, validate, schema, doctor, demo."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from registry.check import check
from registry.cli.arguments import here, workspace
from registry.cli.options import AsJson, ManifestFile, Message
from registry.cli.terminal import say, say_json
from registry.document import MAX_BYTES
from registry.errors import NotFound, Problem, Rejected
from registry.load import Documents, load
from registry.report import FORMAT, counted, problems_json, problems_text, safe
from registry.workspace import Workspace

STDIN = "<stdin>"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; it is made if need be.")] = Path(),
    message: Message = "",
    as_json: AsJson = False,
) -> None:
    """Begin a registry.

    One commit with models.yaml, which holds the default policy, and its schema. In a folder that
    is in no Git repository yet, a repository is made too.
    """
    here()  # a folder that is gone has no place for another
    outcome = Workspace.init(folder, reason=message)
    if as_json:
        say_json({"format": FORMAT, "commit": outcome.commit, "said": outcome.edit.said})
    else:
        say(safe(outcome.edit.said or f"{folder / 'models.yaml'}: a new registry [{(outcome.commit or '')[:7]}]"))


def validate(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Manifests; - is standard input. Without: the one here.")
    ] = None,
    file: ManifestFile = None,
    as_json: AsJson = False,
) -> int:
    """Judge manifests and report all that is wrong.

    Needs no Git. Exits with 1 when something is wrong, and with 3 when there is no such file.
    """
    problems: list[Problem] = []
    missing: list[Problem] = []
    places: list[Path | None] = [*files] if files else [file]
    for place in places:
        try:
            problems += _judged(place, silent=as_json)
        except NotFound as error:
            missing += error.problems
        except Rejected as error:
            problems += error.problems
    if as_json:
        say_json(problems_json(problems))
    else:
        say(problems_text(problems))
    if missing:
        raise NotFound(*missing)
    return 1 if problems else 0


def schema() -> None:
    """Print the JSON Schema of the manifest."""
    from registry.schema import text

    say(text())


def doctor(file: ManifestFile = None, as_json: AsJson = False) -> int:
    """Say what is off here, and how to mend it."""
    from registry.doctor import diagnose

    registry: Workspace | None
    try:
        registry = workspace(file)
    except NotFound:
        registry = None
    advice = diagnose(registry, here())
    if as_json:
        say_json({"format": FORMAT, "advice": [{"ok": a.ok, "what": a.what, "fix": a.fix} for a in advice]})
    for a in advice if not as_json else ():
        say(("ok   " if a.ok else "off  ") + safe(a.what) + (f"\n     fix: {safe(a.fix)}" if a.fix else ""))
    return 0 if all(a.ok for a in advice) else 1


def demo() -> int:
    """Play the whole story in a scratch folder."""
    from registry.demo import run

    return run(say)


def _judged(place: Path | None, *, silent: bool) -> Iterable[Problem]:
    """What is wrong with one manifest; where nothing is, a line says so."""
    documents = _documents(place)
    problems = check(documents).problems
    if not problems and not silent:
        say(_fine(documents))
    return problems


def _documents(named: Path | None) -> Documents:
    if named != Path("-"):
        return workspace(named).documents()
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin else b""
    except OSError as error:
        raise Rejected.because("unreadable", f"standard input cannot be read: {error.strerror}") from error
    return load(lambda name: data if name == STDIN else None, STDIN)


def _fine(documents: Documents) -> str:
    return safe(f"{documents.root.file}: ok ({counted(documents.manifest)})")
