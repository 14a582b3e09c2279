"""The two verified cases against the published table: every policy, in micro-dollars where they are known."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest

from cryptotrace.model import ALL, Label, Labels, Seed, Seeds
from cryptotrace.schema import Batch
from cryptotrace.store import open_store
from cryptotrace.tracing import trace_all

POLICIES = [policy.id for policy in ALL]

# policy: dollars into terminals, terminals, FlowCoverage, as measured on rows rounded to cents
LIFI = {
    "poison": (8_609_333, 33, "1.000"),
    "haircut": (8_533_035, 33, ".989"),
    "fifo": (8_544_042, 31, ".991"),
    "lifo": (8_539_296, 33, ".987"),
    "taint_first": (8_539_296, 33, ".987"),
    "taint_last": (8_532_633, 31, ".990"),
}
XSCAM = {
    "poison": (1_400_946, 449, ".998"),
    "haircut": (453_172, 448, ".556"),
    "fifo": (443_013, 249, ".541"),
    "lifo": (475_465, 282, ".578"),
    "taint_first": (489_103, 313, ".589"),
    "taint_last": (435_090, 242, ".536"),
}
# The library counts in micro-dollars: there XScam's haircut finds one terminal more, and two sums round to another dollar.
MICRO = {
    ("xscam-2022", "haircut"): ("453173.226855", 449),
    ("lifi-2024", "haircut"): ("8533035.222989", 33),
    ("lifi-2024", "lifo"): ("8539295.679505", 33),
    ("lifi-2024", "taint_first"): ("8539295.679505", 33),
    ("lifi-2024", "taint_last"): ("8532633.530571", 31),
}
INJECTED = {
    "lifi-2024": dict.fromkeys(POLICIES, 9_685_530),
    "xscam-2022": {
        "haircut": 574_683,
        "fifo": 575_012,
        "taint_last": 575_012,
        "lifo": 574_657,
        "taint_first": 574_657,
        "poison": 574_657,
    },
}
RATIO = {"lifi-2024": "2.29", "xscam-2022": "6.72"}


def units(text, places):
    return int((Decimal(text) * 10**places).to_integral_value(ROUND_HALF_UP))


class Case:
    """A case read by hand: its rows, who is what, and all six traces."""

    def __init__(self, folder, places=6):
        with (folder / "edges.csv").open() as handle:
            self.rows = [
                (
                    row["From"],
                    row["To"],
                    units(row["Value_in_USD"], places),
                    row["Tx_hash"],
                    row["Timestamp"],
                    int(row["Block"]),
                )
                for row in csv.DictReader(handle)
            ]
        self.sources = set((folder / "sources.txt").read_text().lower().split())
        self.terminals = set((folder / "terminals.txt").read_text().lower().split())
        batch = Batch()
        for number, (sender, receiver, amount, tx, time, block) in enumerate(self.rows):
            batch.add_transfer(
                chain="ethereum",
                tx_hash=tx,
                kind="token",
                time=datetime.fromisoformat(time).replace(tzinfo=UTC),
                block=block,
                sender=sender,
                receiver=receiver,
                amount=amount,
                contract="usd",
                symbol="USD",
                decimals=6,
                input_row=number,
            )
        store = open_store(":memory:")
        self.written = store.load([batch], complete=True)["transfers"]
        labels = [
            Label(chain="ethereum", address=address, label="terminal", category="terminal", boundary=True)
            for address in sorted(self.terminals)
        ]
        self.traces = trace_all(
            store,
            Seeds(tuple(Seed(chain="ethereum", address=address, injects="outflow") for address in sorted(self.sources))),
            labels=Labels(tuple(labels), (), {("ethereum", label.address): label for label in labels}),
        )

    def coverage(self, policy):
        """FlowCoverage: the tainted part of all movements over all movements."""
        tainted = sum(row["tainted_amount"] for row in self.traces[policy].table("flows").dicts())
        return Decimal(tainted) / sum(amount for _, _, amount, *_ in self.rows)


@pytest.fixture(scope="module", params=["lifi-2024", "xscam-2022"])
def case_name(request):
    return request.param


@pytest.fixture(scope="module")
def case(shared_data, case_name):
    return Case(shared_data / "cases" / case_name)


def listed(trace):
    """The labelled terminals; the null address is an end too, but none of the table's."""
    return [row for row in trace.table("terminals").dicts() if row["category"] == "terminal"]


def test_on_cents_the_table_is_met_to_the_dollar_and_the_terminal(shared_data, case_name):
    case = Case(shared_data / "cases" / case_name, places=2)
    for policy, (dollars, terminals, coverage) in (LIFI if case_name == "lifi-2024" else XSCAM).items():
        rows = listed(case.traces[policy])
        into = Decimal(sum(row["tainted_amount"] for row in rows)) / 100
        assert (into.to_integral_value(ROUND_HALF_UP), len(rows)) == (dollars, terminals), policy
        assert abs(case.coverage(policy) - Decimal(coverage)) <= Decimal("0.001"), policy  # the table has three places


@pytest.mark.parametrize("policy", POLICIES)
def test_on_micro_dollars_the_table_is_met_but_for_the_known_differences(case, case_name, policy):
    dollars, terminals, coverage = (LIFI if case_name == "lifi-2024" else XSCAM)[policy]
    rows = listed(case.traces[policy])
    into = sum(row["tainted_usd"] for row in rows)
    if (case_name, policy) in MICRO:
        assert (str(into), len(rows)) == MICRO[case_name, policy]
        assert abs(into - dollars) < 2
    else:
        assert (into.to_integral_value(ROUND_HALF_UP), len(rows)) == (dollars, terminals)
    assert {row["address"].lower() for row in rows} <= case.terminals
    (shown,) = [row for row in case.traces.table.dicts() if row["policy"] == policy]
    assert (shown["terminals"], shown["exits_usd"]) == (len(rows), into)
    assert into == case.traces[policy].totals.exits
    assert abs(case.coverage(policy) - Decimal(coverage)) <= Decimal("0.001")


@pytest.mark.parametrize("policy", POLICIES)
def test_injected_is_that_of_the_table(case, case_name, policy):
    injected = case.traces[policy].totals.injected
    assert injected.to_integral_value(ROUND_HALF_UP) == INJECTED[case_name][policy]


@pytest.mark.parametrize("policy", POLICIES)
def test_the_residual_is_zero(case, policy):
    rows = list(case.traces[policy].table("statement").dicts())
    assert len(rows) == 1
    if policy != "poison":
        assert rows[0]["difference"] == 0
        assert rows[0]["frontier"] == rows[0]["pruned"] == rows[0]["fees"] == 0
        assert rows[0]["injected"] == rows[0]["terminals"] + rows[0]["resting"]


def test_throughput_over_source_outflow_is_that_of_the_table(case, case_name):
    """Both from the rows of the trace's own ledger, which must hold every row of the file."""
    context = case.traces["haircut"].context
    sources = {ident for ident, (_, address) in context.book.accounts.items() if address in case.sources}
    assert case.written == len(case.rows) == len(context.ordered)
    throughput = sum(row.amount for row in context.ordered)
    outflow = sum(row.amount for row in context.ordered if row.sender in sources and row.receiver not in sources)
    assert throughput == sum(amount for _, _, amount, *_ in case.rows)
    assert (Decimal(throughput) / outflow).quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(RATIO[case_name])


@pytest.mark.parametrize("policy", POLICIES)
def test_no_terminal_is_attributed_more_than_it_received(case, policy):
    received = {}
    for _, receiver, amount, *_ in case.rows:
        received[receiver.lower()] = received.get(receiver.lower(), 0) + amount
    for row in case.traces[policy].table("terminals").dicts():
        assert 0 < row["tainted_amount"] <= received[row["address"].lower()]
