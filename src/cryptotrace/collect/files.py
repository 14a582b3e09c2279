"""Files into the store: every row goes in once, or into ``rejects`` with its reason; all of a call, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryptotrace._version import __version__
from cryptotrace.codecs import chain_of
from cryptotrace.collect.income import refuse_other_rewards
from cryptotrace.collect.numbering import one_numbering
from cryptotrace.collect.statuses import coverage_table
from cryptotrace.model import Coverage, Provenance
from cryptotrace.schema import Batch
from cryptotrace.sources.files import read_prices, read_transfers

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["load_prices", "load_transfers"]


def load_transfers(
    store: Store,
    *paths: str | Path,
    format: str,  # noqa: A002  (the word that users expect)
    chain: str | None = None,
    columns: Mapping[str, str] | None = None,
    complete: bool = False,
    coverage: str | Path | None = None,
    transactions: str | Path | None = None,
    approvals: str | Path | None = None,
) -> Coverage:
    """Load transfers from files in one transaction.

    The paths of one call are parts of one input: equal rows without a log index add up across them. Loading the same input
    again changes nothing.

    Parameters
    ----------
    store : Store
        Where the rows go.
    *paths : str or Path
        Files or folders.
    format : str
        ``usd_edges``, ``etherscan_csv``, ``etherscan_json``, ``ethereum_etl``, ``graphsense_etl`` or ``table``.
    chain : str, optional
        Chain of rows that do not name one.
    columns : mapping, optional
        Our column name -> theirs, for ``table``.
    complete : bool
        Declare that the input holds every transfer of every account in it. Accounts that are not complete are not walked by
        a trace: it stops there and says so.
    coverage, transactions, approvals : path, optional
        Further tables of the format ``table``; with ``coverage`` only the addresses that it calls complete are ledgered.

    Returns
    -------
    Coverage

    Raises
    ------
    InputFileError
        If a file cannot be read or lacks a column; the store is as it was.
    InputError
        If it numbers the inner payments of a transaction in another way than what the store has of it.
    UnknownChainError
        If ``chain`` is none that we know.
    """
    if chain is not None:
        refuse_other_rewards(store, format, chain_of(chain).name)
    batches = read_transfers(
        *paths,
        format=format,
        chain=chain,
        columns=columns,
        transactions=_path(transactions),
        approvals=_path(approvals),
        coverage=_path(coverage),
    )
    parameters = {"format": format, "chain": chain or "", "complete": str(complete and coverage is None), **dict(columns or {})}
    beside = [path for path in (transactions, approvals, coverage) if path is not None]
    return _load(store, batches, "load_transfers", [*paths, *beside], parameters, complete=complete and coverage is None)


def load_prices(store: Store, *paths: str | Path) -> Coverage:
    """Load dollar prices: CSV with ``time``, ``asset``, ``usd`` and optionally ``source``.

    Parameters
    ----------
    store : Store
        Where the rows go.
    *paths : str or Path
        ``asset`` is a CAIP-19 name, or the symbol of a coin or of a token of our list.

    Returns
    -------
    Coverage

    Raises
    ------
    InputFileError
        If a file cannot be read or lacks a column; the store is as it was.
    """
    return _load(store, read_prices(*paths), "load_prices", paths, {})


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _load(
    store: Store,
    batches: Iterable[Batch],
    verb: str,
    paths: Iterable[str | Path],
    parameters: Mapping[str, str],
    *,
    complete: bool = False,
) -> Coverage:
    rejected: Counter[str] = Counter()
    hashes = dict(_hashes(paths))
    run = {
        "verb": verb,
        "parameters": json.dumps(parameters, sort_keys=True),
        "inputs": json.dumps(hashes, sort_keys=True),
        "name": " ".join(hashes),
    }
    with one_numbering(store, parameters.get("format", "")):
        new = store.load(_counted(batches, rejected), complete=complete, run=run)
    return Coverage(
        new={name: count for name, count in new.items() if name not in {"meta", "runs"}},
        rejected=dict(rejected.most_common()),
        table=coverage_table(store),
        provenance=Provenance(verb=verb, version=__version__, parameters=parameters, inputs=hashes),
    )


def _counted(batches: Iterable[Batch], rejected: Counter[str]) -> Iterator[Batch]:
    for batch in batches:
        rejected.update(reject.reason for reject in batch.rejects)
        yield batch


def _hashes(paths: Iterable[str | Path]) -> Iterator[tuple[str, str]]:
    """Give file name -> SHA-256 of each file; a folder stands for its visible files. Names carry no folder of this machine.

    Of several files of one name the second is ``name#2``: no hash takes the place of another.
    """
    times: Counter[str] = Counter()
    for path in map(Path, paths):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file() and (file == path or not file.name.startswith(".")):
                times[file.name] += 1
                number = times[file.name]
                with file.open("rb") as handle:
                    name = file.name if number == 1 else f"{file.name}#{number}"
                    yield name, hashlib.file_digest(handle, "sha256").hexdigest()
