"""``cryptotrace report``: write the report of a case again, from its store."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cryptotrace.cli.outcome import answering, steps
from cryptotrace.cli.run import told

__all__ = ["report"]


class Edition(StrEnum):
    """Who may read it."""

    restricted = "restricted"
    public = "public"


def report(
    context: typer.Context,
    case: Annotated[Path, typer.Argument(help="The case file, such as case.toml.", show_default=False)],
    edition: Annotated[Edition | None, typer.Option(help="In place of the edition of the case file.")] = None,
    out: Annotated[Path | None, typer.Option(help="In place of the path of the case file; ends in .html.")] = None,
) -> None:
    """Write the report of a case again from its store; no input is read.

    Example: cryptotrace report case.toml --edition public --out story.html
    """
    with answering(context):
        from cryptotrace.case import render_case

        with steps(context) as progress:
            result = render_case(case, edition=None if edition is None else edition.value, out=out, progress=progress)
        told(result, quiet=True, is_printed=False)
