"""Receipts and logs of Etherscan, asked of the fake explorer: all of them, or an error that says why not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pulling import COLUMNS, KEY, InProcess, transfers_of

from cryptotrace.errors import InputError, MalformedAnswer, NotIndexedYet, RangeTooLarge, SourceError
from cryptotrace.schema import WIDE
from cryptotrace.sources.base import Answer, HasReceipts, Request
from cryptotrace.sources.etherscan import node as etherscan_proxy
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.evm.events import TRANSFER
from cryptotrace.testing.explorers import UNLIMITED, FakeEtherscan, Fault, Faults, random_chain

WORLD = random_chain(11, transactions=60, addresses=5)
LAST = max(row.block for row in WORLD.transactions)
NEVER = "0x" + "99" * 32


class Counting(InProcess):
    """Also keeps what was asked."""

    def __init__(self, explorer: FakeEtherscan) -> None:
        super().__init__(explorer)
        self.asked: list[dict[str, str]] = []

    def fetch(self, request: Request) -> Answer:
        self.asked.append(dict(request.parameters))
        return super().fetch(request)


def source(*faults: Fault, world: Any = WORLD, log_rows: int = 1_000) -> tuple[Etherscan, Counting]:
    fetcher = Counting(FakeEtherscan(world, plan=UNLIMITED, faults=Faults(*faults)))
    found = Etherscan("ethereum", fetcher)
    found.log_rows = log_rows
    return found, fetcher


def moved(batches: Any) -> Counter[tuple[Any, ...]]:
    names = ("tx_hash", "sender", "receiver", "contract", "amount", "log_index", "block", "time")
    return Counter(
        tuple(row[COLUMNS[name]] for name in names)
        for batch in batches
        for row in transfers_of(batch)
        if row[COLUMNS["kind"]] == "token"
    )


def truth(
    contract: str | None = None, tx_hash: str | None = None, first: int = 0, last: int = LAST
) -> Counter[tuple[Any, ...]]:
    return Counter(
        (row.tx_hash, row.sender, row.receiver, row.contract, row.amount, row.log_index, row.block, row.time)
        for row in WORLD.transfers
        if row.kind == "token" and row.ok
        and contract in (None, row.contract) and tx_hash in (None, row.tx_hash)
    )  # fmt: skip


# -- receipts ------------------------------------------------------------------------------------------------------------


def test_a_receipt_gives_outcome_fee_and_every_token_row_with_its_place():
    etherscan, fetcher = source()
    assert isinstance(etherscan, HasReceipts)
    for row in WORLD.transactions:
        batch = etherscan.receipt(row.tx_hash)
        assert moved([batch]) == truth(tx_hash=row.tx_hash)
        (facts,) = (dict(zip(WIDE["transactions"].names, cells, strict=True)) for cells in batch.rows["transactions"])
        assert (facts["ok"], facts["fee"], facts["signer"], facts["time"]) == (row.ok, row.fee, row.signer, row.time)
        assert (facts["block"], facts["tx_index"]) == (row.block, row.tx_index)
    assert len(fetcher.asked) == 2 * len(WORLD.transactions)


def test_a_receipt_costs_one_request_where_the_time_is_known():
    etherscan, fetcher = source()
    row = WORLD.transactions[0]
    assert len(etherscan.receipt(row.tx_hash.removeprefix("0x").upper(), time=row.time)) > 0
    assert [one["action"] for one in fetcher.asked] == ["eth_getTransactionReceipt"]
    assert fetcher.asked[0]["txhash"] == row.tx_hash


def test_an_unknown_transaction_is_an_error_and_never_empty():
    with pytest.raises(NotIndexedYet):
        source()[0].receipt(NEVER)
    with pytest.raises(InputError):
        source()[0].receipt("0x12")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("html", 200, times=None), "malformed"),
        (Fault("truncated", times=None), "malformed"),
        (Fault("bad_key", times=None), "bad_key"),
        (Fault("notok", "Max daily rate limit reached. 110000 (100%) of 100000 day/limit", times=None), "quota_exhausted"),
    ],
)
def test_a_receipt_that_does_not_come_is_an_error_of_its_kind(fault, kind):
    with pytest.raises(SourceError) as caught:
        source(fault)[0].receipt(WORLD.transactions[0].tx_hash)
    assert caught.value.kind == kind


class Twisted(Counting):
    """Answers the first questions about something else."""

    def __init__(self, explorer: FakeEtherscan, times: int) -> None:
        super().__init__(explorer)
        self.times = times

    def fetch(self, request: Request) -> Answer:
        answer = super().fetch(request)
        self.times -= 1
        if self.times < 0:
            return answer
        parameters = {**dict(request.parameters), "apikey": KEY, "txhash": WORLD.transactions[1].tx_hash}
        other = FakeEtherscan(WORLD, plan=UNLIMITED).answer(parameters)
        return Answer(request=request, status=200, body=other.body, received_at=answer.received_at)


def test_the_receipt_of_another_transaction_is_asked_for_again_and_never_believed():
    row = WORLD.transactions[0]
    fetcher = Twisted(FakeEtherscan(WORLD, plan=UNLIMITED), 2)
    assert moved([Etherscan("ethereum", fetcher).receipt(row.tx_hash, time=row.time)]) == truth(tx_hash=row.tx_hash)
    assert len(fetcher.asked) == 3
    with pytest.raises(MalformedAnswer, match="another transaction"):
        Etherscan("ethereum", Twisted(FakeEtherscan(WORLD, plan=UNLIMITED), 9)).receipt(row.tx_hash, time=row.time)


# -- logs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 5, 7, 1_000])
def test_the_walk_over_logs_gives_every_transfer_once_whatever_the_size_of_a_page(size):
    etherscan, _ = source(log_rows=size)
    pages = list(etherscan.logs(None, [TRANSFER], 0, LAST))
    assert moved(page.batch for page in pages) == truth()
    assert [page.through for page in pages] == sorted({page.through for page in pages})
    assert pages[-1].through == LAST


def test_the_walk_over_logs_of_one_contract_and_party_asks_for_these_alone():
    row = next(row for row in WORLD.transfers if row.kind == "token" and row.ok)
    etherscan, fetcher = source()
    party = f"0x{int(row.sender, 16):064x}"
    found = moved(page.batch for page in etherscan.logs(row.contract, [TRANSFER, None, party], 0, LAST))
    assert found == Counter({key: count for key, count in truth(row.contract).items() if key[2] == row.sender})
    (asked,) = fetcher.asked
    assert (asked["address"], asked["topic0"], asked["topic2"], asked["topic0_2_opr"]) == (row.contract, TRANSFER, party, "and")
    assert "topic1" not in asked


def test_a_walk_over_logs_goes_on_where_it_was_left():
    etherscan, _ = source(log_rows=5)
    whole = list(etherscan.logs(None, [TRANSFER], 0, LAST))
    assert len(whole) > 3
    for at in range(len(whole) - 1):
        rest = list(etherscan.logs(None, [TRANSFER], 0, LAST, whole[at].cursor))
        assert [page.through for page in rest] == [page.through for page in whole[at + 1 :]]
        assert moved(page.batch for page in [*whole[: at + 1], *rest]) == truth()


def test_logs_of_nothing_are_an_error_and_no_request():
    etherscan, fetcher = source()
    for contract, topics in ((None, []), (None, [None]), (None, [TRANSFER] * 5), (None, ["0x12"])):
        with pytest.raises(InputError):
            list(etherscan.logs(contract, topics, 0, LAST))
    assert fetcher.asked == []


def test_one_block_with_more_logs_than_can_be_read_is_an_error_and_not_a_part(monkeypatch):
    etherscan, _ = source(log_rows=1)
    block, count = Counter(row.block for row in WORLD.transfers if row.kind == "token" and row.ok).most_common(1)[0]
    monkeypatch.setattr(etherscan_proxy, "_PAGES", count)
    with pytest.raises(RangeTooLarge, match="cannot be read whole"):
        list(etherscan.logs(None, [TRANSFER], block, block))
    monkeypatch.setattr(etherscan_proxy, "_PAGES", count + 1)
    assert sum(page.rows for page in etherscan.logs(None, [TRANSFER], block, block)) == count > 1


def test_a_range_that_is_refused_as_too_large_is_halved():
    etherscan, fetcher = source(Fault("range_limit", 50_000, times=None, actions=("getLogs",)))
    assert moved(page.batch for page in etherscan.logs(None, [TRANSFER], 0, LAST)) == truth()
    assert len(fetcher.asked) > 3
