"""Inputs that are not files: pulls from an explorer and replays, what they leave behind, and that a case goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cryptotrace as ct
from cryptotrace.case import run_case
from cryptotrace.case.file import CaseFile
from cryptotrace.errors import BadKey, CaseFileError, CryptotraceError, TransientSourceError
from cryptotrace.testing import World, romance_world
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Open = Callable[..., Any]

CASE = """\
schema = "cryptotrace.case/1"
[case]
id = "pulled"
as_of = "2023-04-10T00:00:00Z"
[[input]]
kind = "explorer"
source = "etherscan"
chain = "ethereum"
hops = 1
[[seeds]]
path = "seeds.csv"
[[labels]]
path = "labels.csv"
[prices]
files = ["prices.csv"]
"""


@pytest.fixture(scope="module")
def world() -> World:
    return romance_world(3, campaigns=1, victims=2, people=6, days=40)


@pytest.fixture
def case(world: World, tmp_path: Path) -> Path:
    """A case that pulls from an explorer, beside the files of a world."""
    world.write(tmp_path, case=False)
    (tmp_path / "case.toml").write_text(CASE, encoding="utf-8")
    return tmp_path / "case.toml"


@pytest.fixture
def explorer(world: World) -> Iterator[FakeEtherscan]:
    with FakeEtherscan(world, plan=UNLIMITED) as served:
        yield served


def opener(explorer: FakeEtherscan) -> Open:
    """Open the fake explorer in place of a real one."""

    def opened(name: str, *, chain: str) -> Any:
        return ct.open_source(name, chain=chain, key="test-key", base_url=explorer.url, sleep=lambda _: None)

    return opened


def change(case: Path, old: str, new: str) -> Path:
    text = case.read_text(encoding="utf-8")
    assert old in text
    case.write_text(text.replace(old, new), encoding="utf-8")
    return case


def test_the_seeds_of_the_chain_and_their_counterparties_are_pulled(case: Path, explorer: FakeEtherscan, world: World) -> None:
    told: list[str] = []
    result = run_case(case, progress=told.append, open=opener(explorer))
    asked = {request.params["address"] for request in explorer.requests if "address" in request.params}
    mine = {row.address for row in world.seeds}
    services = {row.address for row in world.labels}
    near = {
        party for row in world.transfers if row.ok and row.amount and not mine.isdisjoint((row.sender, row.receiver))
        for party in (row.sender, row.receiver)
    }  # fmt: skip
    assert mine < asked <= near - services
    assert result.estimate["E0"].central_usd
    assert told[:4] == ["reading the case", "collecting from etherscan, ethereum", "loading prices", "cleaning"]
    (status,) = result.coverage.table.dicts()
    assert (status["status"], status["addresses"]) == ("complete", len(asked))
    assert {path.name for path in case.parent.iterdir()} >= {"pulled.duckdb", "report.html"}
    assert not (case.parent / "pulled.duckdb.journal").exists()


def test_the_victims_loss_of_a_pulled_case_is_that_of_the_files(case: Path, explorer: FakeEtherscan, world: World) -> None:
    pulled = run_case(case, open=opener(explorer)).estimate
    files = run_case(world.write(case.parent / "files")).estimate
    for rung in ("E0", "E1", "E2", "E3"):
        assert pulled[rung].central_usd == files[rung].central_usd, rung


def test_what_lies_beyond_the_hops_makes_the_result_partial(case: Path, explorer: FakeEtherscan) -> None:
    result = run_case(change(case, "hops = 1", "hops = 0"), open=opener(explorer))
    assert result.is_partial
    assert any("(not pulled)" in reason for reason in result.partial_reasons)


@pytest.mark.parametrize(("key", "reason"), [("max_requests = 9", "budget"), ("to_block = 16800000", None)])
def test_limits_of_a_pull_make_the_result_partial_with_the_reason(
    case: Path, explorer: FakeEtherscan, key: str, reason: str | None
) -> None:
    result = run_case(change(case, "hops = 1", f"hops = 0\n{key}"), open=opener(explorer))
    statuses = {(row["status"], row["reason"]) for row in result.coverage.table.dicts()}
    if reason is None:
        assert statuses == {("complete", None)}
        ((last,),) = result.store.rows("SELECT max(block) FROM transfers")
        assert last <= 16_800_000
    else:
        assert ("partial", reason) in statuses
        assert any(f"coverage is partial for {n}" in each for n in ("1", "2", "3") for each in result.partial_reasons)


def test_a_budget_that_ran_out_is_gone_on_with(case: Path, explorer: FakeEtherscan) -> None:
    text = change(case, "hops = 1", "hops = 0\nmax_requests = 7").read_text(encoding="utf-8")
    partial = run_case(case, open=opener(explorer))
    assert any("budget" in reason for reason in partial.partial_reasons)
    asked = len(explorer.requests)
    case.write_text(text.replace("max_requests = 7", "max_requests = 70"), encoding="utf-8")
    whole = run_case(case, open=opener(explorer))
    assert not any("budget" in reason for reason in whole.partial_reasons)
    assert asked + len(explorer.requests) - asked <= 3 + 3 * 3 + 1


def test_a_missing_key_and_a_chain_without_seeds_are_said_before_the_store_is_touched(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ETHERSCAN_API_KEY", raising=False)
    before = sorted(path.name for path in case.parent.iterdir())
    with pytest.raises(BadKey, match="no key") as caught:
        run_case(case)
    assert caught.value.exit_code == 4
    with pytest.raises(CaseFileError, match="no seed is on polygon") as refused:
        run_case(change(case, 'chain = "ethereum"', 'chain = "polygon"'))
    assert refused.value.where == f"{case}: input.0"
    assert sorted(path.name for path in case.parent.iterdir()) == before


def test_a_store_that_nothing_was_asked_for_is_taken_away_again(case: Path, world: World) -> None:
    before = sorted(path.name for path in case.parent.iterdir())
    for faults in (Fault("bad_key", times=None), Fault("html", 502, times=None)):
        with FakeEtherscan(world, plan=UNLIMITED, faults=faults) as explorer, pytest.raises(CryptotraceError) as caught:
            run_case(case, open=opener(explorer))
        assert caught.value.exit_code == 4
        assert sorted(path.name for path in case.parent.iterdir()) == before


def test_a_pull_that_fails_part_way_keeps_its_store_and_goes_on(case: Path, explorer: FakeEtherscan) -> None:
    def stop(words: str) -> None:
        if words == "loading prices":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_case(case, progress=stop, open=opener(explorer))
    assert (case.parent / "pulled.duckdb").is_file()
    assert not (case.parent / "report.html").exists()
    lists = [request for request in explorer.requests if request.params["module"] == "account"]
    result = run_case(change(case, "hops = 1", "hops = 1\nto_block = 17000000"), open=opener(explorer))
    assert result.report.html.is_file()
    again = [request for request in explorer.requests if request.params["module"] == "account"]
    assert again == lists  # everything up to that block was there


def test_a_server_that_goes_away_in_the_middle_leaves_a_partial_result_that_is_mended_later(case: Path, world: World) -> None:
    with FakeEtherscan(world, plan=UNLIMITED, faults=Fault("reset", first=8, times=None)) as broken:
        result = run_case(case, open=opener(broken))
    assert any("unavailable" in reason for reason in result.partial_reasons)
    assert result.report.html.is_file()
    with FakeEtherscan(world, plan=UNLIMITED) as mended:
        again = run_case(case, open=opener(mended))
    assert not any("unavailable" in reason for reason in again.partial_reasons)


def test_a_store_of_files_alone_is_taken_away_again_when_the_run_fails(world: World, tmp_path: Path) -> None:
    def stop(words: str) -> None:
        if words == "tracing":
            raise TransientSourceError("stop")

    case = world.write(tmp_path)
    with pytest.raises(TransientSourceError):
        run_case(case, progress=stop)
    assert not (tmp_path / "romance-3.duckdb").exists()


def test_a_replay_gives_the_same_case_without_a_network(case: Path, explorer: FakeEtherscan) -> None:
    first = run_case(case, open=opener(explorer))
    asked = len(explorer.requests)
    shutil.copyfile(case.parent / "pulled.duckdb", case.parent / "answers.duckdb")
    text = case.read_text(encoding="utf-8")
    start, end = text.index("[[input]]"), text.index("[[seeds]]")
    for name in ("pulled", "again"):
        new = f'{text[:start]}[[input]]\nkind = "replay"\npath = "answers.duckdb"\n{text[end:]}'
        case.write_text(new.replace('id = "pulled"', f'id = "{name}"'), encoding="utf-8")
        again = run_case(case, open=no_source)
        assert again.store.digests() == first.store.digests()
        assert again.estimate.table().rows == first.estimate.table().rows
        assert again.partial_reasons == first.partial_reasons
    assert len(explorer.requests) == asked


def no_source(name: str, *, chain: str) -> Any:
    raise AssertionError("a replay opens no explorer")


def test_what_is_no_archive_is_refused_with_its_key(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    start, end = text.index("[[input]]"), text.index("[[seeds]]")
    (case.parent / "folder").mkdir()
    ct.open_store(case.parent / "empty.duckdb")
    for path, said in (
        ("none.duckdb", "no such file"), ("folder", "no"), ("seeds.csv", "not a case store"),
        ("empty.duckdb", "nothing was collected"), ("pulled.duckdb", "no such file"),
    ):  # fmt: skip
        case.write_text(f'{text[:start]}[[input]]\nkind = "replay"\npath = "{path}"\n{text[end:]}', encoding="utf-8")
        with pytest.raises(CaseFileError, match=said) as caught:
            run_case(case)
        assert caught.value.where.startswith(f"{case}: input.0"), path
    assert not (case.parent / "pulled.duckdb").exists()


def test_an_archive_that_is_also_the_store_is_refused(case: Path, explorer: FakeEtherscan) -> None:
    run_case(case, open=opener(explorer))
    text = case.read_text(encoding="utf-8")
    start, end = text.index("[[input]]"), text.index("[[seeds]]")
    case.write_text(f'{text[:start]}[[input]]\nkind = "replay"\npath = "pulled.duckdb"\n{text[end:]}', encoding="utf-8")
    with pytest.raises(CaseFileError, match=r"is also input\.0\.path"):
        run_case(case)


def test_a_store_of_another_explorer_input_is_refused(case: Path, explorer: FakeEtherscan) -> None:
    run_case(case, open=opener(explorer))
    text = case.read_text(encoding="utf-8")
    start, end = text.index("[[input]]"), text.index("[[seeds]]")
    files = '[[input]]\nformat = "table"\npath = "transfers.csv"\nchain = "ethereum"\n'
    case.write_text(text[:start] + files + text[end:], encoding="utf-8")
    with pytest.raises(CaseFileError, match="collected from etherscan, ethereum") as caught:
        run_case(case)
    assert "case.store" in caught.value.where


def test_files_and_an_explorer_may_stand_side_by_side(case: Path, explorer: FakeEtherscan) -> None:
    files = '[[input]]\nformat = "table"\npath = "transfers.csv"\nchain = "ethereum"\n[[seeds]]'
    result = run_case(change(case, "[[seeds]]", files), open=opener(explorer))
    verbs = {verb for (verb,) in result.store.rows("SELECT verb FROM runs")}
    assert verbs == {"collect", "load_transfers", "load_prices"}


LEAST = {
    "schema": "cryptotrace.case/1",
    "case": {"id": "least"},
    "seeds": [{"path": "seeds.csv"}],
}


def test_the_defaults_of_an_explorer_input_are_those_of_collect() -> None:
    section = {"kind": "explorer", "source": "etherscan", "chain": "eth"}
    (read,) = CaseFile.model_validate({**LEAST, "input": [section]}).input
    assert read.model_dump() == {
        **section, "chain": "ethereum", "hops": 0, "max_requests": None, "max_rows_per_address": 20_000,
        "to_block": "finalized", "prove": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "key", "said", "hint"),
    [
        ('source = "etherscn"', "source", "no explorer", "etherscan"),
        ("hops = -1", "hops", "too small", "0 or more"),
        ('hops = "1"', "hops", "whole number", "digits"),
        ("max_requests = 0", "max_requests", "too small", "at least 1"),
        ("max_rows_per_address = 0", "max_rows_per_address", "too small", "at least 1"),
        ('to_block = "latest"', "to_block", "no block", "finalized"),
        ("to_block = -5", "to_block", "no block", "finalized"),
        ("to_block = true", "to_block", "no block", "finalized"),
        ('prove = "all"', "prove", "says not what to prove", "seeds"),
        ("prove = 1", "prove", "says not what to prove", "true"),
        ("hop = 1", "hop", "no such key", "Did you mean hops?"),
        ('path = "x.csv"', "path", "no such key", ""),
        ('key = "secret"', "key", "no such key", ""),
    ],
)
def test_a_wrong_key_of_an_explorer_input_is_named(case: Path, line: str, key: str, said: str, hint: str) -> None:
    name = line.partition(" ")[0]
    text = "\n".join(one for one in case.read_text(encoding="utf-8").splitlines() if not one.startswith(f"{name} ="))
    case.write_text(text.replace('kind = "explorer"', f'kind = "explorer"\n{line}'), encoding="utf-8")
    if name == "path":
        case.write_text(CASE.replace('kind = "explorer"', f'kind = "explorer"\n{line}'), encoding="utf-8")
    with pytest.raises(CaseFileError, match=said) as caught:
        run_case(case)
    assert caught.value.where == f"{case}: input.0.{key}"
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_key_has_no_place_in_what_a_case_leaves(case: Path, explorer: FakeEtherscan) -> None:
    result = run_case(case, open=opener(explorer))
    texts = [path.read_bytes() for path in case.parent.rglob("*") if path.is_file()]
    texts += [str(result).encode(), repr(result).encode(), json.dumps(dict(result.coverage.provenance.inputs)).encode()]
    assert not any(b"test-key" in text for text in texts)
