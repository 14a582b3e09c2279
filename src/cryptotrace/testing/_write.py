"""Files of a world: tables as CSV, the truth as JSON, and a case file that the command line runs."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from cryptotrace.errors import InputFileError
from cryptotrace.testing._rows import text_of

CASE = """\
# A synthetic world with planted truth (truth.json); no address in it is real except the token contracts.
schema = "cryptotrace.case/1"

[case]
id = "{name}"
title = "Synthetic romance baiting, seed {seed}"
store = "{name}.duckdb"
as_of = "{as_of}"

[[input]]
kind = "files"
format = "table"
path = "transfers.csv"
transactions = "transactions.csv"
approvals = "approvals.csv"
chain = "ethereum"
complete = true

[[seeds]]
path = "seeds.csv"

[[labels]]
path = "labels.csv"

[prices]
files = ["prices.csv"]
stable_par = true

[scope]
category = "romance_baiting"
rail = "crypto"
geography_basis = "case"
geography = "World"
period = "{first}/{end}"
period_basis = "payment_date"
population = "census"

[compare]
period = "2023"

[report]
path = "report.html"
edition = "restricted"
"""


def make_folder(folder: Path) -> Path:
    """Create a folder if it is not there yet; refuse a path that is something else."""
    if folder.exists() and not folder.is_dir():
        raise InputFileError("a world is written into a folder, and this is none", where=str(folder), hint="Give another path")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_table(path: Path, row_type: type, rows: Sequence[object]) -> None:
    """Write rows of one type as CSV: the header from the type, None as an empty cell."""
    names = [item.name for item in dataclasses.fields(row_type)]
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow([_cell(getattr(row, name)) for name in names])


def write_truth(path: Path, truth: Mapping[str, object]) -> None:
    """Write the planted facts as JSON with sorted keys."""
    text = json.dumps(truth, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_case(path: Path, *, name: str, seed: int, first: date, end: datetime) -> None:
    """Write the case file beside the tables."""
    text = CASE.format(name=name, seed=seed, as_of=text_of(end), first=first.isoformat(), end=end.date().isoformat())
    path.write_text(text, encoding="utf-8", newline="\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of(value) if isinstance(value, datetime) else str(value)
