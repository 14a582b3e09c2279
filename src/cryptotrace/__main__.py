"""``python -m cryptotrace``, and the command ``cryptotrace``."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a letter gets its code instead of a crash
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from cryptotrace.cli import app

    try:
        app(prog_name="cryptotrace")
    finally:
        _flush()


def _flush() -> None:
    """Write out what is left; where the reader has gone (``| head``), say nothing."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
