"""Proofs of completeness made again from the stored answers of an archive, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptotrace.collect import prove
from cryptotrace.collect.archive import StoreArchive
from cryptotrace.sources import source_over
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.replay import ArchiveFetcher

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["replay_proofs"]

_ASKED = "SELECT 1 FROM balances LIMIT 1"


class _Judged:
    """Refuses where a stored answer is a refusal, as the network did."""

    def __init__(self, inner: ArchiveFetcher, judge: Callable[[Answer], None]) -> None:
        self._inner = inner
        self._judge = judge

    def fetch(self, request: Request) -> Answer:
        answer = self._inner.fetch(request)
        self._judge(answer)
        return answer


def replay_proofs(archive: Store, into: Store, *, progress: bool | None = None) -> None:
    """Ask the archive for the balances that it was told, and hold the replayed rows against them.

    Parameters
    ----------
    archive : Store
        A store with raw answers; it is only read.
    into : Store
        What was replayed from it. Nothing happens where it has balances already, or the archive has none.
    progress : bool, optional
        As for :func:`cryptotrace.prove`.
    """
    if into.rows(_ASKED) or not archive.rows(_ASKED):
        return
    runs = [json.loads(row[0]) for row in archive.rows("SELECT parameters FROM runs WHERE verb = 'prove'")]
    with archive.session(), into.session():
        for run in sorted(runs, key=lambda one: (one["source"], one["chain"], int(one["run"].rsplit(maxsplit=1)[-1]))):
            inner = ArchiveFetcher(StoreArchive(archive))
            source = source_over(run["source"], run["chain"], inner)
            asking = source.through(_Judged(inner, source.judge))
            prove(asking, into, [(run["chain"], address) for address, *_ in run["accounts"]], progress=progress)
