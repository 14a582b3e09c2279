"""Cells and tables as they stand on the screen: short enough to read, whole enough to copy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptotrace.model import ResultTable
from cryptotrace.reports.numbers import UNKNOWN, moment, printable, units, usd

if TYPE_CHECKING:
    from cryptotrace.tracing import Trace

__all__ = ["SHOWN_ROWS", "Cell", "Column", "Printer", "View", "money", "plain", "view"]

SHOWN_ROWS = 200
"""Rows of a table on the screen; the CSV beside the report has all."""

Row = Mapping[str, Any]

_EVM_EXPLORERS = {
    "ethereum": "etherscan.io",
    "bsc": "bscscan.com",
    "polygon": "polygonscan.com",
    "arbitrum": "arbiscan.io",
    "optimism": "optimistic.etherscan.io",
    "base": "basescan.org",
    "avalanche": "snowtrace.io",
    "gnosis": "gnosisscan.io",
    "linea": "lineascan.build",
    "scroll": "scrollscan.com",
}
_PLAIN = re.compile(r"[0-9A-Za-z]{20,100}")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, how it is set, a link where that is allowed, and the exact value to hover."""

    text: str
    kind: str = "text"
    href: str = ""
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, how its cells are set (``text``, ``number``, ``code``), and what a row prints in it."""

    heading: str
    kind: str
    cell: Callable[[Row], Cell | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A table on the screen, and what it leaves out."""

    caption: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    csv: str
    empty: str

    @property
    def cut(self) -> bool:
        """Whether rows are left out."""
        return self.total > len(self.rows)


class Printer:
    """Prints amounts, addresses and hashes of one case.

    Parameters
    ----------
    trace : Trace
        Its assets say how many decimals an amount has.
    links : bool
        Whether addresses and hashes link to an explorer. A click tells the explorer who is looked at, so the restricted
        edition has none; nor has a synthetic world, whose addresses belong to nobody.
    """

    def __init__(self, trace: Trace, *, links: bool) -> None:
        self._links = links
        self._decimals: dict[tuple[str, str], int | None] = {}
        for facts in trace.context.book.assets.values():
            for key in ((facts.asset.chain, facts.display), ("", facts.display)):
                known = self._decimals.setdefault(key, facts.asset.decimals)
                if known != facts.asset.decimals:
                    self._decimals[key] = None  # two chains, one name: only base units are safe to print

    def coins(self, asset: str, amount: int, chain: str = "") -> str:
        """Print base units with the name of the asset; without a chain only where the name has one meaning."""
        return units(amount, self._decimals.get((chain, asset)), asset)

    def amount(self, row: Row, name: str, asset: str = "asset") -> Cell:
        """Print base units as coins, with the base units to hover."""
        amount = row[name]
        if amount is None:
            return Cell(UNKNOWN, "number")
        decimals = self._decimals.get((str(row.get("chain") or ""), row[asset]))
        shown = units(amount, decimals, "").removesuffix(" of ").strip()
        return Cell(shown, "number", exact=f"{amount} base units")

    def address(self, row: Row, name: str = "address") -> Cell:
        """Print an address in full."""
        return self._code(row, name, "address")

    def transaction(self, row: Row, name: str = "tx_hash") -> Cell:
        """Print a transaction hash in full."""
        return self._code(row, name, "tx")

    def _code(self, row: Row, name: str, what: str) -> Cell:
        text = row[name]
        if not text:
            return Cell("none")
        return Cell(str(text), "code", href=self._href(str(row.get("chain") or ""), str(text), what))

    def _href(self, chain: str, text: str, what: str) -> str:
        """Give a link, only for text that cannot be anything but an address or a hash."""
        if not self._links or not _PLAIN.fullmatch(text):
            return ""
        if chain in _EVM_EXPLORERS and text.startswith("0x"):
            return f"https://{_EVM_EXPLORERS[chain]}/{what}/{text}"
        if chain == "tron":
            return f"https://tronscan.org/#/{'transaction' if what == 'tx' else what}/{text}"
        return f"https://mempool.space/{what}/{text}" if chain == "bitcoin" else ""


def view(
    table: ResultTable,
    columns: Sequence[Column],
    *,
    caption: str,
    empty: str,
    rank: Callable[[Row], Any] | None = None,
    shown: int = SHOWN_ROWS,
) -> View:
    """Lay a table out for the screen: at most ``shown`` rows, the first by ``rank`` (largest value) where one is given.

    Rows keep the order of the table; only which are shown depends on the rank.
    """
    rows = list(table.dicts())
    kept: Sequence[int] = range(len(rows))
    if len(rows) > shown:
        ranked = sorted(kept, key=lambda at: rank(rows[at]) if rank else 0, reverse=True)
        kept = sorted(ranked[:shown]) if rank else range(shown)
    return View(
        caption=caption,
        headings=tuple((column.heading, column.kind) for column in columns),
        rows=tuple(tuple(_cell(column, rows[at]) for column in columns) for at in kept),
        total=len(rows),
        csv=f"{table.name}.csv",
        empty=empty,
    )


def _cell(column: Column, row: Row) -> Cell:
    made = column.cell(row)
    return made if isinstance(made, Cell) else Cell(made, column.kind)


def plain(name: str) -> Callable[[Row], str]:
    """Print a column as it is: dollars with cents, times in UTC, the rest as text."""

    def cell(row: Row) -> str:
        value = row[name]
        if isinstance(value, Decimal):
            return usd(value).removesuffix(" USD")
        if isinstance(value, datetime):
            return moment(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int):
            return f"{value:,}"
        return "" if value is None else printable(str(value), 300)

    return cell


def money(name: str) -> Callable[[Row], str]:
    """Print dollars with cents; unknown is said."""
    return lambda row: usd(row[name]).removesuffix(" USD")
