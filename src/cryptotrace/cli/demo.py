"""``cryptotrace demo``: the whole chain on an invented world, its answer beside what was planted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptotrace.cli.outcome import PARTIAL, answering, steps
from cryptotrace.cli.terminal import aligned, answer

if TYPE_CHECKING:
    from cryptotrace.case import DemoResult

__all__ = ["demo"]

_HEAD = ("", "planted", "found", "range")


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for its files; a new or empty one, or an earlier demo.")] = Path(
        "cryptotrace-demo"
    ),
    seed: Annotated[int, typer.Option(help="Another number invents another world.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Invent a scam, pull it from a fake explorer, run the whole chain on it, and show the answer beside the truth.

    Offline, in seconds; the explorer runs on this machine, and some of its answers go wrong on purpose.

    Example: cryptotrace demo
    """
    with answering(context):
        from cryptotrace.case import demo_case

        with steps(context, quiet=as_json) as progress:
            found = demo_case(out, seed=seed, progress=progress)
        if as_json:
            from cryptotrace.cli.documents import demo_document, to_json

            print(to_json(demo_document(found)))
        else:
            answer(_text(found))
        if found.result.is_partial:
            raise typer.Exit(PARTIAL)


def _text(found: DemoResult) -> str:
    rows = [_HEAD, *(_cells(row) for row in found.table.dicts())]
    return "\n".join(
        [
            "SYNTHETIC: this world was invented. No number below says anything about the real world.",
            "It shows what the library finds where the truth is known.",
            "",
            *aligned(rows, right=frozenset({1, 2, 3})),
            "",
            f"{found.pulled}.",
            f"{found.pulled.proven}.",
            "",
            *found.result.answer.splitlines()[1:],  # its first line, that it is synthetic, stands above
            "",
            *(f"Partial: {reason}." for reason in found.result.partial_reasons),
            f"Open the report:          {found.result.report.html}",
            "What was reported:        cryptotrace totals --year 2021",
            f"Run a case of your own:   cryptotrace run case.toml   (begin with a copy of {found.result.case.path})",
        ]
    )


def _cells(row: dict[str, Any]) -> tuple[str, str, str, str]:
    unit = row["unit"]
    span = "" if row["low"] is None or row["high"] is None else f"{_number(row['low'])} to {_number(row['high'])}"
    return row["fact"], f"{_number(row['planted'])} {unit}", f"{_number(row['found'])} {unit}", span


def _number(value: Decimal | int | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
