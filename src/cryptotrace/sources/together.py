"""Several questions at the same time, and no longer a wait than somebody who does not answer is worth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

__all__ = ["asked_together"]

_Given = TypeVar("_Given")


def asked_together(
    questions: Mapping[str, Callable[[], _Given]], *, patience: float, is_enough: Callable[[Collection[str]], bool]
) -> dict[str, Future[_Given]]:
    """Ask everybody at once; after a while, go on without those who are still silent.

    Parameters
    ----------
    questions : mapping
        Name -> what asks, which may raise.
    patience : float
        Seconds after which nobody is waited for any more, as soon as those who answered are enough.
    is_enough : callable
        Told the names of those who answered; says whether one can go on with them.

    Returns
    -------
    dict
        Name -> what came, in the order of ``questions``. Whoever is missing did not answer in time; the thread that asks is
        left to itself, and holds up no end of the program.
    """
    asked = {name: _asked(name, question) for name, question in questions.items()}
    until = time.monotonic() + patience
    while True:
        ended = {name: one for name, one in asked.items() if one.done()}
        open_ones = [one for one in asked.values() if not one.done()]
        left = until - time.monotonic()
        good = [name for name, one in ended.items() if one.exception() is None]
        if not open_ones or (left <= 0 and is_enough(good)):
            return ended
        wait(open_ones, timeout=left if left > 0 else None, return_when=FIRST_COMPLETED)


def _asked(name: str, question: Callable[[], _Given]) -> Future[_Given]:
    found: Future[_Given] = Future()

    def ask() -> None:
        try:
            found.set_result(question())
        except BaseException as problem:  # noqa: BLE001  (whoever waits raises it)
            found.set_exception(problem)

    threading.Thread(target=ask, name=f"ask {name}", daemon=True).start()
    return found
