"""A world as files: the same bytes for the same seed, and nothing lost on the way."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cryptotrace.errors import InputError, InputFileError
from cryptotrace.testing import World, empty_world, romance_world

SMALL = {"campaigns": 1, "victims": 3, "days": 45, "people": 5}
HEADERS = {
    "transfers": "chain,block,time,tx_hash,tx_index,log_index,trace_path,kind,contract,symbol,decimals,sender,receiver,"
    "amount,ok",
    "transactions": "chain,tx_hash,block,time,tx_index,signer,to,ok,fee",
    "approvals": "chain,block,time,tx_hash,log_index,contract,owner,spender,amount",
    "seeds": "chain,address,role,category,campaign,source,reported_on",
    "labels": "chain,address,label,category,entity,source,confidence",
    "prices": "time,asset,usd",
    "coverage": "chain,address,stream,status,reason,missing_from_block,missing_to_block,rows_here,rows_missing",
}
DIGEST = """
import hashlib, pathlib, sys, tempfile
from cryptotrace.testing import romance_world
folder = pathlib.Path(tempfile.mkdtemp())
romance_world(7, campaigns=1, victims=3, days=45, people=5).write(folder)
print(hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in sorted(folder.iterdir()))).hexdigest())
heavy = {"numpy", "pandas", "pyarrow", "duckdb", "pydantic", "networkx", "scipy", "web3", "requests", "matplotlib"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in sorted(folder.iterdir()))).hexdigest()


def cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def test_the_same_seed_gives_the_same_bytes_in_every_process_and_another_seed_others(tmp_path):
    romance_world(7, **SMALL).write(tmp_path / "a")
    romance_world(7, **SMALL).write(tmp_path / "b")
    romance_world(-7, **SMALL).write(tmp_path / "c")
    here = digest(tmp_path / "a")
    assert here == digest(tmp_path / "b")
    assert here != digest(tmp_path / "c")
    for hash_seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.split("\n")[:2] == [here, "[]"]


@pytest.mark.parametrize("name", HEADERS)
def test_a_table_reads_back_to_the_rows_it_was_written_from(one_world, tmp_path, name):
    one_world.write(tmp_path)
    text = (tmp_path / f"{name}.csv").read_text(encoding="utf-8")
    assert text.split("\n", 1)[0] == HEADERS[name]
    assert "\r" not in text
    rows = list(csv.DictReader(text.splitlines()))
    planted = getattr(one_world, name)
    assert rows == [{item.name: cell(getattr(row, item.name)) for item in fields(row)} for row in planted]
    assert rows


def test_every_row_has_a_time_in_utc_and_whole_amounts(one_world):
    assert all(row.time.tzinfo is UTC for row in one_world.transfers)
    assert all(type(row.amount) is int for row in one_world.transfers)
    assert all(isinstance(row.usd, Decimal) for row in one_world.prices)


def test_the_truth_file_holds_the_truth(one_world, tmp_path):
    one_world.write(tmp_path)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"), parse_float=pytest.fail)
    assert Decimal(truth["loss_usd"]) == one_world.truth.loss_usd
    assert truth["injected"] == dict(one_world.truth.injected)
    assert [item["amount"] for item in truth["exits"]] == [item.amount for item in one_world.truth.exits]
    assert len(truth["victims"]) == len(one_world.truth.victims)
    assert truth["victims"][0]["payments"][0]["time"].endswith("Z")


def test_the_case_file_names_the_tables_and_the_period(one_world, tmp_path):
    path = one_world.write(tmp_path)
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    (source,) = case["input"]
    assert source["complete"] is True
    named = [source["path"], source["transactions"], source["approvals"], *case["prices"]["files"]]
    named += [item["path"] for item in (*case["seeds"], *case["labels"])]
    assert all((tmp_path / name).is_file() for name in named)
    first, end = case["scope"]["period"].split("/")
    days = {row.time.date().isoformat() for row in one_world.transfers}
    assert first == min(days)
    assert max(days) < end
    assert case["case"]["as_of"] == end + "T00:00:00Z"


def test_the_case_file_is_left_out_on_request(tmp_path):
    path = romance_world(7, **SMALL).write(tmp_path, case=False)
    assert path == tmp_path / "case.toml"
    assert not path.exists()


def test_an_empty_world_writes_a_seed_table_with_a_header_only(tmp_path):
    empty_world(2, days=40, people=5).write(tmp_path)
    assert (tmp_path / "seeds.csv").read_text(encoding="utf-8") == HEADERS["seeds"] + "\n"
    assert len((tmp_path / "labels.csv").read_text(encoding="utf-8").splitlines()) == 7


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    with pytest.raises(InputFileError, match="taken"):
        romance_world(7, **SMALL).write(tmp_path / "taken")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ({"reported": "some"}, "reported"),
        ({"days": 39}, "days"),
        ({"campaigns": 0}, "campaigns"),
        ({"victims": 0}, "victims"),
        ({"people": 1}, "people"),
        ({"seed": True}, "seed"),
        ({"seed": "1"}, "seed"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(setting, where):
    with pytest.raises(InputError) as caught:
        romance_world(**{"seed": 1, **SMALL, **setting})
    assert caught.value.where == where
    assert caught.value.hint


def test_worlds_are_frozen(one_world):
    with pytest.raises(AttributeError):
        one_world.name = "other"
    assert isinstance(one_world, World)
