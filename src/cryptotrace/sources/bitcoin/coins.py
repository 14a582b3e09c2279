"""A transaction of coins, whoever told it: its inputs and outputs, what it did to an address, and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptotrace.schema import Batch
from cryptotrace.sources.bitcoin.scripts import type_of

__all__ = ["CoinInput", "CoinOutput", "CoinTransaction", "Effect", "add_coins", "effect_on", "hash_of"]

_FINAL = 0xFFFFFFFE
"""An input with a lower sequence lets its transaction be replaced by one with a larger fee (BIP-125)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinInput:
    """A coin that is spent, or the making of new ones.

    Attributes
    ----------
    spent_tx : str or None
        Transaction of the coin; None for new coins, and where the source does not say.
    spent_position : int or None
        Its place among the outputs of that transaction.
    script, address : str or None
        Output script of the coin in hex, and its address.
    amount : int or None
        Base units; None for new coins.
    coinbase : bool
        Whether new coins are made.
    sequence : int
        As signed.
    listed : str or None
        Address under which an explorer lists a coin whose script has none.
    """

    spent_tx: str | None
    spent_position: int | None
    script: str | None
    address: str | None
    amount: int | None
    coinbase: bool = False
    sequence: int = 0xFFFFFFFF
    listed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinOutput:
    """A coin that is made: its place, script in hex, address where it has one, and base units; ``listed`` as for an input."""

    position: int

    script: str
    address: str | None
    amount: int
    listed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinTransaction:
    """A transaction; ``block`` and ``time`` are None while it is in no block, ``fee`` is in base units.

    ``is_whole`` says whether all outputs are told; one site leaves out those that do not concern the address asked for.
    """

    txid: str
    block: int | None
    time: datetime | None
    fee: int | None
    inputs: tuple[CoinInput, ...]
    outputs: tuple[CoinOutput, ...]
    is_whole: bool = True

    @property
    def is_replaceable(self) -> bool:
        """Whether it says that another one may take its place while it waits."""
        return any(one.sequence < _FINAL for one in self.inputs)

    def adds_up(self) -> bool:
        """Whether inputs are outputs and fee; what makes new coins, or does not tell all inputs, is not judged."""
        spent = [one.amount for one in self.inputs]
        if self.fee is None or any(amount is None for amount in spent):
            return True
        left = sum(amount for amount in spent if amount is not None) - self.fee - sum(one.amount for one in self.outputs)
        return left == 0 if self.is_whole else left >= 0


@dataclass(frozen=True, slots=True)
class Effect:
    """What transactions did to an address, in base units: what came to it and what it spent."""

    received: int = 0
    spent: int = 0

    @property
    def net(self) -> int:
        """What it has more than before; negative for less."""
        return self.received - self.spent

    def __add__(self, other: Effect) -> Effect:
        return Effect(self.received + other.received, self.spent + other.spent)


def effect_on(tx: CoinTransaction, address: str) -> Effect | None:
    """Give what a transaction did to an address that may be on both sides; None where it is on none."""
    came = [one.amount for one in tx.outputs if address in (one.address, one.listed)]
    went = [one.amount or 0 for one in tx.inputs if address in (one.address, one.listed)]
    return Effect(sum(came), sum(went)) if came or went else None


def add_coins(batch: Batch, chain: str, tx: CoinTransaction) -> None:
    """Append a confirmed transaction with its inputs and outputs; O(inputs + outputs)."""
    fee = 0 if any(one.coinbase for one in tx.inputs) else tx.fee
    batch.add("transactions", (chain, tx.txid, tx.block, tx.time, None, None, None, True, fee, None, None))
    for at, one in enumerate(tx.inputs):
        kind = None if one.script is None else type_of(one.script)
        spent = (one.spent_tx, one.spent_position, one.address, one.amount, kind, one.coinbase)
        batch.add("tx_inputs", (chain, tx.txid, at, tx.block, tx.time, *spent))
    for out in tx.outputs:
        made = (out.address, out.amount, type_of(out.script), out.script, None, None)
        batch.add("tx_outputs", (chain, tx.txid, out.position, tx.block, tx.time, *made))


def hash_of(
    *,
    version: int,
    locktime: int,
    inputs: Sequence[tuple[str, int, str, int]],
    outputs: Sequence[tuple[int, str]],
) -> str:
    """Give the hash that names a transaction: twice SHA-256 over it as it was signed, without witnesses (BIP-144).

    Parameters
    ----------
    version, locktime : int
        As in the transaction.
    inputs : sequence of (txid, place, script, sequence)
        Coins that are spent, with the script that spends them in hex.
    outputs : sequence of (amount, script)
        Base units, and script in hex.

    Raises
    ------
    ValueError, OverflowError
        If a number or a text does not fit.
    """
    parts = [(version & 0xFFFFFFFF).to_bytes(4, "little"), _size(len(inputs))]
    for txid, place, script, sequence in inputs:
        code = bytes.fromhex(script)
        parts += (
            bytes.fromhex(txid)[::-1],
            place.to_bytes(4, "little"),
            _size(len(code)),
            code,
            sequence.to_bytes(4, "little"),
        )
    parts.append(_size(len(outputs)))
    for amount, script in outputs:
        code = bytes.fromhex(script)
        parts += (amount.to_bytes(8, "little"), _size(len(code)), code)
    parts.append(locktime.to_bytes(4, "little"))
    return sha256(sha256(b"".join(parts)).digest()).digest()[::-1].hex()


def _size(count: int) -> bytes:
    if count < 0xFD:
        return bytes((count,))
    if count <= 0xFFFF:
        return b"\xfd" + count.to_bytes(2, "little")
    return b"\xfe" + count.to_bytes(4, "little")
