"""Completeness as a proof: what came in, less what went out, less fees, is the balance that the explorer tells.

A list that an explorer calls complete may still lack rows. Whether the rows of an account add up to its balance at the head
of the run shows it, to the last unit, and asset by asset. Nothing is asked here: the balances were told by
:func:`cryptotrace.prove`. What does not add up is a number, never an alarm without one; where the data can say why, it does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import chain_of
from cryptotrace.collect.calls import is_unlisted, unlisted_payments
from cryptotrace.collect.holdings import Holding, Key, holdings, nonce_gap
from cryptotrace.collect.lists import gaps_of, reach_of
from cryptotrace.model import ResultTable

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Proof", "Proofs", "proofs"]

_COLUMNS = (
    "chain", "address", "contract", "symbol", "status", "reason", "ledger", "reported", "difference", "as_of", "source",
)  # fmt: skip
_ROLLUPS = frozenset({"optimism", "base", "blast", "opbnb", "scroll", "linea", "zksync", "polygon_zkevm"})
"""Chains where a transaction also pays for its data on Ethereum, which most account lists leave out of the fee."""
_LOOSE = frozenset({"surplus", "unreconciled"})
_LARGEST_FEE = Fraction(1, 2)
_EVEN = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whether the rows of an account add up to its balance in one asset.

    Attributes
    ----------
    chain, address, contract : str
        Which account and asset; ``contract`` is ``""`` for the coin of the chain.
    symbol : str or None
        Of the asset.
    status : str
        ``proven``, ``partial`` (rows are missing, or not real) or ``unproven`` (nothing to compare with, or the asset does not
        keep accounts in transfers).
    reason : str or None
        Why it is not proven: that of coverage, ``unreconciled``, ``surplus`` (more of the coin is there than came in by the
        lists, and what blocks and stakes paid does not explain it: genesis, a lost row), why what blocks and stakes paid could
        not be read whole (``unproven``, such as ``range_too_large`` or ``plan_required``), ``nonce_gap``, ``unlisted_payment``
        (the account signed a payment of the token that no row shows), ``rollup_fees``, ``rebasing_token``,
        ``fee_on_transfer_token``, ``staking`` (TRX came back or went with an amount that the list leaves out), ``newer_rows``
        (pulled further since the balance was told: ask again), or why no balance was told.
    ledger : int
        In less out less fees, in base units, by the rows of the store up to ``as_of``.
    reported : int or None
        The balance that the explorer told, less what it listed since.
    difference : int or None
        ``reported`` less ``ledger``: 0 where proven.
    as_of : int or None
        Where the lists end, on the axis of the chain.
    source : str or None
        Who told the balance.
    """

    chain: str
    address: str
    contract: str
    symbol: str | None
    status: str
    reason: str | None
    ledger: int
    reported: int | None
    difference: int | None
    as_of: int | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Proofs:
    """The proofs of a store: one for each account and asset that a balance was asked of."""

    rows: tuple[Proof, ...]

    def of(self, chain: str, address: str, contract: str | None = None) -> Proof | None:
        """Give the proof of an account and asset; None where no balance was asked."""
        wanted = (chain, address, contract or "")
        return next((row for row in self.rows if (row.chain, row.address, row.contract) == wanted), None)

    @property
    def unproven(self) -> tuple[Proof, ...]:
        """Those that are not proven."""
        return tuple(row for row in self.rows if row.status != "proven")

    @property
    def table(self) -> ResultTable:
        """All of them as a table; amounts in base units."""
        return ResultTable("proofs", _COLUMNS, tuple(tuple(getattr(row, name) for name in _COLUMNS) for row in self.rows))

    def __str__(self) -> str:
        counts = Counter(row.status if row.reason is None else f"{row.status} ({row.reason})" for row in self.rows)
        if not counts:
            return "no balance was asked: nothing is proven"
        return ", ".join(f"{count:,} {words}" for words, count in sorted(counts.items()))


def proofs(store: Store) -> Proofs:
    """Check every balance that the store holds against its rows.

    Parameters
    ----------
    store : Store
        It is only read.

    Returns
    -------
    Proofs

    Notes
    -----
    Linear in the rows of the accounts whose balances are known. Rows that hygiene leaves out of the ledger count here: a
    balance knows nothing of them being dust.
    """
    with store.session():
        return Proofs(tuple(_told_apart(*_checked(store))))


def _checked(store: Store) -> tuple[list[Proof], dict[Key, Holding]]:
    """Hold every balance against the rows, each account for itself."""
    told = store.rows(
        "SELECT chain, address, contract, as_of, source, amount, later_in, later_out, nonce, later_sent, problem "
        "FROM balances ORDER BY chain, address, contract, amount IS NOT NULL, as_of NULLS FIRST, source"
    )
    latest = {(chain, address, contract): row for chain, address, contract, *row in told}
    gaps = gaps_of(store)
    held = holdings(store, {key: row[0] for key, row in latest.items()})
    outgrown = _outgrown(store, latest, held)
    unlisted = unlisted_payments(store)
    found = []
    for (chain, address, contract), (as_of, source, amount, later_in, later_out, nonce, later_sent, problem) in latest.items():
        holding = held[chain, address, contract]
        reported = None if amount is None else amount - (later_in or 0) + (later_out or 0)
        difference = None if reported is None else reported - holding.net
        gap = gaps.get((chain, address), {}).get("native" if not contract else "token")
        if contract:
            lost = "unlisted_payment" if is_unlisted(unlisted, (chain, address, contract), as_of) else None
        else:
            lost = "nonce_gap" if nonce_gap(store, chain, address, nonce, later_sent, as_of) else None
        status, reason = _status(chain, contract, difference, gap, lost, problem)
        if holding.is_open and reason in _LOOSE:
            status, reason = "unproven", "staking"
        if status == "proven" and (chain, address, contract) in outgrown:
            status, reason = "unproven", "newer_rows"
        found.append(
            Proof(
                chain=chain, address=address, contract=contract, symbol=holding.symbol, status=status, reason=reason,
                ledger=holding.net, reported=reported, difference=difference, as_of=as_of, source=source,
            )
        )  # fmt: skip
    return found, held


def _outgrown(store: Store, latest: Mapping[Key, Sequence[Any]], held: Mapping[Key, Holding]) -> frozenset[Key]:
    """Give the balances since which the lists of the account were pulled further, and showed that it moved."""
    reach = {chain: reach_of(store, chain) for chain in {chain for chain, _, _ in latest}}
    later = {
        key: end
        for key, (as_of, *_) in latest.items()
        if (end := reach[key[0]].get(key[1])) is not None and as_of is not None and end > as_of
    }
    return frozenset(key for key, holding in holdings(store, later).items() if holding != held[key])


def _status(
    chain: str, contract: str, difference: int | None, gap: str | None, lost: str | None, problem: str | None
) -> tuple[str, str | None]:
    if gap is not None:
        return "partial", gap
    if difference is None:
        return "unproven", problem or "no_balance"
    if difference == 0:
        return ("partial", lost) if lost else ("proven", None)
    if lost:
        return "partial", lost
    if problem is not None:
        return "unproven", problem  # the balance was told, but not all of what came in no transaction
    if not contract and difference < 0 and chain in _ROLLUPS:
        return "partial", "rollup_fees"
    return "partial", "surplus" if difference > 0 and not contract else "unreconciled"


# -- tokens that do not keep accounts in transfers -----------------------------------------------------------------------


def _told_apart(found: Sequence[Proof], held: Mapping[tuple[str, str, str], Holding]) -> Iterable[Proof]:
    """Say of tokens whose balances move by themselves that they do, where several accounts agree on it."""
    by_token: dict[tuple[str, str], list[Proof]] = defaultdict(list)
    for proof in found:
        if proof.contract and chain_of(proof.chain).family == "evm" and proof.difference is not None:
            by_token[proof.chain, proof.contract].append(proof)
    kinds = {token: _kind(rows, held) for token, rows in by_token.items()}
    for proof in found:
        kind = kinds.get((proof.chain, proof.contract))
        is_loose = kind is not None and proof.reason == "unreconciled"
        yield replace(proof, status="unproven", reason=kind) if is_loose else proof


def _kind(rows: Sequence[Proof], held: Mapping[tuple[str, str, str], Holding]) -> str | None:
    """Tell a rebasing token (all balances grew by one factor) from one that keeps a part of what is sent; None for neither."""
    moved = [row for row in rows if row.ledger > 0 and row.reported is not None]
    if len(moved) < 2 or any(row.difference == 0 for row in moved):
        return None
    if _is_even([Fraction(row.reported or 0, row.ledger) for row in moved]):
        return "rebasing_token"
    kept = [Fraction(-(row.difference or 0), held[row.chain, row.address, row.contract].received or 1) for row in moved]
    return "fee_on_transfer_token" if _is_even(kept) and 0 < kept[0] < _LARGEST_FEE else None


def _is_even(shares: Sequence[Fraction]) -> bool:
    return max(shares) - min(shares) <= _EVEN * abs(max(shares, key=abs))
