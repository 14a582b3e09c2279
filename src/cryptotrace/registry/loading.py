"""The shipped registry, or a person's own file of the same form; nothing is used before every rule holds."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path

from cryptotrace.errors import InputFileError, RegistryError
from cryptotrace.registry.checks import check
from cryptotrace.registry.drafts import Problem, read_drafts
from cryptotrace.registry.records import RegistrySource, ReportedTotal, ReportedTotals

__all__ = ["read_rows", "reported_totals"]

_NAME = "reported_totals.csv"
_MAX_BYTES = 50_000_000
_SHOWN = 5


def reported_totals(
    *,
    period: str | None = None,
    category: str | None = None,
    flow_concept: str | None = None,
    include_superseded: bool = False,
    path: str | Path | None = None,
) -> ReportedTotals:
    """Load what the UN, police, regulators and vendors reported.

    Parameters
    ----------
    period : str, optional
        ``"2021"`` or ``"2021-01-01/2022-01-01"`` (half open, UTC). A record answers if its period lies inside, or
        if it overlaps and is a stock, runs over a New Year, or holds the whole period asked for.
    category : str, optional
        One of ours (``romance_baiting``), an alias (``pig_butchering``), or a published category (``all_fraud``).
    flow_concept : str, optional
        What crossed which line, for example ``"victim_loss_reported"``.
    include_superseded : bool
        Also records that have a later edition. Copies of them by other bodies are always there, and
        :meth:`ReportedTotals.status_of` calls them ``cites_superseded``.
    path : str or Path, optional
        A CSV file of one's own with the same columns, in place of the shipped one.

    Returns
    -------
    ReportedTotals
        The selection; relations are followed through the whole file.

    Raises
    ------
    InputError
        If a filter is not understood.
    InputFileError
        If the file cannot be read.
    RegistryError
        If the file breaks a rule; names the record and the rule.

    Notes
    -----
    Amounts are US dollars as Decimal, and dollars per year where ``annual_rate``. Never sum records without asking
    :meth:`ReportedTotals.never_add`. The shipped file is read and checked once a process.
    """
    whole = _shipped() if path is None else _own(Path(path))
    return whole.filter(period=period, category=category, flow_concept=flow_concept, include_superseded=include_superseded)


@lru_cache(maxsize=1)
def _shipped() -> ReportedTotals:
    data = resources.files("cryptotrace.registry").joinpath(_NAME).read_bytes()
    # a machine with a wrong clock must not refuse the file that came with the library
    return _load(data, _NAME, today=date.max)


def _own(path: Path) -> ReportedTotals:
    hint = "Give a CSV file with the columns of the shipped registry."
    if not path.is_file():
        raise InputFileError("no such regular file", where=str(path), hint=hint)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputFileError("too large for a registry (over 50 MB)", where=str(path), hint=hint)
        data = path.read_bytes()
    except OSError as error:
        raise InputFileError(f"cannot be read ({error.strerror})", where=str(path), hint=hint) from error
    return _load(data, str(path), today=None)


def _load(data: bytes, name: str, *, today: date | None) -> ReportedTotals:
    rows = read_rows(data, name)
    problems = check(rows, today=today)
    if problems:
        raise _refusal(problems, name)
    records = tuple(ReportedTotal.from_draft(draft) for draft in read_drafts(rows))
    source = RegistrySource(name=name, sha256=hashlib.sha256(data).hexdigest(), records=len(records))
    return ReportedTotals(records=records, provenance=source, table={one.id: one for one in records})


def read_rows(data: bytes, name: str) -> list[dict[str, str]]:
    """Take the bytes of a registry apart into rows of text; checks nothing but the encoding and the CSV form.

    Raises
    ------
    InputFileError
        If it is not UTF-8 or not CSV.
    """
    try:
        return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))
    except UnicodeDecodeError as error:
        raise InputFileError(f"not UTF-8 at byte {error.start}", where=name, hint="Save it as UTF-8.") from error
    except csv.Error as error:
        raise InputFileError(f"not CSV ({error})", where=name, hint="Save it as comma-separated text.") from error


def _refusal(problems: Sequence[Problem], name: str) -> RegistryError:
    shown = "; ".join(str(one) for one in problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return RegistryError(
        f"{len(problems)} broken rule{'s' if len(problems) > 1 else ''}: {shown}{more}",
        where=name,
        hint="Mend the records that are named; nothing was loaded.",
    )
