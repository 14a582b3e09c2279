"""Two lost rows of a token that cancel out, one in and one out at one account: the transaction that it signed tells of them."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import cryptotrace as ct
from cryptotrace.collect.calls import is_unlisted, unlisted_payments
from cryptotrace.collect.proofs import Proof, proofs
from cryptotrace.schema import Batch
from cryptotrace.testing.explorers import FakeEtherscan

Row = tuple[int, int, bool, str, str, str]
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
Pulled = Callable[[int], tuple[FakeEtherscan, ct.Store]]

SIGNED = """
SELECT t.id, t.amount, m.address, a.contract
FROM transfers AS t
JOIN assets AS a ON a.id = t.asset
JOIN accounts AS m ON m.id = t.sender
JOIN transactions AS x ON x.chain = t.chain AND x.tx_hash = t.tx_hash AND x.signer = t.sender
SEMI JOIN balances AS b ON b.address = m.address AND b.contract = a.contract
WHERE t.kind = 'token' AND t.ok AND t.amount > 0 AND t.sender IS DISTINCT FROM t.receiver AND a.canonical
    AND x.method = '0xa9059cbb' AND x.ok
ORDER BY t.id
"""


def lose_a_pair(store: ct.Store, row: tuple[int, int, str, str]) -> None:
    """Lose a payment out, and another of the same size that came in: the balance is what it would be with both."""
    ident, amount, address, contract = row
    store.run("DELETE FROM transfers WHERE id = ?", [ident])
    store.run("UPDATE balances SET amount = amount + ? WHERE address = ? AND contract = ?", [amount, address, contract])


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5])
def test_a_pair_whose_payment_the_account_signed_is_named(pulled: Pulled, seed: int) -> None:
    _, store = pulled(seed)
    assert not proofs(store).unproven
    row = random.Random(seed).choice(store.rows(SIGNED))
    lose_a_pair(store, row)
    found = [one for one in proofs(store).rows if (one.address, one.contract) == row[2:]]
    assert [(one.status, one.reason, one.difference) for one in found] == [("partial", "unlisted_payment", 0)]


def test_a_token_of_which_both_rows_are_lost_is_asked_for_all_the_same(pulled: Pulled) -> None:
    explorer, store = pulled(3)
    _, _, address, contract = store.rows(SIGNED)[0]
    store.run(
        "DELETE FROM transfers WHERE asset IN (SELECT id FROM assets WHERE contract = $contract) "
        "AND (SELECT id FROM accounts WHERE address = $address) IN (sender, receiver)",
        {"contract": contract, "address": address},
    )
    store.run("DELETE FROM balances")
    from pulling import in_process  # type: ignore[import-not-found]

    ct.prove(in_process(explorer, page_rows=1_000), store, [address], progress=False)
    (found,) = [one for one in proofs(store).rows if one.contract == contract]
    assert (found.status, found.reason) == ("partial", "unlisted_payment")


def test_a_payment_beyond_the_end_of_the_lists_and_one_that_failed_are_not_missed(pulled: Pulled) -> None:
    _, store = pulled(3)
    row = store.rows(SIGNED)[0]
    lose_a_pair(store, row)
    tx = "UPDATE transactions SET {} WHERE signer = (SELECT id FROM accounts WHERE address = ?) AND method = '0xa9059cbb'"
    store.run(tx.format("block = block + 1000000000"), [row[2]])
    assert "unlisted_payment" not in {one.reason for one in proofs(store).rows}
    store.run(tx.format("block = block - 1000000000, ok = FALSE"), [row[2]])
    assert "unlisted_payment" not in {one.reason for one in proofs(store).rows}


ENDS = """
SELECT t.id, t.amount, coalesce(t.kind = 'token' AND x.ok AND x.signer = t.sender AND x.method = '0xa9059cbb', FALSE),
    s.address, r.address, a.contract
FROM transfers AS t
JOIN assets AS a ON a.id = t.asset
JOIN accounts AS s ON s.id = t.sender
JOIN accounts AS r ON r.id = t.receiver
LEFT JOIN transactions AS x ON x.chain = t.chain AND x.tx_hash = t.tx_hash
WHERE t.ok AND t.amount > 0 AND t.sender <> t.receiver AND a.canonical AND t.kind IN ('internal', 'token')
    AND coalesce(t.call_type, '') NOT IN ('delegatecall', 'staticcall', 'callcode')
ORDER BY t.id
"""
COUNTED = {"signed": 23, "counterparty": 40, "nothing": 10}
"""What names a pair, over 20 worlds and one pair an account and asset, where every second account was asked for its balance."""


@pytest.mark.slow
def test_a_pair_is_named_by_what_was_signed_or_by_a_counterparty_else_by_nothing(pulled: Pulled) -> None:
    counted: Counter[str] = Counter()
    for seed in range(20):
        _, store = pulled(seed)
        rows = store.rows(ENDS)
        asked = {address for (address,) in store.rows("SELECT DISTINCT address FROM balances ORDER BY 1")[::2]}
        store.run("DELETE FROM balances WHERE address NOT IN (SELECT unnest(?))", [sorted(asked)])
        for address, contract in sorted({(end, row[5]) for row in rows for end in row[3:5] if end in asked}):
            came = next((row for row in rows if row[4:] == (address, contract)), None)
            went = next((row for row in rows if (row[3], row[5]) == (address, contract) and row[4] != (came or row)[3]), None)
            if came is None or went is None:
                continue
            after = without_pair(store, came, went, address, contract)
            by = "signed" if went[2] else "counterparty" if {came[3], went[4]} & asked else "nothing"
            counted[by] += 1
            assert bool(after) == (by != "nothing"), (seed, address, contract, by)
    assert counted == COUNTED


def without_pair(store: ct.Store, came: Row, went: Row, address: str, contract: str) -> list[Proof]:
    """Give what is not proven once two rows are lost whose amounts were made equal for the account, and bring them back."""

    class UndoError(Exception):
        """Takes a planted loss back."""

    found: list[Proof] = []
    with contextlib.suppress(UndoError), store.transaction():
        store.run("DELETE FROM transfers WHERE id IN (?, ?)", [came[0], went[0]])
        change = "UPDATE balances SET amount = amount + ? WHERE address = ? AND contract = ?"
        store.run(change, [went[1] - came[1], address, contract])
        found += proofs(store).unproven
        raise UndoError
    return found


def test_a_payment_of_unknown_block_is_not_hidden_by_one_beyond_the_end() -> None:
    batch, payer, time = Batch(), "0x" + "ab" * 20, datetime(2024, 1, 1, tzinfo=UTC)
    for name, block in (("u", None), ("v", 900)):
        batch.add("transactions", ("ethereum", name, block, time, None, payer, USDT, True, None, "0xa9059cbb", 1))
    store = ct.open_store(":memory:")
    store.load([batch])
    assert is_unlisted(unlisted_payments(store), ("ethereum", payer, USDT), 500)
