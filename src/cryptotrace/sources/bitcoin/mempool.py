"""mempool.space: Esplora's lists, told by another indexer.

What differs: a page may hold fewer rows than 25 and still not be the last, so no walk ends on a short page alone; an address
with a long history is refused with status 413 or the words "too long"; a place that is gone is an error (422, ``after_txid not
found``) and not an empty list; errors come as text or as ``{"error": …}``; who asks too often is shut out for a while.

Not verified against the live service: its limits are not published; the pace is that of the sample configuration (200 requests
a minute).
"""

from __future__ import annotations

from cryptotrace.sources.bitcoin.esplora import Esplora

__all__ = ["Mempool"]


class Mempool(Esplora):
    """The transactions of Bitcoin addresses on mempool.space; parameters as for ``Esplora``."""

    name = "mempool"
