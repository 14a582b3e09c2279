"""Small random TRON chains with their truth, made in about a millisecond."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import ApprovalRow, Coin, TransactionRow, TransferRow

__all__ = ["TRON_USDT", "TronCall", "TronWorld", "hex41", "random_tron", "tron_address"]

_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SUN = 10**6
_START_MS = 1_685_000_000_000 // 3_000 * 3_000
_FIRST_BLOCK = 51_000_000
_BLOCK_MS = 3_000
TRX = Coin(symbol="TRX", decimals=6, contract=None)
TRON_USDT = Coin(symbol="USDT", decimals=6, contract="TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t")
_SYMBOLS = ("", "A B", "<i>T</i>", "U\u0405DT", "=1+1", "X" * 40)
_DECIMALS = (0, 1, 8, 18, 30, 77)


def tron_address(twenty: bytes) -> str:
    """Return the base58check form of 20 bytes, by this module's own arithmetic.

    >>> tron_address(bytes.fromhex("a614f803b6fd780986a42c78ec9c7f77e6ded13c"))
    'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
    """
    body = b"\x41" + twenty
    number = int.from_bytes(body + sha256(sha256(body).digest()).digest()[:4], "big")
    text = ""
    while number:
        number, rest = divmod(number, 58)
        text = _LETTERS[rest] + text
    return text


@lru_cache(maxsize=100_000)
def hex41(address: str) -> str:
    """Return the hexadecimal form with the version byte, ``41`` and 40 digits."""
    number = 0
    for letter in address:
        number = number * 58 + _LETTERS.index(letter)
    return number.to_bytes(25, "big")[:21].hex()


@dataclass(slots=True, kw_only=True)
class TronCall:
    """One transaction with everything that happened in it.

    Attributes
    ----------
    row : TransactionRow
        What was signed; ``to`` is who or what it concerns, empty for nobody.
    contract : str
        Type of the contract, such as ``TransferContract``.
    value : int
        TRX, or units of the TRC-10 token ``asset``, that it hands over itself.
    asset : str or None
        Number of that token.
    inner : list of TransferRow
        What contracts paid; those of a failed transaction moved nothing and are marked as rejected.
    logs : list of TransferRow or ApprovalRow
        In order.
    nothing : list of tuple
        (note, sender, receiver, amount) of internal transactions that move nothing: stakes and delegations.
    keys : tuple of str
        New holders, where permissions changed.
    data : str
        Call data in hex.
    """

    row: TransactionRow
    contract: str
    value: int = 0
    asset: str | None = None
    inner: list[TransferRow] = field(default_factory=list)
    logs: list[TransferRow | ApprovalRow] = field(default_factory=list)
    nothing: list[tuple[str, str, str, int]] = field(default_factory=list)
    keys: tuple[str, ...] = ()
    data: str = ""

    @property
    def stamp(self) -> int:
        """Moment of the block in ms."""
        return int(self.row.time.timestamp()) * 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TronWorld:
    """A closed ledger of TRON.

    Attributes
    ----------
    name : str
        Names it.
    addresses : tuple of str
        Everybody in it but the faucet that gave out the first money.
    calls : tuple of TronCall
        All transactions, oldest first.
    transfers, transactions, approvals : tuple
        The truth as rows, in the layout of a `World`; ``tx_index``, ``log_index`` and ``trace_path`` are those of the chain,
        which lists do not show.
    """

    name: str
    addresses: tuple[str, ...]
    calls: tuple[TronCall, ...]
    transfers: tuple[TransferRow, ...]
    transactions: tuple[TransactionRow, ...]
    approvals: tuple[ApprovalRow, ...]

    def balance(self, address: str, asset: str | None = None, *, until: int | None = None) -> int:
        """Return what an address holds at a moment in ms (None: at the end), of TRX or of a token by contract or number."""
        held = 0
        for row in self.transfers:
            if row.contract == asset and row.ok and (until is None or _stamp(row) <= until):
                held += row.amount * ((row.receiver == address) - (row.sender == address))
        if asset is None:
            signed = (tx for tx in self.transactions if tx.signer == address and (until is None or _stamp(tx) <= until))
            held -= sum(tx.fee for tx in signed)
        return held


def random_tron(seed: int, *, transactions: int = 40, addresses: int = 5, burst: int = 12, broken: int = 3) -> TronWorld:
    """Make a small random TRON chain.

    A few addresses send TRX, TRC-10 and TRC-20 tokens to one another: twice the same in one transaction, to oneself, of
    nothing; contracts that are paid and hand on what they got; failed calls that burn their fee; approvals; changed
    permissions; energy that is lent, which looks like a payment; bursts in one block; memos of strangers; tokens that do not
    name themselves.

    Parameters
    ----------
    seed : int
        The same seed and settings give the same chain on every machine.
    transactions : int, default 40
        About so many, besides three per address that give out the first money.
    addresses : int, default 5
        At least 2.
    burst : int, default 12
        Most further transactions in the block of a burst; 0 for none.
    broken : int, default 3
        In so many of a hundred worlds and tokens, a token's rows do not name their contract.

    Returns
    -------
    TronWorld

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    for name, value, least in (("transactions", transactions, 0), ("addresses", addresses, 2), ("burst", burst, 0)):
        if value < least:
            raise InputError(f"{value} is too few", where=name, hint=f"Give {least} or more")
    maker = _Maker(Dice(seed, "tron world"), addresses, broken)
    maker.give_out()
    while len(maker.calls) < transactions + 3 * addresses:
        maker.next_block()
        for _ in range(maker.dice.whole(1, burst) if burst and maker.dice.chance(10) else 1):
            maker.act()
    return maker.world(f"tron-{seed}")


class _Maker:
    def __init__(self, dice: Dice, addresses: int, broken: int) -> None:
        self.dice = dice
        self.stamp = _START_MS
        self.in_block = 0
        self.faucet = self._address()
        self.people = [self._address() for _ in range(addresses)]
        # A broken token has no symbol: explorers then leave out all that they know of it.
        self.tokens = (TRON_USDT, *(self._odd_coin("" if dice.chance(broken) else None) for _ in range(dice.whole(0, 2))))
        self.assets = tuple(str(1_000_000 + dice.whole(1, 9_999)) for _ in range(2))
        self.calls: list[TronCall] = []
        self.held: defaultdict[tuple[str, str | None], int] = defaultdict(int)
        self.transfers: list[TransferRow] = []

    def _address(self) -> str:
        return tron_address(bytes.fromhex(self.dice.address()[2:]))

    def _odd_coin(self, symbol: str | None) -> Coin:
        dice = self.dice
        shown = dice.pick(_SYMBOLS[1:]) if symbol is None else symbol
        return Coin(symbol=shown, decimals=dice.pick(_DECIMALS), contract=self._address())

    def world(self, name: str) -> TronWorld:
        approvals = tuple(log for call in self.calls for log in call.logs if isinstance(log, ApprovalRow))
        return TronWorld(
            name=name, addresses=tuple(self.people), calls=tuple(self.calls), transfers=tuple(self.transfers),
            transactions=tuple(call.row for call in self.calls), approvals=approvals,
        )  # fmt: skip

    # -- the ledger ----------------------------------------------------------------------------------------------------------

    def next_block(self) -> None:
        self.stamp += _BLOCK_MS * (self.dice.whole(1, 3) if self.dice.chance(50) else self.dice.whole(1, 200_000))
        self.in_block = 0

    def give_out(self) -> None:
        self.held[self.faucet, None] = 10**17
        for person in self.people:
            call = self.call(self.faucet, person, "TransferContract", fee=0)
            self.pay(call, 50_000 * _SUN)
            self.next_block()
            asset = self.dice.pick(self.assets)
            self.held[self.faucet, asset] += 10**12
            self.pay(self.call(self.faucet, person, "TransferAssetContract", fee=0), 10**12, asset)
            coin = self.dice.pick(self.tokens)
            self.held[self.faucet, coin.contract] += 10**13
            self.log(self.trigger(self.faucet, coin.contract or ""), coin, self.faucet, person, 10**13)
            self.next_block()

    def call(self, signer: str, to: str, contract: str, *, ok: bool = True, fee: int | None = None) -> TronCall:
        fee = self.dice.pick((0, 268_000, 345_000, 1_100_000, 6_402_900, 13_844_850)) if fee is None else fee
        row = TransactionRow(
            chain="tron", tx_hash=self.dice.tx_hash()[2:], block=_FIRST_BLOCK + (self.stamp - _START_MS) // _BLOCK_MS,
            time=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.stamp), tx_index=self.in_block, signer=signer,
            to=to, ok=ok, fee=fee,
        )  # fmt: skip
        self.in_block += 1
        self.held[signer, None] -= fee
        call = TronCall(row=row, contract=contract)
        self.calls.append(call)
        return call

    def trigger(self, signer: str, contract: str, *, ok: bool = True) -> TronCall:
        call = self.call(signer, contract, "TriggerSmartContract", ok=ok)
        call.data = "a9059cbb" + "00" * 64
        return call

    def pay(self, call: TronCall, amount: int, asset: str | None = None) -> None:
        call.value, call.asset = amount, asset
        kind = "native" if asset is None else "token"
        if amount or call.contract != "TriggerSmartContract":
            self._move(call, kind, call.row.signer, call.row.to, amount, asset, "TRX" if asset is None else "", 6)

    def log(self, call: TronCall, coin: Coin, sender: str, receiver: str, amount: int) -> None:
        if call.row.ok:
            row = self._move(
                call, "token", sender, receiver, amount, coin.contract, coin.symbol, coin.decimals, log_index=len(call.logs)
            )
            call.logs.append(row)

    def hand_on(self, call: TronCall, sender: str, receiver: str, amount: int) -> None:
        row = self._move(call, "internal", sender, receiver, amount, None, "TRX", 6, trace_path=str(len(call.inner)))
        call.inner.append(row)

    def _move(
        self, call: TronCall, kind: str, sender: str, receiver: str, amount: int, contract: str | None, symbol: str,
        decimals: int, *, log_index: int | None = None, trace_path: str | None = None,
    ) -> TransferRow:  # fmt: skip
        tx = call.row
        row = TransferRow(
            chain="tron", block=tx.block, time=tx.time, tx_hash=tx.tx_hash, tx_index=tx.tx_index, log_index=log_index,
            trace_path=trace_path, kind=kind, contract=contract, symbol=symbol, decimals=decimals, sender=sender,
            receiver=receiver, amount=amount, ok=tx.ok,
        )  # fmt: skip
        self.transfers.append(row)
        if tx.ok:
            self.held[sender, contract] -= amount
            self.held[receiver, contract] += amount
        return row

    # -- what people do ------------------------------------------------------------------------------------------------------

    def act(self) -> None:
        dice, sender, receiver = self.dice, self.dice.pick(self.people), self.dice.pick(self.people)
        choice = dice.whole(0, 99)
        if choice < 25:
            self.pay(self.call(sender, receiver, "TransferContract"), self._part(sender, None))
        elif choice < 33:
            asset = dice.pick(self.assets)
            self.pay(self.call(sender, receiver, "TransferAssetContract"), self._part(sender, asset), asset)
        elif choice < 63:
            self._token(sender, receiver)
        elif choice < 80:
            self._contract(sender)
        elif choice < 86:
            self._approve(sender, receiver)
        elif choice < 90:
            self.call(sender, "", "AccountPermissionUpdateContract").keys = (receiver,)
        elif choice < 93:
            self.call(sender, receiver, "DelegateResourceContract")
        else:
            call = self.trigger(sender, dice.pick(self.people), ok=False)
            self.pay(call, self._part(sender, None))

    def _part(self, sender: str, asset: str | None) -> int:
        most = max(0, self.held[sender, asset] // 4)
        return 0 if self.dice.chance(5) else self.dice.whole(0, most)

    def _token(self, sender: str, receiver: str) -> None:
        coin = self.dice.pick(self.tokens)
        amount = self._part(sender, coin.contract)
        call = self.trigger(sender, str(coin.contract))
        for _ in range(self.dice.whole(2, 3) if self.dice.chance(20) else 1):
            self.log(call, coin, sender, receiver, amount)

    def _contract(self, sender: str) -> None:
        """Let a contract that is paid hand it on in parts; sometimes it fails as a whole, sometimes it also lends energy."""
        dice, contract = self.dice, self.dice.pick(self.people)
        call = self.trigger(sender, contract, ok=dice.chance(85))
        amount = self._part(sender, None)
        self.pay(call, amount)
        count = dice.whole(11, 14) if dice.chance(10) else dice.whole(1, 3)
        for _ in range(count):
            self.hand_on(call, contract, dice.pick(self.people), amount // count)
        if dice.chance(20):
            call.nothing.append(("delegateResourceOfEnergy", contract, dice.pick(self.people), 3 * 10**12))
        coin = dice.pick(self.tokens)
        if dice.chance(40):
            self.log(call, coin, contract, dice.pick(self.people), self._part(contract, coin.contract))

    def _approve(self, owner: str, spender: str) -> None:
        coin = self.dice.pick(self.tokens)
        call = self.trigger(owner, str(coin.contract))
        tx = call.row
        call.logs.append(
            ApprovalRow(
                chain="tron",
                block=tx.block,
                time=tx.time,
                tx_hash=tx.tx_hash,
                log_index=len(call.logs),
                contract=str(coin.contract),
                owner=owner,
                spender=spender,
                amount=2**256 - 1 if self.dice.chance(50) else self.dice.whole(0, 10**9),
            )
        )


def _stamp(row: TransferRow | TransactionRow) -> int:
    return int(row.time.timestamp()) * 1_000
