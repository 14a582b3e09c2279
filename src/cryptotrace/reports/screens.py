"""Which columns of each table stand on the screen, and under which words; the CSV beside the report has all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cryptotrace.hygiene import REASONS
from cryptotrace.model import ResultTable, policy_named
from cryptotrace.reports.facts import Facts, Place
from cryptotrace.reports.numbers import count, day, percent, printable, usd, words
from cryptotrace.reports.printing import Cell, Column, Printer, Row, View, money, plain, view
from cryptotrace.reports.sentences import exit_span

__all__ = ["screens"]


def screens(facts: Facts, tables: Mapping[str, ResultTable], printer: Printer) -> dict[str, View]:
    """Lay out every table that the page shows."""
    return {
        "entities": _entities(facts),
        "terminals": _terminals(tables, printer),
        "resting": _resting(tables, printer),
        "frontier": _frontier(tables, printer),
        "flows": _flows(tables, printer),
        "groups": _groups(tables),
        "conversions": _conversions(tables, printer),
        "policies": _policies(facts, tables),
        "decisions": _decisions(tables, printer),
        "sensitivity": _plain_view(tables["sensitivity"], "One assumption at a time", "Nothing was varied."),
        "by_cluster": _plain_view(tables["by_cluster"], "The ladder of each cluster", "There is no cluster to split by."),
        "exclusions": _exclusions(tables, printer),
        "exclusion_totals": _exclusion_totals(tables),
        "openings": _openings(tables, printer),
        "coverage": _coverage(tables, printer),
        "proofs": _proofs(tables, printer),
        "rejects": _plain_view(tables["rejects"], "Rows that could not be read", "Every row could be read."),
        "statement": _statement(tables, printer),
        "labels_used": _plain_view(tables["labels_used"], "Labels that traced money met", "No labelled end was met."),
        "evidence": _plain_view(tables["evidence"], "Why addresses were joined", "No address was joined to another."),
    }


def _value(name: str) -> Any:
    return lambda row: row[name] if row[name] is not None else Decimal(-1)


def _address(printer: Printer, heading: str = "Address", name: str = "address") -> Column:
    return Column(heading, "code", lambda row: printer.address(row, name))


def _amount(printer: Printer, heading: str = "Amount", name: str = "tainted_amount", asset: str = "asset") -> Column:
    return Column(heading, "number", lambda row: printer.amount(row, name, asset))


def _text(heading: str, name: str) -> Column:
    return Column(heading, "text", plain(name))


def _time(heading: str, name: str) -> Column:
    return Column(heading, "time", plain(name))


def _worded(heading: str, name: str) -> Column:
    return Column(heading, "text", lambda row: words(str(row[name])) if row[name] is not None else "")


def _usd(heading: str, name: str) -> Column:
    return Column(heading, "number", money(name))


def _plain_view(table: ResultTable, caption: str, empty: str) -> View:
    """Show a table with all its columns."""
    columns = []
    for name in table.columns:
        kind = "number" if any(isinstance(cell, int | Decimal) for cell in table.column(name)) else "text"
        heading = words(name).replace("usd", "USD").replace("pct", "%").replace("e0 ", "E0 ").replace("e1 ", "E1 ")
        heading = heading.replace("e2 ", "E2 ").replace("e3 ", "E3 ")
        cell = _signed(name) if name.endswith("_pct") else plain(name)
        columns.append(Column(heading[:1].upper() + heading[1:], kind, cell))
    return view(table, columns, caption=caption, empty=empty)


def _signed(name: str) -> Callable[[Row], str]:
    """Print a change in per cent with its sign."""
    return lambda row: "" if row[name] is None else f"{row[name]:+f}"


def _entities(facts: Facts) -> View:
    """Show what each named end received, the largest first."""
    total = sum((place.value.known for place in facts.exits), Decimal(0))
    rows = tuple((place,) for place in facts.exits)
    table = ResultTable("terminals", ("place",), rows)

    def share(row: Row) -> str:
        place: Place = row["place"]
        return percent(place.value.known, total)

    columns = (
        Column("Named by its label", "text", lambda row: printable(row["place"].name) or "no name"),
        Column("Kind", "text", lambda row: words(row["place"].category)),
        Column("USD", "number", lambda row: row["place"].value.text(2).replace(" USD", "", 1)),
        Column("Share", "number", share),
        Column("Addresses", "number", lambda row: f"{row['place'].addresses:,}"),
    )
    caption = "Exits by entity" + (", those outside the period included" if facts.exits_outside.parts else "")
    made = view(table, columns, caption=caption, empty="Nothing reached a labelled exit.", shown=50)
    span = exit_span(facts)
    if len(facts.exits) < 2 or span[1] is None:
        return made
    whole = (Cell("All exits"), Cell(""), Cell(usd(total).removesuffix(" USD"), "number"), Cell("100.0%", "number"), Cell(""))
    return replace(made, rows=(*made.rows, whole), total=made.total + 1)


def _terminals(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _address(printer), _text("Chain", "chain"), _text("Label", "entity"), _worded("Kind", "category"),
        _text("Asset", "asset"), _amount(printer), _usd("USD", "tainted_usd"), _time("First (UTC)", "first_time"),
        _time("Last (UTC)", "last_time"), Column("Transfers", "number", plain("transfers")),
        _text("Label source", "label_source"),
    )  # fmt: skip
    return view(
        tables["terminals"], columns, caption="Ends that traced money reached, by address and asset",
        empty="Traced money reached no end.", rank=_value("tainted_usd"),
    )  # fmt: skip


def _freezer(row: Mapping[str, Any]) -> str:
    if row["frozen_since"] is not None:
        return f"already frozen, since {day(row['frozen_since'])}"
    if row["holder"] == "payer":
        return "nobody should: it paid the scam more than it got, so it is probably a victim's own wallet"
    return printable(row["freezable_by"] or "nobody known")


def _resting(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _address(printer), _text("Chain", "chain"), _text("Asset", "asset"), _amount(printer), _usd("USD", "tainted_usd"),
        Column("Could be frozen by", "text", _freezer),
    )  # fmt: skip
    return view(
        tables["resting"], columns, caption="Traced money that rested at the as-of time",
        empty="No traced money rests at an address that we can see.", rank=_value("tainted_usd"),
    )  # fmt: skip


def _frontier(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _address(printer), _text("Chain", "chain"), _text("Asset", "asset"), _amount(printer), _usd("USD", "tainted_usd"),
        Column("Why not further", "text", lambda row: _REASONS.get(row["reason"], words(row["reason"]))),
    )  # fmt: skip
    return view(
        tables["frontier"], columns, caption="Where the trace stops without an answer",
        empty="Nothing stopped short: all traced money is accounted for elsewhere.", rank=_value("tainted_usd"),
    )  # fmt: skip


_REASONS = {
    "not_pulled": "its transfers were not collected",
    "partial": "only a part of its transfers was collected",
    "too_busy": "it has too many transfers to collect",
    "suspected_service": "so many counterparties that it is taken for a service, though nobody labelled it",
    "swap": "exchanged in a way that cannot be matched",
    "max_hops": "beyond the number of steps allowed",
}


def _flows(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _time("Time (UTC)", "time"), _address(printer, "From", "sender"), _address(printer, "To", "receiver"),
        _text("Asset", "asset"), _amount(printer, "Amount", "amount"), _amount(printer, "Traced part", "tainted_amount"),
        _usd("Traced USD", "tainted_usd"), Column("Step", "number", plain("hop")), _worded("Then", "outcome"),
        Column("Transaction", "code", printer.transaction),
    )  # fmt: skip
    return view(
        tables["flows"], columns, caption="Every traced movement, in order of time", empty="Nothing moved.",
        rank=_value("tainted_usd"),
    )  # fmt: skip


def _groups(tables: Mapping[str, ResultTable]) -> View:
    def members(row: Row) -> Cell:
        listed = str(row["addresses"]).split()
        return Cell(
            listed[0] if len(listed) == 1 else count(len(listed), "address", "addresses"), "code", exact=row["addresses"]
        )

    def step(row: Row) -> str:
        if row["hop"] is None:
            return "exit"
        return "pays in" if row["hop"] < 0 else str(row["hop"])

    columns = (
        _text("Mark", "group_id"), Column("Step", "text", step), _worded("Kind", "kind"), _text("Name", "label"),
        Column("Members", "code", members), _usd("In USD", "in_usd"), _usd("Out USD", "out_usd"),
        _usd("Inside USD", "folded_usd"), _time("First (UTC)", "first_time"), _time("Last (UTC)", "last_time"),
    )  # fmt: skip
    return view(tables["groups"], columns, caption="The marks of the picture and their sums", empty="There is nothing to draw.")


def _conversions(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _time("Time (UTC)", "time"), _worded("Kind", "kind"), _address(printer, "Paid by", "provider"),
        _text("Paid in", "asset_in"), _amount(printer, "Amount", "amount_in", "asset_in"),
        _amount(printer, "Traced part", "tainted_in", "asset_in"), _text("Got", "asset_out"),
        _amount(printer, "Amount", "amount_out", "asset_out"), _amount(printer, "Traced part", "tainted_out", "asset_out"),
        _text("Inference", "confidence"), Column("Transaction", "code", lambda row: printer.transaction(row, "tx_in")),
    )  # fmt: skip
    return view(
        tables["conversions"], columns, caption="Where traced money changed asset", empty="No traced money changed asset."
    )


def _policies(facts: Facts, tables: Mapping[str, ResultTable]) -> View:
    def name(row: Row) -> str:
        policy = policy_named(row["policy"])
        mark = " (shown in this report)" if policy.id == facts.policy.id else ""
        return f"{policy.title}{mark}"

    columns = (
        Column("Policy", "text", name),
        Column("In the range", "text", lambda row: "yes" if row["conserving"] else "no: counts money more than once"),
        _usd("Injected USD", "injected_usd"), _usd("Reached exits USD", "exits_usd"),
        Column("Ends reached", "number", plain("terminals")), _usd("Resting USD", "resting_usd"),
        _usd("Not followed USD", "frontier_usd"),
    )  # fmt: skip
    return view(tables["policies"], columns, caption="The same money under each policy", empty="No policy was run.")


_PAYERS = {"person": "without a service label", "exchange": "exchange", "service": "other service or contract"}


def _decisions(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _time("Time (UTC)", "time"), _address(printer, "Payer", "payer"),
        Column("Payer is", "text", lambda row: _PAYERS.get(row["payer_kind"], "")), _text("Named", "entity"),
        _address(printer, "Scam address", "receiver"), _text("Asset", "asset"), _amount(printer, "Amount", "amount"),
        _usd("USD", "usd"), _text("Counts in", "counts_in"), _text("Why not in the rest", "reason"),
        Column("Transaction", "code", printer.transaction),
    )  # fmt: skip
    return view(
        tables["decisions"], columns, caption="Each payment to a scam address, and where it counts",
        empty="No payment to a scam address is in the data.", rank=_value("usd"),
    )  # fmt: skip


def _exclusions(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _worded("Reason", "reason"),
        Column("What it means", "text", lambda row: REASONS.get(row["reason"], "")),
        Column("Transfers", "number", plain("transfers")),
        Column("Example", "code", lambda row: printer.transaction(row, "example_tx")),
    )
    table = tables["exclusions"]
    at = table.columns.index("transfers")
    found = replace(table, rows=tuple(row for row in table.rows if row[at]))
    return view(found, columns, caption="Transfers left out, by reason", empty="Nothing was left out.")


def _exclusion_totals(tables: Mapping[str, ResultTable]) -> View:
    table = tables["exclusion_totals"]
    changed = replace(
        table, rows=tuple(row for row, cells in zip(table.rows, table.dicts(), strict=True)
                          if cells["transfers_before"] != cells["transfers_after"])
    )  # fmt: skip
    columns = (
        _text("Asset", "asset"), Column("Transfers before", "number", plain("transfers_before")),
        Column("after", "number", plain("transfers_after")), Column("Base units before", "number", plain("amount_before")),
        Column("after", "number", plain("amount_after")),
    )  # fmt: skip
    return view(changed, columns, caption="Assets whose total the exclusions change", empty="No total changed.")


_FOUND = {"prefix_shortfall": "largest shortfall of the running balance"}


def _openings(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _address(printer), _text("Chain", "chain"), _text("Asset", "asset"), _amount(printer, "Opening balance", "amount"),
        Column("Traced money passes it", "text", plain("carries_taint")),
        Column("How found", "text", lambda row: _FOUND.get(row["method"], words(str(row["method"])))),
    )  # fmt: skip
    return view(
        tables["openings"], columns, caption="Balances that must have been there before the first row",
        empty="There is none.", rank=lambda row: bool(row["carries_taint"]),
    )  # fmt: skip


def _coverage(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _address(printer), _text("Chain", "chain"), _text("Stream", "stream"), _text("Status", "status"),
        _text("Reason", "reason"),
        Column("From block", "number", plain("from_block")), Column("To block", "number", plain("to_block")),
        Column("Rows", "number", plain("rows")), _text("Source", "source"),
    )  # fmt: skip
    return view(
        tables["coverage"], columns, caption="What was collected for each address, incomplete ones first",
        empty="The store holds no coverage.",
    )  # fmt: skip


def _proofs(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = (
        _address(printer), _text("Chain", "chain"), _text("Asset", "asset"), _worded("Status", "status"),
        _worded("Why not proven", "reason"), _amount(printer, "By the rows", "ledger"),
        _amount(printer, "Told", "reported"), _amount(printer, "Difference", "difference"), _text("Told by", "source"),
    )  # fmt: skip
    return view(
        tables["proofs"], columns, caption="What came in less what went out, beside the balance that was told",
        empty="No balance was asked for.", rank=lambda row: row["status"] != "proven",
    )  # fmt: skip


_STATEMENT = ("injected", "converted_in", "terminals", "resting", "frontier", "fees", "pruned", "converted_out", "difference")


def _statement(tables: Mapping[str, ResultTable], printer: Printer) -> View:
    columns = [_text("Asset", "asset")]
    columns += [_amount(printer, words(name).capitalize(), name) for name in _STATEMENT]
    return view(
        tables["statement"], columns,
        caption="injected + converted in = terminals + resting + frontier + fees + pruned + converted out",
        empty="Nothing was injected, so there is nothing to balance.",
    )  # fmt: skip
