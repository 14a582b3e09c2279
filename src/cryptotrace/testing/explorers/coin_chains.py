"""A small chain of coins with all that is in a real one: every kind of output, change, fees, and transactions that wait."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from cryptotrace.codecs.base58 import encode_checked
from cryptotrace.codecs.bech32 import encode_segwit
from cryptotrace.testing._dice import Dice

__all__ = ["Coin", "CoinBlock", "CoinChain", "CoinTx", "random_coin_chain"]

_FIRST_BLOCK = 700_000
_FIRST_TIME = 1_631_333_672
_SUBSIDY = 625_000_000
_ADDRESSED = ("p2pkh", "p2sh", "v0_p2wpkh", "v0_p2wsh", "v1_p2tr")
_BARE = ("op_return", "multisig", "p2pk")


@dataclass(frozen=True, slots=True)
class Coin:
    """An output: base units, script in hex, its kind in Esplora's words, and its address where it has one."""

    value: int
    script: str
    kind: str
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinTx:
    """A transaction.

    Attributes
    ----------
    inputs : tuple of (txid, place, Coin or None)
        The coins that are spent; None for new ones.
    outputs : tuple of Coin
        The coins that are made.
    sequence : int
        Of every input; below 0xfffffffe it may be replaced.
    mark : str
        Hex in the unlocking script of its first input, so that two equal transactions differ.
    """

    inputs: tuple[tuple[str, int, Coin | None], ...]
    outputs: tuple[Coin, ...]
    sequence: int = 0xFFFFFFFD
    mark: str = ""
    txid: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "txid", _hash(self))

    @property
    def is_coinbase(self) -> bool:
        """Whether it makes new coins."""
        return self.inputs[0][2] is None

    @property
    def fee(self) -> int:
        """Base units that its outputs leave; 0 where it makes new coins."""
        return 0 if self.is_coinbase else sum(c.value for _, _, c in self.inputs if c) - sum(c.value for c in self.outputs)

    def effect(self, address: str) -> tuple[int, int] | None:
        """Give (received, spent) of an address; None where it is on neither side."""
        came = [coin.value for coin in self.outputs if coin.address == address]
        went = [coin.value for _, _, coin in self.inputs if coin is not None and coin.address == address]
        return (sum(came), sum(went)) if came or went else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinBlock:
    """A block with its transactions in order."""

    height: int
    time: int
    hash: str
    transactions: tuple[CoinTx, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinChain:
    """Blocks in order, transactions in none, and an output of each address that takes part."""

    blocks: tuple[CoinBlock, ...]
    waiting: tuple[CoinTx, ...]
    owners: tuple[Coin, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that take part."""
        return tuple(coin.address for coin in self.owners if coin.address is not None)

    @property
    def tip(self) -> int:
        """Height of the last block."""
        return self.blocks[-1].height

    def listed(self, address: str) -> Iterator[tuple[CoinBlock, CoinTx]]:
        """Give the confirmed transactions of an address, newest first."""
        for block in reversed(self.blocks):
            for tx in reversed(block.transactions):
                if tx.effect(address) is not None:
                    yield block, tx

    def balance(self, address: str, height: int) -> int:
        """Give the base units of an address after a block; O(transactions)."""
        effects = (tx.effect(address) or (0, 0) for block, tx in self.listed(address) if block.height <= height)
        return sum(received - spent for received, spent in effects)

    def grown(self, blocks: int, seed: int = 0) -> CoinChain:
        """Give the chain after so many more blocks; what waits goes into the first, and other things wait."""
        maker = _Maker(Dice(seed, f"grown {self.tip}"), self)
        return maker.chain(blocks, first=self.waiting)

    def reorganised(self, depth: int, seed: int = 0) -> CoinChain:
        """Give the chain with its last ``depth`` blocks made anew and one more: some transactions stay, some are replaced."""
        trunk = replace(self, blocks=self.blocks[: len(self.blocks) - depth], waiting=())
        dice = Dice(seed, f"reorganised {self.tip}")
        loose = [tx for block in self.blocks[len(self.blocks) - depth :] for tx in block.transactions if not tx.is_coinbase]
        maker = _Maker(dice, trunk)
        return maker.chain(depth + 1, first=tuple(tx for tx in loose if dice.chance(60)))

    def with_fees_raised(self, seed: int = 0) -> CoinChain:
        """Give the chain with every waiting transaction replaced by one that pays more and goes elsewhere."""
        dice = Dice(seed, f"raised {self.tip}")
        return replace(self, waiting=tuple(_raised(tx, dice, self.owners) for tx in self.waiting))


def random_coin_chain(
    seed: int, *, blocks: int = 24, addresses: int = 6, busy: int = 0, transactions: tuple[int, int] = (0, 5)
) -> CoinChain:
    """Draw a chain.

    Parameters
    ----------
    seed : int
        The same seed and settings give the same chain.
    blocks, addresses : int
        Their numbers; addresses are of all kinds in turn.
    busy : int, default 0
        So many of a hundred payments go to the first address.
    transactions : (int, int)
        Least and most of them in a block, besides the one that makes new coins.

    Returns
    -------
    CoinChain
        From block 700,000 on; nothing is spent twice, and every input is in the chain.
    """
    dice = Dice(seed, "coin chain")
    owners = tuple(_coin(dice, _ADDRESSED[at % len(_ADDRESSED)], 0) for at in range(addresses))
    empty = CoinChain(blocks=(), waiting=(), owners=owners)
    return _Maker(dice, empty, busy=busy, transactions=transactions).chain(blocks)


class _Maker:
    """Adds blocks to a chain."""

    def __init__(self, dice: Dice, chain: CoinChain, *, busy: int = 0, transactions: tuple[int, int] = (0, 5)) -> None:
        self.dice = dice
        self.owners = chain.owners
        self.blocks = list(chain.blocks)
        self.busy = busy
        self.transactions = transactions
        self.unspent: dict[tuple[str, int], Coin] = {}
        for block in self.blocks:
            for tx in block.transactions:
                self._spend(tx)

    def chain(self, blocks: int, first: Sequence[CoinTx] = ()) -> CoinChain:
        pending = list(first)
        for _ in range(blocks):
            pending = self._block(pending)
        unspent = dict(self.unspent)
        waiting = []
        for _ in range(self.dice.whole(0, 3)):
            tx = self._payment()
            if tx is not None:
                waiting.append(tx)
                for txid, place, _ in tx.inputs:
                    self.unspent.pop((txid, place))
        self.unspent = unspent
        return CoinChain(blocks=tuple(self.blocks), waiting=tuple(waiting), owners=self.owners)

    def _block(self, pending: Sequence[CoinTx]) -> list[CoinTx]:
        height = self.blocks[-1].height + 1 if self.blocks else _FIRST_BLOCK
        time = (self.blocks[-1].time if self.blocks else _FIRST_TIME) + self.dice.whole(1, 1_200)
        new = CoinTx(
            inputs=(("0" * 64, 0xFFFFFFFF, None),),
            outputs=(self._to_somebody(_SUBSIDY), _coin(self.dice, "op_return", 0)),
            sequence=0xFFFFFFFF,
            mark=f"03{height.to_bytes(3, 'little').hex()}{self.dice.whole(0, 2**32):010x}",
        )
        chosen, left = [new], []
        self._spend(new)
        for tx in pending:
            if all((txid, place) in self.unspent for txid, place, _ in tx.inputs) and self.dice.chance(80):
                self._spend(tx)
                chosen.append(tx)
            else:
                left.append(tx)
        for _ in range(self.dice.whole(*self.transactions)):
            paid = self._payment()
            if paid is not None:
                self._spend(paid)
                chosen.append(paid)
        name = hashlib.sha256(f"{height}{[tx.txid for tx in chosen]}".encode()).hexdigest()
        self.blocks.append(CoinBlock(height=height, time=time, hash=name, transactions=tuple(chosen)))
        return left

    def _payment(self) -> CoinTx | None:
        places = [place for place, coin in self.unspent.items() if coin.kind != "op_return" and coin.value > 10_000]
        if not places:
            return None
        start, count = self.dice.whole(0, len(places) - 1), self.dice.whole(1, 3)
        spent = [(txid, at, self.unspent[txid, at]) for txid, at in places[start : start + count]]
        total = sum(coin.value for _, _, coin in spent)
        left = total - self.dice.whole(100, 5_000)
        outputs = []
        for _ in range(self.dice.whole(1, 3)):
            value = self.dice.whole(546, max(546, left // 2))
            if value < left:
                outputs.append(self._to_somebody(value))
                left -= value
        owner = spent[0][2]
        if self.dice.chance(60) or not outputs:
            outputs.append(replace(owner, value=left))  # change that goes back: the address is on both sides
        if self.dice.chance(15):
            outputs.append(_coin(self.dice, self.dice.pick(_BARE), 0))
        sequence = self.dice.pick((0xFFFFFFFD, 0xFFFFFFFF))
        mark = f"{self.dice.whole(0, 2**48):014x}"
        return CoinTx(inputs=tuple(spent), outputs=tuple(outputs), sequence=sequence, mark=mark)

    def _to_somebody(self, value: int) -> Coin:
        if self.dice.chance(8):
            return _coin(self.dice, self.dice.pick(_BARE[1:]), value)
        owner = self.owners[0] if self.dice.chance(self.busy) else self.dice.pick(self.owners)
        return replace(owner, value=value)

    def _spend(self, tx: CoinTx) -> None:
        for txid, place, coin in tx.inputs:
            if coin is not None:
                del self.unspent[txid, place]
        self.unspent |= {(tx.txid, at): coin for at, coin in enumerate(tx.outputs)}


def _raised(tx: CoinTx, dice: Dice, owners: Sequence[Coin]) -> CoinTx:
    value = tx.outputs[0].value
    more = min(value // 2, 7_777)
    first = replace(dice.pick(owners), value=value - more)
    return CoinTx(inputs=tx.inputs, outputs=(first, *tx.outputs[1:]), sequence=0xFFFFFFFD, mark=tx.mark)


def _coin(dice: Dice, kind: str, value: int) -> Coin:
    """Make an output of a kind whose keys and hashes nobody has."""
    short, long = dice.tx_hash()[2:42], dice.tx_hash()[2:]
    script, address = {
        "p2pkh": (f"76a914{short}88ac", encode_checked(b"\x00" + bytes.fromhex(short))),
        "p2sh": (f"a914{short}87", encode_checked(b"\x05" + bytes.fromhex(short))),
        "v0_p2wpkh": (f"0014{short}", encode_segwit("bc", 0, bytes.fromhex(short))),
        "v0_p2wsh": (f"0020{long}", encode_segwit("bc", 0, bytes.fromhex(long))),
        "v1_p2tr": (f"5120{long}", encode_segwit("bc", 1, bytes.fromhex(long))),
        "op_return": (f"6a14{short}", None),
        "multisig": (f"5121{'02' + long}21{'03' + long}52ae", None),
        "p2pk": (f"2102{long}ac", None),
    }[kind]
    return Coin(value, script, kind, address)


def _hash(tx: CoinTx) -> str:
    """Give the name of a transaction as nodes reckon it, by the plainest way to write it down."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "little")

    def script(text: str) -> bytes:
        raw = bytes.fromhex(text)
        assert len(raw) < 0xFD
        return number(len(raw), 1) + raw

    def count(value: int) -> bytes:
        return number(value, 1) if value < 0xFD else b"\xfd" + number(value, 2)

    data = number(2, 4) + count(len(tx.inputs))
    for at, (txid, place, _) in enumerate(tx.inputs):
        data += bytes.fromhex(txid)[::-1] + number(place, 4) + script("" if at else tx.mark) + number(tx.sequence, 4)
    data += count(len(tx.outputs))
    for coin in tx.outputs:
        data += number(coin.value, 8) + script(coin.script)
    once = hashlib.sha256(data + number(0, 4)).digest()
    return hashlib.sha256(once).digest()[::-1].hex()
