"""Two faults on one answer: what the first took away, the second does not miss."""

from __future__ import annotations

import json

import pytest

from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, Faults, random_chain

WORLD = random_chain(21, transactions=80)
ASKED = {
    "chainid": "1", "apikey": "test-key", "module": "account", "action": "txlist", "address": WORLD.addresses[0], "page": "1",
    "offset": "20",
}  # fmt: skip
ROW_FAULTS = (
    "repeat_rows",
    "overlap",
    "repeat_page",
    "out_of_window",
    "foreign_row",
    "out_of_order",
    "odd_row",
    "delegatecall",
)


@pytest.mark.parametrize("kind", ROW_FAULTS)
@pytest.mark.parametrize(
    "first",
    [
        Fault("missing_column", column="blockNumber", times=None),
        Fault("odd_value", "junk", column="blockNumber", times=None),
        Fault("null_value", column="blockNumber", times=None),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_row_without_its_block_and_another_fault_give_an_answer(first, kind):
    explorer = FakeEtherscan(WORLD, plan=UNLIMITED, faults=Faults(first, Fault(kind, times=None)))
    middle = str(sorted(row.block for row in WORLD.transactions)[40])
    for action in ("txlist", "txlistinternal", "tokentx"):
        found = json.loads(explorer.answer({**ASKED, "action": action, "startblock": middle}).body)["result"]
        assert isinstance(found, list)
    assert first in {hit.fault for hit in explorer.faults.log}
