"""`python -m registry` and the `registry` command: a ^C while the rest is being loaded has a word too."""

import gc
import sys


def start() -> int:
    """Run the command line of this process."""
    gc.disable()  # a command ends long before garbage matters; collecting costs a third of reading a large manifest
    try:
        from registry.cli import main

        return main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    raise SystemExit(start())
