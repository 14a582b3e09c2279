"""What a check found, and the record that the next one compares with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptotrace.errors import InputFileError

__all__ = ["Baseline", "Checks", "Finding", "Verdict", "read_baseline", "write_baseline"]

BASELINE_SCHEMA = "cryptotrace.explorer-baseline/1"
_LARGEST = 4 * 1024 * 1024
Baseline = Mapping[str, Mapping[str, str]]
"""Explorer -> assumption -> what was seen."""


class Verdict:
    """The words for what came of an assumption."""

    HOLDS = "holds"
    CHANGED = "changed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row of the table.

    Attributes
    ----------
    explorer, assumption, expected : str
        What was checked.
    seen : str
        What was seen, or why nothing was; one line, without a key.
    verdict : str
        ``holds``, ``changed``, ``unknown`` (to be learnt, or not to be told here), ``skipped`` or ``unreachable``.
    was : str or None
        What the baseline has seen, where that is something else.
    """

    explorer: str
    assumption: str
    expected: str
    seen: str
    verdict: str
    was: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The whole table, and how many requests each explorer had."""

    findings: Sequence[Finding]
    requests: Mapping[str, int]

    @property
    def is_settled(self) -> bool:
        """Whether nothing changed and everybody who was asked has answered."""
        return not any(one.verdict in (Verdict.CHANGED, Verdict.UNREACHABLE) for one in self.findings)

    def counts(self) -> dict[str, int]:
        """Give how many rows have each verdict."""
        found: dict[str, int] = {}
        for one in self.findings:
            found[one.verdict] = found.get(one.verdict, 0) + 1
        return found


def read_baseline(path: Path) -> Baseline:
    """Read what an earlier check has seen.

    Raises
    ------
    InputFileError
        If the file cannot be read, or is no such record.
    """
    hint = "Write one with --record"
    try:
        if path.stat().st_size > _LARGEST:
            raise InputFileError("the file is too large for a baseline", where=str(path), hint=hint)
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputFileError("the baseline cannot be read", where=str(path), hint=hint) from problem
    except (ValueError, RecursionError) as problem:
        raise InputFileError("the baseline is no JSON", where=str(path), hint=hint) from problem
    seen = found.get("seen") if isinstance(found, dict) and found.get("schema") == BASELINE_SCHEMA else None
    if not isinstance(seen, dict) or not all(
        isinstance(rows, dict) and all(isinstance(text, str) for text in rows.values()) for rows in seen.values()
    ):
        raise InputFileError("this is no baseline of explorers", where=str(path), hint=hint)
    return seen


def write_baseline(path: Path, checks: Checks, *, recorded: datetime) -> None:
    """Write what was seen; what was not seen this time is kept from the file, where it is one.

    Raises
    ------
    InputFileError
        If the file is there and is no baseline, or cannot be written.
    """
    seen = {name: dict(rows) for name, rows in (read_baseline(path) if path.exists() else {}).items()}
    for one in checks.findings:
        if one.verdict not in (Verdict.SKIPPED, Verdict.UNREACHABLE):
            seen.setdefault(one.explorer, {})[one.assumption] = one.seen
    document = {"schema": BASELINE_SCHEMA, "recorded": recorded.strftime("%Y-%m-%dT%H:%M:%SZ"), "seen": seen}
    spare = path.with_name(f"{path.name}.new")
    try:
        spare.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        spare.replace(path)
    except OSError as problem:
        raise InputFileError("the baseline cannot be written", where=str(path), hint="Name another file") from problem
