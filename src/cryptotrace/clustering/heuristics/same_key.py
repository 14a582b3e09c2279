"""same_key: one key on several chains.

On every EVM chain and on TRON an account is the last 20 bytes of a hash of its public key, so equal bytes are one key.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import combinations

from cryptotrace.clustering.edges import Account, Edge, edge
from cryptotrace.codecs import chain_names, chain_of, key_bytes
from cryptotrace.model import Labels, Seeds
from cryptotrace.store import Store

__all__ = ["same_key"]

_CONFIDENCE = 99
_NO_KEY = bytes(16)  # 20 bytes that start like this are the null address, a precompile or a burn address: nobody's key


def same_key(store: Store, seeds: Seeds, labels: Labels | None) -> tuple[Edge, ...]:  # noqa: ARG001  (one signature for all)
    """Link the accounts of one key, among the seeds and all accounts of the store.

    Notes
    -----
    O(accounts on EVM chains and TRON), and nothing where only one such chain occurs. A contract has no key, and contracts of
    two people can have the same address on two chains: a key is left out where the store shows a contract under it on any
    chain (it is a token, it emitted an event, or it sent an internal transfer and never signed). A contract that shows none of
    that is taken for an account: the rule over-joins there, as far as the constraints let it.

    References
    ----------
    Yellow paper, appendix F; TRON protocol, "account address".
    """
    holders: dict[bytes, set[Account]] = {}
    for account in _accounts(store, seeds):
        key = _key(account)
        if key is not None:
            holders.setdefault(key, set()).add(account)
    shared = {key: accounts for key, accounts in holders.items() if len(accounts) > 1}
    if not shared:
        return ()
    contracts = {_key((chain, address)) for chain, address in store.rows(_contracts_sql()) if chain in _keyed()}
    return tuple(
        edge(one, other, rule="same_key", confidence=_CONFIDENCE, detail=f"20 bytes {key.hex()}")
        for key, accounts in sorted(shared.items())
        if key not in contracts
        for one, other in combinations(sorted(accounts), 2)
    )


def _accounts(store: Store, seeds: Seeds) -> set[Account]:
    """Give the accounts on chains that share keys, unless all of them are on one chain."""
    found = {account for account in seeds.addresses if account[0] in _keyed()}
    chains = {chain for (chain,) in store.rows("SELECT DISTINCT chain FROM accounts")} & _keyed()
    if len(chains | {chain for chain, _ in found}) < 2:
        return set()
    for chain in sorted(chains):
        found.update((chain, address) for (address,) in store.rows("SELECT address FROM accounts WHERE chain = ?", [chain]))
    return found


def _key(account: Account) -> bytes | None:
    """Give the bytes of an account; None where they are nobody's key or the text is no address (a seed made by hand)."""
    chain, address = account
    try:
        key = key_bytes(address, chain)
    except ValueError:
        return None
    return key if key is not None and len(key) == 20 and not key.startswith(_NO_KEY) else None


@cache
def _keyed() -> frozenset[str]:
    return frozenset(name for name in chain_names() if chain_of(name).family in ("evm", "tron"))


@cache
def _contracts_sql() -> str:
    return files(__package__).joinpath("contracts.sql").read_text(encoding="utf-8")
