"""The contracts of the node: fixed bytecode beside its source, so that no test needs a compiler.

Each ``contracts/NAME.hex`` has three lines: the compiler and its settings, the digest of ``NAME.vy``, the creation code. To
change a contract, edit its source and run ``python tests/evm_node/evm_compile.py`` where vyper is installed.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

FOLDER = Path(__file__).parent / "contracts"
NAMES = ("bomb", "fee_token", "hatchery", "parent", "payer", "splitter", "token", "wrapped")


def digest_of_source(name: str) -> str:
    """SHA-256 of the source text, which the bytecode file repeats."""
    return hashlib.sha256((FOLDER / f"{name}.vy").read_bytes()).hexdigest()


def bytecode_lines(name: str) -> tuple[str, str, str]:
    """What the bytecode file says: compiler, digest of the source, creation code."""
    compiler, digest, code = (FOLDER / f"{name}.hex").read_text(encoding="ascii").splitlines()
    return compiler, digest, code


@cache
def creation_code(name: str) -> bytes:
    """The code that deploys a contract, without its arguments."""
    return bytes.fromhex(bytecode_lines(name)[2])


def deployment(name: str, types: str = "", *values: Any) -> bytes:
    """The input of the transaction that deploys a contract; ``types`` as in ``"uint256,address"``."""
    return creation_code(name) + (encode(types.split(","), values) if types else b"")


def call_data(signature: str, *values: Any) -> bytes:
    """The input of a call of ``name(type,…)``."""
    types = signature[signature.index("(") + 1 : -1]
    return bytes(keccak(text=signature)[:4]) + (encode(types.split(","), values) if types else b"")


def decoded(kind: str, data: bytes) -> Any:
    """One value of an answer."""
    return decode([kind], data)[0]


def topic(signature: str) -> str:
    """Topic 0 of an event."""
    return "0x" + keccak(text=signature).hex().removeprefix("0x")


TRANSFER = topic("Transfer(address,address,uint256)")
DEPOSIT = topic("Deposit(address,uint256)")
WITHDRAWAL = topic("Withdrawal(address,uint256)")
