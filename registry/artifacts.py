"""The digest of an artifact on this machine. Disk.

A file's digest is the SHA-256 of its bytes. A folder's is the SHA-256 of the lines that
`sha256sum` prints for its files, in the byte order of their paths, so that anyone can check it:

    cd FOLDER; find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from registry.errors import Conflict, NotFound, Rejected

BLOCK = 1 << 20
"""Bytes read at a time: memory does not grow with the artifact."""

Progress = Callable[[int], None]
"""Is told how many bytes were read, block by block."""


def digest(path: Path, progress: Progress = lambda _: None) -> str:
    """`sha256:…` of a file or a folder; `path` itself may be a symlink, nothing in a folder may.

    Raises:
        NotFound: there is nothing. Rejected: it, or something in the folder, is no regular file,
            or the folder is empty. Conflict: it changed while it was read, or cannot be read.
    """
    try:
        if not path.is_dir():
            return "sha256:" + _file_digest(path, progress)
        listed = sha256()
        for name, file in _files(path):
            listed.update(f"{_file_digest(file, progress)}  ".encode() + name + b"\n")
        return "sha256:" + listed.hexdigest()
    except FileNotFoundError as error:
        raise NotFound.because("no-artifact", f"there is no {error.filename}", fix="name a file or a folder") from error
    except OSError as error:
        raise Conflict.because("unreadable", f"{error.filename} cannot be read: {error.strerror}") from error


def size(path: Path) -> int:
    """How many bytes `digest` will read."""
    return sum(file.stat().st_size for _, file in _files(path)) if path.is_dir() else path.stat().st_size


def _files(folder: Path) -> list[tuple[bytes, Path]]:
    """The files of a folder with their paths from it, in byte order.

    Raises:
        Rejected: there are none; or an entry is no regular file, or has a name with a line break
            or a backslash, which `sha256sum` writes in another way.
    """
    found = sorted((os.fsencode(file.relative_to(folder).as_posix()), file) for file in _walk(folder))
    if not found:
        raise Rejected.because("empty-folder", f"{folder} holds no file", fix="name the folder that holds the model")
    for name, file in found:
        if any(c in name for c in b"\n\r\\"):
            raise Rejected.because("odd-file-name", f"{file} has a line break or a backslash in its name",
                                   why="The digest of a folder is made of lines with a name each.",
                                   fix="rename it")  # fmt: skip
    return found


def _walk(folder: Path) -> Iterator[Path]:
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
                else:
                    raise _irregular(entry.path, "a symlink" if entry.is_symlink() else "no regular file")


def _file_digest(path: Path, progress: Progress) -> str:
    hashed = sha256()
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:  # Path.open has no opener
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise _irregular(str(path), "no regular file")
        while block := file.read(BLOCK):
            hashed.update(block)
            progress(len(block))
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Conflict.because("changed-meanwhile", f"{path} changed while it was read",
                               fix="wait until it is written, and try again")  # fmt: skip
    return hashed.hexdigest()


def _without_waiting(path: str, flags: int) -> int:
    """Opens a pipe without waiting for somebody to write into it."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _irregular(path: str, kind: str) -> Rejected:
    return Rejected.because("not-a-regular-file", f"{path} is {kind}",
                            why="A digest must mean the same bytes everywhere.",
                            fix="put the file itself there")  # fmt: skip
