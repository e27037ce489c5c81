"""Git for the tests: a world of its own, and a fresh repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from registry import document

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("deep", settings.get_profile("suite"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

GITCONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.com
[init]
    defaultBranch = main
[gc]
    auto = 0
[maintenance]
    auto = false
"""


@dataclass(frozen=True)
class Sandbox:
    """A working tree (or, without one, a bare repository) and the user's git in it."""

    path: Path

    def git(self, *words: str, stdin: str = "", env: dict[str, str] | None = None, ok: bool = True) -> str:
        """What git prints; an AssertionError with its complaint unless it succeeds."""
        done = subprocess.run(
            ["git", "-C", str(self.path), *words],
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, **(env or {})},
            check=False,
        )
        assert done.returncode == 0 or not ok, f"git {' '.join(words)}: {done.stderr}"
        return done.stdout.removesuffix("\n")

    def write(self, name: str, text: str) -> Path:
        """A file of the working tree, its folders made as needed."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file

    def commit(self, files: dict[str, str], message: str = "a change", date: str = "") -> str:
        """Write and commit `files`; the hash of the commit. `date` as git reads it, "@<seconds> +0000"."""
        for name, text in files.items():
            self.write(name, text)
        self.git("--literal-pathspecs", "add", "--", *files)
        when = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
        self.git("commit", "--quiet", "--allow-empty", "-m", message, env=when)
        return self.head

    def hook(self, name: str, script: str) -> None:
        """A hook made of shell commands."""
        file = self.write(f"{self.git('rev-parse', '--absolute-git-dir')}/hooks/{name}", f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="session", autouse=True)
def own_git_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting, hook, identity or repository of the machine's reaches the git of the tests."""
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text(GITCONFIG)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_TEMPLATE_DIR", "")  # no sample hooks: a third of the time of git init
        patch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp()))
        yield


def new_repository(path: Path, *options: str) -> Sandbox:
    """`git init` and an initial commit."""
    path.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(path)
    sandbox.git("init", "--quiet", *options)
    sandbox.commit({"README.md": "# Registry\n"}, "initial")
    return sandbox


@pytest.fixture
def repo(tmp_path: Path) -> Sandbox:
    """A fresh repository with one commit, on main, that holds a README.md."""
    return new_repository(tmp_path / "repo")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--yaml-parser=python` runs the whole suite as on a machine without libyaml."""
    parser.addoption("--yaml-parser", choices=list(document.PARSERS), help="the YAML parser to run with")


def pytest_configure(config: pytest.Config) -> None:
    if name := config.getoption("--yaml-parser"):
        document.parser = document.PARSERS[name]


@pytest.fixture(params=list(document.PARSERS))
def each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs once with libyaml and once with the parser in Python."""
    monkeypatch.setattr(document, "parser", document.PARSERS[request.param])
    return str(request.param)
