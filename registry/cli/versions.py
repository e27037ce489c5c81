"""New versions, and what is said and found out about them: register, describe, approve, record-check."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from registry import edits
from registry.cli import arguments
from registry.cli.arguments import named, one_version
from registry.cli.artifact import Artifact
from registry.cli.options import (
    Description,
    ForStage,
    MaybeNumber,
    Metrics,
    ModelName,
    ModelOrVersion,
    Number,
    Tags,
)
from registry.cli.writing import Writing, writing
from registry.errors import Misused
from registry.load import Documents


@writing
def register(
    ask: Writing,
    model: ModelName,
    uri: Annotated[str, typer.Option("--uri", metavar="URI", help="Where the artifact is: a URI, or a path here.")],
    digest: Annotated[
        str | None,
        typer.Option("--digest", metavar="sha256:…|auto", help="Of the bytes; auto reads a file or folder here."),
    ] = None,
    artifact_format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="Such as onnx, sklearn, safetensors.")
    ] = None,
    metric: Metrics = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A training parameter; may be repeated.")
    ] = None,
    tag: Tags = None,
    run_id: Annotated[str | None, typer.Option("--run-id", metavar="ID", help="The training run.")] = None,
    source_commit: Annotated[
        str | None, typer.Option("--source-commit", metavar="SHA", help="Of the training code.")
    ] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", metavar="URI", help="What it was trained on.")] = None,
    description: Description = None,
) -> None:
    """Register a version of a model.

    It gets the next number. The model is created when it is new. A path is looked up from here and
    stored relative to the manifest inside its repository, else as a file:// URI. Registering the
    same uri, digest and run again changes nothing and says the number that it has.
    """
    artifact = Artifact.at(uri, ask.workspace)
    source = {"run_id": run_id, "commit": source_commit, "dataset": dataset}
    fields = {
        "description": description,
        "tags": arguments.tags(tag),
        "digest": artifact.digest() if digest == "auto" else digest,
        "format": artifact_format,
        "metrics": arguments.metrics(metric),
        "params": arguments.params(param),
        "source": {key: fact for key, fact in source.items() if fact},
        "created_by": ask.workspace.identity().email,
        "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    ask.run("register", lambda d: edits.register(d, model, artifact.uri, **fields))


@writing
def describe(
    ask: Writing,
    model: ModelOrVersion,
    version: MaybeNumber = None,
    description: Description = None,
    owner: Annotated[
        list[str] | None, typer.Option("--owner", metavar="WHO", help="In place of the present ones; may be repeated.")
    ] = None,
    tag: Tags = None,
    remove_tag: Annotated[
        list[str] | None, typer.Option("--remove-tag", metavar="KEY", help="May be repeated.")
    ] = None,
    metric: Metrics = None,
) -> None:
    """Say more about a model or a version.

    An empty description or owner removes what is there. Metrics are of a version and can only be
    added; owners are of a model.
    """
    if not (owner or tag or remove_tag or metric or description is not None):
        raise Misused.because("usage", "nothing is said",
                              fix="write --description, --owner, --tag, --remove-tag or --metric")  # fmt: skip
    labels = {**arguments.tags(tag), **dict.fromkeys(remove_tag or (), None)}
    numbers = arguments.metrics(metric)

    def verb(documents: Documents) -> edits.Edit:
        name, number = named(documents, model, version)
        if owner and number is not None:
            raise Misused.because("usage", "owners are of a model, not of a version",
                                  fix=f"registry describe '{name}' --owner …")  # fmt: skip
        if numbers and number is None:
            raise Misused.because("usage", "metrics are of a version, not of a model",
                                  fix=f"registry describe '{name}' VERSION --metric …")  # fmt: skip
        owners = [who for who in owner if who] if owner else None
        return edits.describe(documents, name, number, description=description, owners=owners,
                              tags=labels or None, metrics=numbers or None)  # fmt: skip

    ask.run("describe", verb)


@writing
def approve(ask: Writing, model: ModelOrVersion, stage: ForStage, version: MaybeNumber = None) -> None:
    """Give your yes to one version for one stage.

    You are who Git says you are (user.email). A stage that requires approvals counts those of
    people other than the one who promotes.
    """
    who = ask.workspace.identity().email
    ask.run("approve", lambda d: edits.approve(d, *one_version(d, model, version), stage, who))


@writing
def unapprove(ask: Writing, model: ModelOrVersion, stage: ForStage, version: MaybeNumber = None) -> None:
    """Withdraw your approval of a version.

    Only while it does not stand in the stage.
    """
    who = ask.workspace.identity().email
    ask.run("unapprove", lambda d: edits.unapprove(d, *one_version(d, model, version), stage, who))


@writing
def record_check(
    ask: Writing,
    model: ModelName,
    version: Number,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The check's name, as the policy requires it.")],
    result: Annotated[Literal["passed", "failed"], typer.Option("--result", help="How it ended.")],
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Where people can read the evidence.")] = None,
) -> None:
    """Record how a check of a version ended.

    A newer result takes the place of the older.
    """
    ask.run("record-check", lambda d: edits.record_check(d, model, version, name, result, url))
