"""The stored answers of sources of prices: what they still say, and the rows that they alone give again."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.archive import StoreArchive
from cryptotrace.errors import SourceError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Answer
from cryptotrace.sources.prices import Need, PriceSource, prices_over
from cryptotrace.sources.prices.base import STREAM
from cryptotrace.sources.replay import ArchiveFetcher

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["CHECK", "Known", "is_good", "known_gaps", "rebuild_prices", "response_row"]

CHECK = "price_check"
"""The stream of answers that are compared and give no rows."""
_SETTLED = timedelta(days=7)
"""A gap of an hour that was asked about so long after is final; a younger one may only be late."""

Known = dict[str, dict[Need, str]]
"""Source -> need -> why it has no price there."""


def known_gaps(store: Store) -> Known:
    """Read out of the stored answers what a source was asked and did not have, long enough after the hour to be final."""
    known: Known = defaultdict(dict)
    for source, answer in _stored(store):
        for gap in source.read(answer).gaps:
            if answer.received_at - gap.need.time >= _SETTLED:
                known[source.name][gap.need] = f"{gap.reason}, asked {answer.received_at:%Y-%m-%d}"
    return known


def rebuild_prices(archive: Store, into: Store) -> int:
    """Give a store the prices of another from its stored answers alone, with those answers and the runs that asked.

    Parameters
    ----------
    archive : Store
        A store that prices were fetched into; it is only read.
    into : Store
        Where the rows go.

    Returns
    -------
    int
        Rows of ``prices`` that were new; the tables ``prices`` and ``responses`` are then those of ``archive``, as far as they
        came from fetching prices.

    Raises
    ------
    VerificationError
        If a stored answer is not what its hash says.
    """
    batch = Batch()
    with archive.session():
        found = StoreArchive(archive)
        for (key,) in archive.rows("SELECT key FROM responses WHERE stream IN (?, ?) ORDER BY key", [STREAM, CHECK]):
            answer = found.find(key)
            assert answer is not None
            batch.add("responses", response_row(answer, answer.request.stream))
        for source, answer in _stored(archive):
            for quote in source.read(answer).quotes:
                batch.add("prices", quote.row())
        runs = archive.rows("SELECT verb, parameters, inputs FROM runs WHERE verb = 'fetch_prices' ORDER BY ALL")
    new = into.load([batch])["prices"]
    for verb, parameters, inputs in runs:
        into.load([], run={"verb": verb, "parameters": parameters, "inputs": inputs})
    return new


def _stored(store: Store) -> Iterable[tuple[PriceSource, Answer]]:
    """Give the stored answers that hold prices, with their sources."""
    archive = StoreArchive(store)
    made: dict[str, PriceSource] = {}
    for (key,) in store.rows("SELECT key FROM responses WHERE stream = ? ORDER BY key", [STREAM]):
        answer = archive.find(key)
        assert answer is not None
        name = answer.request.source
        source = made.setdefault(name, made.get(name) or prices_over(name, ArchiveFetcher(archive)))
        if is_good(source, answer):
            yield source, answer


def is_good(source: PriceSource, answer: Answer) -> bool:
    """Whether a stored answer is none of the refusals that are kept too."""
    try:
        source.judge(answer)
    except SourceError:
        return False
    return True


def response_row(answer: Answer, stream: str) -> tuple[Any, ...]:
    """Give the row of the table ``responses``."""
    request = answer.request
    return (
        request.key, request.source, request.chain, stream, request.subject, request.text, answer.status,
        zlib.compress(answer.body, 6), answer.sha256, answer.server_date, answer.received_at,
    )  # fmt: skip
