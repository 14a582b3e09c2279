"""The verb: rewrite the exclusions when the store has changed, and report what they took out."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from cryptotrace._version import __version__
from cryptotrace.errors import StoreError
from cryptotrace.hygiene.counterfeits import find_counterfeits, lists_text
from cryptotrace.hygiene.exclusions import REASONS, Exclusions
from cryptotrace.model import Labels, Provenance, ResultTable
from cryptotrace.store import Store

__all__ = ["clean", "ensure_clean", "needs_cleaning"]

_HALF = 10**19  # totals.sql sums the digits of an amount in two halves


def clean(store: Store, *, labels: Labels | None = None) -> Exclusions:
    """Take out of the ledger what is not money, with a reason for each row.

    Nothing is deleted: the table ``exclusions`` names the transfers that the view ``ledger`` leaves out, and why. A transfer
    may have several reasons.

    Parameters
    ----------
    store : Store
        The case store. The table is rewritten only where transfers or rules have changed since the last time.
    labels : Labels, optional
        Kept for rules that need to know services (address poisoning by tiny amounts, not built yet); no rule reads it.

    Returns
    -------
    Exclusions
        Counts by reason, and exact totals of each asset before and after.

    Raises
    ------
    StoreError
        If the store needs cleaning but is read-only.

    Notes
    -----
    O(transfers), in SQL; counterfeit tokens are found in Python over the table of assets. Dust and look-alike addresses
    (reason ``poison_dust``) are not judged here yet: tiny transfers of a genuine token stay in the ledger. Nor is the sender
    of a token row checked against the signer: an event of a canonical contract is taken at its word.
    """
    with store.session():
        ensure_clean(store, labels=labels)
        return Exclusions(table=_by_reason(store), totals=_by_asset(store), provenance=_provenance(store))


def ensure_clean(store: Store, *, labels: Labels | None = None) -> None:  # noqa: ARG001  (see clean)
    """Do the work of :func:`clean` where it is needed, without the report.

    Raises
    ------
    StoreError
        If the store needs cleaning but is read-only.
    """
    with store.session():
        if not needs_cleaning(store):
            return
        if store.read_only:
            raise StoreError(
                "the store has not been cleaned since its last load, and is open for reading only",
                where=str(store.path or ":memory:"),
                hint="Open it for writing once and call clean(store)",
            )
        with store.transaction():
            _rewrite(store)


def needs_cleaning(store: Store) -> bool:
    """Say whether transfers or rules have changed since the exclusions were written; cheap."""
    with store.session():
        found = store.rows("SELECT value FROM meta WHERE name = 'cleaned'")
        return not found or found[0][0] != _key(store)


def _key(store: Store) -> str:
    return f"{store.version}:{_rules_hash()}"


@cache
def _rules_hash() -> str:
    texts = [_text(f"rules/{reason}.sql") for reason in REASONS]
    return hashlib.sha256("\n----\n".join([*texts, lists_text()]).encode()).hexdigest()[:16]


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _rewrite(store: Store) -> None:
    store.run("DELETE FROM exclusions")
    for reason in REASONS:
        select = _text(f"rules/{reason}.sql")
        bound: list[int | str] = []
        if reason == "counterfeit":
            found = find_counterfeits(store.rows("SELECT id, chain, contract, symbol FROM assets ORDER BY id"))
            if not found:
                continue
            values = ", ".join(["(CAST(? AS INTEGER), CAST(? AS VARCHAR))"] * len(found))
            select = f"WITH counterfeits (asset, detail) AS (VALUES {values})\n{select}"
            bound = [value for token in found for value in (token.asset, token.detail)]
        store.run(f"INSERT INTO exclusions\nSELECT * FROM (\n{select}\n) AS taken ORDER BY transfer", bound)
    store.run("DELETE FROM meta WHERE name = 'cleaned'")
    store.run("INSERT INTO meta VALUES ('cleaned', ?)", [_key(store)])


def _by_reason(store: Store) -> ResultTable:
    counted = {reason: rest for reason, *rest in store.rows(_text("reasons.sql"))}
    rows = tuple((reason, *counted.get(reason, (0, 0, None)), definition) for reason, definition in REASONS.items())
    return ResultTable("exclusions", ("reason", "transfers", "assets", "example_tx", "definition"), rows)


def _by_asset(store: Store) -> ResultTable:
    rows = tuple(
        (name, before, _whole(high_before, low_before), after, _whole(high_after, low_after))
        for name, before, high_before, low_before, after, high_after, low_after in store.rows(_text("totals.sql"))
    )
    columns = ("asset", "transfers_before", "amount_before", "transfers_after", "amount_after")
    return ResultTable("exclusion_totals", columns, rows)


def _whole(high: int | None, low: int | None) -> int:
    return (high or 0) * _HALF + (low or 0)


def _provenance(store: Store) -> Provenance:
    return Provenance(
        verb="clean",
        version=__version__,
        parameters={"rules": _rules_hash()},
        inputs={"store_version": str(store.version)},
    )
