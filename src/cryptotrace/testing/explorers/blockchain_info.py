"""A fake blockchain.info over the same chain: pages numbered from the top, 100 rows each, with the count on every page."""

from __future__ import annotations

from typing import Any

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InvalidAddressError
from cryptotrace.testing.explorers.coin_chains import Coin, CoinBlock, CoinTx
from cryptotrace.testing.explorers.esplora import FakeCoins, RefusedError

__all__ = ["FakeBlockchainInfo"]

_PARAMETERS = {"active", "n", "offset"}
_MOST = 100
_NO_COIN = {"n": 0xFFFFFFFF, "script": "", "spent": True, "tx_index": 0, "type": 0, "value": 0}


class FakeBlockchainInfo(FakeCoins):
    """A blockchain.info for tests; parameters as for `FakeEsplora`, without a flavour.

    Notes
    -----
    Served: ``/q/getblockcount`` and ``/multiaddr`` with ``active`` (one address), ``n`` and ``offset``. Of the faults, those of
    rows are left out but ``drop_row``, ``repeat_row``, ``odd_value``, ``odd_address`` and ``missing_column``.
    """

    def _honest(self, number: int, params: dict[str, str], path: str) -> Any:
        if path == "/q/getblockcount" and not params:
            return str(self.chain.tip)
        if path != "/multiaddr" or set(params) != _PARAMETERS:
            raise RefusedError(404, '{"error":"not-found-or-invalid-arg","message":"Item not found or argument invalid"}')
        if not params["n"].isdecimal() or not params["offset"].isdecimal() or not 0 < int(params["n"]) <= _MOST:
            raise RefusedError(400, '{"error":"invalid-arg","message":"Invalid paging"}')
        try:
            address = parse_address(params["active"], "bitcoin")
        except InvalidAddressError:
            raise RefusedError(400, '{"error":"invalid-arg","message":"Invalid Bitcoin Address"}') from None
        return self._page(number, address, int(params["n"]), int(params["offset"]))

    def _page(self, number: int, address: str, size: int, offset: int) -> dict[str, Any]:
        listed: list[tuple[CoinBlock | None, CoinTx]] = [(None, tx) for tx in self.chain.waiting if tx.effect(address)]
        listed += self._listed(address)
        effects = [tx.effect(address) or (0, 0) for _, tx in listed]
        off = sum(int(str(fault.value or 1)) for fault in self.faults.hit("count", number))
        whole = [_row(tx, block, address) for block, tx in listed[offset : offset + size]]
        rows = whole
        able = ("drop_row", "repeat_row", "odd_value", "odd_address", "missing_column")
        for fault in self.faults.hit("rows", number, lambda fault: bool(whole) and fault.kind in able):
            rows = _spoilt(fault.kind, rows)
        return {
            "addresses": [
                {
                    "address": address, "n_tx": len(listed) + off, "total_received": sum(one for one, _ in effects),
                    "total_sent": sum(one for _, one in effects), "final_balance": sum(one - two for one, two in effects),
                }
            ],
            "info": {"latest_block": {"height": self.chain.tip, "hash": self.chain.blocks[-1].hash}},
            "txs": rows,
        }  # fmt: skip


def _spoilt(kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    middle = len(rows) // 2
    if kind == "drop_row":
        return rows[:middle] + rows[middle + 1 :]
    if kind == "repeat_row":
        return [*rows[:middle], rows[middle], *rows[middle:]]
    row = dict(rows[middle])
    out = [dict(coin) for coin in row.get("out", ())]
    if not out:
        return rows
    if kind == "odd_value":
        out[0]["value"] += 1
    elif kind == "odd_address":
        out[0]["addr"] = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    row["out"] = out
    if kind == "missing_column":
        del row["out"]
    return [*rows[:middle], row, *rows[middle + 1 :]]


def _row(tx: CoinTx, block: CoinBlock | None, address: str) -> dict[str, Any]:
    inputs = [
        {"index": at, "sequence": tx.sequence, "script": "", "prev_out": _NO_COIN if coin is None else _coin(coin, place, txid)}
        for at, (txid, place, coin) in enumerate(tx.inputs)
    ]
    received, spent = tx.effect(address) or (0, 0)
    # as the site does: who only receives is shown nothing of the others
    shown = [(at, coin) for at, coin in enumerate(tx.outputs) if spent or coin.address == address]
    return {
        "result": received - spent, "hash": tx.txid, "ver": 2, "lock_time": 0, "fee": tx.fee,
        "time": 0 if block is None else block.time,
        "block_height": None if block is None else block.height, "tx_index": _number(tx.txid), "inputs": inputs,
        "out": [_coin(coin, at, tx.txid) for at, coin in shown], "double_spend": False, "vin_sz": len(tx.inputs),
        "vout_sz": len(tx.outputs),
    }  # fmt: skip


def _coin(coin: Coin, place: int, txid: str) -> dict[str, Any]:
    shown = {} if coin.address is None else {"addr": coin.address}
    return {"n": place, "script": coin.script, "value": coin.value, "tx_index": _number(txid), "type": 0, **shown}


def _number(txid: str) -> int:
    """Give the site's own number of a transaction."""
    return int(txid[:13], 16) + 1
