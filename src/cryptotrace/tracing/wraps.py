"""Wrapped coins: the half of a wrap or an unwrap that most chains do not log.

The usual contract takes coins and gives the same number of tokens to whoever sent them, and back. Of the tokens it logs no
transfer (on Ethereum, for one; on Arbitrum it does), so lists of token transfers do not show them being made or given up, and
a trade that starts with a wrap could not be told. Since one unit is one coin, the missing row is certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cryptotrace.codecs import null_address
from cryptotrace.model import canonical_tokens
from cryptotrace.tracing.movements import Book, Movement

__all__ = ["unlogged_rows", "wrapping_contracts"]


def wrapping_contracts(book: Book) -> dict[int, int | None]:
    """Give account -> asset of the contracts of our list that wrap their chain's coin."""
    assets = {account: asset for asset, account in book.contracts.items()}
    known = (name for name, token in canonical_tokens().items() if token.wraps_native)
    return {book.ids[name]: assets.get(book.ids[name]) for name in known if name in book.ids}


def unlogged_rows(book: Book, rows: Sequence[Movement], wrappers: Mapping[int, int | None]) -> Iterator[Movement]:
    """Yield the token rows that a transaction's payments to and from wrapping contracts imply and that are not among its rows.

    Notes
    -----
    O(rows of the transaction). A row that is there is found by its amount and direction alone, since a contract may make
    tokens for another account than the one that paid.
    """
    logged = Counter(_made_or_burnt(book, row) for row in rows)
    for row in rows:
        if book.assets[row.asset].asset.contract is not None:
            continue
        for contract, holder, is_made in ((row.receiver, row.sender, True), (row.sender, row.receiver, False)):
            token = None if contract is None else wrappers.get(contract)
            if token is None or holder is None or holder == contract:
                continue
            if logged[token, row.amount, is_made]:
                logged[token, row.amount, is_made] -= 1
                continue
            sender, receiver = (contract, holder) if is_made else (holder, contract)
            kind = "wrap" if is_made else "unwrap"
            yield replace(row, id=-row.id, kind=kind, sender=sender, receiver=receiver, asset=token, log_index=None)


def _made_or_burnt(book: Book, row: Movement) -> tuple[int, int, bool] | None:
    """Give (token, amount, whether it was made) of a row between a token's contract, or nobody, and a holder."""
    issuer = book.contracts.get(row.asset)
    if issuer is None:
        return None
    nobody = book.ids.get((row.chain, null_address(row.chain) or ""))
    if row.sender in {None, issuer, nobody}:
        return (row.asset, row.amount, True)
    return (row.asset, row.amount, False) if row.receiver in {None, issuer, nobody} else None
