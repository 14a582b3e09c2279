"""What an answer of an Esplora server is: an error is never an empty list, whatever its status."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from coin_pulls import InProcess, in_process, walked

from cryptotrace.errors import (
    BadRequest,
    InputError,
    InvalidAddressError,
    MalformedAnswer,
    RangeTooLarge,
    RateLimited,
    SourceError,
    TransientSourceError,
)
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.bitcoin.answers import classify, read_height, read_standing
from cryptotrace.sources.bitcoin.coins import hash_of
from cryptotrace.sources.bitcoin.esplora_rows import Odd, read_transactions
from cryptotrace.sources.bitcoin.scripts import address_of, type_of
from cryptotrace.sources.limits import Pace
from cryptotrace.testing.explorers import CoinFault, FakeBlockchainInfo, FakeEsplora, random_coin_chain
from cryptotrace.testing.explorers.esplora import tx_json

NOTICE = b'{"message":"Blockstream Explorer API NOTICE: Your request rate exceeds the current limit"}'


def answered(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    request = Request(source="esplora", chain="bitcoin", stream="native", subject="bc1q")
    return Answer(
        request=request, status=status, body=body, received_at=datetime(2026, 1, 1, tzinfo=UTC), headers=headers or {}
    )


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (NOTICE, 429, RateLimited),
        (NOTICE, 200, RateLimited),
        (b"Too Many Requests", 429, RateLimited),
        (b"<html>429</html>", 429, RateLimited),
        (b"Maximum concurrent requests reached", 429, RateLimited),
        (b"Too many history entries", 400, RangeTooLarge),
        (b"Too many history entries", 200, RangeTooLarge),
        (b"history too long", 413, RangeTooLarge),
        (b"", 413, RangeTooLarge),
        (b"Invalid Bitcoin address", 400, BadRequest),
        (b"Address on invalid network", 400, BadRequest),
        (b"Invalid hex string", 400, BadRequest),
        (b"Transaction not found", 404, BadRequest),
        (b"after_txid not found", 422, BadRequest),
        (b'{"error":"after_txid not found"}', 422, BadRequest),
        (b'{"error":"not-found-or-invalid-arg","message":"Item not found or argument invalid"}', 404, BadRequest),
        (b"<html>502 Bad Gateway</html>", 502, TransientSourceError),
        (b"<html>blocked</html>", 403, MalformedAnswer),
        (b"<html>welcome</html>", 200, MalformedAnswer),
        (b"", 200, MalformedAnswer),
        (b'[{"txid":"', 200, MalformedAnswer),
        (b"Something that nobody has seen", 200, MalformedAnswer),
        (b"Something that nobody has seen", 500, TransientSourceError),
        (b"[]", 503, TransientSourceError),
        (b"\xff\xfe", 200, MalformedAnswer),
        (b"[" * 100_000, 200, MalformedAnswer),
    ],
)
def test_an_error_is_told_by_its_words_before_its_status(body, status, kind):
    with pytest.raises(SourceError) as caught:
        classify(answered(body, status))
    assert type(caught.value) is kind


def test_an_address_with_too_long_a_history_is_too_busy_in_coverage():
    with pytest.raises(RangeTooLarge) as caught:
        classify(answered(b"Too many history entries", 400))
    assert caught.value.kind == "too_busy"


def test_a_wait_that_the_server_asks_for_is_read():
    with pytest.raises(RateLimited) as caught:
        classify(answered(NOTICE, 429, {"Retry-After": "17"}))
    assert caught.value.wait == 17


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b"{}", b"700000", b'{"address":"bc1q"}'])
def test_what_is_no_error_is_let_through_for_its_reader_to_judge(body):
    classify(answered(body))


def test_words_of_a_server_are_shown_on_one_short_line():
    with pytest.raises(SourceError) as caught:
        classify(answered(b"Invalid \x1b[31m\n" + b"x" * 5_000, 400))
    assert len(caught.value.what) <= 200
    assert caught.value.what.isprintable()


@pytest.mark.parametrize("body", [b"-1", b"1.5", b"1e5", b'"700000"', b"null", b"9" * 20, "\u0667".encode(), b"[]"])
def test_a_height_that_is_none_is_refused(body):
    with pytest.raises(MalformedAnswer):
        read_height(answered(body))


@pytest.mark.parametrize(
    "change",
    [
        {"address": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
        {"chain_stats": None},
        {"chain_stats": {"funded_txo_sum": 1, "spent_txo_sum": 2, "tx_count": 2}},
        {"chain_stats": {"funded_txo_sum": -1, "spent_txo_sum": -1, "tx_count": 2}},
        {"chain_stats": {"funded_txo_sum": 1.5, "spent_txo_sum": 0, "tx_count": 2}},
        {"chain_stats": {"funded_txo_sum": "1", "spent_txo_sum": "0", "tx_count": "2"}},
        {"mempool_stats": {"funded_txo_sum": 0, "spent_txo_sum": 0, "tx_count": -1}},
    ],
)
def test_a_count_that_cannot_be_true_is_refused(change):
    sums = {"funded_txo_sum": 5, "spent_txo_sum": 2, "tx_count": 2}
    good = {"address": "bc1q", "chain_stats": sums, "mempool_stats": sums}
    assert read_standing(answered(json.dumps(good).encode()), "bc1q").received == 5
    with pytest.raises(MalformedAnswer):
        read_standing(answered(json.dumps(good | change).encode()), "bc1q")


# -- rows ----------------------------------------------------------------------------------------------------------------


def honest_row() -> dict[str, object]:
    """Give a row with an input that is a coin, and an output that pays an address."""
    for block in random_coin_chain(3).blocks:
        for tx in block.transactions:
            if not tx.is_coinbase and tx.outputs[0].address and tx.inputs[0][2].address:
                return json.loads(json.dumps(tx_json(tx, block)))
    raise AssertionError("a chain without payments")


def changes():
    yield "version", lambda row: row.update(version=3)
    yield "locktime", lambda row: row.update(locktime=7)
    yield "name", lambda row: row.update(txid="0" * 64)
    yield "amount", lambda row: row["vout"][0].update(value=row["vout"][0]["value"] + 1)
    yield "negative", lambda row: row["vout"][0].update(value=-1)
    yield "float", lambda row: row["vout"][0].update(value=1.5)
    yield "text", lambda row: row["vout"][0].update(value="1")
    yield "huge", lambda row: row["vout"][0].update(value=10**30)
    yield "script", lambda row: row["vout"][0].update(scriptpubkey="00" * 22)
    yield "script in capitals", lambda row: row["vout"][0].update(scriptpubkey=row["vout"][0]["scriptpubkey"].upper() + "AB")
    yield "spaces in a script", lambda row: row["vout"][0].update(scriptpubkey=" " + row["vout"][0]["scriptpubkey"])
    yield "address", lambda row: row["vout"][0].update(scriptpubkey_address="1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    yield "markup", lambda row: row["vout"][0].update(scriptpubkey_address="<script>alert(1)</script>")
    yield "coin", lambda row: row["vin"][0].update(vout=row["vin"][0]["vout"] + 1)
    yield "value of a coin", lambda row: row["vin"][0]["prevout"].update(value=row["vin"][0]["prevout"]["value"] + 1)
    yield "coin left out", lambda row: row["vin"][0].update(prevout=None)
    yield "called new", lambda row: row["vin"][0].update(is_coinbase=True)
    yield "fee", lambda row: row.update(fee=row["fee"] + 1)
    yield "no inputs", lambda row: row.update(vin=[])
    yield "no outputs", lambda row: row.update(vout=[])
    yield "block", lambda row: row["status"].update(block_height=-1)
    yield "no block", lambda row: row["status"].update(block_height=None)
    yield "time in ms", lambda row: row["status"].update(block_time=1_631_333_672_000)
    yield "list", lambda row: row.update(vout={"0": row["vout"][0]})


@pytest.mark.parametrize(("name", "change"), list(changes()), ids=[name for name, _ in changes()])
def test_a_row_that_was_altered_anywhere_is_refused_whole(name, change):
    good = honest_row()
    (read,) = read_transactions(json.dumps([good]).encode())
    assert not isinstance(read, Odd)
    bad = json.loads(json.dumps(good))
    change(bad)
    found = read_transactions(json.dumps([good, bad, good]).encode())
    assert [isinstance(one, Odd) for one in found] == [False, True, False], name
    assert json.loads(found[1].raw) == bad


@pytest.mark.parametrize("body", [b"{}", b"[{}]", b"[1]", b'"x"', b'[{"txid":1}]', b"[null]", b"", b"[" * 10_000])
def test_what_is_no_list_of_transactions_is_malformed(body):
    with pytest.raises(MalformedAnswer):
        read_transactions(body)


def test_the_first_payment_ever_is_named_by_its_own_hash():
    """Block 170: the transaction that every textbook prints."""
    key = (
        "0411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5c"
        "b2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3"
    )
    other = (
        "04ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414"
        "e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84c"
    )
    signature = (
        "47304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56"
        "cbbac4622082221a8768d1d0901"
    )
    spent = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9"
    name = hash_of(
        version=1,
        locktime=0,
        inputs=[(spent, 0, signature, 0xFFFFFFFF)],
        outputs=[(10 * 10**8, f"41{other}ac"), (40 * 10**8, f"41{key}ac")],
    )
    assert name == "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
    assert (type_of(f"41{key}ac"), address_of(f"41{key}ac")) == ("p2pk", None)


@pytest.mark.parametrize(
    ("script", "kind", "address"),
    [
        ("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", "p2pkh", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("0014751e76e8199196d454941c45d1b3a323f1433bd6", "v0_p2wpkh", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "v1_p2tr",
         "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
        ("5210751e76e8199196d454941c45d1b3a323", "unknown", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"),
        ("51024e73", "anchor", "bc1pfeessrawgf"),
        ("6a", "op_return", None),
        ("", "empty", None),
        ("0015751e76e8199196d454941c45d1b3a323f1433bd6", "unknown", None),
        ("00", "unknown", None),
    ],
)  # fmt: skip
def test_scripts_of_the_standards_have_their_type_and_address(script, kind, address):
    """Addresses from BIP-173, BIP-350 and the genesis block."""
    assert (type_of(script), address_of(script)) == (kind, address)


# -- questions -----------------------------------------------------------------------------------------------------------


def test_another_chain_and_another_address_are_refused_before_anything_is_asked():
    explorer = FakeEsplora(random_coin_chain(1))
    source = in_process(explorer)
    with pytest.raises(InputError):
        type(source)("ethereum", source.fetcher)
    with pytest.raises(InvalidAddressError):
        list(source.pages("native", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", 0, 700_000))
    with pytest.raises(InputError):
        source.balance("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "0xtoken", "1")
    assert explorer.requests == []


@pytest.mark.parametrize("name", ["esplora", "mempool", "blockchain_info"])
def test_the_balance_is_that_of_everything_confirmed(name):
    chain = random_coin_chain(5)
    settled = chain.grown(0)
    explorer = FakeBlockchainInfo(settled) if name == "blockchain_info" else FakeEsplora(settled)
    if name == "blockchain_info":
        explorer.chain = type(chain)(blocks=chain.blocks, waiting=(), owners=chain.owners)
    source = in_process(explorer, name)
    for address in chain.addresses:
        assert source.balance(address, None, "1") == chain.balance(address, chain.tip)


def test_a_balance_tells_the_block_that_it_holds_at_or_gives_up():
    chain = random_coin_chain(6)
    source = in_process(FakeEsplora(chain, faults=CoinFault("grow", 1, first=2)))
    amount, height = source.balance_at(chain.addresses[0], "1")
    assert height == chain.tip + 1
    assert amount == source.fetcher.explorer.chain.balance(chain.addresses[0], height)
    with pytest.raises(TransientSourceError):
        in_process(FakeEsplora(chain, faults=CoinFault("grow", 1, times=None))).balance_at(chain.addresses[0], "1")


def test_an_unused_address_is_proven_empty_by_two_answers():
    explorer = FakeEsplora(random_coin_chain(1))
    steps = walked(in_process(explorer), "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", 700_018)
    assert (steps[-1].progress.status, steps[-1].progress.rows, len(explorer.requests)) == ("complete", 0, 2)


def test_the_pace_uses_almost_all_that_is_allowed_and_is_never_refused():
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    chain = random_coin_chain(7, blocks=60, addresses=2)
    explorer = FakeEsplora(chain, page_rows=3, per_second=3.0, clock=lambda: now[0])
    source = type(in_process(explorer))("bitcoin", InProcess(explorer, pace=Pace(3.0, now=lambda: now[0], sleep=sleep)))
    for address in chain.addresses:
        assert walked(source, address, chain.tip - 5)[-1].progress.status == "complete"
    assert {one.status for one in explorer.requests} == {200}
    assert len(explorer.requests) > 50
    assert len(explorer.requests) / now[0] >= 0.95 * 3.0
