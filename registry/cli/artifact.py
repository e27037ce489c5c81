"""The artifact that a version is registered for: where it is, and its digest."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from registry.artifacts import Progress, digest, size
from registry.cli.arguments import here
from registry.errors import Misused, NotFound, Rejected
from registry.workspace import Workspace

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_PLAIN = "/~+@()!$&',;="
"""What stays as it is when a path becomes a URI; a space becomes %20."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """The URI to store, and the place on this machine where there is one."""

    uri: str
    path: Path | None

    @classmethod
    def at(cls, text: str, workspace: Workspace) -> Artifact:
        """What `--uri` names: a URI as it is; a path from here, which must exist."""
        if _SCHEME.match(text):
            return cls(text, local(text, here()))
        path = here() / text
        if not text or not path.exists():
            raise NotFound.because("no-artifact", f"there is no file or folder {text!r} here",
                                   fix="name one, or a URI such as s3://bucket/model.onnx")  # fmt: skip
        return cls(_stored(path, workspace), path)

    def digest(self) -> str:
        """The digest of its bytes, with a progress bar on a terminal."""
        if self.path is None:
            raise Misused.because("usage", f"--digest auto reads a file or folder here, and {self.uri} is elsewhere",
                                  fix="write --digest sha256:… as the producer of the artifact knows it")  # fmt: skip
        with _progress(self.path) as progress:
            return digest(self.path, progress)


def local(uri: str, folder: Path) -> Path | None:
    """The absolute path that a stored URI names on this machine, from the manifest's folder; None elsewhere."""
    if not _SCHEME.match(uri):
        return folder.absolute() / unquote(uri)
    if not uri.casefold().startswith("file:"):
        return None
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.netloc in ("", "localhost") and parts.path.startswith("/") else None


def _stored(path: Path, workspace: Workspace) -> str:
    """The path as the manifest names it: from its folder inside the repository, else a file:// URI."""
    whole = path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name
    folder, top = workspace.path.parent.resolve(), workspace.repo.top
    if top is None or not whole.is_relative_to(top.resolve()):
        return whole.as_uri()
    if not whole.is_relative_to(folder) or whole == folder:
        raise Rejected.because("outside-the-registry", f"{path} lies in the repository, but not below {folder}",
                               why="A path in a manifest starts at the manifest's folder and never climbs.",
                               fix="move it there, or give a URI")  # fmt: skip
    return quote(whole.relative_to(folder).as_posix(), safe=_PLAIN)


@contextmanager
def _progress(path: Path) -> Iterator[Progress]:
    """Somebody who is told of the bytes read: a bar on a terminal, nobody elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty() or not path.exists():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("sha256"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sha256", total=size(path))
        yield lambda count: bar.advance(task, count)
