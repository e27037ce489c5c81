"""What stands in which stage: promote, demote, archive, restore, rollback."""

from __future__ import annotations

from typing import Annotated

import typer

from registry import edits
from registry.cli import completion
from registry.cli.arguments import named, one_version
from registry.cli.options import MaybeNumber, ModelName, ModelOrVersion
from registry.cli.proof import promote_after
from registry.cli.terminal import say
from registry.cli.writing import Writing, writing


@writing
def promote(
    ask: Writing,
    model: ModelOrVersion,
    version: MaybeNumber = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="STAGE", help="Without it: the next one.", autocompletion=completion.stages),
    ] = None,
    command: Annotated[list[str] | None, typer.Option("--command", hidden=True)] = None,
) -> None:
    """Put a version into a stage.

    It takes the place of what stands there. Without VERSION: what stands in the stage before.
    Without --to: the next stage. Where that has two readings, it asks.

    With `-- COMMAND…` at the end, COMMAND runs first, and the version is promoted only if it exits
    with 0; it is then recorded as one of the version's checks. It finds the version in
    REGISTRY_MODEL, REGISTRY_VERSION, REGISTRY_URI and REGISTRY_STAGE. A dry run does not run it.
    """
    if command:
        promote_after(ask, command, lambda d: edits.promote(d, *named(d, model, version), to))
    else:
        ask.run("promote", lambda d: edits.promote(d, *named(d, model, version), to))


@writing
def demote(
    ask: Writing,
    model: ModelOrVersion,
    stage: Annotated[
        str, typer.Option("--from", metavar="STAGE", help="The stage to leave.", autocompletion=completion.stages)
    ],
    version: MaybeNumber = None,
) -> None:
    """Take a version out of a stage.

    Nothing takes its place there.
    """
    ask.run("demote", lambda d: edits.demote(d, *named(d, model, version), stage))


@writing
def archive(ask: Writing, model: ModelOrVersion, version: MaybeNumber = None) -> None:
    """Take a version out of every stage, and bar it.

    It enters no stage until it is restored. The reason given with -m stands in its record.
    """
    ask.run("archive", lambda d: edits.archive(d, *one_version(d, model, version), ask.message))


@writing
def restore(ask: Writing, model: ModelOrVersion, version: MaybeNumber = None) -> None:
    """Let an archived version into stages again."""
    ask.run("restore", lambda d: edits.restore(d, *one_version(d, model, version)))


@writing
def rollback(
    ask: Writing,
    model: ModelName,
    stage: Annotated[
        str | None,
        typer.Option("--stage", metavar="STAGE", help="Without it: Production.", autocompletion=completion.stages),
    ] = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="VERSION", help="Which version, where several could.")
    ] = None,
) -> None:
    """Put back what stood in a stage before.

    That version returns without gates. By a real `git revert` where that gives exactly this, else by a new
    commit with the same result; you are told which. Again, it goes further back.
    """
    outcome = ask.workspace.rollback(
        model, stage, to, reason=ask.message, dry_run=ask.dry_run, commit=not ask.no_commit
    )
    ask.tell(outcome)
    if outcome.commit and not (ask.as_json or ask.quiet):
        by = outcome.reverted
        say(f"by git revert of {by[:7]}" if by else "as a new commit; git revert would not give exactly this")
