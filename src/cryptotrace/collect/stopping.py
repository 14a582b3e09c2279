"""Ctrl-C while a pull runs: the first asks it to stop after the page at hand, the second breaks it off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["first_interrupt_asks"]


@contextmanager
def first_interrupt_asks(stop: Callable[[], None], say: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first Ctrl-C instead of raising; whatever runs at that moment, such as a write, runs on.

    Parameters
    ----------
    stop : callable
        Must only set flags: it runs between any two steps of the main thread.
    say : callable
        Tells the person at once that the key was heard. It runs in a thread of its own: the main thread may be in the middle
        of a long write, or of printing.

    Notes
    -----
    Outside of the main thread, which alone gets the signal, and where the signal is ignored, this does nothing.
    """
    before = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if before is None or before is signal.SIG_IGN:
        yield
        return
    with _said_when(say) as pressed:

        def ask(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            stop()
            pressed.set()

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _said_when(say: Callable[[], None]) -> Iterator[threading.Event]:
    """Give an event; something is said as soon as it is set."""
    pressed, over = threading.Event(), threading.Event()

    def wait() -> None:
        pressed.wait()
        if not over.is_set():
            say()

    thread = threading.Thread(target=wait, name="collect-says", daemon=True)
    thread.start()
    try:
        yield pressed
    finally:
        if not pressed.is_set():
            over.set()
        pressed.set()
        thread.join()
