"""Rows with names out of CSV, JSON lines, JSON arrays and Parquet, each with its line and raw text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from cryptotrace.errors import InputFileError
from cryptotrace.sources import streams
from cryptotrace.sources.streams import MAX_LINE, document_of, lines_of, text_of
from cryptotrace.sources.streams import damage_named as _damage_named

if TYPE_CHECKING:
    import pyarrow as pa

    from cryptotrace.sources.paths import InputFile

__all__ = ["ROW_KINDS", "Row", "Sheet", "open_sheet", "parse_json", "require"]

ROW_KINDS = ("csv", "json", "jsonl", "ndjson", "parquet")


class Row(NamedTuple):
    """One row of a file.

    ``line`` is 1-based: the line of text where the row starts, or the number of the item where the file has no lines.
    ``problem`` says why the row has no cells.
    """

    line: int
    cells: Mapping[str, Any]
    raw: str | None
    problem: str | None = None

    @property
    def text(self) -> str:
        """The raw text; for rows that never were text, their values as JSON."""
        return json.dumps(dict(self.cells), default=str, ensure_ascii=True) if self.raw is None else self.raw


class Sheet(NamedTuple):
    """The rows of one file, read as they are taken."""

    file: InputFile
    columns: tuple[str, ...]
    rows: Iterator[Row]


@contextmanager
def open_sheet(file: InputFile, *, spare_cells: int = 0) -> Iterator[Sheet]:
    """Open a file of rows by its kind.

    Parameters
    ----------
    file : InputFile
        What :mod:`~cryptotrace.sources.paths` found.
    spare_cells : int
        How many cells a CSV row may have beyond the header; they are dropped.

    Raises
    ------
    InputFileError
        A file that is empty, damaged, not UTF-8, or not of its kind; also while rows are taken.

    Notes
    -----
    Memory is that of one row, of one row group (Parquet) or of the document (JSON array).
    """
    if file.kind == "parquet":
        with _damage_named(file), file.path.open("rb") as handle:
            yield _parquet(handle, file)
        return
    with text_of(file) as stream:
        if file.kind == "csv":
            yield _csv(stream, file, spare_cells)
        else:
            yield _json(stream, file)


def require(sheet: Sheet, columns: Iterable[str], hint: str = "") -> None:
    """Refuse a file that lacks a column.

    Raises
    ------
    InputFileError
        Naming the file, the columns that are missing and those that were found.
    """
    missing = [column for column in columns if column not in sheet.columns]
    if missing:
        found = ", ".join(ascii(column)[1:-1] for column in sheet.columns[:40])
        raise InputFileError(
            f"the column {', '.join(missing)} is missing; found: {found}",
            where=str(sheet.file.path),
            hint=hint or "Check that this is the file of that format",
        )


def parse_json(text: str) -> Any:
    """Parse JSON so that no number becomes a float: fractions are Decimal, NaN and Infinity stay words.

    Raises
    ------
    ValueError
        Not JSON, nested too deeply, or with a whole number of thousands of digits.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _csv(stream: IO[str], file: InputFile, spare_cells: int) -> Sheet:
    held: list[str] = []

    def kept() -> Iterator[str]:
        for line in lines_of(stream, file):
            held.append(line)
            yield line

    reader = csv.reader(kept(), strict=True)
    with _damage_named(file):
        try:
            columns = tuple(cell.strip() for cell in _next_row(reader, []) or [])
        except csv.Error as problem:
            raise InputFileError(f"the header is not CSV ({problem})", where=str(file.path), hint=_CSV_HINT) from None
    doubled = sorted({column for column in columns if columns.count(column) > 1 and column})
    if not any(columns) or doubled:
        what = f"the column {doubled[0]} stands twice in the header" if doubled else "is empty: there is no header"
        raise InputFileError(what, where=str(file.path), hint=_CSV_HINT)
    return Sheet(file, columns, _csv_rows(reader, held, file, columns, spare_cells))


def _next_row(reader: Any, default: list[str] | None) -> list[str] | None:
    """Read one row with room for long cells; rows of real chains pass the 128 KiB that the csv module allows.

    That limit is one for the process, so it is put back at once: other readers rely on theirs.
    """
    before = csv.field_size_limit(MAX_LINE)
    try:
        row: list[str] | None = next(reader, default)
        return row
    finally:
        csv.field_size_limit(before)


_CSV_HINT = "The first line must name the columns, separated by commas"


def _csv_rows(reader: Any, held: list[str], file: InputFile, columns: tuple[str, ...], spare_cells: int) -> Iterator[Row]:
    width = len(columns)
    with _damage_named(file):
        while True:
            held.clear()
            line = reader.line_num + 1
            try:
                cells = _next_row(reader, None)
            except csv.Error as problem:
                if "end of data" in str(problem):
                    raise InputFileError(
                        f"a quotation mark that opens in the row at line {line} is never closed",
                        where=str(file.path),
                        hint="Everything after it would be lost; mend the file",
                    ) from None
                yield Row(line, {}, "".join(held).rstrip("\r\n"), f"the row is not CSV: {problem}")
                continue
            if cells is None:
                return
            if not cells:
                continue
            raw = (held[0] if len(held) == 1 else "".join(held)).rstrip("\r\n")
            if len(cells) == width or width < len(cells) <= width + spare_cells:
                yield Row(line, dict(zip(columns, cells, strict=False)), raw)
            else:
                yield Row(line, {}, raw, f"the row has {len(cells)} cells, the header has {width}")


def _json(stream: IO[str], file: InputFile) -> Sheet:
    with _damage_named(file):
        lines = lines_of(stream, file)
        first = next((line for line in lines if line.strip()), "")
        if file.kind == "json" and first.lstrip().startswith("["):
            rows = _array_rows(first + document_of(stream, file), file)
        else:
            rows = _line_rows(chain((first,), lines), file)
        held: list[Row] = []
        for row in rows:
            held.append(row)
            if row.problem is None or len(held) == _MOST_PEEKED:
                break
    if not held:
        raise InputFileError("is empty: there is no row", where=str(file.path), hint="Get the file again")
    return Sheet(file, tuple(held[-1].cells), chain(held, rows))


_MOST_PEEKED = 1_000  # bad lines before the first good one


def _line_rows(lines: Iterable[str], file: InputFile) -> Iterator[Row]:
    with _damage_named(file):
        for number, line in enumerate(lines, start=1):
            raw = line.strip()
            if not raw:
                continue
            try:
                cells = parse_json(raw)
            except ValueError as problem:
                yield Row(number, {}, raw, f"the line is not JSON: {problem}")
                continue
            if isinstance(cells, dict):
                yield Row(number, cells, raw)
            else:
                yield Row(number, {}, raw, "the line is JSON, but no object")


def _array_rows(text: str, file: InputFile) -> Iterator[Row]:
    try:
        items = parse_json(text)
    except ValueError as problem:
        raise InputFileError(f"is not JSON: {problem}", where=str(file.path), hint="Get the file again") from None
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            yield Row(number, item, None)
        else:
            yield Row(number, {}, json.dumps(item, default=str), "the item is no object")


def _parquet(handle: IO[bytes], file: InputFile) -> Sheet:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        source = parquet.ParquetFile(handle)
    except pa.ArrowException as problem:
        raise InputFileError(f"is not a Parquet file ({problem})", where=str(file.path), hint="Get the file again") from problem
    groups = range(source.metadata.num_row_groups)
    if sum(source.metadata.row_group(at).total_byte_size for at in groups) > streams.MAX_UNPACKED:
        raise InputFileError(
            f"unpacks to more than {streams.MAX_UNPACKED:,} bytes", where=str(file.path), hint="Split it into several files"
        )
    return Sheet(file, tuple(source.schema_arrow.names), _parquet_rows(source, file))


def _parquet_rows(source: Any, file: InputFile) -> Iterator[Row]:
    import pyarrow as pa

    number = 0
    try:
        for batch in source.iter_batches(batch_size=10_000):
            for cells in pa.table({name: _whole_microseconds(batch.column(name)) for name in batch.schema.names}).to_pylist():
                number += 1
                yield Row(number, cells, None)
    except pa.ArrowException as problem:
        raise InputFileError(
            f"is damaged after row {number} ({problem})", where=str(file.path), hint="Get the file again"
        ) from problem


def _whole_microseconds(column: pa.Array) -> pa.Array:
    """Cut nanoseconds, which Python's times do not have."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return column
