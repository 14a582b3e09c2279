"""Prices: exact decimals of assets that we can name."""

from __future__ import annotations

from decimal import Decimal

from cryptotrace.schema import STORED, Batch, arrow_table
from cryptotrace.sources import read_prices


def prices(*paths):
    whole = Batch()
    for batch in read_prices(*paths):
        for table, rows in batch.rows.items():
            whole.rows.setdefault(table, []).extend(rows)
    return whole


def test_prices_of_a_world_load_whole_and_exact(shared_data):
    path = shared_data / "worlds" / "romance_full-101" / "prices.csv"
    batch = prices(path)
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    assert not batch.rejects
    assert [(r[0].strftime("%Y-%m-%dT%H:%M:%SZ"), r[1], str(r[2])) for r in batch.rows["prices"]] == [
        tuple(line.split(",")) for line in lines
    ]
    assert {r[3] for r in batch.rows["prices"]} == {"file:prices.csv"}
    assert arrow_table(STORED["prices"], batch.rows["prices"]).num_rows == len(lines)


def test_caip_19_names_are_written_in_one_way_and_sources_are_kept(write):
    batch = prices(
        write(
            "p.csv",
            "time,asset,usd,source",
            "1700000000,eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7,0.999999999999999999,feed",
            "2023-01-01,eip155:56/slip44:714,250,",
        )
    )
    assert not batch.rejects
    assert [row[1:4] for row in batch.rows["prices"]] == [
        ("eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", Decimal("0.999999999999999999"), "feed"),
        ("eip155:56/slip44:714", Decimal(250), "file:p.csv"),
    ]


def test_what_is_no_price_is_rejected(write):
    bad = [
        "2023-01-01,ETH,0", "2023-01-01,ETH,-1", "2023-01-01,ETH,", "2023-01-01,ETH,NaN", "2023-01-01,ETH,1e20",
        "2023-01-01,ETH,0.1234567890123456789", "2023-01-01,PEPE,1", "2023-01-01,eip155:1/erc721:0x1,1", "yesterday,ETH,1",
    ]  # fmt: skip
    batch = prices(write("p.csv", "time,asset,usd", *bad, "2023-01-01,ETH,1"))
    assert [reject.raw for reject in batch.rejects] == bad
    assert len(batch.rows["prices"]) == 1
