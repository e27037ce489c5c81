"""A promotion that a command must allow: `registry promote … -- COMMAND…`."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import PurePath

from registry import edits
from registry.change import Change
from registry.cli.terminal import complain
from registry.cli.writing import Writing
from registry.edits import Edit, Verb
from registry.errors import Rejected
from registry.load import Documents
from registry.model import Version
from registry.report import safe

STDERR = 2


def promote_after(ask: Writing, command: list[str], promotion: Verb) -> None:
    """Promote if the command exits with 0, and record that it did as a check of the version.

    What it is about to promote is settled, and everything else judged, before the command runs;
    it runs outside the lock, and then this very version enters this very stage.
    """
    documents = ask.workspace.judged()
    edit = promotion(documents)
    if edit.said or edit.version is None:
        return ask.run("promote", promotion)
    model, number, stage = edit.model, edit.version, _target(documents, edit)

    def proven(now: Documents) -> Edit:
        promoted = edits.promote(now, model, number, stage)
        if promoted.said:
            return promoted
        checked = edits.record_check(promoted.documents, model, number, PurePath(command[0]).name, "passed")
        return replace(promoted, documents=checked.documents)

    ask.workspace.run("promote", proven, dry_run=True)
    if ask.dry_run:
        complain(safe(f"a dry run does not run {command[0]}"))
    else:
        _run(command, model, documents.manifest.models[model].versions[number], stage, quiet=ask.as_json or ask.quiet)
    return ask.run("promote", proven)


def _target(documents: Documents, edit: Edit) -> str:
    """The stage that the promoted version enters."""
    moves = Change(documents.manifest, edit.documents.manifest).moves
    return next(m.target for m in moves if m.version == edit.version and m.kind in ("promoted", "demoted") and m.target)


def _run(command: list[str], model: str, version: Version, stage: str, *, quiet: bool) -> None:
    """Run it with our own streams (`quiet`: its output goes to standard error, ours is for a program).

    Raises:
        Rejected: it cannot be started, or exits with anything but 0.
    """
    told = {"MODEL": model, "VERSION": str(version.number), "URI": version.uri, "STAGE": stage}
    env = {**os.environ, **{f"REGISTRY_{name}": value for name, value in told.items()}}
    try:
        code = subprocess.run(command, env=env, stdout=STDERR if quiet else None, check=False).returncode
    except OSError as error:
        raise _refused(f"{command[0]} cannot be run: {error.strerror}", model, version) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing was changed") from None
    if code:
        how = f"exited with {code}" if code > 0 else f"was ended by signal {-code}"
        raise _refused(f"{command[0]} {how}", model, version)


def _refused(what: str, model: str, version: Version) -> Rejected:
    return Rejected.because("command-failed", f"{what}; {model} {version.number} was not promoted, nothing was changed")
