"""What `import registry` shows, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import registry


def test_the_public_names_are_these_and_each_is_there() -> None:
    assert registry.__all__ == sorted(registry._ROOMS)
    assert all(getattr(registry, name) is not None for name in registry.__all__)


def test_importing_the_package_loads_nothing_else() -> None:
    heavy = "m.startswith('registry.') or m in ('yaml', 'git', 'typer')"
    script = f"import sys, registry; print([m for m in sys.modules if {heavy}])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
