"""``cryptotrace totals``: what was reported, offline and without a case."""

from __future__ import annotations

from typing import Annotated

import typer

from cryptotrace.cli.outcome import answering
from cryptotrace.cli.terminal import answer, width

__all__ = ["totals"]


def totals(
    context: typer.Context,
    year: Annotated[int | None, typer.Option(help="A year, such as 2021.", min=2009, max=2100)] = None,
    period: Annotated[str | None, typer.Option(help="First day/day after the last, such as 2021-01-01/2022-01-01.")] = None,
    category: Annotated[str | None, typer.Option(help="A kind of scam, such as romance_baiting.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every record that there is.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Show what the UN, police, regulators and firms reported, and what may be compared with what.

    Example: cryptotrace totals --year 2021
    """
    asked = [option for option in (year, period, category) if option is not None]
    if everything == bool(asked):
        raise typer.BadParameter("say --year, --period or --category, or --all alone for everything")
    if year is not None and period is not None:
        raise typer.BadParameter("say --year or --period, not both")
    with answering(context):
        from cryptotrace.registry import totals_view

        view = totals_view(period if year is None else str(year), category)
        if as_json:
            from cryptotrace.cli.documents import to_json

            print(to_json(view.to_dict()))
        else:
            answer(view.to_text(width()).rstrip("\n"))
