"""What a node of TRON answers beside the lists: the newest block, receipts, balances of tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers._tron_rows import Row, TronIndex, receipt
from cryptotrace.testing.explorers.tron_worlds import tron_address

__all__ = ["NODE_PATHS", "ask_node"]


def ask_node(index: TronIndex, head: int, name: str, params: Mapping[str, str], payload: str) -> Row:
    """Answer one question to the node; refuses parameters that it does not know."""
    try:
        asked = json.loads(payload) if payload else dict(params)
    except ValueError:
        return {"Error": "class com.alibaba.fastjson.JSONException : syntax error"}
    if not isinstance(asked, dict):
        return {"Error": "class java.lang.ClassCastException : not an object"}
    return NODE_PATHS[name](index, head, asked)


def _now_block(_index: TronIndex, head: int, asked: Row) -> Row:
    _only(asked, set())
    raw = {"number": 51_000_000 + head // 3_000 % 10_000_000, "timestamp": head, "version": 30}
    return {"blockID": "00" * 32, "block_header": {"raw_data": raw}, "transactions": []}


def _receipt(index: TronIndex, head: int, asked: Row) -> Row:
    _only(asked, {"value"})
    call = index.calls.get(str(asked.get("value")))
    return {} if call is None or call.stamp > head else receipt(call)


def _constant(index: TronIndex, head: int, asked: Row) -> Row:
    _only(asked, {"owner_address", "contract_address", "function_selector", "parameter", "visible"})
    parameter, contract = str(asked.get("parameter")), str(asked.get("contract_address"))
    if asked.get("visible") is not True or asked.get("function_selector") != "balanceOf(address)" or len(parameter) != 64:
        raise InputError("the fake knows balanceOf(address) with visible addresses only")
    if contract not in {row.contract for row in index.world.transfers}:
        text = b"Smart contract is not exist.".hex()
        return {"result": {"code": "CONTRACT_VALIDATE_ERROR", "message": text}}
    holder = tron_address(bytes.fromhex(parameter[-40:]))
    held = index.world.balance(holder, contract, until=head)
    return {
        "result": {"result": True}, "energy_used": 935, "constant_result": [f"{held:064x}"],
        "transaction": {"ret": [{}], "visible": True, "txID": "00" * 32},
    }  # fmt: skip


def _only(asked: Row, names: set[str]) -> None:
    unknown = sorted(set(asked) - names)
    if unknown:
        raise InputError(f"unknown parameter {unknown[0]}")


NODE_PATHS: Mapping[str, Callable[[TronIndex, int, Row], Row]] = {
    "getnowblock": _now_block,
    "gettransactioninfobyid": _receipt,
    "triggerconstantcontract": _constant,
}
