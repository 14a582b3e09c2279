"""A chain of real blocks on py-evm: proof of work (block rewards) up to the merge, withdrawals after it.

Blocks are mined from signed transactions; the chain keeps, for each transaction, its receipt and its tree of calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import evm_depth  # noqa: F401 - first, for its effect
import rlp  # type: ignore[import-untyped]
from eth.abc import BlockAPI, BlockHeaderAPI, ComputationAPI, LogAPI, ReceiptAPI, StateAPI, VirtualMachineAPI
from eth.chains.base import MiningChain
from eth.consensus.noproof import NoProofConsensus
from eth.constants import ZERO_ADDRESS, ZERO_HASH32
from eth.db.atomic import AtomicDB
from eth.exceptions import Halt
from eth.rlp.accounts import Account as StateAccount
from eth.vm import mnemonics, opcode_values
from eth.vm.forks.berlin.logic import selfdestruct_eip2929
from eth.vm.forks.london import LondonVM
from eth.vm.forks.shanghai import ShanghaiVM
from eth.vm.forks.shanghai.withdrawals import Withdrawal
from eth.vm.forks.tangerine_whistle.constants import GAS_SELFDESTRUCT_EIP150
from eth.vm.opcode import as_opcode
from eth.vm.spoof import SpoofTransaction
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Address
from evm_frames import Frame, frame_of
from trie.hexary import HexaryTrie
from trie.iter import NodeIterator

CHAIN_ID = 1337
GENESIS_TIME = 1_600_000_000
SECONDS_A_BLOCK = 12
GWEI = 10**9
_GAS_LIMIT = 30_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed transaction: the fields as JSON-RPC names them (integers), and what the signature adds."""

    sender: str
    fields: Mapping[str, Any]
    raw: bytes
    hash: str
    v: int
    r: int
    s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A transaction in its block. ``first_log`` counts within the block; ``created`` is a contract made by the top call."""

    signed: Signed
    number: int
    index: int
    succeeded: bool
    gas_used: int
    gas_so_far: int
    price: int
    logs: tuple[LogAPI, ...]
    first_log: int
    bloom: int
    created: str | None
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A block, its transactions, and the wei that came from nowhere."""

    block: BlockAPI
    done: tuple[Done, ...]
    reward: int
    withdrawals: tuple[tuple[str, int], ...]

    @property
    def header(self) -> BlockHeaderAPI:
        """The header, which holds miner and time."""
        return self.block.header

    @property
    def base_fee(self) -> int:
        """Wei of base fee for each unit of gas."""
        fee = self.header.base_fee_per_gas
        assert fee is not None
        return fee


class EvmChain:
    """A chain that grows by :meth:`mine`.

    Parameters
    ----------
    opening : mapping
        Wei of each address in the first block.
    merge : int
        The first block under proof of stake: no reward from here on, withdrawals possible.
    """

    def __init__(self, opening: Mapping[str, int], *, merge: int) -> None:
        forks = ((0, _traced(LondonVM)), (merge, _traced(ShanghaiVM)))
        kind: Any = type("_Chain", (MiningChain,), {"vm_configuration": forks, "chain_id": CHAIN_ID})
        state = {as_bytes(address): _account(wei) for address, wei in opening.items()}
        self._database = AtomicDB()
        self._chain: Any = kind.from_genesis(self._database, _GENESIS, state)
        self._merge = merge
        self._withdrawn = 0
        genesis = self._chain.get_canonical_block_by_number(0)
        self.mined: list[Mined] = [Mined(block=genesis, done=(), reward=0, withdrawals=())]
        self.by_hash: dict[str, Done] = {}

    @property
    def head(self) -> int:
        """The number of the last block."""
        return len(self.mined) - 1

    @property
    def base_fee(self) -> int:
        """Wei of base fee for each unit of gas in the next block."""
        return int(self._chain.header.base_fee_per_gas)

    def mine(self, batch: Sequence[Signed], *, miner: str, withdrawals: Sequence[tuple[str, int]] = ()) -> Mined:
        """Execute transactions in this order in one block; each of ``withdrawals`` is an address and gwei."""
        number = self.head + 1
        builder = self._chain.get_vm_class_for_block_number(number).get_transaction_builder()
        options: dict[str, Any] = {"coinbase": as_bytes(miner), "timestamp": GENESIS_TIME + SECONDS_A_BLOCK * number}
        if withdrawals:
            options["withdrawals"] = [self._withdrawal(address, gwei) for address, gwei in withdrawals]
        imported, receipts, computations = self._chain.mine_all([builder.decode(one.raw) for one in batch], **options)
        block = imported.imported_block
        mined = Mined(
            block=block,
            done=tuple(_done(block, batch, receipts, computations)),
            reward=0 if number >= self._merge else self._chain.get_vm(block.header).get_block_reward(),
            withdrawals=tuple((address, gwei * GWEI) for address, gwei in withdrawals),
        )
        self.mined.append(mined)
        self.by_hash |= {one.signed.hash: one for one in mined.done}
        return mined

    def state(self, number: int | None = None) -> StateAPI:
        """The state after a block (default: the last one)."""
        state: StateAPI = self._chain.get_vm(self.mined[self.head if number is None else number].header).state
        return state

    def balance(self, address: str, number: int | None = None) -> int:
        """Wei of an account after a block."""
        return self.state(number).get_balance(as_bytes(address))

    def wei_in_state(self, number: int | None = None) -> int:
        """The sum of all balances in the state after a block, whoever owns them: an account that is forgotten shows here."""
        trie = HexaryTrie(self._database, self.mined[self.head if number is None else number].header.state_root)
        return sum(rlp.decode(value, sedes=StateAccount).balance for value in NodeIterator(trie).values())

    def nonce(self, address: str, number: int | None = None) -> int:
        """How many transactions an account has sent."""
        return self.state(number).get_nonce(as_bytes(address))

    def code(self, address: str, number: int | None = None) -> bytes:
        """The code of an account after a block."""
        return self.state(number).get_code(as_bytes(address))

    def call(
        self, to: str, data: bytes, number: int | None = None, *, sender: str | None = None, value: int = 0
    ) -> ComputationAPI:
        """Execute a call on the state after a block, and keep nothing of it."""
        mined = self.mined[self.head if number is None else number]
        caller = as_bytes(sender) if sender else ZERO_ADDRESS
        plain = self._chain.create_unsigned_transaction(
            nonce=self.state(number).get_nonce(caller),
            gas_price=mined.base_fee,
            gas=_GAS_LIMIT // 2,
            to=as_bytes(to),
            value=value,
            data=data,
        )
        with self._chain.get_vm(mined.header).in_costless_state() as state:
            done: ComputationAPI = state.costless_execute_transaction(SpoofTransaction(plain, from_=caller))
        return done

    def _withdrawal(self, address: str, gwei: int) -> Withdrawal:
        self._withdrawn += 1
        return Withdrawal(self._withdrawn - 1, 0, as_bytes(address), gwei)


def sign(key: bytes, fields: Mapping[str, Any]) -> Signed:
    """Sign a transaction; ``fields`` in integers, data in bytes, ``to`` None for a creation."""
    person = _person(key)
    done = person.sign_transaction({**fields, "to": as_bytes(fields["to"] or ""), "chainId": CHAIN_ID})
    return Signed(
        sender=person.address.lower(),
        fields={**fields, "chainId": CHAIN_ID},
        raw=bytes(done.raw_transaction),
        hash=as_hex(bytes(done.hash)),
        v=done.v,
        r=done.r,
        s=done.s,
    )


def as_bytes(text: str) -> Address:
    """The bytes of ``0x…``, under the name that py-evm has for those of an address."""
    return Address(bytes.fromhex(text.removeprefix("0x")))


def as_hex(data: bytes) -> str:
    """The ``0x…`` of bytes."""
    return "0x" + data.hex()


@cache
def _person(key: bytes) -> LocalAccount:
    person: LocalAccount = Account.from_key(key)
    return person


def _done(
    block: BlockAPI, batch: Sequence[Signed], receipts: Sequence[ReceiptAPI], computations: Sequence[ComputationAPI]
) -> list[Done]:
    done: list[Done] = []
    logs_so_far = gas_so_far = 0
    base = block.header.base_fee_per_gas or 0
    for index, (signed, receipt, computation) in enumerate(zip(batch, receipts, computations, strict=True)):
        assert signed.hash == as_hex(block.transactions[index].hash)
        gas = receipt.gas_used - gas_so_far
        gas_so_far = receipt.gas_used
        fields = signed.fields
        # geth shows the gas of the whole transaction on the root, not what was left for the call
        frame = replace(frame_of(computation), gas=fields["gas"], gas_used=gas)
        price = fields.get("gasPrice") or min(fields["maxFeePerGas"], base + fields["maxPriorityFeePerGas"])
        done.append(
            Done(
                signed=signed,
                number=block.number,
                index=index,
                succeeded=not computation.is_error,
                gas_used=gas,
                gas_so_far=gas_so_far,
                price=price,
                logs=tuple(receipt.logs),
                first_log=logs_so_far,
                bloom=receipt.bloom,
                created=frame.to if frame.kind == "CREATE" and frame.error is None else None,
                frame=frame,
            )
        )
        logs_so_far += len(receipt.logs)
    return done


def _traced(fork: type[VirtualMachineAPI]) -> type[VirtualMachineAPI]:
    """A fork without proof of work whose computations note what a self-destruct moved."""
    state = fork.get_state_class()
    ending = as_opcode(_noted, mnemonics.SELFDESTRUCT, GAS_SELFDESTRUCT_EIP150)
    opcodes = {**state.computation_class.opcodes, opcode_values.SELFDESTRUCT: ending}
    computation = type("_Computation", (state.computation_class,), {"opcodes": opcodes})
    traced = type("_State", (state,), {"computation_class": computation})
    kind: type[VirtualMachineAPI] = type("_Fork", (fork,), {"_state_class": traced, "consensus_class": NoProofConsensus})
    return kind


def _noted(computation: Any) -> None:
    balance = computation.state.get_balance(computation.msg.storage_address)
    try:
        selfdestruct_eip2929(computation)
    except Halt:
        computation.ended = (computation.beneficiaries[-1], balance)
        raise


def _account(wei: int) -> dict[str, Any]:
    return {"balance": wei, "nonce": 0, "code": b"", "storage": {}}


_GENESIS: dict[str, Any] = {
    "coinbase": ZERO_ADDRESS,
    "difficulty": 1,
    "gas_limit": _GAS_LIMIT,
    "timestamp": GENESIS_TIME,
    "base_fee_per_gas": GWEI,
    "extra_data": b"",
    "nonce": bytes(8),
    "mix_hash": ZERO_HASH32,
}
