"""A small case on disk: one victim pays a scam wallet, which pays an exchange and keeps a part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

VICTIM, SCAM, LAYER, EXCHANGE = (f"0x{digit * 40}" for digit in "1234")

HEAD = "chain,block,time,tx_hash,tx_index,log_index,trace_path,kind,contract,symbol,decimals,sender,receiver,amount,ok\n"

CASE = """\
schema = "cryptotrace.case/1"
[case]
id = "small"
title = "A small case"
[[input]]
format = "table"
path = "transfers.csv"
chain = "ethereum"
complete = true
[[seeds]]
path = "seeds.csv"
[[labels]]
path = "labels.csv"
[prices]
files = ["prices.csv"]
[scope]
category = "romance_baiting"
period = "2023"
[report]
edition = "restricted"
"""


def transfer(number: int, sender: str, receiver: str, amount: int) -> str:
    """One native transfer, a block apart from the others."""
    return (
        f"ethereum,{100 + number},2023-03-0{1 + number}T00:00:00Z,0x{number:064x},0,,,native,,ETH,18,{sender},{receiver},"
        f"{amount},true\n"
    )


def write_small_case(folder: Path) -> Path:
    ether = 10**18
    rows = [
        transfer(1, VICTIM, SCAM, 10 * ether),
        transfer(2, SCAM, LAYER, 8 * ether),
        transfer(3, LAYER, EXCHANGE, 5 * ether),
    ]
    files = {
        "transfers.csv": HEAD + "".join(rows),
        "seeds.csv": f"chain,address,role,category,campaign\nethereum,{SCAM},perpetrator,romance_baiting,c0\n",
        "labels.csv": f"chain,address,label,category,entity\nethereum,{EXCHANGE},hot wallet,exchange,Larkfield\n",
        "prices.csv": "time,asset,usd\n" + "".join(f"2023-03-0{day}T00:00:00Z,ETH,1000\n" for day in range(1, 6)),
        "case.toml": CASE,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "case.toml"


@pytest.fixture
def small_case(tmp_path: Path) -> Path:
    """The path of its case file; the folder holds nothing else."""
    return write_small_case(tmp_path)


@pytest.fixture
def changed(small_case: Path) -> Callable[[str, str], Path]:
    """Replace a text of the case file, which must be there."""

    def change(old: str, new: str) -> Path:
        text = small_case.read_text(encoding="utf-8")
        assert old in text
        small_case.write_text(text.replace(old, new), encoding="utf-8")
        return small_case

    return change
