"""What to say of a mistake of our own: one line, and the traceback in a file."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback

from registry import __version__
from registry.report import safe


def tell(error: BaseException, words: list[str]) -> str:
    """The line for the user; the traceback goes to a new file, or with REGISTRY_TRACEBACK=1 into the line."""
    told = "".join(traceback.format_exception(error))
    what = safe(f"this is a bug in registry: {type(error).__name__}: {error}"[:300])
    if os.environ.get("REGISTRY_TRACEBACK"):
        return f"{what}\n{safe(told, lines=True)}"
    try:
        return f"{what}; please report it with {_written(told, words)}"
    except OSError:
        return f"{what}; REGISTRY_TRACEBACK=1 shows where"


def _written(told: str, words: list[str]) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="registry-", suffix=".log", delete=False, encoding="utf-8",
                                     errors="backslashreplace") as file:  # fmt: skip
        file.write(f"registry {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"registry {' '.join(words)}\n\n{told}")
    return file.name
