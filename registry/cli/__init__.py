"""The `registry` command: words in, a report out, an exit status. The only room that knows Typer.

A command is one short function in the module of its group: arguments, a verb, a report. Typer only
takes the words apart; the command runs in `main`, the one place where exceptions become statuses.
Only the command that was asked for is imported and built, so that `registry get` starts fast.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial, wraps
from importlib import import_module
from typing import Annotated, Any

import typer

from registry import __version__
from registry.cli.terminal import Unwritable, abandon, complain, flush, prepare, say
from registry.errors import Misused, Problem, RegistryError
from registry.report import json_text, problems_json, problems_text, safe

COMMANDS: dict[str, str] = {
    "init": "upkeep.init",
    "register": "versions.register",
    "promote": "stages.promote",
    "demote": "stages.demote",
    "rollback": "stages.rollback",
    "archive": "stages.archive",
    "restore": "stages.restore",
    "delete": "models.delete",
    "rename": "models.rename",
    "alias set": "models.set_alias",
    "alias remove": "models.remove_alias",
    "approve": "versions.approve",
    "unapprove": "versions.unapprove",
    "record-check": "versions.record_check",
    "describe": "versions.describe",
    "list": "reading.list_models",
    "show": "reading.show",
    "get": "reading.get",
    "history": "reading.show_history",
    "validate": "upkeep.validate",
    "schema": "upkeep.schema",
    "doctor": "upkeep.doctor",
    "demo": "upkeep.demo",
    "models transition-stage": "mlflow.transition_stage",
    "models transition-version": "mlflow.transition_stage",
    "models list-versions": "mlflow.list_versions",
}
"""Every command, in the order of the help, and the function that does it."""

GROUPS = {"alias": "Movable names for versions.", "models": "The commands of MLflow's world."}

USAGE, CONFLICT, BUG, INTERRUPTED, BROKEN_PIPE = 2, 4, 70, 130, 141


def main(argv: list[str] | None = None) -> int:
    """Run one command line and give its exit status; nothing that goes wrong leaves as an exception."""
    words = sys.argv[1:] if argv is None else list(argv)
    if argv is None:
        _end_in_order()
    prepare()
    try:
        status = _command(words)()
        flush()
    except Exception as error:
        return _failed(error, words)
    except KeyboardInterrupt as error:
        told = "interrupted" if not isinstance(error, _Ended) else f"ended by {error.signal.name}"
        complain("; ".join([told, *map(str, error.args), *getattr(error, "__notes__", ())]))
        return 128 + error.signal if isinstance(error, _Ended) else INTERRUPTED
    return status or 0


class _Ended(KeyboardInterrupt):
    """A signal asked this process to end: like ^C, what was begun is put back first."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def _end_in_order() -> None:
    """Let what a CI runner, a container or a closed terminal sends interrupt a command as ^C does."""
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ended)


def _ended(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # what comes again must not interrupt the putting back
    raise _Ended(number)


def _command(words: list[str]) -> Callable[[], int | None]:
    """What the words ask for, ready to run."""
    if words == ["--version"]:
        return partial(say, f"registry {__version__}")
    if (not words and "_REGISTRY_COMPLETE" not in os.environ) or (len(words) == 1 and words[0] in GROUPS):
        return partial(_incomplete, [*words, "--help"])
    out = io.StringIO()
    try:
        with redirect_stdout(out):  # help and completions, which Typer prints itself
            chosen = application(words)(_with_command(words), prog_name="registry", standalone_mode=False)
    except SystemExit as end:
        chosen = end.code
    say(out.getvalue())
    return chosen if callable(chosen) else partial(int, chosen or 0)


def application(words: list[str] | None = None) -> typer.Typer:
    """The Typer application: with the one command that the words begin with, else with all of them."""
    named = next((name for name in COMMANDS if words and words[: len(name.split())] == name.split()), None)
    app = _typer("A model registry kept as one YAML manifest in Git.", completion=named is None)
    app.callback()(_options)
    groups: dict[str, typer.Typer] = {}
    for name, place in COMMANDS.items() if named is None else [(named, COMMANDS[named])]:
        *above, last = name.split()
        for group in above:
            if group not in groups:
                groups[group] = _typer(GROUPS[group])
                app.add_typer(groups[group], name=group)
        module, _, function = place.partition(".")
        command = getattr(import_module(f"registry.cli.{module}"), function)
        (groups[above[0]] if above else app).command(last)(_deferred(command))
    return app


def _typer(about: str, *, completion: bool = False) -> typer.Typer:
    return typer.Typer(
        help=about,
        add_completion=completion,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # words from the command line are no markup
    )


def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """A model registry kept as one YAML manifest in Git."""
    if version:
        typer.echo(f"registry {__version__}")
        raise typer.Exit


def _deferred(command: Callable[..., int | None]) -> Callable[..., Any]:
    """A command that only says what is to be run: Typer has its own ideas about exceptions."""

    @wraps(command)
    def chosen(**options: Any) -> Callable[[], int | None]:
        return partial(command, **options)

    return chosen


def _with_command(words: list[str]) -> list[str]:
    """`promote … -- COMMAND…` in words that Typer cannot take for a version."""
    if words[:1] != ["promote"] or "--" not in words:
        return words
    cut = words.index("--")
    if not words[cut + 1 :]:  # as from an empty variable: promoting unasked would be the wrong guess
        raise Misused.because("usage", "there is no COMMAND behind --", fix="registry promote --help")
    return [*words[:cut], *(f"--command={word}" for word in words[cut + 1 :])]


def _incomplete(words: list[str]) -> int:
    """The help, for somebody who did not say what to do."""
    with redirect_stdout(sys.stderr):
        _command(words)()
    return USAGE


def _failed(error: Exception, words: list[str]) -> int:
    """The status of a failure, once its words are on standard error."""
    if isinstance(error, RegistryError):
        _report(error.problems, words)
        return error.status
    if isinstance(error, typer.TyperException):
        _report([_usage(error, words)], words)
        return error.exit_code
    if isinstance(error, Unwritable):
        return _unwritable(error.__cause__)
    if isinstance(error, OSError) and error.filename:
        _report([Problem("os-error", f"{os.fsdecode(error.filename)}: {error.strerror}")], words)
        return CONFLICT
    from registry.cli.bug import tell

    complain(tell(error, words))
    return BUG


def _report(problems: Any, words: list[str]) -> None:
    asked = words[: words.index("--")] if "--" in words else words
    complain(json_text(problems_json(problems)) if "--json" in asked else problems_text(problems))


def _usage(error: typer.TyperException, words: list[str]) -> Problem:
    said = error.format_message().strip().rstrip(".")
    command = next((name for name in COMMANDS if words[: len(name.split())] == name.split()), "")
    return Problem("usage", said[:1].lower() + said[1:], fix=f"registry {command} --help".replace("  ", " "))


def _unwritable(cause: BaseException | None) -> int:
    abandon()
    if isinstance(cause, BrokenPipeError):
        return BROKEN_PIPE
    reason = getattr(cause, "strerror", None) or cause
    complain(safe(f"standard output cannot be written: {reason}; what the command did stands [unwritable]"))
    return CONFLICT
