"""What runs in processes of its own: a pull that is killed, and one that holds the journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cryptotrace as ct
from cryptotrace.collect import pull, writing
from cryptotrace.collect.journal import Journal
from cryptotrace.settings import Settings
from cryptotrace.sources.etherscan import Etherscan
from cryptotrace.sources.opening import open_source

PAGE_ROWS = 5


class SmallPlan(Etherscan):
    """Pages of a few rows, so that a small world needs many of them."""

    def through(self, fetcher):
        return SmallPlan(self.chain, fetcher, page_rows=PAGE_ROWS, on_rate=self._on_rate)

    def prepare(self, run):
        super().prepare(run)
        self.page_rows = PAGE_ROWS


def run(url: str, path: str, addresses: Sequence[str], hops: int, flush_pages: int) -> None:
    """Pull as a person does who gives the same command again."""
    pull._WAIT, writing._FLUSH_PAGES = 0.01, flush_pages
    source = open_source(
        "etherscan", chain="ethereum", key="test-key", base_url=url, settings=Settings(keys={}), sleep=lambda _: None
    )
    small = SmallPlan("ethereum", source.fetcher, page_rows=PAGE_ROWS)
    pull.collect(small, ct.open_store(path), addresses, hops=hops, progress=False)


def hold(path: str, ready: Any, done: Any) -> None:
    """Collect into a store until told otherwise."""
    journal = Journal(Path(path))
    ready.set()
    done.wait(30)
    journal.close()
