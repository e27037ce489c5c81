"""A bare Python loop over libyaml's events of one file: the least that reading it with PyYAML can cost.

As a script it times the loop alone, without the start of Python and the reading of the file.
"""

import sys
import time
from pathlib import Path

import yaml


def loop(text: str) -> None:
    """Take every event, and do nothing with it."""
    get = yaml.cyaml.CParser(text).get_event  # type: ignore[attr-defined]
    while get() is not None:
        pass


if __name__ == "__main__":
    content = Path(sys.argv[1]).read_text(encoding="utf-8")
    wall, cpu = time.perf_counter(), time.process_time()
    loop(content)
    print(time.perf_counter() - wall, time.process_time() - cpu)
