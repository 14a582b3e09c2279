"""Which table a file of a node export is: told by its columns, and read under the names of ethereum-etl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptotrace.errors import InputFileError
from cryptotrace.sources.intake import Intake
from cryptotrace.sources.paths import InputFile
from cryptotrace.sources.sheets import Row, Sheet, open_sheet

__all__ = ["Dialect", "TableShape", "open_table", "sorted_tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """Columns that tell a table, and our names of those that are called otherwise."""

    columns: frozenset[str]
    names: Mapping[str, str] = field(default_factory=dict)


Dialect = Mapping[str, TableShape]
"""Table name -> shape; the first whose columns are all there is the table."""


def sorted_tables(files: tuple[InputFile, ...], dialect: Dialect, intake: Intake) -> dict[str, list[InputFile]]:
    """Sort files by table; a file of no table is refused where the user named it, else listed in the rejects.

    Raises
    ------
    InputFileError
        A named file of none of the tables, with the columns that were found.
    """
    found: dict[str, list[InputFile]] = {name: [] for name in dialect}
    for file in files:
        with open_sheet(file) as sheet:
            columns = frozenset(sheet.columns)
        table = next((name for name, shape in dialect.items() if shape.columns <= columns), None)
        if table is not None:
            found[table].append(file)
        elif file.named:
            raise _no_table(file, dialect, sheet.columns)
        else:
            intake.skip(file, "not a table of this format")
    return found


def _no_table(file: InputFile, dialect: Dialect, columns: tuple[str, ...]) -> InputFileError:
    nearest, shape = max(dialect.items(), key=lambda item: len(item[1].columns & set(columns)) / len(item[1].columns))
    missing = ", ".join(sorted(shape.columns - set(columns)))
    found = ", ".join(ascii(column)[1:-1] for column in columns[:40])
    return InputFileError(
        f"the column {missing} of the table {nearest} is missing; found: {found}",
        where=str(file.path),
        hint=f"The tables of this format are {', '.join(dialect)}",
    )


@contextmanager
def open_table(file: InputFile, shape: TableShape) -> Iterator[Sheet]:
    """Open a table with its columns under our names."""
    with open_sheet(file) as sheet:
        yield Sheet(sheet.file, sheet.columns, _renamed(sheet.rows, shape.names) if shape.names else sheet.rows)


def _renamed(rows: Iterator[Row], names: Mapping[str, str]) -> Iterator[Row]:
    ours = {theirs: name for name, theirs in names.items()}
    for row in rows:
        cells: dict[str, Any] = {ours.get(column, column): value for column, value in row.cells.items()}
        yield Row(row.line, cells, row.raw, row.problem)
