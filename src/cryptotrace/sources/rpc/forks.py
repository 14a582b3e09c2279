"""Which head earlier runs read under, out of what they were answered: a head that is gone takes rows along."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cryptotrace.errors import InputError
from cryptotrace.sources.base import Answer
from cryptotrace.sources.evm.amounts import name_of, quantity

__all__ = ["FORK", "heads_of"]

FORK = "fork"
"""Stream of the questions whether an earlier head still stands."""


def heads_of(answers: Iterable[Answer]) -> list[tuple[int, str]]:
    """Give number and hash of the head of each run, the newest run first; runs with a name are no pulls.

    A run asks for blocks by tag or number until it has one that is final: that is the last that it was shown.
    """
    found: dict[int, tuple[int, str]] = {}
    for answer in answers:
        run, block = answer.request.run, _block(answer)
        if run.isascii() and run.isdigit() and block is not None:
            found[int(run)] = max(block, found.get(int(run), block))
    return list(dict.fromkeys(found[run] for run in sorted(found, reverse=True)))


def _block(answer: Answer) -> tuple[int, str] | None:
    try:
        cells = msgspec.json.decode(answer.body)["result"]
        return quantity(cells["number"], "number"), name_of(cells["hash"], "hash")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InputError, KeyError, TypeError):
        return None
