"""What a case asks for beside its lists: balances that prove them, and prices."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import cryptotrace as ct
from cryptotrace.case import render_case, run_case
from cryptotrace.cli.documents import run_document
from cryptotrace.errors import CaseFileError, TransientSourceError
from cryptotrace.sources.prices import open_prices
from cryptotrace.testing import World, romance_world
from cryptotrace.testing.explorers import UNLIMITED, FakeDefiLlama, FakeEtherscan, Fault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"

CASE = """\
schema = "cryptotrace.case/1"
[case]
id = "pulled"
as_of = "2023-04-10T00:00:00Z"
[[input]]
kind = "explorer"
source = "etherscan"
chain = "ethereum"
prove = PROVE
[[seeds]]
path = "seeds.csv"
[[labels]]
path = "labels.csv"
[prices]
PRICES
"""
FILES = 'files = ["prices.csv"]'


@pytest.fixture(scope="module")
def world() -> World:
    return romance_world(3, campaigns=1, victims=2, people=6, days=40)


@pytest.fixture
def write(world: World, tmp_path: Path) -> Callable[..., Path]:
    """Write a case that pulls its seeds, beside the files of a world."""
    world.write(tmp_path, case=False)

    def written(prove: str = "false", prices: str = FILES) -> Path:
        (tmp_path / "case.toml").write_text(CASE.replace("PROVE", prove).replace("PRICES", prices), encoding="utf-8")
        return tmp_path / "case.toml"

    return written


@pytest.fixture
def explorer(world: World) -> Iterator[FakeEtherscan]:
    with FakeEtherscan(world, plan=UNLIMITED) as served:
        yield served


def opener(explorer: FakeEtherscan) -> Callable[..., Any]:
    def opened(name: str, *, chain: str) -> Any:
        return ct.open_source(name, chain=chain, key="test-key", base_url=explorer.url, sleep=lambda _: None)

    return opened


def unproven(case: Path) -> Any:
    """Take a row of a seed out of the case's store, and write its report again."""
    store = ct.open_store(case.parent / "pulled.duckdb")
    store.run(
        "DELETE FROM transfers WHERE id = (SELECT min(t.id) FROM transfers AS t JOIN accounts AS m ON m.id = t.receiver "
        "JOIN assets AS a ON a.id = t.asset JOIN balances AS b ON b.address = m.address AND b.contract = a.contract "
        "WHERE t.kind = 'token' AND t.ok AND t.amount > 0)"
    )
    return render_case(case)


def test_a_case_that_proves_asks_for_balances_after_the_pull_and_says_so_everywhere(
    write: Callable[..., Path], explorer: FakeEtherscan, world: World
) -> None:
    told: list[str] = []
    case = write("true")
    result = run_case(case, progress=told.append, open=opener(explorer))
    assert told[1:4] == ["collecting from etherscan, ethereum", "asking etherscan for balances, ethereum", "loading prices"]
    proofs = list(result.estimate.table("proofs").dicts())
    assert {row["address"] for row in proofs} == {row.address for row in world.seeds}
    assert {row["status"] for row in proofs} == {"proven"}
    assert result.estimate["E3"].unproven_usd == 0
    assert not any("balance" in reason for reason in result.partial_reasons)
    page = result.report.html.read_text(encoding="utf-8")
    assert f"Balances were asked for {len(world.seeds)} accounts" in page
    assert "Not checked against balances" not in page
    document = run_document(result)
    assert document["balances"]["asked"] == document["balances"]["proven"] == len(proofs)
    assert document["balances"]["accounts"] == document["balances"]["proven_accounts"] == len(world.seeds)
    assert document["ladder"][3]["unproven_usd"] == "0.000000"
    json.dumps(document)


def test_a_case_that_does_not_prove_asks_for_no_balance_and_says_that_nothing_was_checked(
    write: Callable[..., Path], explorer: FakeEtherscan
) -> None:
    result = run_case(write(), open=opener(explorer))
    assert not any("balance" in request.params.get("action", "") for request in explorer.requests)
    page = result.report.html.read_text(encoding="utf-8")
    assert "Not checked against balances" in page
    assert "unproven accounts" not in page
    document = run_document(result)
    assert document["balances"] is None
    assert {rung["unproven_share"] for rung in document["ladder"]} == {None}
    (proofs,) = (path for path in result.report.tables if path.name == "proofs.csv")
    assert len(proofs.read_text(encoding="utf-8").splitlines()) == 1


def test_a_row_that_is_lost_makes_the_case_partial_and_stands_first_in_the_report(
    write: Callable[..., Path], explorer: FakeEtherscan
) -> None:
    case = write('"seeds"')
    run_case(case, open=opener(explorer))
    result = unproven(case)
    total = len(result.estimate.table("proofs"))
    assert f"the rows do not add up to 1 of {total} balances that were asked for" in result.partial_reasons
    share = result.estimate["E3"].unproven_share
    assert 0 < share < 1
    assert result.estimate["E3"].standing in result.report.html.read_text(encoding="utf-8")
    assert "of E3 rests on them" in result.answer
    (proofs,) = (path for path in result.report.tables if path.name == "proofs.csv")
    first, *rest = proofs.read_text(encoding="utf-8").splitlines()[1:]
    assert ",partial,unreconciled," in first
    assert all(",proven," in line for line in rest)


def test_an_explorer_that_tells_no_balance_leaves_the_case_partial(write: Callable[..., Path], world: World) -> None:
    refused = Fault("html", 502, times=None, actions=("balance", "tokenbalance"))
    with FakeEtherscan(world, plan=UNLIMITED, faults=refused) as explorer:
        result = run_case(write("true"), open=opener(explorer))
    assert any("balances that were asked for" in reason for reason in result.partial_reasons)
    assert {row["status"] for row in result.estimate.table("proofs").dicts()} == {"unproven"}
    assert result.estimate["E3"].unproven_share == 1


def test_a_replay_gives_the_same_proofs_without_a_network(write: Callable[..., Path], explorer: FakeEtherscan) -> None:
    first = run_case(write("true"), open=opener(explorer))
    asked = len(explorer.requests)
    case = write("true")
    shutil.copyfile(case.parent / "pulled.duckdb", case.parent / "answers.duckdb")
    (case.parent / "pulled.duckdb").unlink()
    text = case.read_text(encoding="utf-8")
    start, end = text.index("[[input]]"), text.index("[[seeds]]")
    case.write_text(f'{text[:start]}[[input]]\nkind = "replay"\npath = "answers.duckdb"\n{text[end:]}', encoding="utf-8")
    again = run_case(case)
    assert again.store.digests() == first.store.digests()
    assert again.estimate.table("proofs").rows == first.estimate.table("proofs").rows
    assert len(explorer.requests) == asked


def test_prices_that_a_case_fetches_stand_in_for_its_files(
    write: Callable[..., Path], explorer: FakeEtherscan, world: World
) -> None:
    days = {int(row.time.timestamp()): row.usd for row in world.prices if row.asset == "ETH"}
    hours = {day + 3600 * hour: str(usd) for day, usd in days.items() for hour in range(24)}
    told: list[str] = []
    with FakeDefiLlama({"coingecko:ethereum": hours, f"ethereum:{WETH}": hours}) as oracle:
        result = run_case(
            write(prices='fetch = ["defillama"]'), progress=told.append, open=opener(explorer),
            open_prices=lambda name: open_prices(name, base_url=oracle.url, sleep=lambda _: None),
        )  # fmt: skip
        assert oracle.requests
    assert "fetching prices from defillama" in told
    assert result.store.rows("SELECT DISTINCT source FROM prices") == [("defillama",)]
    assert result.estimate["E3"].central_usd
    assert abs(result.estimate["E3"].central_usd - world.truth.loss_usd) <= Decimal("0.05") * world.truth.loss_usd


def test_prices_that_nobody_gives_are_told_and_the_case_goes_on(write: Callable[..., Path], explorer: FakeEtherscan) -> None:
    class Refusing:
        name = "defillama"

        def __getattr__(self, name: str) -> Any:
            raise TransientSourceError("the oracle is asleep", where="defillama")

    result = run_case(
        write(prices='fetch = ["defillama"]\nstable_par = false'), open=opener(explorer), open_prices=lambda _: Refusing()
    )
    assert any("no price was fetched: the oracle is asleep" in reason for reason in result.partial_reasons)
    assert result.report.html.is_file()


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('fetch = ["defilama"]', "prices.fetch.0", "source of prices"),
        ('fetch = "defillama"', "prices.fetch", "must be a list"),
        ('fetch = ["ecb", "ecb"]', "prices.fetch", "named twice"),
    ],
)
def test_a_wrong_source_of_prices_is_named(write: Callable[..., Path], line: str, key: str, said: str) -> None:
    case = write(prices=line)
    with pytest.raises(CaseFileError, match=said) as caught:
        run_case(case)
    assert caught.value.where == f"{case}: {key}"


def test_an_explorer_that_cannot_tell_balances_is_refused_before_the_store_is_made(write: Callable[..., Path]) -> None:
    class Mute:
        name = "etherscan"
        chain = "ethereum"

    case = write("true")
    with pytest.raises(CaseFileError, match="tells no balances") as caught:
        run_case(case, open=lambda *_, **__: Mute())  # type: ignore[arg-type]
    assert caught.value.where == f"{case}: input.0: prove"
    assert not (case.parent / "pulled.duckdb").exists()
