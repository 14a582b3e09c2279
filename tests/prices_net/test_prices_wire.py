"""Over a socket on this machine: whole runs, the command line, and a key that goes out in one header and stays nowhere."""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from quoting import FIRST, HOUR, LINK, LINK_CAIP, ODD, hourly, ledger, rows
from raw_server import send, serving
from typer.testing import CliRunner

from cryptotrace.cli import app
from cryptotrace.collect.prices import fetch_prices
from cryptotrace.errors import BadKey, SourceError
from cryptotrace.settings import Secret, Settings
from cryptotrace.sources.prices import open_prices
from cryptotrace.store import open_store
from cryptotrace.testing.explorers import FakeCoinGecko, FakeDefiLlama, FakeEcb, FakeMempoolPrices

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
CANARY = "CANARY7f3kQ+/x&="
REPEATS = json.dumps({"status": {"error_code": 10010, "error_message": f"key {CANARY} is wrong"}}).encode()
MARKET = {"coingecko:ethereum": hourly(FIRST, ["3000.5", "3001"]), f"ethereum:{LINK}": hourly(FIRST, ["18.25"] * 2)}
RECENT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=30)


def opened(name, url, **more):
    return open_prices(name, base_url=url, settings=Settings(keys={}, timeout=2.0, attempts=2), sleep=lambda _: None, **more)


def test_defillama_over_http():
    store = ledger((None, 10**18, 0), (LINK, 5, 1))
    with FakeDefiLlama(MARKET) as oracle:
        found = fetch_prices(store, [opened("defillama", oracle.url)], progress=False)
    assert (found.found, found.requests, len(oracle.requests)) == (3, 1, 1)
    assert {row[1] for row in rows(store)} == {"ETH", LINK_CAIP}


def test_all_four_over_http():
    shift = (RECENT.timestamp() - FIRST) // HOUR
    store = ledger((None, 10**18, int(shift)))
    hour = int(FIRST + shift * HOUR)
    with (
        FakeDefiLlama({}) as llama,
        FakeCoinGecko({"ethereum": {hour: "3000"}}) as gecko,
        FakeEcb({"USD": {hour - hour % 86_400: "1.08"}}) as bank,
        FakeMempoolPrices({"BTC": {hour: "60000"}}) as mempool,
    ):
        sources = [
            opened("defillama", llama.url),
            opened("mempool", mempool.url),
            opened("coingecko", gecko.url),
            opened("ecb", bank.url),
        ]
        found = fetch_prices(store, sources, fiat=["EUR"], progress=False)
    assert found.gaps.rows == ()
    assert {(row[1], row[3]) for row in rows(store)} == {("ETH", "coingecko"), ("fiat:EUR", "ecb")}
    assert mempool.requests == []  # nothing in this ledger is bitcoin


def test_a_key_goes_out_in_its_header_and_stays_nowhere(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    store = ledger((None, 10**18, 0), path=tmp_path / "case.duckdb")
    heard = []

    def answers(handler, query):
        heard.append((handler.headers.get("x-cg-demo-api-key"), handler.path))
        body = f'{{"prices":[[{FIRST * 1000},3000]],"echo":"{CANARY}"}}' if len(heard) > 1 else f"<html>{CANARY}</html>"
        send(handler, 200, body.encode(), X_RateLimit_Limit=CANARY)

    with serving(answers) as url:
        source = opened("coingecko", url, key=Secret(CANARY))
        found = fetch_prices(store, [source], progress=False)
    assert [key for key, _ in heard] == [CANARY, CANARY]
    assert all("CANARY" not in path for _, path in heard)
    assert found.found == 1
    texts = [
        caplog.text,
        str(found),
        repr(found),
        repr(source),
        repr(source.fetcher),
        str(store.rows("SELECT * FROM responses")),
    ]
    assert not any("CANARY" in text for text in texts)
    for path in tmp_path.rglob("*"):
        assert CANARY.encode() not in path.read_bytes()


def test_a_refusal_that_repeats_the_key_does_not_show_it(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    store = ledger((None, 10**18, 0), path=tmp_path / "case.duckdb")
    with serving(lambda handler, _: send(handler, 401, REPEATS)) as url:
        source = opened("coingecko", url, key=Secret(CANARY))
        with pytest.raises(SourceError) as caught:
            fetch_prices(store, [source], progress=False)
    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "CANARY" not in told + str(caught.value) + repr(vars(caught.value)) + caplog.text
    for path in tmp_path.rglob("*"):
        assert b"CANARY" not in path.read_bytes()


def test_the_fake_takes_its_own_key_and_refuses_another():
    hour = int(RECENT.timestamp())
    for key, new in (("test-key", 1), (None, 1), ("stale", 0)):
        store = ledger((None, 1, (hour - FIRST) // HOUR))
        with FakeCoinGecko({"ethereum": {hour: "3000"}}) as gecko:
            source = opened("coingecko", gecko.url, key=key)
            if new:
                assert fetch_prices(store, [source], progress=False).found == new
            else:
                with pytest.raises(BadKey):
                    fetch_prices(store, [source], progress=False)


def test_without_a_key_no_header_is_sent():
    heard = []

    def answers(handler, _):
        heard.append(handler.headers.get("x-cg-demo-api-key"))
        send(handler, 200, f'{{"prices":[[{FIRST * 1000},3000]]}}'.encode())

    with serving(answers) as url:
        fetch_prices(ledger((None, 1, 0)), [opened("coingecko", url)], progress=False)
    assert heard == [None]


# -- the command -----------------------------------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(app, ["prices", *map(str, words)])


def test_the_command_plans_fetches_and_ends_with_its_code(tmp_path):
    place = tmp_path / "case.duckdb"
    ledger((None, 10**18, 0), path=place)
    with FakeDefiLlama(MARKET) as oracle:
        planned = run(place, "--dry-run", "--base-url", oracle.url)
        assert (planned.exit_code, oracle.requests) == (0, [])
        assert "requests: 1 (defillama 1)" in planned.stdout
        done = run(place, "--base-url", oracle.url)
        assert (done.exit_code, len(oracle.requests)) == (0, 1)
        assert "prices: 1 new, 0 gaps, 1 requests" in done.stdout
    assert len(rows(open_store(place))) == 1


def test_the_command_lists_gaps_and_ends_with_three(tmp_path):
    place = tmp_path / "case.duckdb"
    ledger((ODD, 1234567, 0), path=place)
    with FakeDefiLlama(MARKET) as oracle:
        done = run(place, "--base-url", oracle.url)
        told = run(place, "--base-url", oracle.url, "--json")
    assert done.exit_code == told.exit_code == 3
    assert re.search(r"no price: \S+ at 2024-03-04 10:00: 1,234,567 base units", done.stdout)
    document = json.loads(told.stdout)
    assert (document["schema"], document["requests"], document["complete"]) == ("cryptotrace.prices/1", 0, False)
    assert document["gaps"][0]["amount"] == "1234567"
    assert document["plan"]["known_gaps"] == 1


def test_the_plan_as_a_document(tmp_path):
    place = tmp_path / "case.duckdb"
    ledger((None, 10**18, 0), path=place)
    document = json.loads(run(place, "--dry-run", "--json", "--fiat", "EUR").stdout)
    assert document["requests"] == {"defillama": 1, "ecb": 1}


@pytest.mark.parametrize(
    ("words", "code"), [(["--hours", "5"], 5), (["--fiat", "usd"], 5), (["--cross-check", "3"], 5), (["--source", "nobody"], 2)]
)
def test_what_the_command_does_not_understand(tmp_path, words, code):
    place = tmp_path / "case.duckdb"
    ledger((None, 10**18, 0), path=place)
    assert run(place, *words).exit_code == code


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    assert run(tmp_path / "none.duckdb").exit_code == 5
    assert list(Path(tmp_path).iterdir()) == []


def test_a_server_that_fails_ends_with_four(tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    place = tmp_path / "case.duckdb"
    ledger((None, 10**18, 0), path=place)
    with FakeDefiLlama(MARKET, faults={"bad_key": 1, "too_long": 99}) as oracle:
        assert run(place, "--base-url", oracle.url).exit_code == 4


def test_a_pull_and_its_prices_come_again_from_the_answers_to_equal_digests(tmp_path):
    import cryptotrace as ct
    from cryptotrace.collect.price_archive import rebuild_prices
    from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, random_chain

    world = random_chain(5)
    store = ct.open_store(tmp_path / "case.duckdb")
    with FakeEtherscan(world, plan=UNLIMITED) as explorer:
        source = ct.open_source("etherscan", chain="ethereum", key="test-key", base_url=explorer.url, sleep=lambda _: None)
        ct.collect(source, store, [world.transfers[0].sender], progress=False)
    hours = {int(row.time.replace(minute=0, second=0).timestamp()): "2000.25" for row in world.transfers}
    with FakeDefiLlama({"coingecko:ethereum": hours}) as oracle:
        found = fetch_prices(store, [opened("defillama", oracle.url)], progress=False)
    assert found.found > 0
    again = ct.open_store(":memory:")
    ct.replay(store, again, progress=False)
    rebuild_prices(store, again)
    assert again.digests() == store.digests()
