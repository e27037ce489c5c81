"""The two streams of the process: everything that is printed goes through here."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from typing import Any, TextIO

from registry.report import json_text


class Unwritable(Exception):
    """Standard output takes no more; the cause is the OSError."""


def prepare() -> None:
    """Let a stream that cannot show a character show its code instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", "") == "strict":
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(text: str) -> None:
    """Print lines that were asked for."""
    if text:
        _write(sys.stdout, text if text.endswith("\n") else text + "\n")


def say_json(data: Any) -> None:
    """Print JSON that was asked for."""
    say(json_text(data))


def complain(text: str) -> None:
    """Print lines about the asking: failures and warnings. A closed stream takes none."""
    if text:
        with suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)  # noqa: T201


def flush() -> None:
    """See that everything arrived."""
    _write(sys.stdout, "", flush=True)


def width() -> int | None:
    """The columns of the terminal that is written to; None where it is none."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def abandon() -> None:
    """Let what could not be written go to nowhere, or the interpreter would complain once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _write(stream: TextIO | None, text: str, *, flush: bool = False) -> None:
    if stream is None:  # the caller closed it, and so wants nothing
        return
    try:
        stream.write(text)
        if flush:
            stream.flush()
    except OSError as error:
        raise Unwritable from error
