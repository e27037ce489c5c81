"""What all writing commands share: their options, the run, and the word about what was done."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Concatenate, ParamSpec

from registry.change import as_dict
from registry.cli.arguments import workspace
from registry.cli.options import AsJson, DryRun, ManifestFile, Message, NoCommit, Quiet
from registry.cli.terminal import complain, say, say_json
from registry.edits import Verb
from registry.report import FORMAT, move_text, problems_json, problems_text, safe, told, version_json
from registry.workspace import Outcome, Workspace

P = ParamSpec("P")


@dataclass(frozen=True)
class Writing:
    """A request to write: where, why and how. Its fields are the options of every writing command."""

    message: Message = ""
    dry_run: DryRun = False
    no_commit: NoCommit = False
    file: ManifestFile = None
    quiet: Quiet = False
    as_json: AsJson = False

    @cached_property
    def workspace(self) -> Workspace:
        """The registry that is written to."""
        return workspace(self.file)

    def run(self, operation: str, verb: Verb, line: Callable[[Outcome], str] | None = None) -> None:
        """Apply a verb and tell what came of it; `line` says it in a command's own words."""
        outcome = self.workspace.run(
            operation, verb, reason=self.message, dry_run=self.dry_run, commit=not self.no_commit
        )
        self.tell(outcome, line(outcome) if line else "")

    def tell(self, outcome: Outcome, line: str = "") -> None:
        """What came of it, in the form that was asked for; warnings to standard error."""
        if self.as_json:
            say_json(_as_json(outcome))
            return
        complain(problems_text((), outcome.warnings))
        if self.quiet:
            say(str(outcome.edit.version or ""))
        else:
            say(safe(outcome.diff, lines=True) if self.dry_run and outcome.diff else line or _as_text(outcome))


def writing(command: Callable[Concatenate[Writing, P], None]) -> Callable[..., None]:
    """The command with the options of `Writing` behind its own; it gets them as its first argument."""
    own = [*inspect.signature(command, eval_str=True).parameters.values()][1:]
    shared = inspect.signature(Writing, eval_str=True).parameters

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        ask = Writing(**{name: given.pop(name) for name in shared})
        command(ask, **given)  # type: ignore[call-arg]

    last = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *shared.values())]
    with_options.__signature__ = inspect.Signature(last)  # type: ignore[attr-defined]
    return with_options


def _as_text(outcome: Outcome) -> str:
    """A line per move, the first with the commit; or the word why there is none."""
    if outcome.edit.said:
        return safe(outcome.edit.said)
    lines = [move_text(move) for move in told(outcome.edit, outcome.moves)]
    lines[:1] = [f"{lines[0] if lines else 'done'} [{outcome.commit[:7] if outcome.commit else 'not committed'}]"]
    return "\n".join(lines)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    edit = outcome.edit
    model = edit.documents.manifest.models.get(edit.model)
    record = model.versions.get(edit.version) if model and edit.version else None
    return {
        "format": FORMAT,
        "model": edit.model or None,
        "version": edit.version,
        "commit": outcome.commit,
        "reverted": outcome.reverted,
        "said": edit.said,
        "moves": [as_dict(move) for move in outcome.moves],
        "record": version_json(model, record) if model and record else None,
        "diff": outcome.diff,
        "warnings": problems_json((), outcome.warnings)["warnings"],
    }
