"""Ctrl-C while a pull runs: the first asks it to stop after the page at hand, the second breaks it off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["first_interrupt_asks"]


@contextmanager
def first_interrupt_asks(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first Ctrl-C instead of raising; whatever runs at that moment, such as a write, runs on.

    Parameters
    ----------
    stop : callable
        Must only set flags: it runs between any two steps of the main thread.

    Notes
    -----
    Outside of the main thread, which alone gets the signal, and where the signal is ignored, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is None or before is signal.SIG_IGN:
        yield
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
