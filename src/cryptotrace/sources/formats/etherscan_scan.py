"""Uniform pages of Etherscan's account lists in columns, straight from their bytes.

What is usual is narrower here than anywhere else: one cell of another form, and the whole page is read in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from cryptotrace.sources.formats.page_scan import ScannedPage
from cryptotrace.sources.formats.scanned_cells import (
    Digits,
    as_decimal,
    as_int,
    empty_column,
    flag,
    hex_columns,
    hex_or_empty_column,
    path_column,
    read_digits,
    sum_of_products,
    text_column,
)
from cryptotrace.sources.formats.text_columns import EARLIEST, LATEST, first_given

__all__ = ["Columns", "internal_columns", "native_columns", "token_columns"]

Columns = dict[str, pa.Array]
_ANY = {"blockNumber": (1, 15), "timeStamp": (10, 10), "value": (1, 38)}
_INDEX = {"transactionIndex": (1, 9)}
_MOST_DECIMALS = 199
_MICROSECONDS = np.int64(1_000_000)


def token_columns(page: ScannedPage) -> Columns | None:
    """Read ``tokentx``."""
    has_log = "logIndex" in page.first
    names = _hexes(page, ("from", "to", "contractAddress"))
    if names is None or ("isError" in page.first and flag(page, "isError") is None):
        return None
    numbers = read_digits(page, _ANY | _INDEX | {"tokenDecimal": (0, 3)} | ({"logIndex": (0, 9)} if has_log else {}))
    placed = numbers and _placed(numbers)
    if not numbers or not placed or int(numbers["tokenDecimal"].small().max()) > _MOST_DECIMALS:
        return None
    return placed | {
        "tx_hash": names["hash"],
        "tx_index": as_int(numbers["transactionIndex"], pa.int32()),
        "log_index": as_int(numbers["logIndex"], pa.int32()) if has_log else pa.nulls(len(page), pa.int32()),
        "sender": names["from"],
        "receiver": names["to"],
        "contract": names["contractAddress"],
        "symbol": text_column(page, "tokenSymbol"),
        "decimals": as_int(numbers["tokenDecimal"], pa.int16()),
    }


def native_columns(page: ScannedPage) -> Columns | None:
    """Read ``txlist``."""
    paid, layer_1 = "effectiveGasPrice" in page.first, "L1FeesPaid" in page.first
    wanted = _ANY | _INDEX | {"nonce": (1, 18), "gasUsed": (1, 12), "gasPrice": (1, 18)}
    wanted |= ({"effectiveGasPrice": (0, 18)} if paid else {}) | ({"L1FeesPaid": (0, 30)} if layer_1 else {})
    parties, ok = _parties(page), _outcome(page, {"isError": "1", "txreceipt_status": "0"})
    numbers = None if parties is None or ok is None else read_digits(page, wanted)
    placed = numbers and _placed(numbers)
    if not parties or not numbers or not placed:
        return None
    price = numbers["gasPrice"].small()
    if paid:
        price = np.where(numbers["effectiveGasPrice"].is_given, numbers["effectiveGasPrice"].small(), price)
    more = numbers["L1FeesPaid"].wide() if layer_1 else (np.zeros_like(price), np.zeros_like(price))
    return placed | parties | {
        "tx_index": as_int(numbers["transactionIndex"], pa.int32()),
        "ok": ok,
        "nonce": as_int(numbers["nonce"], pa.int64()),
        "method": _text_or_none(page, "methodId"),
        "fee": as_decimal(sum_of_products(numbers["gasUsed"].small(), price, more)),
    }  # fmt: skip


def internal_columns(page: ScannedPage) -> Columns | None:
    """Read ``txlistinternal``."""
    has_index = "transactionIndex" in page.first
    parties, ok = _parties(page), _outcome(page, {"isError": "1"})
    path = path_column(page, "traceId") if "traceId" in page.first else pa.nulls(len(page), pa.string())
    if parties is None or parties["receiver"].null_count or ok is None or path is None or "callType" in page.first:
        return None
    numbers = read_digits(page, _ANY | ({"transactionIndex": (0, 9)} if has_index else {}))
    placed = numbers and _placed(numbers)
    if not numbers or not placed:
        return None
    return placed | parties | {
        "tx_index": as_int(numbers["transactionIndex"], pa.int32()) if has_index else pa.nulls(len(page), pa.int32()),
        "ok": ok,
        "trace_path": path,
        "call_type": text_column(page, "type", empty_is_none=True),
    }  # fmt: skip


def _hexes(page: ScannedPage, addresses: Sequence[str]) -> Columns | None:
    """Give the names of transactions and of some parties that no row lacks."""
    names = hex_columns(page, ("hash",), 64)
    found = names and hex_columns(page, addresses, 40)
    return names and found and names | found


def _parties(page: ScannedPage) -> Columns | None:
    """Give who pays whom: what a transaction made is its receiver if it names none."""
    made = hex_or_empty_column(page, "contractAddress", 40) if "contractAddress" in page.first else empty_column(len(page))
    if made is None:
        return None
    if page.shortest["to"]:
        names = _hexes(page, ("from", "to"))
        receiver = names and names["to"]
    else:
        names, receiver = _hexes(page, ("from",)), hex_or_empty_column(page, "to", 40)
    if names is None or receiver is None:
        return None
    return {
        "tx_hash": names["hash"],
        "sender": names["from"],
        "receiver": receiver if page.shortest["to"] else first_given(receiver, made),
        "made": made,
    }


def _placed(numbers: dict[str, Digits]) -> Columns | None:
    """Give what every list has: block, time and amount."""
    seconds = numbers["timeStamp"].small().astype(np.int64)
    if not int(EARLIEST) <= int(seconds.min()) or not int(seconds.max()) <= int(LATEST):
        return None
    time = pa.py_buffer(seconds * _MICROSECONDS)
    return {
        "block": as_int(numbers["blockNumber"], pa.int64()),
        "time": pa.Array.from_buffers(pa.timestamp("us"), len(seconds), [None, time], 0),
        "amount": as_decimal(numbers["value"].wide()),
    }


def _text_or_none(page: ScannedPage, name: str) -> pa.Array:
    return text_column(page, name, empty_is_none=True) if name in page.first else pa.nulls(len(page), pa.string())


def _outcome(page: ScannedPage, failures: Mapping[str, str]) -> pa.Array | None:
    """Whether rows succeeded: no flag of theirs, where they have it, says otherwise."""
    ok = np.ones(len(page), np.bool_)
    for name, letter in failures.items():
        if name in page.first:
            letters = flag(page, name)
            if letters is None:
                return None
            ok &= letters != ord(letter)
    return pa.array(ok)
