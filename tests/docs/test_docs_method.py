"""The worked example of the method page: a bait payment back, an internal move, a round trip through an exchange."""

from __future__ import annotations

from decimal import Decimal

import cryptotrace as ct

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
VICTIM, FIRST, SECOND, EXCHANGE = (f"0x{digit * 40}" for digit in "1234")
PAYMENTS = (
    (VICTIM, FIRST, 100), (FIRST, VICTIM, 20), (VICTIM, FIRST, 300), (FIRST, SECOND, 380), (SECOND, EXCHANGE, 380),
    (EXCHANGE, FIRST, 200), (FIRST, EXCHANGE, 200),
)  # fmt: skip


def ladder(tmp_path):
    rows = [
        f"ethereum,0x{number:02x},2024-01-0{number}T00:00:00Z,{number},0,0,{sender},{receiver},{USDT},USDT,6,{dollars * 10**6}"
        for number, (sender, receiver, dollars) in enumerate(PAYMENTS, start=1)
    ]
    heading = "chain,tx_hash,time,block,tx_index,log_index,sender,receiver,contract,symbol,decimals,amount"
    (tmp_path / "transfers.csv").write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text(
        f"chain,address,label,category,entity\nethereum,{EXCHANGE},Some Exchange,exchange,Some Exchange\n", encoding="utf-8"
    )
    store = ct.open_store(":memory:")
    ct.load_transfers(store, tmp_path / "transfers.csv", format="table", complete=True)
    seeds = ct.load_seeds(FIRST, SECOND, campaign="example")
    labels = ct.load_labels(tmp_path / "labels.csv")
    clusters = ct.cluster(store, seeds, labels=labels)
    envelope = ct.trace_all(store, seeds, labels=labels, clusters=clusters)
    return ct.estimate(store, clusters, envelope["haircut"], envelope=envelope)


def test_the_ladder_of_the_example_is_the_one_on_the_page(tmp_path, root):
    estimate = ladder(tmp_path)
    page = (root / "docs" / "explanation" / "method.md").read_text(encoding="utf-8")
    wanted = {"E0": (980, 980), "E1": (600, 600), "E2": (380, 580), "E3": (380, 580), "E4": (580, 580)}
    for name, (low, central) in wanted.items():
        assert (estimate[name].low_usd, estimate[name].central_usd) == (Decimal(low), Decimal(central)), name
        assert f"| {name} | {low} | {central} |" in page


def test_a_fifth_of_a_swap_is_tainted_in_proportion_as_the_page_says():
    from cryptotrace.tracing.policies import convert, parcel_taint

    ether, dollars = 10**18, 10**6
    assert parcel_taint(convert([(10 * ether, 4 * ether)], 18_000 * dollars)) == 7_200 * dollars
