"""What the rows of a store say that an account holds, and whether they number its transactions without a gap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptotrace.codecs import chain_of, null_address
from cryptotrace.model import canonical_tokens

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["STAKING", "Holding", "Key", "holdings", "nonce_gap", "signed"]

Key = tuple[str, str, str]
"""Chain, address, contract (``""`` for the coin)."""
_IN, _OUT, _EITHER = "in", "out", "either"
STAKING: Mapping[str, str] = {
    "stake": _OUT, "unstake": _IN, "reward": _IN, "exchange": _EITHER, "shielded": _EITHER,
}  # fmt: skip
"""Events that change a balance of TRX without a payment to anybody -> which way. Lists often leave their amounts out."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What came in and what went out, fees included, in base units."""

    received: int
    sent: int
    symbol: str | None = None
    is_open: bool = False
    """Whether something came in or went out whose amount nobody told."""

    @property
    def net(self) -> int:
        """What is left."""
        return self.received - self.sent

    def plus(self, received: int, sent: int) -> Holding:
        """Give the same with more that came and went."""
        return replace(self, received=self.received + received, sent=self.sent + sent)

    def with_event(self, kind: str, amount: int, *, is_open: bool) -> Holding:
        """Give the same with what events of a kind did."""
        side = STAKING.get(kind, _OUT)
        held = self.plus(amount, 0) if side == _IN else self.plus(0, amount)
        return replace(held, is_open=held.is_open or is_open)


_KEYS = """
WITH k AS (
    SELECT unnest(?) AS chain, unnest(?) AS address, unnest(?) AS contract, CAST(unnest(?) AS BIGINT) AS last_block,
        CAST(unnest(?) AS BIGINT) AS last_ms
)
"""
_MOVED = f"""
{_KEYS}
SELECT k.chain, k.address, k.contract, any_value(a.symbol),
    coalesce(sum(t.amount) FILTER (t.receiver = m.id), 0), coalesce(sum(t.amount) FILTER (t.sender = m.id), 0)
FROM k
JOIN assets AS a ON a.chain = k.chain AND a.contract = k.contract
LEFT JOIN accounts AS m ON m.chain = k.chain AND m.address = k.address
LEFT JOIN transfers AS t ON t.ok AND t.asset = a.id AND (t.sender = m.id OR t.receiver = m.id)
    AND coalesce(t.call_type, '') NOT IN ('delegatecall', 'staticcall', 'callcode')
    AND coalesce(t.block <= k.last_block, TRUE) AND coalesce(epoch_ms(t.time) <= k.last_ms, TRUE)
GROUP BY k.chain, k.address, k.contract
"""
_TOLD = f"""
{_KEYS}
SELECT k.chain, k.address, k.contract, e.kind, coalesce(sum(e.amount), 0), bool_or(e.amount IS NULL)
FROM k
JOIN events AS e ON e.chain = k.chain AND coalesce(e.contract, '') = k.contract AND e.owner = k.address
    AND coalesce(e.block <= k.last_block, TRUE) AND coalesce(epoch_ms(e.time) <= k.last_ms, TRUE)
WHERE (e.kind = 'destroy' AND k.contract <> '' AND NOT EXISTS (
        SELECT 1 FROM transfers AS t
        JOIN assets AS a ON a.id = t.asset
        JOIN accounts AS s ON s.id = t.sender
        LEFT JOIN accounts AS r ON r.id = t.receiver
        WHERE t.ok AND t.chain = e.chain AND t.tx_hash = e.tx_hash AND a.contract = e.contract AND s.address = e.owner
            AND coalesce(r.address IN (SELECT unnest(?)), TRUE) AND coalesce(t.amount = e.amount, TRUE)
    )) OR (e.kind IN (SELECT unnest(?)) AND k.contract = '')
GROUP BY k.chain, k.address, k.contract, e.kind
"""
_COINS = f"""
{_KEYS}
SELECT k.chain, k.address, k.contract,
    coalesce(sum(amount) FILTER (is_in), 0), coalesce(sum(amount) FILTER (NOT is_in), 0)
FROM k
JOIN (
    SELECT chain, address, amount, block, TRUE AS is_in FROM tx_outputs WHERE block IS NOT NULL
    UNION ALL SELECT chain, address, amount, block, FALSE FROM tx_inputs WHERE block IS NOT NULL
) AS c ON c.chain = k.chain AND c.address = k.address AND coalesce(c.block <= k.last_block, TRUE)
WHERE k.contract = ''
GROUP BY k.chain, k.address, k.contract
"""


def holdings(store: Store, ends: Mapping[Key, int | None]) -> dict[Key, Holding]:
    """Give what each account holds of an asset by the rows of the store.

    Parameters
    ----------
    store : Store
        It is only read.
    ends : mapping
        Account and asset -> the last place on the axis of the chain whose rows count; None counts all. Lists of other
        accounts may show some of the later ones, never all of them.

    Notes
    -----
    A row to oneself comes in and goes out. What an issuer destroyed, and coins that were staked and came back, have no
    transfer, only an event; where a bridged token logs both, the transfer to the zero address counts alone. The half of a wrap
    that most chains do not log counts as tracing counts it.
    """
    found = {key: Holding(0, 0) for key in ends}
    columns = _columns(ends)
    for *key, symbol, received, sent in store.rows(_MOVED, columns):
        found[_key(key)] = Holding(int(received), int(sent), symbol)
    nobodies = sorted({"", *(null_address(chain) or "" for chain, _, _ in ends)})
    for *key, kind, amount, is_open in store.rows(_TOLD, [*columns, nobodies, sorted(STAKING)]):
        found[_key(key)] = found[_key(key)].with_event(kind, int(amount), is_open=is_open)
    for *key, received, sent in store.rows(_COINS, columns):
        found[_key(key)] = found[_key(key)].plus(int(received), int(sent))
    asked = {(chain, contract) for chain, _, contract in ends}
    for (chain, contract), token in canonical_tokens().items():
        if token.wraps_native and (chain, contract) in asked:
            for wrapped, (made, given_up) in _unlogged(store, chain, contract, ends).items():
                found[wrapped] = found[wrapped].plus(made, given_up)
    return found


def _key(cells: Sequence[str]) -> Key:
    chain, address, contract = cells
    return chain, address, contract


def _columns(ends: Mapping[Key, int | None]) -> list[list[str] | list[int | None]]:
    """Give keys and their ends as columns: a place is a block, or a moment in ms."""
    axes = [chain_of(chain).axis for chain, _, _ in ends]
    blocks = [end if axis == "block" else None for axis, end in zip(axes, ends.values(), strict=True)]
    moments = [end if axis == "ms" else None for axis, end in zip(axes, ends.values(), strict=True)]
    names = [[key[at] for key in ends] for at in range(3)]
    return [*names, blocks, moments]


def _unlogged(store: Store, chain: str, contract: str, ends: Mapping[Key, int | None]) -> Mapping[Key, tuple[int, int]]:
    """Give what payments to and from a wrapping contract made and took, beyond the rows of the token that say so."""
    rows = store.rows(
        """
        SELECT t.tx_hash, s.address, r.address, a.contract, t.amount, t.block
        FROM transfers AS t
        LEFT JOIN accounts AS s ON s.id = t.sender
        LEFT JOIN accounts AS r ON r.id = t.receiver
        JOIN assets AS a ON a.id = t.asset
        WHERE t.ok AND t.chain = ? AND t.kind <> 'fee'
            AND coalesce(t.call_type, '') NOT IN ('delegatecall', 'staticcall', 'callcode')
            AND ((a.contract = '' AND (s.address = ? OR r.address = ?)) OR a.contract = ?)
        ORDER BY t.id
        """,
        [chain, contract, contract, contract],
    )
    nobody = {None, contract, null_address(chain)}
    logged: Counter[tuple[str, int, bool]] = Counter()
    for tx, sender, receiver, asset, amount, _ in rows:
        if asset == contract and (sender in nobody) != (receiver in nobody):
            logged[tx, amount, sender in nobody] += 1
    implied: dict[Key, tuple[int, int]] = {}
    for tx, sender, receiver, asset, amount, block in rows:
        if asset:
            continue
        is_made = receiver == contract
        holder = sender if is_made else receiver
        if holder is None or holder == contract:
            continue
        if logged[tx, amount, is_made]:
            logged[tx, amount, is_made] -= 1
            continue
        key = (chain, holder, contract)
        end = ends.get(key, -1)
        if end is not None and block is not None and block > end:
            continue
        made, given_up = implied.get(key, (0, 0))
        implied[key] = (made + amount * is_made, given_up + amount * (not is_made))
    return implied


def nonce_gap(store: Store, chain: str, address: str, nonce: int | None, later: int | None, end: int | None) -> bool:
    """Whether the transactions that the account signed are not numbered 0, 1, 2 … up to what it had signed.

    ``nonce`` is how many it had signed when it was asked, ``later`` how many of them lie beyond ``end``, the last place on the
    axis of the chain that its lists reach. False where that is not known.
    """
    if nonce is None:
        return False
    held = {number for (number,) in store.rows(f"SELECT t.nonce {_SIGNED}", [chain, address, end])}
    # A contract has a nonce of its own and signs nothing; a list without nonces cannot have a gap in them.
    return bool(held) and None not in held and held != set(range(nonce - (later or 0)))


def signed(store: Store, chain: str, address: str, end: int | None) -> int:
    """Give how many transactions of an account the store has up to a place, by the account that signed them."""
    return int(store.rows(f"SELECT count(*) {_SIGNED}", [chain, address, end])[0][0])


_SIGNED = """
FROM transactions AS t JOIN accounts AS m ON m.id = t.signer
WHERE m.chain = ? AND m.address = ? AND coalesce(t.block <= CAST(? AS BIGINT), TRUE)
"""
