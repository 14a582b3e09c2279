"""Rules, reasons and totals on small stores."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cryptotrace.errors import StoreError
from cryptotrace.hygiene import REASONS, clean, ensure_clean, needs_cleaning
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import Batch
from cryptotrace.store import LEDGER_SQL, open_store

T0 = datetime(2024, 1, 1, tzinfo=UTC)
A, B, C = (f"0x{n:040x}" for n in (0xA1, 0xB2, 0xC3))
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
FAKE = "0x00000000000000000000000000000000000fa4e0"


def row(batch, tx, kind="native", amount=5, **more):
    batch.add_transfer(chain="ethereum", tx_hash=tx, kind=kind, time=T0, block=1, sender=A, receiver=B, amount=amount, **more)


def stored(*batches, path=":memory:"):
    store = open_store(path)
    store.load(batches)
    return store


def transaction(batch, tx, ok):
    batch.add("transactions", ("ethereum", tx, 1, T0, 0, A, B, ok, 21_000, None, None))


def reasons(store):
    rows = store.rows(
        "SELECT t.tx_hash, t.kind, coalesce(t.trace_path, ''), e.reason FROM exclusions AS e "
        "JOIN transfers AS t ON t.id = e.transfer ORDER BY ALL"
    )
    return set(rows)


def test_a_failed_transfer_is_out_and_its_fee_stays():
    batch = Batch()
    row(batch, "0x1", ok=False)
    row(batch, "0x1", kind="fee", amount=7)
    store = stored(batch)
    clean(store)
    assert reasons(store) == {("0x1", "native", "", "failed")}


def test_what_else_a_failed_transaction_claims_to_have_moved_is_out_even_where_its_own_status_is_ok():
    batch = Batch()
    transaction(batch, "0x1", False)
    row(batch, "0x1")
    row(batch, "0x1", kind="token", contract=USDT, log_index=3)
    row(batch, "0x1", kind="internal", trace_path="0_1")
    row(batch, "0x1", kind="fee", amount=9)
    row(batch, "0x2", kind="token", contract=USDT, log_index=4)
    store = stored(batch)
    clean(store)
    assert reasons(store) == {
        ("0x1", "native", "", "failed"),
        ("0x1", "token", "", "failed"),
        ("0x1", "internal", "0_1", "failed_ancestor"),
    }


def test_an_unknown_status_of_a_transaction_excludes_nothing():
    batch = Batch()
    transaction(batch, "0x1", None)
    row(batch, "0x1")
    store = stored(batch)
    clean(store)
    assert reasons(store) == set()


def test_a_failed_frame_takes_its_whole_subtree_along_by_whole_components():
    batch = Batch()
    row(batch, "0x1", kind="internal", trace_path="0_1", amount=0, ok=False)
    for path in ("0_1_0", "0_1_0_2", "0_1_11"):
        row(batch, "0x1", kind="internal", trace_path=path, amount=6, ok=True)
    for path in ("0_10", "0_10_1", "0_2", "0"):
        row(batch, "0x1", kind="internal", trace_path=path, amount=8, ok=True)
    row(batch, "0x2", kind="internal", trace_path="0_1_0", ok=True)
    store = stored(batch)
    clean(store)
    taken = {path for tx, _, path, reason in reasons(store) if reason == "failed_ancestor"}
    assert taken == {"0_1_0", "0_1_0_2", "0_1_11"}
    assert {tx for tx, *_ in reasons(store)} == {"0x1"}


def test_an_internal_row_falls_with_its_top_level_value_and_without_a_table_of_transactions():
    batch = Batch()
    row(batch, "0x1", amount=0, ok=False)
    row(batch, "0x1", kind="internal", trace_path="3", ok=True)
    row(batch, "0x1", kind="internal", amount=4, ok=True)
    store = stored(batch)
    clean(store)
    assert [reason for *_, reason in sorted(reasons(store))].count("failed_ancestor") == 2
    assert store.rows(f"SELECT count(*) FROM ({LEDGER_SQL}) AS ledger") == [(0,)]


@pytest.mark.parametrize("call", ["delegatecall", "DELEGATECALL", "StaticCall", "callcode"])
def test_calls_that_move_no_value_are_out(call):
    batch = Batch()
    row(batch, "0x1", kind="internal", trace_path="0", call_type=call)
    row(batch, "0x2", kind="internal", trace_path="0", call_type="call")
    row(batch, "0x3", kind="internal", trace_path="0", call_type="create2")
    store = stored(batch)
    clean(store)
    assert reasons(store) == {("0x1", "internal", "0", "not_a_value_call")}


def test_zero_value_is_out_and_one_unit_stays():
    batch = Batch()
    row(batch, "0x1", kind="token", contract=USDT, amount=0)
    row(batch, "0x2", kind="token", contract=USDT, amount=1)
    store = stored(batch)
    clean(store)
    assert reasons(store) == {("0x1", "token", "", "zero_value")}


def test_a_counterfeit_token_is_out_whole_and_the_real_one_stays():
    batch = Batch()
    row(batch, "0x1", kind="token", contract=FAKE, symbol="U\u0405DT", decimals=6, log_index=1)
    row(batch, "0x2", kind="token", contract=FAKE, symbol="U\u0405DT", decimals=6, log_index=1, amount=0)
    row(batch, "0x3", kind="token", contract=USDT, symbol="USDT", decimals=6, log_index=1)
    store = stored(batch)
    clean(store)
    assert reasons(store) == {
        ("0x1", "token", "", "counterfeit"), ("0x2", "token", "", "counterfeit"), ("0x2", "token", "", "zero_value"),
    }  # fmt: skip
    ((detail,),) = store.rows("SELECT DISTINCT detail FROM exclusions WHERE reason = 'counterfeit'")
    assert "\\u0405" in detail
    assert "USDT" in detail


def test_many_counterfeit_tokens_at_once():
    batch = Batch()
    for n in range(1_500):
        row(batch, f"0x{n}", kind="token", contract=f"0x{0xFA0000 + n:040x}", symbol="USD\u0422", log_index=0)
    store = stored(batch)
    clean(store)
    assert store.rows("SELECT count(*) FROM exclusions WHERE reason = 'counterfeit'") == [(1_500,)]


def test_the_table_names_every_rule_with_counts_an_example_and_a_definition():
    batch = Batch()
    row(batch, "0x1", kind="token", contract=USDT, amount=0, log_index=1)
    row(batch, "0x2", kind="token", contract=USDT, amount=0, log_index=1)
    row(batch, "0x3", amount=0, ok=False)
    found = clean(stored(batch))
    assert found.table.columns == ("reason", "transfers", "assets", "example_tx", "definition")
    assert found.table.column("reason") == tuple(REASONS)
    by_reason = {r["reason"]: r for r in found.table.dicts()}
    assert (by_reason["zero_value"]["transfers"], by_reason["zero_value"]["assets"]) == (3, 2)
    assert (by_reason["failed"]["transfers"], by_reason["failed"]["example_tx"]) == (1, "0x3")
    assert (by_reason["counterfeit"]["transfers"], by_reason["counterfeit"]["example_tx"]) == (0, None)
    assert all(by_reason[reason]["definition"] for reason in REASONS)
    assert list(found.to_pandas()["reason"]) == list(REASONS)


def test_totals_are_exact_and_a_row_with_two_reasons_is_taken_once():
    batch = Batch()
    row(batch, "0x1", amount=3)
    row(batch, "0x2", amount=10**24 + 1, ok=False, call_type="delegatecall")
    found = clean(stored(batch))
    assert found.totals.columns == ("asset", "transfers_before", "amount_before", "transfers_after", "amount_after")
    assert found.totals.rows == (("eip155:1/slip44:60", 2, 10**24 + 4, 1, 3),)


def test_a_junk_token_beyond_any_engine_number_does_not_stop_the_cleaning():
    batch = Batch()
    for tx in ("0x1", "0x2", "0x3"):
        row(batch, tx, kind="token", contract=FAKE, symbol="JUNK", amount=MAX_AMOUNT, log_index=1)
    row(batch, "0x4", kind="token", contract=USDT, amount=12, log_index=1)
    found = clean(stored(batch))
    totals = {asset: rest for asset, *rest in found.totals.rows}
    assert totals[f"eip155:1/erc20:{_display(FAKE)}"] == [3, 3 * MAX_AMOUNT, 3, 3 * MAX_AMOUNT]
    assert totals[f"eip155:1/erc20:{_display(USDT)}"] == [1, 12, 1, 12]
    assert found.totals.rows[0][0].endswith(_display(USDT)), "listed contracts come first"


def _display(address):
    from cryptotrace.codecs import display_address

    return display_address(address, "ethereum")


def test_cleaning_is_skipped_until_the_store_changes():
    batch, more = Batch(), Batch()
    row(batch, "0x1", amount=0)
    row(more, "0x2", amount=0)
    store = stored(batch)
    assert needs_cleaning(store)
    clean(store)
    assert not needs_cleaning(store)
    store.run("UPDATE exclusions SET detail = 'a mark that a second cleaning would wipe'")
    first = clean(store)
    assert store.rows("SELECT detail FROM exclusions") == [("a mark that a second cleaning would wipe",)]
    assert first == clean(store)
    store.load([more])
    assert needs_cleaning(store)
    clean(store)
    assert sorted(store.rows("SELECT detail FROM exclusions")) == [("amount is 0",), ("amount is 0",)]


def test_changed_rules_make_a_store_need_cleaning():
    store = stored(Batch())
    clean(store)
    store.run("UPDATE meta SET value = '0:rules-of-an-older-version' WHERE name = 'cleaned'")
    assert needs_cleaning(store)


def test_an_empty_store_cleans_to_nothing():
    found = clean(open_store(":memory:"))
    assert found.totals.rows == ()
    assert sum(found.table.column("transfers")) == 0


def test_a_read_only_store_that_needs_cleaning_says_what_to_do(tmp_path):
    batch = Batch()
    row(batch, "0x1", amount=0)
    path = tmp_path / "case.duckdb"
    stored(batch, path=path)
    frozen = open_store(path, read_only=True)
    with pytest.raises(StoreError, match="Open it for writing once") as caught:
        ensure_clean(frozen)
    assert str(path) in str(caught.value)
    clean(open_store(path))
    assert clean(frozen).table.column("transfers")[3] == 1


def test_html_escapes_what_came_from_outside():
    batch = Batch()
    row(batch, "<script>alert(1)</script>", amount=0)
    html = clean(stored(batch))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_old_symbols_of_a_real_history_are_not_called_counterfeit(shared_data):
    saved = json.loads(
        (shared_data / "etherscan_v1" / "get_erc20_token_transfer_events_by_address.json").read_text(encoding="utf-8")
    )
    batch = Batch()
    for n, item in enumerate(saved["res"] if isinstance(saved["res"], list) else saved["res"]["result"]):
        row(batch, item["hash"], kind="token", contract=item["contractAddress"], symbol=item["tokenSymbol"], log_index=n,
            amount=int(item["value"]))  # fmt: skip
    store = stored(batch)
    clean(store)
    assert store.rows("SELECT count(*) FROM transfers") == [(1_209,)]
    assert [r for r in reasons(store) if r[3] == "counterfeit"] == []
