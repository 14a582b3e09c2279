"""Every recorded receipt, asked of a node: read, or refused; sums equal those of a recount that shares nothing with us."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from noding import InProcess
from recorded_receipts import Recorded, recorded

from cryptotrace.errors import SourceError
from cryptotrace.schema import WIDE
from cryptotrace.sources.rpc.lists import Rpc

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
AT = {name: at for at, name in enumerate(WIDE["transfers"].names)}


@pytest.fixture(scope="module")
def receipts(shared_data: Path) -> list[Recorded]:
    with gzip.open(shared_data / "receipts" / "receipts.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [recorded(json.loads(line)) for line in lines]
    return [one for one in found if one.action == "eth_getTransactionReceipt"]


def source_of(one: Recorded) -> Rpc:
    """A node that knows this receipt, and a block that fits it."""

    def reply(payload: str) -> tuple[int, bytes]:
        asked = json.loads(payload)
        found: Any = one.result
        if asked["method"] == "eth_getBlockByNumber":
            found = {"number": asked["params"][0], "hash": one.result["blockHash"], "timestamp": hex(1_700_000_000)}
        return 200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": found}).encode()

    return Rpc(one.chain, InProcess(reply))


def recount(result: dict[str, Any]) -> int:
    """Add up ERC-20 transfers by the bare rule: three topics and one word."""
    logs = [log for log in result["logs"] if len(log["topics"]) == 3 and log["topics"][0] == TRANSFER]
    return sum(int(log["data"], 16) for log in logs if len(log["data"]) == 66)


def test_every_recorded_receipt_is_read_or_refused_and_sums_are_those_of_a_recount(receipts: list[Recorded]) -> None:
    kinds: Counter[str] = Counter()
    ours = theirs = 0
    for one in receipts:
        try:
            batch = source_of(one).receipt(one.tx_hash)
        except SourceError as problem:
            kinds[problem.kind] += 1
            continue
        kinds["read"] += 1
        rejected = sum(int(json.loads(reject.raw)["data"], 16) for reject in batch.rejects)
        rows = [row for row in batch.rows.get("transfers", ()) if row[AT["kind"]] == "token"]
        ours += sum(row[AT["amount"]] for row in rows) + rejected
        theirs += recount(one.result)
    assert ours == theirs > 0
    assert kinds == {"read": 203}
