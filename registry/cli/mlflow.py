"""The commands of MLflow's world, word for word: `registry models …`."""

from __future__ import annotations

from typing import Annotated

import typer

from registry import edits
from registry.cli import completion
from registry.cli.options import AsJson, ManifestFile
from registry.cli.reading import opened
from registry.cli.terminal import say, say_json, width
from registry.cli.writing import Writing, writing
from registry.model import ARCHIVED, NONE
from registry.report import FORMAT, table, version_json
from registry.selectors import find_model, find_stage
from registry.workspace import Outcome

MODEL_NAME = typer.Option("--model-name", metavar="NAME", help="The model.", autocompletion=completion.models)


@writing
def transition_stage(
    ask: Writing,
    model_name: Annotated[str, MODEL_NAME],
    version: Annotated[int, typer.Option("--version", metavar="NUMBER", help="The version.")],
    stage: Annotated[
        str,
        typer.Option(
            "--stage", metavar="STAGE", help="In any case; or None, or Archived.", autocompletion=completion.stages
        ),
    ],
    archive_existing_versions: Annotated[  # noqa: ARG001 - taken because MLflow's users write it
        bool, typer.Option("--archive-existing-versions", help="Always so here: a stage holds what was put there last.")
    ] = False,
) -> None:
    """Move a version to a stage.

    It stands there afterwards, and in no later one. None and Archived take it out of every stage.
    """

    def line(outcome: Outcome) -> str:
        policy = outcome.edit.documents.manifest.policy
        written = {"none": NONE, "archived": ARCHIVED}.get(stage.casefold()) or find_stage(policy, stage).name
        return f"Model version '{version}' of model '{model_name}' transitioned to stage '{written}'."

    ask.run("transition-stage", lambda d: edits.transition(d, model_name, version, stage), line)


def list_versions(model_name: Annotated[str, MODEL_NAME], file: ManifestFile = None, as_json: AsJson = False) -> None:
    """List the versions of a model and the stage of each."""
    model = find_model(opened(file, model_name).manifest, model_name)
    versions = [version for version in model.versions.values() if not version.deleted]
    if as_json:
        say_json({"format": FORMAT, "versions": [version_json(model, version) for version in versions]})
    else:
        say(table([[v.number, model.stage_of(v.number)] for v in versions], ["version", "stage"], width()))
