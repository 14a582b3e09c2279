"""File input: transfers and prices out of files of declared formats, as batches of rows for a store.

Nothing is guessed beyond what a format defines: a row that does not fit goes whole into ``rejects`` with its file, line, raw
text and reason; a file that does not fit is refused with one error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptotrace.codecs import chain_of
from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.formats import (
    ethereum_etl,
    etherscan_csv,
    etherscan_json,
    graphsense_etl,
    prices,
    table,
    table_beside,
    usd_edges,
)
from cryptotrace.sources.intake import Intake, Request
from cryptotrace.sources.paths import InputFile, find_file, find_files
from cryptotrace.sources.sheets import ROW_KINDS

__all__ = ["FORMATS", "read_prices", "read_transfers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A file format: which files it has, how to read them, and whether the chain must be told."""

    kinds: tuple[str, ...]
    read: Callable[[Request, Intake], Iterator[Batch]]
    needs_chain: bool = True
    is_table: bool = False


FORMATS: Mapping[str, Format] = {
    "usd_edges": Format(kinds=usd_edges.KINDS, read=usd_edges.read),
    "etherscan_csv": Format(kinds=etherscan_csv.KINDS, read=etherscan_csv.read),
    "etherscan_json": Format(kinds=etherscan_json.KINDS, read=etherscan_json.read),
    "ethereum_etl": Format(kinds=ROW_KINDS, read=ethereum_etl.read),
    "graphsense_etl": Format(kinds=ROW_KINDS, read=graphsense_etl.read),
    "table": Format(kinds=table.KINDS, read=table.read, needs_chain=False, is_table=True),
}
"""The formats by name; what each holds is said in its module under :mod:`cryptotrace.sources.formats`."""


def read_transfers(
    *paths: str | Path,
    format: str,  # noqa: A002  (the word that people type)
    chain: str | None = None,
    columns: Mapping[str, str] | None = None,
    transactions: str | Path | None = None,
    approvals: str | Path | None = None,
    coverage: str | Path | None = None,
    chunk_rows: int = 50_000,
) -> Iterator[Batch]:
    """Read transfers, transactions, events and coverage out of files.

    Parameters
    ----------
    *paths : str or Path
        Files or folders (their files of the right kind, in order of name). Names that end in ``.gz`` are unpacked.
    format : str
        ``usd_edges``, ``etherscan_csv``, ``etherscan_json``, ``ethereum_etl``, ``graphsense_etl`` or ``table``.
    chain : str, optional
        Any name of the chain; needed by every format but ``table``, where it serves rows without one.
    columns : mapping, optional
        Of the format ``table``: our name of a column -> the file's name of it.
    transactions, approvals : str or Path, optional
        Of the format ``table``: further tables beside the transfers.
    coverage : str or Path, optional
        A table that says for which addresses the rows are complete.
    chunk_rows : int
        Input rows a batch.

    Returns
    -------
    iterator of Batch
        Rows in the wide form of :mod:`cryptotrace.schema`, addresses in stored form, amounts in base units.

    Raises
    ------
    InputError
        An unknown format, column or option; at once, before a file is opened.
    UnknownChainError
        No chain of that name; at once.
    InputFileError
        A path that is missing or no file (at once), or a file that is damaged or lacks a column (when it is reached).

    Notes
    -----
    One pass over the files, or two for the node formats, which look up times and outcomes first; memory is that of one
    batch, plus about 200 bytes a transaction for the node formats and the document for saved explorer answers.
    """
    found = FORMATS.get(format)
    if found is None:
        raise InputError("no such format", where=ascii(format), hint=f"Known formats: {', '.join(FORMATS)}")
    _check_options(format, found, columns, {"transactions": transactions, "approvals": approvals}, chunk_rows)
    info = None if chain is None else chain_of(chain)
    if info is None and found.needs_chain:
        raise InputError(f"the format {format} does not say the chain", hint='Give it, such as chain="ethereum"')
    request = Request(
        files=find_files(paths, found.kinds),
        chain=info,
        columns=dict(columns or {}),
        transactions=_beside(transactions),
        approvals=_beside(approvals),
        coverage=_beside(coverage),
    )
    return _batches(found.read, request, chunk_rows)


def read_prices(*paths: str | Path) -> Iterator[Batch]:
    """Read prices out of CSV files with the columns time, asset, usd and, if wanted, source.

    Parameters
    ----------
    *paths : str or Path
        Files or folders. ``time`` is ISO 8601 or Unix seconds; ``asset`` a symbol of the canonical list (of the coin of a
        chain, or of a listed token) or a CAIP-19 identifier; ``usd`` a decimal above 0 with at most 18 decimals, in US
        dollars for one whole unit.

    Returns
    -------
    iterator of Batch
        With the tables ``prices`` and ``rejects``; the source is by default ``file:`` and the file's name.

    Raises
    ------
    InputFileError
        As :func:`read_transfers`.
    """
    return _batches(prices.read, Request(files=find_files(paths, prices.KINDS)), 50_000)


def _batches(read: Callable[[Request, Intake], Iterator[Batch]], request: Request, chunk_rows: int) -> Iterator[Batch]:
    intake = Intake(chunk_rows)
    yield from read(request, intake)
    yield from table_beside.read_coverage(request, intake)
    if len(intake.batch):
        yield intake.take()


def _beside(path: str | Path | None) -> InputFile | None:
    return None if path is None else find_file(path, ROW_KINDS)


def _check_options(
    name: str, found: Format, columns: Mapping[str, str] | None, beside: Mapping[str, object], chunk_rows: int
) -> None:
    given = [option for option, value in {"columns": columns, **beside}.items() if value is not None]
    if given and not found.is_table:
        raise InputError(f"the format {name} takes no {given[0]}", hint="Only the format table does")
    unknown = [column for column in columns or {} if column not in table.COLUMNS]
    if unknown:
        raise InputError(
            f"no such column: {', '.join(map(ascii, unknown))}",
            where="columns",
            hint=f"Our names are {', '.join(table.COLUMNS)}; write ours = theirs",
        )
    if not all(isinstance(theirs, str) and theirs for theirs in (columns or {}).values()):
        raise InputError("a name of a column is text and not empty", where="columns", hint="Write ours = theirs")
    if chunk_rows < 1:
        raise InputError("chunk_rows is less than 1", hint="50 000 is a good number")
