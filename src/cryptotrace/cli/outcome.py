"""How a verb ends: one line for an error, an exit code for each kind of end, no traceback unless it is asked for."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from cryptotrace.cli.terminal import note, plain
from cryptotrace.errors import CryptotraceError

__all__ = ["INTERRUPTED", "PARTIAL", "answering", "is_verbose", "second_interrupt_leaves", "steps"]

PARTIAL = 3
INTERRUPTED = 130


def is_verbose(context: typer.Context) -> bool:
    """Whether -v was given or CRYPTOTRACE_DEBUG is set."""
    return bool(context.find_root().obj) or os.environ.get("CRYPTOTRACE_DEBUG", "") not in {"", "0"}


@contextmanager
def answering(context: typer.Context) -> Iterator[None]:
    """Turn an error of ours into one line on stderr and its exit code, and Ctrl-C into 130."""
    try:
        yield
    except CryptotraceError as error:
        if is_verbose(context):
            traceback.print_exc()
        note(f"error: {error}")
        raise typer.Exit(error.exit_code) from None
    except (KeyboardInterrupt, RuntimeError) as error:
        # the engine turns Ctrl-C inside a query into a RuntimeError of its own
        if not isinstance(error, KeyboardInterrupt) and "interrupted" not in str(error).lower():
            raise
        note("interrupted: nothing was left half-written; the same command starts again")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def second_interrupt_leaves() -> Iterator[None]:
    """Leave at once with 130 at a Ctrl-C that a pull does not take for itself: its second one, or one before it begins.

    Nothing is lost: each raw answer is on disk before the next request, and rows go into the store whole or not at all. No
    thread is waited for, so that a server that does not answer holds nobody up.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # as behind nohup: then it stays so
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(_number: int, _frame: FrameType | None) -> None:
        # os.write: a handler may come in the middle of a print
        os.write(2, b"\ninterrupted: what came is kept; the same command goes on\n")
        os._exit(INTERRUPTED)

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def steps(context: typer.Context, *, quiet: bool = False) -> Iterator[Callable[[str], None] | None]:
    """Show the step that is running: in place on a terminal, line by line with -v, else not at all."""
    if is_verbose(context):
        yield lambda words: note(f"… {words}")
    elif quiet or not sys.stderr.isatty():
        yield None
    else:
        from tqdm import tqdm

        with tqdm(bar_format="{desc} ({elapsed})", leave=False, file=sys.stderr) as bar:
            yield lambda words: bar.set_description_str(plain(words.replace("\n", " ")))
