"""``load_labels``: from files to labels and the winner for each address."""

from __future__ import annotations

from pathlib import Path

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputFileError
from cryptotrace.labels.entries import Entry, UnfitError, placed
from cryptotrace.labels.files import listed_files, read_file
from cryptotrace.labels.vocabulary import meaning, our_category
from cryptotrace.labels.winner import winners
from cryptotrace.model import Label, Labels, Reject

__all__ = ["load_labels"]


def load_labels(
    *paths: str | Path, chain: str | None = None, category: str | None = None, boundary: bool | None = None
) -> Labels:
    """Load what sources say about addresses.

    Parameters
    ----------
    *paths : str or Path
        CSV files with a heading, lists of one address a line (``.txt``), TagPacks (``.yaml``), sanctions lists
        (``sanctioned_addresses_<TICKER>.txt``), or folders of them.
    chain : str, optional
        Chain of rows that name none; plain lists need it. For sanctions lists the codec decides.
    category : str, optional
        Our category (or an old name of it) for rows from which none follows.
    boundary : bool, optional
        Whether a trace stops at these addresses, for rows that do not say; None leaves it to the category.

    Returns
    -------
    Labels
        Every label in input order, what did not fit as ``rejects``, and the winner for each address.

    Raises
    ------
    InputFileError
        A file that cannot be read or is not what its name says, or files in which nothing at all fits.
    InputError
        An unknown chain or category in the arguments.

    Notes
    -----
    Every row or tag ends as one label or one reject. Rows of a chain without a codec are kept verbatim with
    ``verified=False``; an address that fails its checksum, or is of another chain than the row says, is a reject. Which
    label wins is the rule of :func:`cryptotrace.labels.precedence`. O(n) in rows.
    """
    default_chain = chain_of(chain).name if chain is not None else None
    default_category = our_category(category) if category is not None else None
    items: list[Label] = []
    rejects: list[Reject] = []
    for file in listed_files(paths):
        for entry in read_file(file):
            if isinstance(entry, Reject):
                rejects.append(entry)
                continue
            if entry.chain is None and default_chain is None and file.format == "list":
                hint = 'Say which chain its addresses are on, such as chain="ethereum"'
                raise InputFileError("a plain list does not name its chain", where=f"{file.path}", hint=hint)
            try:
                items.append(_label(entry, chain=default_chain, category=default_category, boundary=boundary))
            except UnfitError as error:
                rejects.append(entry.rejected(str(error)))
    if rejects and not items:
        first = rejects[0]
        raise InputFileError(
            f"none of {len(rejects)} rows can be used; the first: {first.reason}",
            where=f"{first.file}:{first.line}",
            hint="Check the chain and the columns",
        )
    return Labels(tuple(items), tuple(rejects), winners(items))


def _label(entry: Entry, *, chain: str | None, category: str | None, boundary: bool | None) -> Label:
    on_chain, address, verified = placed(entry.address, entry.chain or chain)
    means = meaning(
        category=entry.category,
        abuse=entry.abuse,
        concepts=entry.concepts,
        source=entry.upstream,
        vocabulary=entry.vocabulary,
    )
    return Label(
        chain=on_chain,
        address=address,
        label=entry.label,
        category=means.category or category,
        native_category=entry.native_category,
        abuse=entry.abuse,
        entity=entry.entity,
        role=entry.role or means.role or "unknown",
        statement=entry.statement or means.statement or "label",
        source=entry.source,
        upstream=entry.upstream,
        confidence=entry.confidence,
        currency=entry.currency,
        first_seen=entry.first_seen,
        last_modified=entry.dated,
        verified=verified,
        boundary=boundary if entry.boundary is None else entry.boundary,
        origin=entry.origin,
    )
