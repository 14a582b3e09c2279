"""``load_seeds``: from addresses and files to the seeds of a case."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptotrace.codecs import chain_of, detect_chains, is_codec_known, parse_address
from cryptotrace.errors import InputError, InputFileError
from cryptotrace.labels.entries import Entry, UnfitError, likely_chain, placed
from cryptotrace.labels.files import listed_files, read_file
from cryptotrace.labels.vocabulary import INJECTIONS, ROLES, STATEMENTS, meaning, our_category
from cryptotrace.model import Reject, Seed, Seeds

__all__ = ["load_seeds"]

_FIXED_ROLES = frozenset({"service", "victim", "government"})
"""Roles that a source's word implies against the ``role`` argument: an exchange in a list of scams is no scam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defaults:
    """What the arguments say about rows that do not say it."""

    chain: str | None
    role: str
    injects: str
    campaign: str | None
    category: str | None


def load_seeds(
    *items: str | Path | Seed,
    chain: str | None = None,
    role: str = "perpetrator",
    injects: str = "inflow",
    campaign: str | None = None,
    category: str | None = None,
) -> Seeds:
    """Load the addresses that a case starts from.

    Parameters
    ----------
    *items : str, Path or Seed
        Addresses, ready seeds, files (CSV with a heading, one address a line, TagPack, sanctions list) or folders of files.
        A text that is an address of a known chain is one, any other is a path.
    chain : str, optional
        Chain of addresses and rows that name none. Without it the codec decides; an EVM address is on ``ethereum``.
    role, injects, campaign, category : str, optional
        For rows that do not say it themselves; what a row says wins.

    Returns
    -------
    Seeds
        In input order, with the rows that did not fit as ``rejects``.

    Raises
    ------
    InvalidAddressError
        An address given by itself is none, fails its checksum, or is of another chain (``WrongChainError``).
    InputFileError
        A file that cannot be read or is not what its name says, or nothing at all could be used.
    InputError
        An unknown chain, role, kind of injection or category in the arguments, or no item.

    Notes
    -----
    An exact repeat is one seed; an address of two campaigns or two sources stays two. Rows with ``tx_hash`` (and
    ``log_index`` or ``position``) are payments: those of one address, campaign and source become one seed with
    ``injects="payments"`` and the earliest date. A bad row never stops the others; a table with a heading and no
    row is empty, not wrong. A seed on a chain without a codec is a
    reject, because it could not be traced. O(n) in rows.
    """
    if not items:
        raise InputError("no seeds were given", where="load_seeds()", hint="Give an address or a file")
    defaults = _Defaults(
        chain=chain_of(chain).name if chain is not None else None,
        role=_one_of(role, ROLES, "role"),
        injects=_one_of(injects, INJECTIONS, "injects"),
        campaign=campaign,
        category=our_category(category) if category is not None else None,
    )
    found: list[Seed] = []
    rejects: list[Reject] = []
    for seed in _read(items, defaults):
        if isinstance(seed, Reject):
            rejects.append(seed)
        else:
            found.append(seed)
    if rejects and not found:
        first = rejects[0]
        raise InputFileError(
            f"none of {len(rejects)} rows can be used; the first: {first.reason}",
            where=f"{first.file}:{first.line}",
            hint="Check the chain and the columns",
        )
    return Seeds(_merged(found), tuple(rejects))


def _one_of(word: str, allowed: tuple[str, ...], name: str) -> str:
    if word not in allowed:
        raise InputError(f"no such {name}", where=f"{name}={word!a:.80}", hint=f"Use one of {', '.join(allowed)}")
    return word


def _read(items: Iterable[str | Path | Seed], defaults: _Defaults) -> Iterator[Seed | Reject]:
    paths: set[Path] = set()
    for item in items:
        if isinstance(item, Seed):
            yield _checked(item)
        elif isinstance(item, str) and _is_address(item, defaults.chain):
            yield _alone(item, defaults)
        else:
            for file in listed_files([item]):
                if file.path.resolve() in paths:
                    continue
                paths.add(file.path.resolve())
                for entry in read_file(file):
                    yield entry if isinstance(entry, Reject) else _seed_or_reject(entry, defaults)


def _is_address(text: str, chain: str | None) -> bool:
    """Whether a text is meant as an address: it is one, or it looks like one and no such file exists."""
    if detect_chains(text):
        return True
    if any(mark in text for mark in "./\\") or len(text.strip()) < 20:
        return False
    if chain is None and likely_chain(text) is None:
        return False
    try:
        os.stat(text)  # noqa: PTH116  (the text may be no path at all)
    except (OSError, ValueError):
        return True
    return False


def _alone(text: str, defaults: _Defaults) -> Seed:
    fitting = detect_chains(text)
    chain = defaults.chain or (fitting[0] if fitting else likely_chain(text)) or "ethereum"
    address = parse_address(text, chain)
    if defaults.injects == "payments":
        hint = "List them in a CSV file with the columns chain, address, tx_hash, log_index"
        raise InputError('injects="payments" needs the payments', where=address, hint=hint)
    return Seed(
        chain=chain,
        address=address,
        role=defaults.role,
        category=defaults.category,
        injects=defaults.injects,
        campaign=defaults.campaign,
        origin="argument",
    )


def _checked(seed: Seed) -> Seed:
    """Give a ready seed with its names and address in stored form."""
    _one_of(seed.role, ROLES, "role")
    _one_of(seed.injects, INJECTIONS, "injects")
    _one_of(seed.statement, STATEMENTS, "statement")
    if (seed.injects == "payments") != bool(seed.payments):
        raise InputError('payments and injects="payments" go together', where=seed.address[:80], hint="Give both")
    chain = chain_of(seed.chain).name
    payments = tuple(_stored_payment(payment, chain) for payment in seed.payments)
    return replace(seed, chain=chain, address=parse_address(seed.address, chain), payments=payments)


def _seed_or_reject(entry: Entry, defaults: _Defaults) -> Seed | Reject:
    try:
        return _seed(entry, defaults)
    except UnfitError as error:
        return entry.rejected(str(error))


def _seed(entry: Entry, defaults: _Defaults) -> Seed:
    named = entry.chain or defaults.chain
    if named is not None and not is_codec_known(named):
        raise UnfitError(f"no codec for the chain {named[:60]!a}, so the seed cannot be traced")
    chain, address, _ = placed(entry.address, named)
    means = meaning(
        category=entry.category,
        abuse=entry.abuse,
        concepts=entry.concepts,
        source=entry.upstream,
        vocabulary=entry.vocabulary,
    )
    implied = means.role if means.role in _FIXED_ROLES else None
    return Seed(
        chain=chain,
        address=address,
        role=entry.role or implied or defaults.role,
        category=means.category or defaults.category,
        native_category=entry.native_category or entry.abuse,
        injects=_injection(entry, defaults),
        campaign=entry.campaign or defaults.campaign,
        source=entry.source,
        statement=entry.statement or means.statement or "reported",
        confidence=entry.confidence,
        reported_on=entry.dated,
        payments=() if entry.payment is None else (_stored_payment(entry.payment, chain),),
        origin=entry.origin,
    )


def _injection(entry: Entry, defaults: _Defaults) -> str:
    if entry.payment is not None:
        if entry.injects not in (None, "payments"):
            raise UnfitError(f"a tx_hash lists a payment, but injects says {entry.injects!a}")
        return "payments"
    injects = entry.injects or defaults.injects
    if injects == "payments":
        raise UnfitError('injects="payments" needs a tx_hash')
    return injects


def _stored_payment(payment: tuple[str, str], chain: str) -> tuple[str, str]:
    """Give a hash in hex in lower case, as it is stored; a signature in base58 (Solana) keeps its case."""
    tx_hash, position = payment
    return (tx_hash if chain_of(chain).family == "solana" else tx_hash.lower()), position


def _merged(seeds: Iterable[Seed]) -> tuple[Seed, ...]:
    """Drop exact repeats and gather the payments of one listing."""
    merged: dict[Seed, Seed] = {}
    for seed in seeds:
        if not seed.payments:
            merged.setdefault(replace(seed, origin=""), seed)
            continue
        key = replace(seed, payments=(), reported_on=None, origin="")
        before = merged.get(key)
        if before is None:
            merged[key] = seed
            continue
        dates = [date for date in (before.reported_on, seed.reported_on) if date is not None]
        payments = tuple(dict.fromkeys(before.payments + seed.payments))
        merged[key] = replace(before, payments=payments, reported_on=min(dates, default=None))
    return tuple(merged.values())
