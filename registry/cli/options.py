"""The arguments and options that several commands share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry.cli import completion

# -- what a command is about

ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help="The model's name.", autocompletion=completion.models, show_default=False)
]
ModelOrVersion = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="The model's name; or its version in one word: fraud/4, fraud/Staging, fraud@champion.",
        autocompletion=completion.selectors,
        show_default=False,
    ),
]
Selector = Annotated[
    str,
    typer.Argument(
        metavar="SELECTOR", help="fraud/4, fraud/Production or fraud@champion.", autocompletion=completion.selectors
    ),
]
Number = Annotated[int, typer.Argument(metavar="VERSION", help="The version's number.", show_default=False)]
MaybeNumber = Annotated[int | None, typer.Argument(metavar="VERSION", help="The version's number.", show_default=False)]
Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="The alias, such as champion.", show_default=False)]
ForStage = Annotated[
    str, typer.Option("--for", metavar="STAGE", help="The stage.", autocompletion=completion.stages, show_default=False)
]

# -- what a version or a model says of itself

Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it does, for people.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A free label; may be repeated.")]
Metrics = Annotated[
    list[str] | None, typer.Option("--metric", metavar="NAME=NUMBER", help="A measured number; may be repeated.")
]

# -- how

ManifestFile = Annotated[
    Path | None,
    typer.Option(
        "--file", metavar="PATH", envvar="REGISTRY_FILE", show_default=False,
        help="The manifest. Without it: models.yaml here or above, up to the repository's root.",
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; failures too, on standard error.")]
Message = Annotated[
    str, typer.Option("--message", "-m", metavar="REASON", help="Why, for the commit.", show_default=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the diff that would be committed, and change nothing.")]
NoCommit = Annotated[bool, typer.Option("--no-commit", help="Edit the files and leave the commit to you.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the version's number.")]
