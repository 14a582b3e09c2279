"""A small case by hand, with text that means harm, for the tests of reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cryptotrace.clustering import Clusters, cluster
from cryptotrace.estimates import Comparison, Estimate, Verdict, estimate
from cryptotrace.hygiene import Exclusions, clean
from cryptotrace.model import Label, Labels, Provenance, Scope, Seed, Seeds
from cryptotrace.schema import Batch
from cryptotrace.store import Store, open_store
from cryptotrace.tracing import Envelope, Trace, trace_all

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
START = datetime(2024, 3, 1, 12, 0, 7, tzinfo=UTC)
HOSTILE = "</td><script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
REVERSED = "Bin\u202eecna\x00nce"

VICTIM_A, VICTIM_B, SILENT_VICTIM = "0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "5e" * 20
SCAM_1, SCAM_2, HOP, HOARD = "0x" + "c1" * 20, "0x" + "c2" * 20, "0x" + "d1" * 20, "0x" + "d2" * 20
EXCHANGE, DEPOSIT, ODD, FAKE = "0x" + "e1" * 20, "0x" + "e2" * 20, "0x" + "e3" * 20, "0x" + "f1" * 20
VICTIMS = (VICTIM_A, VICTIM_B, SILENT_VICTIM)


def tx(number: int) -> str:
    return f"0x{number:064x}".replace("0x00", "0xbe")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that a report takes."""

    store: Store
    seeds: Seeds
    labels: Labels
    clusters: Clusters
    exclusions: Exclusions
    envelope: Envelope
    trace: Trace
    estimate: Estimate
    comparison: Comparison

    @property
    def results(self) -> tuple[Store, Trace, Estimate, Comparison]:
        return self.store, self.trace, self.estimate, self.comparison

    @property
    def extras(self) -> dict[str, object]:
        return {
            "envelope": self.envelope,
            "clusters": self.clusters,
            "exclusions": self.exclusions,
            "seeds": self.seeds,
            "labels": self.labels,
        }


PAYMENTS = (
    # victims pay in, one gets an inducement back; an exchange pays in for somebody
    (VICTIM_A, SCAM_1, 1_234_567_891),
    (SCAM_1, VICTIM_A, 100_000_000),
    (VICTIM_B, SCAM_2, 77_777_777_777),
    (EXCHANGE, SCAM_1, 5_000_000_000),
    (VICTIM_A, SCAM_1, 9_876_543_219),
    # laundering: consolidated, split, partly left resting
    (SCAM_1, HOP, 16_000_000_000),
    (SCAM_2, HOP, 77_000_000_000),
    (HOP, DEPOSIT, 60_000_000_000),
    (HOP, ODD, 20_000_000_000),
    (HOP, HOARD, 10_000_000_000),
)


def tiny_batch() -> Batch:
    batch = Batch()
    for number, (sender, receiver, amount) in enumerate(PAYMENTS, start=1):
        batch.add_transfer(
            chain="ethereum", tx_hash=tx(number), kind="token", time=START + timedelta(hours=number), block=100 + number,
            tx_index=0, log_index=number, sender=sender, receiver=receiver, contract=USDT, symbol="USDT", decimals=6,
            amount=amount, input_row=number,
        )  # fmt: skip
    # a hostile token, moved by the scam: it is traced, and its symbol is what its maker wrote
    for number, (sender, receiver) in enumerate(((VICTIM_B, SCAM_1), (SCAM_1, HOARD)), start=50):
        batch.add_transfer(
            chain="ethereum", tx_hash=tx(number), kind="token", time=START + timedelta(hours=number), block=100 + number,
            tx_index=0, log_index=1, sender=sender, receiver=receiver, contract=FAKE, symbol=HOSTILE, decimals=3, amount=5_500,
            input_row=number,
        )  # fmt: skip
    batch.reject("/home/someone/pay.csv", 7, f"bad checksum: {SILENT_VICTIM}", f"{FORMULA},{SILENT_VICTIM},{HOSTILE}")
    return batch


def tiny_labels() -> Labels:
    items = (
        Label(chain="ethereum", address=EXCHANGE, label="Binance", category="exchange", entity="Binance", source="tags"),
        Label(chain="ethereum", address=DEPOSIT, label=HOSTILE, category="exchange_deposit", entity=HOSTILE, source=FORMULA),
        Label(chain="ethereum", address=ODD, label=REVERSED, category="mixer", entity=REVERSED, source="tags", confidence=50),
    )
    return Labels(items=items, winners={(item.chain, item.address): item for item in items})


def tiny_seeds() -> Seeds:
    scam = tuple(Seed(chain="ethereum", address=a, category="romance_baiting", campaign="c") for a in (SCAM_1, SCAM_2))
    known = tuple(Seed(chain="ethereum", address=a, role="victim") for a in (VICTIM_B, SILENT_VICTIM))
    return Seeds(scam + known)


def verdict(**changes: object) -> Verdict:
    values: dict[str, object] = {
        "reported_id": "x_2024", "publisher": "Some <b>body</b>", "quantity": "scam inflow", "period": "2024",
        "printed_on": "2025-02-01",
        "status": "current", "rung": "E1", "verdict": "share", "ratio_low": Decimal("0.0321987"),
        "ratio_central": Decimal("0.0322"),
        "ratio_high": Decimal("0.04"), "reported_low": None, "reported_central": Decimal(5_800_000_000), "reported_high": None,
        "bridges": ("vintage",), "reason": "ours is a sample", "caveat": "read the fine print",
    }  # fmt: skip
    return Verdict(**(values | changes))  # type: ignore[arg-type]


def comparison_of(found: Estimate) -> Comparison:
    refused = verdict(
        reported_id="y_2024", verdict="not_comparable", ratio_low=None, ratio_central=None, ratio_high=None,
        reason="another place", rung=None, bridges=(),
    )  # fmt: skip
    return Comparison(
        verdicts=(verdict(), refused),
        estimate=found,
        provenance=Provenance(verb="compare", version="0"),
        never_add=(("x_2024", "y_2024", "the same money, printed by another body"),),
    )


def make_case(batch: Batch, seeds: Seeds, labels: Labels) -> Case:
    store = open_store(":memory:")
    store.load(
        [batch], complete=True, run={"verb": "load", "parameters": "{'path': '/home/someone/pay.csv'}", "name": "pay.csv"}
    )
    exclusions = clean(store, labels=labels)
    clusters = cluster(store, seeds, labels=labels)
    envelope = trace_all(store, seeds, labels=labels, clusters=clusters)
    trace = envelope["haircut"]
    found = estimate(store, clusters, trace, scope=Scope(), envelope=envelope)
    return Case(
        store=store, seeds=seeds, labels=labels, clusters=clusters, exclusions=exclusions, envelope=envelope, trace=trace,
        estimate=found, comparison=comparison_of(found),
    )  # fmt: skip


def written(folder: Path) -> dict[str, str]:
    """Read every file below a folder."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()}
