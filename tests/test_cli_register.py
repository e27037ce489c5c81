"""`registry register`: what is stored for the words given, and the digest of real files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.artifacts import digest, size
from registry.cli.arguments import scalar
from registry.errors import Conflict, NotFound, Rejected
from tests.cli_helpers import Run, registry, run
from tests.conftest import Sandbox

__all__ = ["registry", "run"]


def record(run: Run, number: int = 2) -> Any:
    return run("show", f"churn/{number}", "--json").json


# -- the record ----------------------------------------------------------------------------------------


def test_a_registration_stores_every_fact(registry: Sandbox, run: Run) -> None:
    told = run(
        "register", "churn", "--uri", "s3://m/churn/2", "--digest", "sha256:" + "a" * 64, "--format", "onnx",
        "--metric", "auc=0.931", "--metric", "n=12", "--param", "depth=8", "--param", "dart=true", "--param", "id=007",
        "--tag", "tier=1", "--run-id", "8f1d", "--source-commit", "1c9e", "--dataset", "s3://data/1",
        "--description", "night: run", "-m", "nightly",
    )  # fmt: skip
    assert (told.status, told.err) == (0, "")
    assert told.out == f"churn 2 registered [{registry.head[:7]}]\n"
    found = record(run)
    assert found["created_at"].endswith("Z")
    assert {k: found[k] for k in ("uri", "digest", "format", "description", "created_by", "life")} == {
        "uri": "s3://m/churn/2",
        "digest": "sha256:" + "a" * 64,
        "format": "onnx",
        "description": "night: run",
        "created_by": "ada@example.com",
        "life": "registered",
    }
    assert found["metrics"] == {"auc": 0.931, "n": 12}
    assert found["params"] == {"depth": 8, "dart": True, "id": "007"}
    assert found["tags"] == {"tier": "1"}
    assert found["source"] == {"run_id": "8f1d", "commit": "1c9e", "dataset": "s3://data/1"}


def test_a_new_model_is_created_and_its_first_version_told(registry: Sandbox, run: Run) -> None:
    assert run("register", "new model", "--uri", "s3://m/1").out.startswith("new model 1 registered [")
    assert run("register", "Fraud", "--uri", "s3://m/1").status == 1


def test_the_same_artifact_again_is_no_new_version(registry: Sandbox, run: Run) -> None:
    run("register", "churn", "--uri", "s3://m/churn/2", "--run-id", "a")
    head = registry.head
    told = run("register", "churn", "--uri", "s3://m/churn/2", "--run-id", "a")
    assert (told.status, told.out) == (0, "churn 2 is this very version; nothing was registered\n")
    assert registry.head == head
    assert run("register", "churn", "--uri", "s3://m/churn/2", "--run-id", "b", "-q").out == "3\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--uri", "s3://m/2", "--metric", "auc"],
        ["--uri", "s3://m/2", "--metric", "auc=inf"],
        ["--uri", "s3://m/2", "--param", "depth"],
        ["--uri", "s3://m/2", "--tag", "a=1", "--tag", "a=1"],
        ["--uri", "s3://m/2", "--digest", "auto"],
    ],
)
def test_unclear_words_are_wrong_usage_and_change_nothing(registry: Sandbox, run: Run, words: list[str]) -> None:
    head = registry.head
    told = run("register", "churn", *words)
    assert (told.status, told.out) == (2, "")
    assert " [usage]\n    fix: " in told.err
    assert registry.head == head


def test_a_digest_that_is_none_and_a_name_that_is_none_are_refused(registry: Sandbox, run: Run) -> None:
    assert "is not a SHA-256 digest" in run("register", "churn", "--uri", "s3://m/2", "--digest", "md5:1").err
    assert run("register", "../churn", "--uri", "s3://m/2").status == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8", 8), ("-1", -1), ("0.5", 0.5), ("1e-3", 0.001), ("true", True), ("false", False),
        ("007", "007"), ("+5", "+5"), ("1_000", "1_000"), ("nan", "nan"), ("inf", "inf"), ("1e999", "1e999"),
        ("9007199254740993", "9007199254740993"), ("True", "True"), ("null", "null"), ("", ""), ("0x10", "0x10"),
        ("9" * 5000, "9" * 5000), ("٣", "٣"),
    ],
)  # fmt: skip
def test_a_parameter_has_the_type_that_it_shows(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


@given(st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_a_number_written_by_python_comes_back(value: float | bool) -> None:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    assert scalar(text) == value


# -- where the artifact is -----------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["s3://b/k", "https://x/y?z=1#f", "models:/other/3", "runs:/abc/model", "file:///x"])
def test_a_uri_is_stored_as_it_is(registry: Sandbox, run: Run, uri: str) -> None:
    assert run("register", "churn", "--uri", uri).status == 0
    assert record(run)["uri"] == uri


def test_a_path_in_the_repository_is_stored_from_the_manifests_folder(
    registry: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.write("artifacts/a b%é.onnx", "x")
    monkeypatch.chdir(registry.path / "artifacts")
    assert run("register", "churn", "--uri", "./a b%é.onnx", "--digest", "auto").status == 0
    assert record(run)["uri"] == "artifacts/a%20b%25%C3%A9.onnx"
    assert record(run)["digest"] == "sha256:" + hashlib.sha256(b"x").hexdigest()
    assert run("register", "churn", "--uri", str(registry.path / "artifacts")).status == 0
    assert record(run, 3)["uri"] == "artifacts"


def test_a_path_beside_the_repository_is_a_file_uri(registry: Sandbox, run: Run, tmp_path: Path) -> None:
    (tmp_path / "out side.onnx").write_bytes(b"x")
    assert run("register", "churn", "--uri", "../out side.onnx").status == 0
    assert record(run)["uri"] == (tmp_path / "out side.onnx").as_uri()
    told = run("register", "churn", "--uri", (tmp_path / "out side.onnx").as_uri(), "--digest", "auto")
    assert told.status == 0


def test_a_path_that_the_manifest_cannot_name_is_refused(registry: Sandbox, run: Run) -> None:
    registry.write("team/models.yaml", "schema_version: 1\n")
    registry.commit({"team/models.yaml": "schema_version: 1\nmodels: {}\n"})
    told = run("register", "m", "--uri", "README.md", "--file", "team/models.yaml")
    assert told.status == 1
    assert "[outside-the-registry]" in told.err


def test_a_path_that_does_not_exist_is_not_found(registry: Sandbox, run: Run) -> None:
    for uri in ("nope.onnx", "", "no/such/folder"):
        told = run("register", "churn", "--uri", uri)
        assert told.status == 3
        assert "name one, or a URI such as" in told.err


def test_registering_from_a_symlinked_folder_stores_the_same_path(
    registry: Sandbox, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.write("model.onnx", "x")
    (tmp_path / "link").symlink_to(registry.path)
    monkeypatch.chdir(tmp_path / "link")
    assert run("register", "churn", "--uri", "model.onnx").status == 0
    assert record(run)["uri"] == "model.onnx"


# -- digests -------------------------------------------------------------------------------------------


def tree(folder: Path) -> Path:
    for name in ("b", "a/z", "a.txt", "a/b/c", "é", "a-b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 7)
    return folder


def test_a_files_digest_is_the_sha256_of_its_bytes_read_block_by_block(tmp_path: Path) -> None:
    data = os.urandom(3 * 2**20 + 5)
    (tmp_path / "model.bin").write_bytes(data)
    read: list[int] = []
    assert digest(tmp_path / "model.bin", read.append) == "sha256:" + hashlib.sha256(data).hexdigest()
    assert (sum(read), len(read)) == (len(data), 4)
    assert size(tmp_path / "model.bin") == len(data)


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs coreutils")
def test_a_folders_digest_is_what_the_documented_command_prints(tmp_path: Path) -> None:
    folder = tree(tmp_path / "model")
    command = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    said = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert digest(folder) == "sha256:" + said.split()[0]
    assert size(folder) == sum(len(p.read_bytes()) for p in folder.rglob("*") if p.is_file())


def test_a_folders_digest_tells_names_contents_and_places_apart(tmp_path: Path) -> None:
    first = digest(tree(tmp_path / "one"))
    assert digest(tree(tmp_path / "other")) == first
    (tmp_path / "other/b").rename(tmp_path / "other/c")
    assert digest(tmp_path / "other") != first


def test_what_has_no_one_meaning_has_no_digest(tmp_path: Path) -> None:
    folder = tree(tmp_path / "model")
    link, pipe, odd = folder / "a" / "link", folder / "pipe", folder / "two\nlines"
    link.symlink_to("z")
    with pytest.raises(Rejected, match="a/link is a symlink"):
        digest(folder)
    link.unlink()
    os.mkfifo(pipe)
    for path in (folder, pipe):
        with pytest.raises(Rejected, match="no regular file"):
            digest(path)
    pipe.unlink()
    odd.touch()
    with pytest.raises(Rejected, match="line break"):
        digest(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(Rejected, match="holds no file"):
        digest(tmp_path / "empty")
    with pytest.raises(NotFound):
        digest(tmp_path / "nope")


def test_a_link_that_is_named_itself_is_followed(tmp_path: Path) -> None:
    folder = tree(tmp_path / "model")
    (tmp_path / "to-folder").symlink_to(folder)
    (tmp_path / "to-file").symlink_to(folder / "b")
    assert digest(tmp_path / "to-folder") == digest(folder)
    assert digest(tmp_path / "to-file") == digest(folder / "b")


def test_a_file_that_changes_while_it_is_read_has_no_digest(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"x" * 100)

    def overwrite(_: int) -> None:
        path.write_bytes(b"y" * 101)

    with pytest.raises(Conflict, match="changed while it was read"):
        digest(path, overwrite)
