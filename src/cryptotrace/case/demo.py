"""``demo_case``: the whole chain on an invented world, with the answer beside what was planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

from cryptotrace.case.demo_pull import Pulled, run_pulled
from cryptotrace.case.result import CaseResult
from cryptotrace.case.running import SYNTHETIC_MARK
from cryptotrace.errors import InputFileError
from cryptotrace.model import ResultTable, cell_text
from cryptotrace.testing import Truth, World, romance_world
from cryptotrace.tracing import Trace

__all__ = ["DEMO_FOLDER", "DemoResult", "demo_case"]

DEMO_FOLDER = "cryptotrace-demo"

_MARK = """\
Everything in this folder was invented by cryptotrace demo: no address in it is real except the token contracts, and no
number of it says anything about the real world. The folder may be deleted; running the demo again writes it anew.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the chain found in an invented world, beside what was planted there.

    Attributes
    ----------
    pulled : Pulled
        How many requests the fake explorer had, and what went wrong on the way.
    table : ResultTable
        ``fact, planted, found, low, high, unit``: dollars as Decimals, rows as ints; ``low`` and ``high`` are None where the
        figure has no range.
    """

    seed: int
    folder: Path
    truth: Truth
    result: CaseResult
    pulled: Pulled
    table: ResultTable

    def to_pandas(self) -> Any:
        """Give the table."""
        return self.table.to_pandas()

    def __str__(self) -> str:
        return "\n".join(
            f"{row['fact']}: planted {cell_text(row['planted'])}, found {cell_text(row['found'])} {row['unit']}"
            for row in self.table.dicts()
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.table.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell_text(cell))}</td>" for cell in row) + "</tr>" for row in self.table.rows
        )
        return f"<p>Synthetic: nothing here is real.</p><table><tr>{head}</tr>{body}</table>"


def demo_case(folder: str | Path | None = None, *, seed: int = 42, progress: Callable[[str], None] | None = None) -> DemoResult:
    """Invent a romance-baiting campaign, pull it, run the whole chain on it, and hold the answer against the truth.

    The pull is a real one, over HTTP, from a fake explorer on this machine; some of its answers go wrong on purpose.

    Parameters
    ----------
    folder : str or Path, optional
        Where its files, store and report go; by default ``cryptotrace-demo`` here.
    seed : int
        The same seed gives the same world and the same answer.
    progress : callable, optional
        As :func:`run_case`.

    Returns
    -------
    DemoResult

    Raises
    ------
    InputFileError
        If the folder holds anything but an earlier demo.
    """
    place = Path(DEMO_FOLDER if folder is None else folder)
    _refuse_other(place)
    if progress is not None:
        progress("inventing a world")
    world = romance_world(seed=seed)
    place.mkdir(parents=True, exist_ok=True)
    (place / SYNTHETIC_MARK).write_text(_MARK, encoding="utf-8")
    result, pulled = run_pulled(world, place, progress=progress)
    table = _beside(world, result, pulled)
    return DemoResult(seed=seed, folder=place, truth=world.truth, result=result, pulled=pulled, table=table)


def _refuse_other(place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise InputFileError("is no folder", where=str(place), hint="Give another place with --out")
    if any(place.iterdir()) and not (place / SYNTHETIC_MARK).is_file():
        raise InputFileError(
            "the folder holds something else than a demo, and is left alone",
            where=str(place),
            hint="Give an empty or new folder with --out",
        )


def _beside(world: World, result: CaseResult, pulled: Pulled) -> ResultTable:
    """Hold what was found against what was planted."""
    truth = world.truth
    trace, lost = result.trace, result.estimate["E3"]
    paid = _sum(row["usd"] for row in result.estimate.decisions.dicts() if "E3" in row["counts_in"].split())
    back = None if paid is None or lost.central_usd is None else paid - lost.central_usd
    rows: list[tuple[Any, ...]] = [
        ("victims paid in", truth.gross_usd, paid, None, None, "USD"),
        ("victims got back", truth.returned_usd, back, None, None, "USD"),
        ("victims lost (E3)", truth.loss_usd, lost.central_usd, lost.low_usd, lost.high_usd, "USD"),
    ]
    rows += _reached(truth, trace)
    desk = _sum(row["tainted_usd"] for row in trace.table("frontier").dicts() if row["reason"] == "suspected_service")
    rows.append(("entered an unlabelled desk", sum((item.usd for item in truth.desk), Decimal(0)), desk, None, None, "USD"))
    rows += _left_out(world, result, pulled)
    return ResultTable("demo", ("fact", "planted", "found", "low", "high", "unit"), tuple(rows))


def _left_out(world: World, result: CaseResult, pulled: Pulled) -> list[tuple[Any, ...]]:
    """Hold planted spam against what was excluded: token rows, and of the planted ones those that a pulled list shows."""
    shown = {
        (row.tx_hash, row.log_index) for row in world.transfers if not pulled.addresses.isdisjoint((row.sender, row.receiver))
    }
    found = dict(
        result.store.rows(
            "SELECT e.reason, count(DISTINCT t.id) FROM exclusions AS e JOIN transfers AS t ON t.id = e.transfer "
            "WHERE t.kind = 'token' GROUP BY e.reason"
        )
    )
    return [
        (
            f"{kind.replace('_', '-')} rows left out",
            sum(row.kind == kind and (row.tx_hash, row.log_index) in shown for row in world.truth.unwanted),
            found.get(kind, 0),
            None,
            None,
            "rows",
        )
        for kind in ("zero_value", "counterfeit")
    ]


def _reached(truth: Truth, trace: Trace) -> list[tuple[Any, ...]]:
    """Hold exits against exits in coins: there they must agree to the last unit, while dollars depend on the day."""
    planted: dict[tuple[str, str], int] = {}
    for item in truth.exits:
        key = (f"{item.entity.rpartition(':')[2]} ({item.category})", item.asset)
        planted[key] = planted.get(key, 0) + item.amount
    found: dict[tuple[str, str], int] = {}
    for row in trace.table("terminals").dicts():
        key = (f"{row['entity']} ({row['category']})", row["asset"])
        found[key] = found.get(key, 0) + row["tainted_amount"]
    decimals = {facts.display: facts.asset.decimals or 0 for facts in trace.context.book.assets.values()}
    return [
        (
            f"reached {name}",
            _coins(amount, decimals[asset]),
            _coins(found.get((name, asset), 0), decimals[asset]),
            None,
            None,
            asset,
        )
        for (name, asset), amount in sorted(planted.items())
    ]


def _coins(amount: int, decimals: int) -> Decimal:
    """Write base units as coins, exactly."""
    return Decimal((0, tuple(map(int, str(amount))), -decimals))


def _sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    """Add dollars; unknown where a part has no price."""
    total = Decimal(0)
    for part in parts:
        if part is None:
            return None
        total += part
    return total
