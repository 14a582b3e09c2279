"""What one row of a world looks like in the answers of an explorer: every value a string."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TypeAlias

from cryptotrace.testing._rows import ApprovalRow, TransactionRow, TransferRow
from cryptotrace.testing.explorers.issuers import IssuerRow

Row: TypeAlias = dict[str, object]
LogRow: TypeAlias = TransferRow | ApprovalRow | IssuerRow

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
_OTHER_CALL = "0x7465726e"
"""Selector of calls that are neither a transfer nor an approval; invented, so that nobody decodes it."""


@dataclass(slots=True, kw_only=True)
class Call:
    """A transaction with all that it did; written while a world is indexed, only read afterwards."""

    row: TransactionRow
    created: str
    nonce: int
    gas_used: int
    gas_price: int
    gas_before_and_own: int
    has_value: bool = False
    value: int = 0
    internals: list[TransferRow] = field(default_factory=list)
    logs: list[LogRow] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, int]:
        """Block and place in the block."""
        return self.row.block, self.row.tx_index

    @property
    def receiver(self) -> str:
        """Who is called, or the contract that is created."""
        return self.row.to or self.created

    @property
    def second(self) -> int:
        """POSIX second of its block."""
        return int(self.row.time.timestamp())

    @property
    def data(self) -> tuple[str, str]:
        """Call data and the name of the function."""
        log = self.logs[0] if len(self.logs) == 1 else None
        if isinstance(log, TransferRow) and (log.contract, log.sender) == (self.row.to, self.row.signer):
            return f"0xa9059cbb{word(log.receiver)}{word(log.amount)}", "transfer(address _to, uint256 _value)"
        if isinstance(log, ApprovalRow) and log.contract == self.row.to:
            return f"0x095ea7b3{word(log.spender)}{word(log.amount)}", "approve(address _spender, uint256 _value)"
        if self.logs or self.internals or not self.has_value:
            return _OTHER_CALL, ""
        return "0x", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of a list: a transaction, or a movement in it."""

    call: Call
    move: TransferRow | None = None

    @property
    def block(self) -> int:
        """Number of its block."""
        return self.call.row.block

    @property
    def row(self) -> TransferRow:
        """The movement; only for lists of movements."""
        assert self.move is not None
        return self.move

    @property
    def contract(self) -> str:
        """The token that it moves."""
        return self.row.contract or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One event of a token."""

    call: Call
    row: LogRow

    @property
    def address(self) -> str:
        """The contract that wrote it."""
        return self.row.contract or ""

    @property
    def topics(self) -> list[str]:
        """The event and its addresses."""
        if isinstance(self.row, IssuerRow):
            topic, *owners = self.row.words[0]
            return [topic, *(f"0x{word(owner)}" for owner in owners)]
        if isinstance(self.row, ApprovalRow):
            return [APPROVAL, "0x" + word(self.row.owner), "0x" + word(self.row.spender)]
        return [TRANSFER, "0x" + word(self.row.sender), "0x" + word(self.row.receiver)]

    @property
    def data(self) -> str:
        """What stands beside the topics."""
        values = self.row.words[1] if isinstance(self.row, IssuerRow) else [self.row.amount]
        return "0x" + "".join(map(word, values))

    @property
    def index(self) -> int:
        """Its place among the events of the block."""
        assert self.row.log_index is not None
        return self.row.log_index


def word(value: str | int) -> str:
    """Return an address or a number as 32 bytes in hex."""
    return f"{int(value, 16) if isinstance(value, str) else value:064x}"


def made_up_hash(text: str) -> str:
    """Return an invented hash that depends on the text alone."""
    return "0x" + hashlib.sha256(text.encode()).hexdigest()


def made_up_address(text: str) -> str:
    """Return an invented address that depends on the text alone."""
    return made_up_hash(text)[:42]


def block_hash(block: int) -> str:
    """Return the invented hash of a block."""
    return made_up_hash(f"block {block}")


def txlist_row(item: Item, head: int) -> Row:
    """Return a row of ``account/txlist``."""
    call, row = item.call, item.call.row
    data, function = call.data
    return {
        "blockNumber": str(row.block),
        "timeStamp": str(call.second),
        "hash": row.tx_hash,
        "nonce": str(call.nonce),
        "blockHash": block_hash(row.block),
        "transactionIndex": str(row.tx_index),
        "from": row.signer,
        "to": row.to or "",
        "value": str(call.value),
        "gas": str(call.gas_used * 2),
        "gasPrice": str(call.gas_price),
        "isError": "0" if row.ok else "1",
        "txreceipt_status": "1" if row.ok else "0",
        "input": data,
        "contractAddress": call.created,
        "cumulativeGasUsed": str(call.gas_before_and_own),
        "gasUsed": str(call.gas_used),
        "confirmations": str(head - row.block + 1),
        "methodId": data[:10],
        "functionName": function,
    }


def internal_row(item: Item, *, by_hash: bool = False) -> Row:
    """Return a row of ``account/txlistinternal``; asked by transaction it names neither hash nor trace."""
    row = item.row
    shape: Row = {
        "blockNumber": str(row.block),
        "timeStamp": str(item.call.second),
        "hash": row.tx_hash,
        "from": row.sender,
        "to": row.receiver,
        "value": str(row.amount),
        "contractAddress": "",
        "input": "",
        "type": "call",
        "gas": "2300",
        "gasUsed": "0",
        "traceId": row.trace_path or "0",
        "isError": "0" if row.ok else "1",
        "errCode": "" if row.ok else "Reverted",
    }
    if by_hash:
        del shape["hash"], shape["traceId"]
    return shape


def tokentx_row(item: Item, head: int, log_index: str) -> Row:
    """Return a row of ``account/tokentx``; ``log_index`` says whether and how it names its log."""
    call, row, move = item.call, item.call.row, item.row
    data, function = call.data
    shape: Row = {
        "blockNumber": str(row.block),
        "timeStamp": str(call.second),
        "hash": row.tx_hash,
        "nonce": str(call.nonce),
        "blockHash": block_hash(row.block),
        "from": move.sender,
        "contractAddress": move.contract,
        "to": move.receiver,
        "value": str(move.amount),
        "tokenName": move.symbol,
        "tokenSymbol": move.symbol,
        "tokenDecimal": str(move.decimals),
        "transactionIndex": str(row.tx_index),
        "gas": str(call.gas_used * 2),
        "gasPrice": str(call.gas_price),
        "gasUsed": str(call.gas_used),
        "cumulativeGasUsed": str(call.gas_before_and_own),
        "input": "deprecated",
        "methodId": data[:10],
        "functionName": function,
        "confirmations": str(head - row.block + 1),
    }
    if log_index != "absent":
        shape["logIndex"] = str(move.log_index) if log_index == "present" else short_hex(move.log_index or 0)
    return shape


def log_row(log: Log) -> Row:
    """Return a row of ``logs/getLogs``: hex numbers, and ``0x`` for zero."""
    call, row = log.call, log.call.row
    return {
        "address": log.address,
        "topics": log.topics,
        "data": log.data,
        "blockNumber": hex(row.block),
        "blockHash": block_hash(row.block),
        "timeStamp": hex(call.second),
        "gasPrice": hex(call.gas_price),
        "gasUsed": hex(call.gas_used),
        "logIndex": short_hex(log.index),
        "transactionHash": row.tx_hash,
        "transactionIndex": short_hex(row.tx_index),
    }


def short_hex(number: int) -> str:
    """Return a number in hex as Etherscan writes it in logs: zero has no digit."""
    return hex(number) if number else "0x"
