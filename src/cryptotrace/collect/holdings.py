"""What the rows of a store say that an account holds, and whether they number its transactions without a gap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptotrace.codecs import null_address
from cryptotrace.model import canonical_tokens

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Holding", "holdings", "nonce_gap"]

Key = tuple[str, str, str]
"""Chain, address, contract (``""`` for the coin)."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What came in and what went out, fees included, in base units."""

    received: int
    sent: int
    symbol: str | None = None

    @property
    def net(self) -> int:
        """What is left."""
        return self.received - self.sent


_MOVED = """
SELECT k.chain, k.address, k.contract, any_value(a.symbol),
    coalesce(sum(t.amount) FILTER (t.receiver = m.id), 0), coalesce(sum(t.amount) FILTER (t.sender = m.id), 0)
FROM (SELECT unnest(?) AS chain, unnest(?) AS address, unnest(?) AS contract) AS k
JOIN assets AS a ON a.chain = k.chain AND a.contract = k.contract
LEFT JOIN accounts AS m ON m.chain = k.chain AND m.address = k.address
LEFT JOIN transfers AS t ON t.ok AND t.asset = a.id AND (t.sender = m.id OR t.receiver = m.id)
    AND coalesce(t.call_type, '') NOT IN ('delegatecall', 'staticcall', 'callcode')
GROUP BY ALL
"""
_DESTROYED = """
SELECT k.chain, k.address, k.contract, sum(e.amount)
FROM (SELECT unnest(?) AS chain, unnest(?) AS address, unnest(?) AS contract) AS k
JOIN events AS e ON e.kind = 'destroy' AND e.chain = k.chain AND e.contract = k.contract AND e.owner = k.address
GROUP BY ALL
"""
_COINS = """
SELECT k.chain, k.address, '',
    coalesce(sum(amount) FILTER (is_in), 0), coalesce(sum(amount) FILTER (NOT is_in), 0)
FROM (SELECT unnest(?) AS chain, unnest(?) AS address) AS k
JOIN (
    SELECT chain, address, amount, TRUE AS is_in FROM tx_outputs WHERE block IS NOT NULL
    UNION ALL SELECT chain, address, amount, FALSE FROM tx_inputs WHERE block IS NOT NULL
) AS c ON c.chain = k.chain AND c.address = k.address
GROUP BY ALL
"""


def holdings(store: Store, keys: Iterable[Key]) -> dict[Key, Holding]:
    """Give what each account holds of an asset by the rows of the store.

    A row to oneself comes in and goes out. What an issuer destroyed has no transfer, only an event. The half of a wrap that
    most chains do not log counts as tracing counts it.
    """
    found = {key: Holding(0, 0) for key in keys}
    chains, addresses, contracts = ([key[at] for key in found] for at in range(3))
    for chain, address, contract, symbol, received, sent in store.rows(_MOVED, [chains, addresses, contracts]):
        found[chain, address, contract] = Holding(int(received), int(sent), symbol)
    for chain, address, contract, lost in store.rows(_DESTROYED, [chains, addresses, contracts]):
        before = found[chain, address, contract]
        found[chain, address, contract] = Holding(before.received, before.sent + int(lost), before.symbol)
    coins = [key[:2] for key in found if not key[2]]
    columns = [[key[at] for key in coins] for at in range(2)]
    for chain, address, contract, received, sent in store.rows(_COINS, columns):
        before = found[chain, address, contract]
        found[chain, address, contract] = Holding(before.received + int(received), before.sent + int(sent), before.symbol)
    for (chain, contract), token in canonical_tokens().items():
        if token.wraps_native:
            for key, (made, given_up) in _unlogged(store, chain, contract).items():
                if key in found:
                    before = found[key]
                    found[key] = Holding(before.received + made, before.sent + given_up, before.symbol)
    return found


def _unlogged(store: Store, chain: str, contract: str) -> Mapping[Key, tuple[int, int]]:
    """Give what payments to and from a wrapping contract made and took, beyond the rows of the token that say so."""
    rows = store.rows(
        """
        SELECT t.tx_hash, s.address, r.address, a.contract, t.amount
        FROM transfers AS t
        LEFT JOIN accounts AS s ON s.id = t.sender
        LEFT JOIN accounts AS r ON r.id = t.receiver
        JOIN assets AS a ON a.id = t.asset
        WHERE t.ok AND t.chain = ? AND t.kind <> 'fee'
            AND ((a.contract = '' AND (s.address = ? OR r.address = ?)) OR a.contract = ?)
        ORDER BY t.id
        """,
        [chain, contract, contract, contract],
    )
    nobody = {None, contract, null_address(chain)}
    logged: Counter[tuple[str, int, bool]] = Counter()
    for tx, sender, receiver, asset, amount in rows:
        if asset == contract and (sender in nobody) != (receiver in nobody):
            logged[tx, amount, sender in nobody] += 1
    implied: dict[Key, tuple[int, int]] = {}
    for tx, sender, receiver, asset, amount in rows:
        if asset:
            continue
        is_made = receiver == contract
        holder = sender if is_made else receiver
        if holder is None or holder == contract:
            continue
        if logged[tx, amount, is_made]:
            logged[tx, amount, is_made] -= 1
            continue
        made, given_up = implied.get((chain, holder, contract), (0, 0))
        implied[chain, holder, contract] = (made + amount * is_made, given_up + amount * (not is_made))
    return implied


def nonce_gap(store: Store, chain: str, address: str, nonce: int | None, later: int | None) -> bool:
    """Whether the transactions that the account signed are not numbered 0, 1, 2 … up to what it had signed.

    ``nonce`` is how many it had signed when it was asked, ``later`` how many of them the lists do not reach. False where that
    is not known.
    """
    if nonce is None:
        return False
    rows = store.rows(
        "SELECT t.nonce FROM transactions AS t JOIN accounts AS m ON m.id = t.signer WHERE m.chain = ? AND m.address = ?",
        [chain, address],
    )
    held = {number for (number,) in rows}
    # A contract has a nonce of its own and signs nothing; a list without nonces cannot have a gap in them.
    return bool(held) and None not in held and held != set(range(nonce - (later or 0)))


def signed(store: Store, chain: str, address: str) -> int:
    """Give how many transactions of an account the store has, by the account that signed them."""
    rows = store.rows(
        "SELECT count(*) FROM transactions AS t JOIN accounts AS m ON m.id = t.signer WHERE m.chain = ? AND m.address = ?",
        [chain, address],
    )
    return int(rows[0][0])
