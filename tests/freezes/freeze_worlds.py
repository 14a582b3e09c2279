"""Small worlds in which issuers freeze, and what must come out of them by a recount of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cryptotrace as ct
from cryptotrace.errors import TransientSourceError
from cryptotrace.settings import Secret
from cryptotrace.sources._http import HttpFetcher
from cryptotrace.sources.base import Answer, Request
from cryptotrace.sources.etherscan.lists import Etherscan
from cryptotrace.sources.limits import Pace
from cryptotrace.sources.tron.trongrid import TronGrid
from cryptotrace.testing._rows import TransactionRow, TransferRow
from cryptotrace.testing.explorers import (
    UNLIMITED,
    FakeEtherscan,
    FakeTronGrid,
    Fault,
    IssuerRow,
    IssuerWorld,
    TronWorld,
)
from cryptotrace.testing.explorers.tron_worlds import TronCall, hex41, tron_address

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
TRON_USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
SIGNER = "0xc6cde7c39eb2f0f0095f41570af89efc2c1ea828"
ZERO = "0x" + "0" * 40
HEAD = 1_000
FINAL = HEAD - 64
"""Where lists end: Etherscan's newest blocks are not final."""
START = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = {
    USDT: {"freeze": "AddedBlackList", "unfreeze": "RemovedBlackList", "destroy": "DestroyedBlackFunds"},
    USDC: {"freeze": "Blacklisted", "unfreeze": "UnBlacklisted"},
    TRON_USDT: {"freeze": "AddedBlackList", "unfreeze": "RemovedBlackList", "destroy": "DestroyedBlackFunds"},
}
RESULT = {"freeze": ("_user",), "unfreeze": ("_user",), "destroy": ("_blackListedUser", "_balance")}


def who(number: int) -> str:
    """Somebody on Ethereum."""
    return f"0x{0xA000_0000_0000_0000_0000 + number:040x}"


def who_on_tron(number: int) -> str:
    return tron_address(bytes.fromhex(who(number)[2:]))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens: ``pay`` from ``sender`` to ``owner``, or what an issuer does to ``owner``."""

    block: int
    kind: str
    owner: str
    amount: int = 0
    sender: str = ZERO
    contract: str = USDT


def time_of(block: int) -> datetime:
    return START + timedelta(seconds=12 * block)


def hash_of(number: int) -> str:
    return f"0x{number + 1:064x}"


def ethereum(steps: Sequence[Step]) -> IssuerWorld:
    """Give a world of steps in the order of the chain, each in a transaction of its own; log indices count over a block."""
    transfers, transactions, events = [], [], []
    for number, step in enumerate(steps):
        place = sum(other.block == step.block for other in steps[:number])
        at: dict[str, Any] = {
            "chain": "ethereum", "block": step.block, "time": time_of(step.block), "tx_hash": hash_of(number),
        }  # fmt: skip
        signer = SIGNER if step.kind != "pay" or step.sender == ZERO else step.sender
        transactions.append(TransactionRow(**at, tx_index=place, signer=signer, to=step.contract, ok=True, fee=0))
        if step.kind == "pay":
            transfers.append(
                TransferRow(
                    **at, tx_index=place, log_index=place, trace_path=None, kind="token", contract=step.contract,
                    symbol="USDT", decimals=6, sender=step.sender, receiver=step.owner, amount=step.amount, ok=True,
                )
            )  # fmt: skip
            continue
        events.append(
            IssuerRow(
                **at, log_index=place, contract=step.contract, event=NAMES[step.contract][step.kind], owner=step.owner,
                amount=step.amount if step.kind == "destroy" else None, indexed=step.contract == USDC,
            )
        )  # fmt: skip
    return IssuerWorld(transfers=transfers, transactions=transactions, issuer_events=events)


# -- asking a fake without a socket ----------------------------------------------------------------------------------------


class _InProcess(HttpFetcher):
    def __init__(self, explorer: Any, judge: Any, **settings: Any) -> None:
        given = {"sleep": lambda _: None, "pace": Pace(1e9, sleep=lambda _: None), "secret": Secret("test-key")}
        super().__init__("http://127.0.0.1/v2/api", classify=judge, **{**given, **settings})
        self.explorer = explorer

    def _send(self, request: Request) -> Answer:
        answer = self._asked(request)
        if answer.wire:
            raise TransientSourceError("no connection", where="in process")
        return Answer(request=request, status=answer.status, body=answer.body, received_at=START, headers=dict(answer.headers))

    def _asked(self, request: Request) -> Any:
        raise NotImplementedError


class AskEtherscan(_InProcess):
    def _asked(self, request: Request) -> Any:
        return self.explorer.answer({**dict(request.parameters), "apikey": "test-key"})


class AskTronGrid(_InProcess):
    def _asked(self, request: Request) -> Any:
        return self.explorer.answer(dict(request.parameters), path=request.path, payload=request.payload, key="test-key")


def fake(world: IssuerWorld, *faults: Fault, **settings: Any) -> FakeEtherscan:
    return FakeEtherscan(world, plan=UNLIMITED, faults=faults, **{"head": HEAD, "log_index": "present", **settings})


def etherscan(explorer: FakeEtherscan) -> Etherscan:
    return Etherscan("ethereum", AskEtherscan(explorer, Etherscan.judge))


def trongrid(explorer: FakeTronGrid, *, page_rows: int = 3) -> TronGrid:
    return TronGrid("tron", AskTronGrid(explorer, TronGrid.judge, secret_header="TRON-PRO-API-KEY"), page_rows=page_rows)


def collected(world: IssuerWorld, accounts: Iterable[str] = ()) -> ct.Store:
    """Give a store with the freezes of a world, and the lists of these accounts."""
    store = ct.open_store(":memory:")
    source = etherscan(fake(world))
    assert not ct.collect_freezes(source, store, progress=False).is_partial
    if accounts:
        assert not ct.collect(source, store, list(accounts), progress=False).is_partial
    return store


# -- TRON ------------------------------------------------------------------------------------------------------------------


class FrozenTron(FakeTronGrid):
    """A fake TronGrid whose contract also has events of its issuer."""

    def __init__(self, steps: Sequence[Step], *, in_reverse: bool = False, **settings: Any) -> None:
        transfers, calls, self.rows = [], [], []
        for number, step in enumerate(steps):
            place = sum(other.block == step.block for other in steps[:number])
            at: dict[str, Any] = {
                "chain": "tron", "block": step.block, "time": time_of(step.block), "tx_hash": hash_of(number)[2:],
            }  # fmt: skip
            tx = TransactionRow(**at, tx_index=place, signer=who_on_tron(99), to=TRON_USDT, ok=True, fee=0)
            call = TronCall(row=tx, contract="TriggerSmartContract", data="a9059cbb" + "00" * 64)
            calls.append(call)
            if step.kind == "pay":
                call.logs.append(
                    TransferRow(
                        **at, tx_index=place, log_index=0, trace_path=None, kind="token", contract=TRON_USDT, symbol="USDT",
                        decimals=6, sender=step.sender, receiver=step.owner, amount=step.amount, ok=True,
                    )
                )  # fmt: skip
                transfers.append(call.logs[0])
            else:
                self.rows.append(_tron_event(step, call))
        if in_reverse:
            self.rows.sort(key=lambda row: (row["block_timestamp"], -int(row["transaction_id"], 16)))
        world = TronWorld(
            name="frozen", addresses=(), calls=tuple(calls), transfers=tuple(transfers),
            transactions=tuple(call.row for call in calls), approvals=(),
        )  # fmt: skip
        super().__init__(world, **settings)

    def _honest(self, number: int, params: dict[str, str], path: str, payload: str) -> Any:
        if not path.endswith("/events"):
            return super()._honest(number, params, path, payload)
        first, last = int(params["min_block_timestamp"]), min(int(params["max_block_timestamp"]), self.head)
        rows = [
            row for row in self.rows
            if row["event_name"] == params["event_name"] and first <= row["block_timestamp"] <= last
        ]  # fmt: skip
        at, size = self._place(params, path), int(params["limit"])
        mark = self._mark(params, path, at + size) if at + size < len(rows) else ""
        meta = {"at": self.head, "page_size": size, **({"fingerprint": mark} if mark else {})}
        body = json.dumps({"data": rows[at : at + size], "success": True, "meta": meta}).encode()
        return replace(super()._honest(number, {}, "/walletsolidity/getnowblock", ""), body=body)


def _tron_event(step: Step, call: TronCall) -> dict[str, Any]:
    values = [f"0x{hex41(step.owner)[2:]}", *([str(step.amount)] if step.kind == "destroy" else [])]
    names = RESULT[step.kind]
    result = {str(at): value for at, value in enumerate(values)} | dict(zip(names, values, strict=True))
    return {
        "block_number": step.block, "block_timestamp": call.stamp, "caller_contract_address": TRON_USDT,
        "contract_address": TRON_USDT, "event_index": 0, "event_name": NAMES[TRON_USDT][step.kind], "result": result,
        "transaction_id": call.row.tx_hash,
    }  # fmt: skip


# -- truth -----------------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Truth:
    """What an address is after all steps, by going through them one by one."""

    status: str = ""
    freezes: int = 0
    held: int | None = None
    received: int | None = None
    destroyed: int = 0


def truth_of(steps: Sequence[Step], owner: str, contract: str = USDT) -> Truth:
    truth, balance, listed = Truth(), 0, False
    for step in steps:
        if step.contract != contract:
            continue
        if step.kind == "pay":
            come = step.amount * (step.owner == owner) * (step.sender != owner)
            balance += come - step.amount * (step.sender == owner) * (step.owner != owner)
            if listed and truth.received is not None:
                truth.received += come
        elif step.owner != owner:
            continue
        elif step.kind == "freeze":
            if not listed:
                truth = Truth(status="frozen", freezes=truth.freezes + 1, held=balance, received=0, destroyed=truth.destroyed)
            listed = True
        elif step.kind == "unfreeze":
            truth.status, listed = "released", False
        else:
            truth.status, truth.destroyed = "destroyed", truth.destroyed + step.amount
            balance -= step.amount
    return truth
