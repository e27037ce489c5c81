"""What can go wrong, as values. Pure; imports nothing of ours.

The exception tree, one class per reaction of the caller; the exit status beside each:

* RegistryError              1
  x Rejected                 1   the manifest, or what was asked of it, breaks a rule: change it
  x Misused                  2   the words of the request are off: read the usage
  x NotFound                 3   what was named is not there: name something else
  x Conflict                 4   the surroundings are in the way: put them right and try again
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

Path = tuple[str | int, ...]
"""Where something stands in the data: keys and indexes from the root."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; `line` and `column` count from 1, in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, why, and what to do about it.

    `code` is stable and made for machines; `where` is None when no file is to blame.
    """

    code: str
    what: str
    where: Location | None = None
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that knows its place in the data, not yet in a file.

    `at` is the path of the value (or, with `on_key`, of its key) that is to blame; a path to
    something that is missing stands for its nearest parent that exists. `file` names an included
    file when the path alone cannot. A `warning` is shown and refuses nothing.
    """

    code: str
    what: str
    at: Path
    why: str = ""
    fix: str = ""
    on_key: bool = False
    file: str = ""
    warning: bool = False


class RegistryError(Exception):
    """Anything a caller may want to catch; carries its problems as values."""

    status: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(p.what for p in problems))
        self.problems = problems

    @classmethod
    def because(cls, code: str, what: str, *, why: str = "", fix: str = "", where: Location | None = None) -> Self:
        """The error with one problem, spelled in one line at the place that raises it."""
        return cls(Problem(code, what, where, why, fix))


class Rejected(RegistryError):
    """The manifest, or what was asked of it, breaks a rule."""

    status = 1


class Misused(RegistryError):
    """The request does not say one clear thing."""

    status = 2


class NotFound(RegistryError):
    """What was named is not there."""

    status = 3


class Conflict(RegistryError):
    """The repository, the disk or another writer is in the way; nothing was changed."""

    status = 4


def nearest(name: str, among: Iterable[str]) -> str:
    """«did you mean X?» for the closest of `among`, else the first few of them, else ''."""
    from difflib import get_close_matches  # a mistake was made; nobody else waits for this import

    names = list(among)
    folded = {n.casefold(): n for n in reversed(names)}
    begun = [n for n in names if name and n.casefold().startswith(name.casefold())]
    close = get_close_matches(name.casefold(), folded, n=1)
    if len(begun) == 1 or close:
        return f"did you mean {begun[0] if len(begun) == 1 else folded[close[0]]}?"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"there are: {shown}" if names else ""
