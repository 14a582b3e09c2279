"""What runs in a process that is killed: one verb of the library over fakes on this machine, as a person gives it again.

Every request that leaves is noted beforehand with the list that it belongs to: on the wire that does not show.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cryptotrace as ct
from cryptotrace.collect import pull, writing
from cryptotrace.collect.freezes import collect_freezes
from cryptotrace.collect.prices import fetch_prices
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.explorers import EXPLORERS
from cryptotrace.sources.opening import open_source
from cryptotrace.sources.prices import open_prices

__all__ = ["MODULES", "NOON", "Job", "run"]

KEY = "test-key"
NOON = datetime(2024, 6, 1, tzinfo=UTC)
"""When prices are asked for."""
MODULES = [one.maker.partition(":")[0] for one in EXPLORERS.values()]

for _module in (*MODULES, "auto", "prices.defillama", "prices.coingecko"):
    import_module(f"cryptotrace.sources.{_module}")  # before the fork, so that a process dies while it works


@dataclass(frozen=True, kw_only=True)
class Job:
    """One command.

    Attributes
    ----------
    verb : str
        ``collect``, ``prove``, ``freezes`` or ``prices``.
    urls : mapping
        Explorer -> where it listens; several are asked as ``auto``.
    page_rows, flush_pages : int
        Small, so that a small world has many pages and flushes.
    notes : Path
        Where requests are noted.
    """

    verb: str
    chain: str
    urls: Mapping[str, str]
    path: Path
    notes: Path
    addresses: Sequence[str] = ()
    hops: int = 0
    page_rows: int = 5
    flush_pages: int = 7
    receipts: str | None = None


def run(job: Job) -> None:
    pull._WAIT, writing._FLUSH_PAGES = 0.01, job.flush_pages
    vars(import_module("cryptotrace.collect.freezes"))["_FLUSH_PAGES"] = job.flush_pages
    note_requests(job.notes)
    store = ct.open_store(job.path)
    if job.verb == "prices":
        fetch_prices(store, [oracle(name, url) for name, url in job.urls.items()], progress=False)
        return
    source = opened(job.chain, job.urls, job.page_rows)
    if job.verb == "collect":
        pull.collect(source, store, job.addresses, hops=job.hops, receipts=job.receipts, progress=False)
    elif job.verb == "prove":
        ct.prove(source, store, progress=False)
    else:
        collect_freezes(source, store, progress=False)


def note_requests(path: Path) -> None:
    """Write down what is asked for which list, before it is sent."""
    notes = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    send = HttpFetcher._send

    def noted(fetcher: HttpFetcher, request: Request) -> Answer:
        wire = [urlsplit(fetcher._url).path + request.path, sorted(request.parameters), request.payload]
        os.write(notes, json.dumps([wire, request.source, request.stream, request.subject]).encode() + b"\n")
        return send(fetcher, request)

    HttpFetcher._send = noted  # type: ignore[assignment,method-assign]


def opened(chain: str, urls: Mapping[str, str], page_rows: int) -> Any:
    settings = Settings(keys={name: Secret(KEY) for name in ("etherscan", "routescan", "trongrid", "tronscan")})
    given: dict[str, Any] = {"chain": chain, "settings": settings, "sleep": lambda _: None}
    if len(urls) > 1:
        source: Any = open_source("auto", base_url=urls, **given)
        source.sources = tuple(small(one, page_rows) for one in source.sources)
        return source
    (name, url), = urls.items()  # fmt: skip
    return small(open_source(name, base_url=url, **given), page_rows)


def small(source: Any, rows: int) -> Any:
    """Let a source and its kin ask for pages of a few rows."""
    through, prepare = source.through, source.prepare

    def prepared(run: str) -> None:
        prepare(run)
        source.page_rows = source.trace_rows = rows

    source.page_rows = source.trace_rows = rows
    source.prepare = prepared
    source.through = lambda fetcher: small(through(fetcher), rows)
    return source


def oracle(name: str, url: str) -> Any:
    source: Any = open_prices(name, base_url=url, settings=Settings(keys={}), sleep=lambda _: None)
    source._clock = NOON.timestamp
    return source
