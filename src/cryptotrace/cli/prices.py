"""``cryptotrace prices``: dollar prices for what a store holds, with the plan first."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptotrace.cli.outcome import PARTIAL, answering, second_interrupt_leaves
from cryptotrace.cli.terminal import answer, note

if TYPE_CHECKING:
    from cryptotrace.collect.price_results import PricePlan, PricesFound

__all__ = ["prices"]

PRICES_SCHEMA = "cryptotrace.prices/1"
PRICE_PLAN_SCHEMA = "cryptotrace.price-plan/1"
_SHOWN = 10


class Oracle(StrEnum):
    """Who is asked for prices."""

    defillama = "defillama"
    coingecko = "coingecko"
    mempool = "mempool"
    ecb = "ecb"


_Sources = Annotated[list[Oracle], typer.Option("--source", help="Who is asked; several are asked in this order.")]
_Hours = Annotated[int, typer.Option(help="One price an asset and so many hours; a divisor of 24.", min=1, max=24)]
_Fiat = Annotated[
    list[str] | None, typer.Option(help="Also the daily rate of a currency, such as EUR. May come several times.")
]
_Stable = Annotated[bool, typer.Option("--stablecoins", help="Also ask for stablecoins of our list, instead of one dollar.")]
_Requests = Annotated[int | None, typer.Option(help="Stop after so many requests; the same command goes on.", min=1)]
_Check = Annotated[int, typer.Option(help="Compare so many new prices with a second source.", min=0)]
_Url = Annotated[str | None, typer.Option(help="Another server that speaks the same; with one source.", show_default=False)]


def prices(
    context: typer.Context,
    store: Annotated[Path, typer.Argument(help="The case store, such as case.duckdb.", show_default=False)],
    *,
    sources: _Sources = [Oracle.defillama],  # noqa: B006  (typer reads it, nobody changes it)
    hours: _Hours = 1,
    fiat: _Fiat = None,
    stablecoins: _Stable = False,
    max_requests: _Requests = None,
    cross_check: _Check = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; ask nothing, write nothing.")] = False,
    base_url: _Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Fetch the dollar prices that the transfers of a store need; what has no price is listed with its amount.

    DefiLlama and mempool.space take no key; CoinGecko's comes from COINGECKO_API_KEY, if there is one. Exit code 0: every
    amount has a price; 3: some have none, or two sources disagree; 4: nobody answered.

    Example: cryptotrace prices case.duckdb --source defillama --source coingecko --dry-run
    """
    with answering(context):
        from cryptotrace.collect.prices import fetch_prices, plan_prices
        from cryptotrace.errors import InputError, InputFileError
        from cryptotrace.sources.prices import open_prices
        from cryptotrace.store import open_store

        if not store.exists():
            raise InputFileError("there is no such store", where=str(store), hint="Collect into it first, or run a case")
        if base_url is not None and len(sources) > 1:
            raise InputError("one URL for several sources", where="--base-url", hint="Name one source")
        opened = [open_prices(one.value, base_url=base_url) for one in sources]
        par = not stablecoins
        plan = plan_prices(
            open_store(store, read_only=True), opened, hours=hours, fiat=fiat or (), stable_par=par, max_requests=max_requests
        )
        if dry_run:
            _told_plan(plan, as_json=as_json)
            return
        for line in str(plan).splitlines():
            note(line)
        with second_interrupt_leaves():
            found = fetch_prices(
                open_store(store), opened, hours=hours, fiat=fiat or (), stable_par=par, max_requests=max_requests,
                cross_check=cross_check, progress=False if as_json else None,
            )  # fmt: skip
        _told(found, as_json=as_json)


def _told_plan(plan: PricePlan, *, as_json: bool) -> None:
    if not as_json:
        answer(str(plan))
        return
    from cryptotrace.cli.documents import to_json

    print(to_json({"schema": PRICE_PLAN_SCHEMA, **_plan_part(plan)}))


def _plan_part(plan: PricePlan) -> dict[str, object]:
    return {
        "needed": plan.needed,
        "priced": plan.priced,
        "at_par": plan.at_par,
        "known_gaps": plan.known_gaps,
        "unserved": plan.unserved,
        "requests": dict(plan.requests),
        "max_requests": plan.max_requests,
    }


def _told(found: PricesFound, *, as_json: bool) -> None:
    """Print what came; end with code 3 where something is missing."""
    if as_json:
        from cryptotrace.cli.documents import to_json
        from cryptotrace.model import cell_text

        print(to_json({
            "schema": PRICES_SCHEMA,
            "plan": _plan_part(found.plan),
            "new": found.found,
            "requests": found.requests,
            "complete": not found.is_partial,
            "gaps": [{name: cell_text(cell) for name, cell in row.items()} for row in found.gaps.dicts()],
            "checked": found.checked,
            "disagreements": [{name: cell_text(cell) for name, cell in row.items()} for row in found.disagreements.dicts()],
            "warnings": list(found.provenance.warnings),
        }))  # fmt: skip
    else:
        answer(str(found))
        for row in list(found.gaps.dicts())[:_SHOWN]:
            answer(f"no price: {row['asset']} at {row['time']:%Y-%m-%d %H:%M}: {row['amount']:,} base units ({row['reason']})")
        if len(found.gaps.rows) > _SHOWN:
            answer(f"and {len(found.gaps.rows) - _SHOWN:,} more gaps: --json lists them all")
    if found.is_partial:
        raise typer.Exit(PARTIAL)
