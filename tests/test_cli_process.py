"""The command as a process: streams, signals, statuses, imports, completion."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import __version__
from registry.cli import COMMANDS, GROUPS, application
from tests.cli_helpers import MANIFEST, Run, registry, run
from tests.conftest import Sandbox

__all__ = ["registry", "run"]

ROOT = Path(__file__).parent.parent
Process = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def process(*words: str, shell: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """`python -m registry …` in a process of its own; `shell` goes behind it."""
    command = " ".join([sys.executable, "-m", "registry", *words, shell])
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment(**env), check=False)


# -- streams -------------------------------------------------------------------------------------------


def test_a_full_disk_behind_standard_output_is_one_line(registry: Sandbox) -> None:
    for words in ("list", "--help", "schema"):
        told = process(words, shell="> /dev/full")
        assert told.returncode == 4
        assert (
            told.stderr
            == "standard output cannot be written: No space left on device; what the command did stands [unwritable]\n"
        )


def test_a_reader_that_leaves_ends_it_silently(registry: Sandbox) -> None:
    told = process("schema", shell="| true; echo ${PIPESTATUS[0]}", PYTHONUNBUFFERED="1")
    assert told.stderr == ""
    assert told.stdout.strip() in ("0", "141")
    told = process("schema", shell="| (exec <&-; sleep 0.3); echo ${PIPESTATUS[0]}")
    assert (told.stdout.strip(), told.stderr) == ("141", "")


def test_a_closed_standard_output_is_no_failure(registry: Sandbox) -> None:
    told = process("list", shell=">&-")
    assert (told.returncode, told.stderr) == (0, "")


def test_a_stream_that_cannot_show_a_character_shows_its_code(registry: Sandbox) -> None:
    registry.write("models.yaml", MANIFEST.replace("risk-ml", "équipe"))
    told = process("list", PYTHONIOENCODING="ascii")
    assert told.returncode == 0
    assert "\\xe9quipe" in told.stdout


def test_a_terminal_gets_a_drawn_table_and_a_pipe_a_plain_one(registry: Sandbox) -> None:
    script = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'registry', 'list']) >> 8)"
    drawn = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        env=environment(NO_COLOR="1", TERM="xterm"),
    )  # fmt: skip
    assert "─" in drawn.stdout
    assert "[/foo]" in drawn.stdout
    assert "\x1b[" not in drawn.stdout
    assert "─" not in process("list").stdout


# -- statuses ------------------------------------------------------------------------------------------


def test_ctrl_c_ends_with_130_and_says_whether_anything_changed(registry: Sandbox) -> None:
    script = "import signal, os; os.kill(os.getppid(), signal.SIGINT); signal.pause()"
    words = [sys.executable, "-m", "registry", "promote", "fraud", "3", "--", sys.executable, "-c", script]
    running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True)
    try:
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert (running.returncode, err) == (130, "interrupted; nothing was changed\n")
    assert (registry.path / "models.yaml").read_text() == MANIFEST


def test_an_interrupt_elsewhere_claims_nothing(registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        error = KeyboardInterrupt()
        error.add_note("The commit abc stands.")
        raise error

    monkeypatch.setattr("registry.workspace.Workspace.run", interrupted)
    told = run("rename", "fraud", "cards")
    assert (told.status, told.err) == (130, "interrupted; The commit abc stands.\n")


def test_a_bug_is_one_line_and_its_traceback_a_file(
    registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("\x1b[31m")

    monkeypatch.setattr("registry.workspace.Workspace.find", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told = run("list")
    assert (told.status, told.out) == (70, "")
    assert told.err.startswith("this is a bug in registry: KeyError: '\\x1b[31m'; please report it with ")
    assert len(told.err.splitlines()) == 1
    log = Path(told.err.rpartition(" ")[2].strip())
    assert "registry list" in log.read_text()
    assert "Traceback (most recent call last)" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("REGISTRY_TRACEBACK", "1")
    assert "Traceback (most recent call last)" in run("list").err


@pytest.mark.parametrize(
    "words",
    [
        ["promot"], ["get"], ["get", "--nope", "x"], ["alias", "sett"], ["promote", "fraud", "three"],
        ["get", "[/foo]/x", "y"], ["list", "--json=1"], ["models", "nope"], ["--nope"], ["list", "--file"],
        ["get", "\udcff"], ["get", "fraud/\x1b[2J"], ["show", "fraud@"], ["list", "--file", "/nope"],
        ["list", "--file", "."], ["history", "[/foo]"], ["register", "[/foo]", "--uri", "s3://x"],
        ["get", "fraud/99999999999999999999999"], ["get", "fraud/2", "--at", "-x"], ["get", "fraud/2", "--at", ""],
    ],
)  # fmt: skip
def test_no_mistake_of_the_user_ends_in_a_traceback(registry: Sandbox, run: Run, words: list[str]) -> None:
    told = run(*words)
    assert told.status in (1, 2, 3, 4)
    assert told.out == ""
    assert told.err.strip()
    assert "Traceback" not in told.err
    assert "\x1b" not in told.err


def test_wrong_usage_says_what_and_where_to_read(run: Run) -> None:
    assert run("promot", "fraud").err == (
        "no such command 'promot'. Did you mean 'promote'? [usage]\n    fix: registry --help\n"
    )
    assert run("alias", "set", "--nope").err == "no such option: --nope [usage]\n    fix: registry alias set --help\n"
    told = run("models", "list-versions", "--json")
    assert json.loads(told.err)["problems"][0]["what"] == "missing option '--model-name'"


def test_a_folder_that_is_gone_is_no_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for words in (["list"], ["doctor"], ["init"], ["validate"]):
        told = run(*words)
        assert told.status in (1, 3, 4)
        assert "bug" not in told.err
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_manifest_that_may_not_be_read_is_unreadable(registry: Sandbox, run: Run) -> None:
    (registry.path / "models.yaml").chmod(0)
    assert "[unreadable]" in run("list").err


@pytest.mark.parametrize("name", ["TERM", "HUP", "QUIT", "INT"])
def test_a_signal_during_a_commit_puts_everything_back(registry: Sandbox, name: str) -> None:
    registry.hook("pre-commit", 'echo begun > "$BEGUN"; exec sleep 30')
    begun = registry.path.parent / "begun"
    os.mkfifo(begun)
    words = [sys.executable, "-m", "registry", "alias", "set", "fraud", "champion", "3"]
    head, text = registry.head, (registry.path / "models.yaml").read_text()
    options = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(words, env=environment(BEGUN=str(begun)), **options) as running:
        assert begun.read_text() == "begun\n"  # waits for the hook
        os.killpg(running.pid, getattr(signal, f"SIG{name}"))
        _, told = running.communicate(timeout=20)
    assert running.returncode == 128 + getattr(signal, f"SIG{name}")
    assert "Traceback" not in told
    assert (registry.head, registry.git("status", "--porcelain")) == (head, "")
    assert (registry.path / "models.yaml").read_text() == text


def test_after_a_kill_the_next_command_says_what_happened(registry: Sandbox) -> None:
    registry.hook("pre-commit", 'echo begun > "$BEGUN"; exec sleep 30')
    begun = registry.path.parent / "begun"
    os.mkfifo(begun)
    words = [sys.executable, "-m", "registry", "alias", "set", "fraud", "champion", "3"]
    with subprocess.Popen(words, env=environment(BEGUN=str(begun)), start_new_session=True) as running:
        assert begun.read_text() == "begun\n"
        os.killpg(running.pid, signal.SIGKILL)
    told = process("alias", "set", "fraud", "champion", "1")
    if "index-locked" in told.stderr:  # git was killed too, and says how to go on
        (registry.path / ".git/index.lock").unlink()
        told = process("alias", "set", "fraud", "champion", "1")
    assert told.returncode == 4
    assert "was killed while it wrote" in told.stderr
    assert "git restore --staged --worktree models.yaml" in told.stderr


# -- speed: what is not needed is not loaded --------------------------------------------------------------


def test_get_of_a_working_file_loads_neither_git_nor_jsonschema_nor_rich(registry: Sandbox) -> None:
    script = (
        "import sys; from registry.cli import main; status = main(['get', 'fraud/Production']);"
        "heavy = {'git', 'jsonschema', 'rich', 'filelock', 'registry.gitrepo', 'registry.cli.stages'};"
        "print(status, sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=True)
    assert told.stdout == "s3://m/fraud/2\n0 []\n"


def test_only_the_command_asked_for_is_built() -> None:
    assert [c.name for c in application(["get", "x"]).registered_commands] == ["get"]
    groups = application(["alias", "set"]).registered_groups
    assert [g.name for g in groups] == ["alias"]
    assert [c.name for c in application().registered_commands] == [n for n in COMMANDS if " " not in n]


# -- help, version, completion -------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    told = run(*command.split(), "--help")
    assert (told.status, told.err) == (0, "")
    assert told.out.startswith(f"Usage: registry {command} ")
    assert "--help" in told.out
    summary = told.out.split("\n\n")[1].strip()
    assert summary.endswith(".")
    assert len(summary) <= 60, "the list of commands would cut it off"


def test_the_whole_help_lists_every_command(run: Run) -> None:
    told = run("--help")
    assert told.status == 0
    assert all(f"\n  {name.split()[0]} " in told.out for name in COMMANDS)
    assert told.out.count("...") == 1, "the usage line, and no sentence that is cut off"


def test_no_command_at_all_is_wrong_usage_with_the_help(run: Run) -> None:
    for words in ([], ["alias"], ["models"]):
        told = run(*words)
        assert (told.status, told.out) == (2, "")
        assert told.err.startswith("Usage: registry")


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out == f"registry {__version__}\n"
    assert run("--help", "--version").status == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["registry", "rec"], ["record-check"]),
        (["registry", "promote", "f"], ["fraud"]),
        (
            ["registry", "get", "fraud/"],
            ["fraud/Staging", "fraud/Production", "fraud/1", "fraud/2", "fraud/3", "fraud/4"],
        ),
        (["registry", "get", "fraud@"], ["fraud@champion"]),
        (["registry", "promote", "fraud", "--to", "P"], ["Production"]),
        (["registry", "models", "transition-stage", "--model-name", "ch"], ["churn"]),
    ],
)
def test_the_shell_is_offered_names(
    registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch, typed: list[str], offered: list[str]
) -> None:
    monkeypatch.setenv("_REGISTRY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(typed))
    monkeypatch.setenv("COMP_CWORD", str(len(typed) - 1))
    assert run().out.split() == offered


def test_the_shell_is_offered_nothing_where_there_is_no_registry(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("_REGISTRY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "registry get f")
    monkeypatch.setenv("COMP_CWORD", "2")
    told = run()
    assert (told.status, told.out.strip(), told.err) == (0, "", "")


def test_the_completion_script_is_shown(run: Run) -> None:
    told = process("--show-completion", "bash")
    assert told.returncode == 0
    assert "_REGISTRY_COMPLETE=complete_bash" in told.stdout


def test_every_group_of_commands_says_what_it_is_for() -> None:
    assert {name.split()[0] for name in COMMANDS if " " in name} == GROUPS.keys()
