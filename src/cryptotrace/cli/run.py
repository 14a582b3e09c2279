"""``cryptotrace run``: a case file from input to report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.outcome import PARTIAL, answering, steps
from cryptotrace.cli.terminal import answer, note

if TYPE_CHECKING:
    from cryptotrace.case import CaseResult

__all__ = ["run", "told"]


def run(
    context: typer.Context,
    case: Annotated[Path, typer.Argument(help="The case file, such as case.toml.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only where the report is.")] = False,  # noqa: FBT002
) -> None:
    """Run a case: load, clean, cluster, trace, estimate, compare, write the report.

    Exit code 0: complete; 3: done, but something is known to be missing; 5: the input is wrong.

    Example: cryptotrace run case.toml
    """
    with answering(context):
        from cryptotrace.case import run_case

        with steps(context, quiet=quiet or as_json) as progress:
            result = run_case(case, progress=progress)
        if as_json:
            from cryptotrace.cli.documents import run_document, to_json

            print(to_json(run_document(result)))
        told(result, quiet=quiet, is_printed=as_json)


def told(result: CaseResult, *, quiet: bool, is_printed: bool) -> None:
    """Print the answer, what is missing and where the report is; end with code 3 where something is missing."""
    reasons = [f"partial: {reason}" for reason in result.partial_reasons]
    if is_printed or quiet:
        for reason in reasons:
            note(reason)
    else:
        answer("\n".join([result.answer, *reasons]))
    if not is_printed:
        answer(str(result.report.html) if quiet else f"report: {result.report.html}")
    if reasons:
        raise typer.Exit(PARTIAL)
