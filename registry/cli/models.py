"""Models and names: delete, rename, alias."""

from __future__ import annotations

from typing import Annotated

import typer

from registry import edits
from registry.cli.arguments import named
from registry.cli.options import Alias, MaybeNumber, ModelName, ModelOrVersion, Number
from registry.cli.writing import Writing, writing
from registry.errors import Misused
from registry.load import Documents


@writing
def delete(
    ask: Writing,
    model: ModelOrVersion,
    version: MaybeNumber = None,
    whole_model: Annotated[
        bool, typer.Option("--whole-model", help="Remove the model with all its versions; Git keeps it.")
    ] = False,
) -> None:
    """Withdraw a version for good.

    Its record stays, and nothing resolves to it. With --whole-model and without VERSION, remove a
    model's block instead. Refused while a stage or an alias points there.
    """

    def verb(documents: Documents) -> edits.Edit:
        name, number = named(documents, model, version)
        if (number is None) != whole_model:
            raise Misused.because("usage", f"say what to delete: one version of {name}, or the model",
                                  why="A model goes with all its versions.",
                                  fix=f"registry delete '{name}' VERSION, or --whole-model")  # fmt: skip
        return edits.delete(documents, name, number, ask.message)

    ask.run("delete", verb)


@writing
def rename(
    ask: Writing, model: ModelName, new: Annotated[str, typer.Argument(metavar="NEW", help="The name it gets.")]
) -> None:
    """Give a model another name.

    Whoever asks for the old one is told the new one.
    """
    ask.run("rename", lambda d: edits.rename(d, model, new))


@writing
def set_alias(ask: Writing, model: ModelName, alias: Alias, version: Number) -> None:
    """Let an alias name a version, whatever it named before."""
    ask.run("alias set", lambda d: edits.set_alias(d, model, alias, version))


@writing
def remove_alias(ask: Writing, model: ModelName, alias: Alias) -> None:
    """Take an alias away."""
    ask.run("alias remove", lambda d: edits.remove_alias(d, model, alias))
