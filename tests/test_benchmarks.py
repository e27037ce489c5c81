"""The benchmarks run from end to end at their smallest size; what the numbers are is no matter for a test."""

from __future__ import annotations

import re

import pytest

from benchmarks.__main__ import HEADERS, main
from benchmarks.groups import GROUPS

SECONDS_OR_RATIO = re.compile(r"\**\d+\.\d+ (×|ms)\**")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_prints_a_number_for_each_of_its_rows(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", group, "--sizes", "5", "--runs", "1"]) == 0
    _, _, header, _, *rows = capsys.readouterr().out.splitlines()
    assert header == f"| {' | '.join(HEADERS)} |"
    assert rows
    for row in rows:
        cells = row.strip("| ").split(" | ")
        assert len(cells) == len(HEADERS)
        assert all(SECONDS_OR_RATIO.fullmatch(cell) for cell in cells[3:]), row


def test_a_size_is_a_positive_number() -> None:
    with pytest.raises(SystemExit):
        main(["--sizes", "0"])
