"""A lost row is named, and a clean history raises no alarm."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

import pytest

import cryptotrace as ct
from cryptotrace.collect.proofs import Proofs, proofs
from cryptotrace.testing.explorers import FakeEtherscan

Pulled = Callable[[int], tuple[FakeEtherscan, ct.Store]]
WORLDS = range(55)
LOSSES = 10

MOVING = """
SELECT t.id, t.chain, t.amount, t.kind, a.contract, s.address, r.address
FROM transfers AS t
JOIN assets AS a ON a.id = t.asset
LEFT JOIN accounts AS s ON s.id = t.sender
LEFT JOIN accounts AS r ON r.id = t.receiver
WHERE t.ok AND t.amount > 0 AND t.sender IS DISTINCT FROM t.receiver AND a.canonical
    AND coalesce(t.call_type, '') NOT IN ('delegatecall', 'staticcall', 'callcode')
ORDER BY t.id
"""


@pytest.mark.slow
def test_every_single_lost_row_is_named_and_clean_histories_raise_no_alarm(pulled: Pulled) -> None:
    planted = named = clean = 0
    for seed in WORLDS:
        _, store = pulled(seed)
        before = proofs(store)
        assert not before.unproven, f"world {seed}: {before}"
        clean += len(before.rows)
        asked = {(row.address, row.contract) for row in before.rows}
        moving = [row for row in store.rows(MOVING) if {(row[5], row[4]), (row[6], row[4])} & asked]
        for ident, _chain, amount, _kind, contract, sender, receiver in random.Random(seed).sample(moving, LOSSES):
            after = without(store, "DELETE FROM transfers WHERE id = ?", ident)
            planted += 1
            ends = {(sender, -amount), (receiver, amount)}
            found = {(row.address, row.difference) for row in after.unproven if row.contract == contract}
            named += {end for end in ends if (end[0], contract) in asked} <= found
    assert (planted, named) == (len(WORLDS) * LOSSES, planted)
    assert clean >= 500


def without(store: ct.Store, statement: str, key: object) -> Proofs:
    """Give the proofs of a store that lost something, and bring it back."""

    class UndoError(Exception):
        """Takes a planted loss back."""

    found: list[Proofs] = []
    with contextlib.suppress(UndoError), store.transaction():
        store.run(statement, [key])
        found.append(proofs(store))
        raise UndoError
    return found[0]


@pytest.mark.slow
def test_of_two_lost_rows_that_cancel_out_those_that_the_account_signed_leave_a_gap_in_its_nonces(pulled: Pulled) -> None:
    named = planted = 0
    for seed in range(40):
        _, store = pulled(seed)
        rows = store.rows(
            "SELECT t.tx_hash, t.signer FROM transactions AS t JOIN accounts AS m ON m.id = t.signer "
            "SEMI JOIN balances AS b ON b.address = m.address AND b.contract = '' ORDER BY t.tx_hash"
        )
        if not rows:
            continue
        tx_hash, _ = random.Random(seed).choice(rows)
        after = without(store, "DELETE FROM transactions WHERE tx_hash = ?", tx_hash)
        named += any(row.reason == "nonce_gap" for row in after.unproven)
        planted += 1
    assert named == planted > 30
