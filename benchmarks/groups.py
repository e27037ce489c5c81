"""What is compared: `get`, `validate` and `promote` as whole processes, the core within one process, floors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import yaml

from benchmarks.event_loop import loop
from benchmarks.registries import VERSIONS, name, one_file, one_file_per_model
from benchmarks.timing import Cost, Group, Row, Surroundings, Work, called
from registry import Documents, edits, read, schema
from registry.check import check

HERE = Path(__file__).parent
HELLO = "hello"
MODEL = name(0)

Sizes = Sequence[int] | None
"""The sizes that were asked for; None: those that the claims speak of."""


def get(around: Surroundings, sizes: Sizes) -> Group:
    """A look-up, cold: in one file of so many versions, and by `include:` among so many models."""
    works, rows = {HELLO: _hello(around)}, []
    layouts: list[tuple[str, float, Callable[[Path, int], Path], Sequence[int]]] = [
        ("get, one file of {:,} versions", 3, one_file, sizes or (50, 1_000)),
        ("get, `include:` of {:,} models", 1.6, one_file_per_model, sizes or (10, 1_000, 10_000)),
    ]
    for words, times, build, wanted in layouts:
        for size in wanted:
            manifest = build(around.folder(), size)
            works[words.format(size)] = _registry(around, manifest, "get", f"{MODEL}/Production")
            rows.append(Row(words.format(size), {HELLO: 1}, times))
    return Group(works, rows)


def validate(around: Surroundings, sizes: Sizes) -> Group:
    """The judge, cold, against the bare loop over the events of the same text."""
    works, rows = {HELLO: _hello(around)}, []
    for size in sizes or (10, 1_000, 10_000):
        manifest = one_file(around.folder(), size)
        work, events = f"validate, {size:,} versions", f"events of {size:,} versions"
        works[work] = _registry(around, manifest, "validate")
        works[events] = around.self_timed(HERE / "event_loop.py", manifest)
        rows.append(Row(work, {HELLO: 1, events: 4}, 1))
    return Group(works, rows)


def promote(around: Surroundings, sizes: Sizes) -> Group:
    """A promotion with its commit, against git's own commit of the same edit in a repository of its own."""
    works, rows = {HELLO: _hello(around)}, []
    for size in sizes or (10, 1_000):
        work, commit = f"promote, {size:,} versions", f"git commit, {size:,} versions"
        works[work] = _promotions(around, _repository(around, size))
        works[commit] = _commits(around, _repository(around, size))
        rows.append(Row(work, {HELLO: 1, commit: 1}, 2.5))
    return Group(works, rows)


def core(around: Surroundings, sizes: Sizes) -> Group:
    """The rooms by themselves, in this process, on one manifest."""
    works: dict[str, Work] = {}
    rows = []
    for size in sizes or (5_000,):
        text = one_file(around.folder(), size).read_text(encoding="utf-8")
        documents = Documents(read(text))
        data = documents.root.data
        events = f"events of {size:,} versions"
        contests: dict[str, Callable[[], object]] = {
            f"CSafeLoader, {len(text) / 1e6:.1f} MB": partial(yaml.load, text, yaml.CSafeLoader),
            f"strict read, {len(text) / 1e6:.1f} MB": partial(read, text),
            f"schema yes, {size:,} versions": partial(schema.fits, data),
            f"whole check, {size:,} versions": partial(check, documents),
            f"read and promote, {size:,} versions": partial(_read_and_promote, text),
        }
        works[events] = called(partial(loop, text))
        works |= {work: called(function) for work, function in contests.items()}
        rows += [Row(work, {events: 1}) for work in contests]
    return Group(works, rows)


def floors(around: Surroundings, _: Sizes) -> Group:
    """What no Python program, and none with Typer, can go below."""
    works = {
        HELLO: _hello(around),
        "python -c pass": around.python("-c", "pass"),
        "import typer": around.python("-c", "import typer"),
    }
    return Group(works, [Row(work, {HELLO: 1}) for work in works if work != HELLO])


GROUPS: dict[str, Callable[[Surroundings, Sizes], Group]] = {
    "get": get,
    "validate": validate,
    "promote": promote,
    "core": core,
    "floors": floors,
}


def _hello(around: Surroundings) -> Work:
    return around.python(HERE / "hello.py", "hello", "world")


def _registry(around: Surroundings, manifest: Path, *words: str) -> Work:
    return around.python("-m", "registry", *words, cwd=manifest.parent)


def _repository(around: Surroundings, size: int) -> Path:
    """A registry in one file, committed."""
    manifest = one_file(around.folder(), size)
    for words in (["init", "-q"], ["add", manifest.name], ["commit", "-q", "-m", "A registry"]):
        around.run("git", *words, cwd=manifest.parent)
    return manifest


def _promotions(around: Surroundings, manifest: Path) -> Work:
    """Each puts another version into Staging than the one that stands there."""
    versions = (str(VERSIONS - 1), str(VERSIONS))
    return _in_turn(_registry(around, manifest, "promote", MODEL, version, "--to", "Staging") for version in versions)


def _commits(around: Surroundings, manifest: Path) -> Work:
    """The same edits, written before the clock runs, and committed as safely as the program does it."""
    before = Documents(read(manifest.read_bytes()))
    after = _promoted(before)
    commit = around.process(
        *("git", "-c", "core.fsync=committed", "commit", "-q", "-m", f"{MODEL}: Staging", "--only", manifest.name),
        cwd=manifest.parent,
    )

    def edit(text: str) -> Work:
        def work() -> Cost:
            manifest.write_text(text, encoding="utf-8")
            return commit()

        return work

    return _in_turn(edit(documents.root.text) for documents in (after, before))


def _read_and_promote(text: str) -> Documents:
    return _promoted(Documents(read(text)))


def _promoted(documents: Documents) -> Documents:
    return edits.promote(documents, MODEL, VERSIONS - 1, "Staging").documents


def _in_turn(works: Iterable[Work]) -> Work:
    """One after the other, over and over."""
    turns = cycle(works)

    def work() -> Cost:
        return next(turns)()

    return work
