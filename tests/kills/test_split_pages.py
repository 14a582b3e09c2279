"""Equal payments inside one transaction, cut by a page, a flush and a stop: none of them is lost when the list goes on."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

import cryptotrace as ct
from cryptotrace.collect import writing
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.opening import source_over

HUB, OTHER = "0x" + "a" * 40, "0x" + "b" * 40
PAGE = 3


class Rest:
    """A Blockscout with one list of inner payments, newest first: transaction, block and how many equal payments."""

    def __init__(self, *groups: tuple[int, int, int]) -> None:
        self.items = [
            {
                "transaction_hash": f"0x{tx:064x}", "block_number": block, "index": at, "transaction_index": 0, "success": True,
                "timestamp": "2026-08-01T10:00:00.000000Z", "value": "5", "type": "call", "from": {"hash": HUB},
                "to": {"hash": OTHER},
            }
            for tx, block, count in groups
            for at in reversed(range(count))
        ]  # fmt: skip
        self.asked: list[str] = []

    def fetch(self, request: Request) -> Answer:
        params = dict(request.parameters)
        self.asked.append(request.text)
        if request.stream == "head":
            body: Any = {"jsonrpc": "2.0", "id": 1, "result": hex(10_000)}
        elif request.stream == "plan":
            body = {"jsonrpc": "2.0", "id": 1, "result": "0x1"} if request.payload else {"finished_indexing": True}
        elif request.stream == "internal":
            start = int(params.get("at", 0))
            following = {"at": start + PAGE} if start + PAGE < len(self.items) else None
            body = {"items": self.items[start : start + PAGE], "next_page_params": following}
        else:
            body = {"items": [], "next_page_params": None}
        return Answer(request=request, status=200, body=json.dumps(body).encode(), received_at=datetime(2026, 9, 1, tzinfo=UTC))


GROUPS = ((9, 90, 2), (8, 80, 5), (7, 70, 1), (6, 60, 7), (5, 50, 1))
TRUTH = Counter({f"0x{tx:064x}": count for tx, _, count in GROUPS})


def payments(store: ct.Store) -> Counter[str]:
    return Counter(dict(store.rows("SELECT tx_hash, count(*) FROM transfers WHERE kind = 'internal' GROUP BY tx_hash")))


@pytest.mark.parametrize("flush_pages", [1, 2, 3, 100])
def test_a_flush_between_two_equal_payments_loses_none(flush_pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_FLUSH_PAGES", flush_pages)
    store = ct.open_store(":memory:")
    found = ct.collect(source_over("blockscout_rest", "ethereum", Rest(*GROUPS)), store, [HUB], progress=False)
    assert not found.is_partial
    assert payments(store) == TRUTH


@pytest.mark.parametrize("most", range(4, 10))
def test_a_stop_between_two_equal_payments_loses_none_and_asks_nothing_twice(most: int) -> None:
    store, rest = ct.open_store(":memory:"), Rest(*GROUPS)
    assert ct.collect(
        source_over("blockscout_rest", "ethereum", rest), store, [HUB], max_requests=most, progress=False
    ).is_partial
    assert payments(store) <= TRUTH
    assert not ct.collect(source_over("blockscout_rest", "ethereum", rest), store, [HUB], progress=False).is_partial
    assert payments(store) == TRUTH
    assert store.rows("SELECT rows FROM coverage WHERE stream = 'internal'") == [(TRUTH.total(),)]
    assert len(rest.asked) == len(set(rest.asked))


@pytest.mark.parametrize("most", range(1, 17, 3))
def test_an_account_that_was_too_busy_loses_none_when_more_rows_are_allowed(most: int) -> None:
    store, rest = ct.open_store(":memory:"), Rest(*GROUPS)
    ct.collect(source_over("blockscout_rest", "ethereum", rest), store, [HUB], max_rows_per_address=most, progress=False)
    assert not ct.collect(source_over("blockscout_rest", "ethereum", rest), store, [HUB], progress=False).is_partial
    assert payments(store) == TRUTH
