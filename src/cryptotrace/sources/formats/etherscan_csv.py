"""``etherscan_csv``: the CSV exports of an account page of Etherscan and its sister explorers.

Three exports are told apart by their header: transactions, internal transactions, ERC-20 transfers. The names have changed
over the years and are all read: the hash is "Transaction Hash" or "Txhash", the time "UnixTimestamp", "DateTime (UTC)" or
"DateTime", amounts "Value_IN(ETH)" and "Value_OUT(ETH)" with the coin of the chain, token amounts "TokenValue" or "Value".
Rows of some years have a cell more than their header.

Amounts are whole coins in decimal and become base units exactly. The ERC-20 export does not say the decimals of a token: they
come from a column "TokenDecimal" where there is one, else from our list of canonical tokens; rows of other tokens are
rejected, because their amount in base units is unknown. Rows carry a block but no place in it. Exports are cut at 5,000 rows,
so they prove no completeness.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptotrace.codecs import ChainInfo
from cryptotrace.errors import InputError, InputFileError
from cryptotrace.model import canonical_tokens
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import counter, decimal, hash_text, path, plain, scaled, utc_time
from cryptotrace.sources.intake import Intake, Request, drive
from cryptotrace.sources.sheets import Sheet, open_sheet

__all__ = ["KINDS", "read"]

KINDS = ("csv",)
_SPARE_CELLS = 2
_VALUE = re.compile(r"(value_in|value_out|txnfee)\(([^)]*)\)")
_OLD_NAMES = {"txhash": "transaction hash", "datetime": "datetime (utc)", "value": "tokenvalue"}
_CALL = re.compile(r"([a-z0-9 -]+?)(?:_(\d[\d_]*))?", re.ASCII)
_GOOD, _GOOD_CALL = ("", "ok", "success"), ("", "0")
_BAD_CALL = ("1",)


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the rows of each export; every file is a listing of its own."""
    chain = request.one_chain
    for file in request.files:
        with open_sheet(file, spare_cells=_SPARE_CELLS) as sheet:
            names = _names(sheet, chain)
            make = _export(names)
            if make is None and not file.named:
                intake.skip(file, "not an export that this format reads")
                continue
            if make is None:
                raise _unknown(sheet)
            yield from drive(sheet, intake, make(names, chain, intake, intake.next_listing()))


_Handle = Callable[[Mapping[str, Any], int], None]
_Maker = Callable[[Mapping[str, str], ChainInfo, Intake, int], _Handle]


def _names(sheet: Sheet, chain: ChainInfo) -> dict[str, str]:
    """Give our word for each column -> its name in the file; refuse amounts in another chain's coin."""
    names: dict[str, str] = {}
    for column in sheet.columns:
        word = column.lower()
        if matched := _VALUE.fullmatch(word):
            word, coin = matched.groups()
            if word != "txnfee" and coin not in {chain.native_symbol.lower(), chain.name, *chain.aliases}:
                raise InputFileError(
                    f"amounts are in {coin.upper()!a}, the coin of {chain.name} is {chain.native_symbol}",
                    where=str(sheet.file.path),
                    hint="Set the chain that was exported",
                )
            if word == "txnfee" and coin == "usd":
                continue
        names.setdefault(_OLD_NAMES.get(word, word), column)
    return names


def _export(names: Mapping[str, str]) -> _Maker | None:
    """Tell the export by its header; None for what holds no money (collectibles) or is no export."""
    if "tokenid" in names or not {"transaction hash", "from"} <= names.keys():
        return None
    if not names.keys() & {"unixtimestamp", "datetime (utc)"}:
        return None
    if {"tokenvalue", "tokensymbol", "contractaddress", "to"} <= names.keys():
        return _token
    if not {"value_in", "value_out"} <= names.keys():
        return None
    if "txto" in names:
        return _internal
    return _normal if "to" in names else None


def _unknown(sheet: Sheet) -> InputFileError:
    found = ", ".join(ascii(column)[1:-1] for column in sheet.columns[:40])
    return InputFileError(
        "a column is missing: the header is not that of an export of transactions, internal transactions or ERC-20 "
        f"transfers; found: {found}",
        where=str(sheet.file.path),
        hint="An export needs Transaction Hash, UnixTimestamp, From, To and its amounts (ERC-20: also ContractAddress)",
    )


class _Place:
    """What the three exports share: hash, block, time."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._hash = names["transaction hash"]
        self._block = names.get("blockno", "")
        self._time = names["unixtimestamp" if "unixtimestamp" in names else "datetime (utc)"]

    def of(self, cells: Mapping[str, Any], number: int) -> dict[str, Any]:
        return {
            "tx_hash": hash_text(cells[self._hash], self._hash),
            "block": counter(cells.get(self._block), self._block),
            "time": utc_time(cells[self._time], self._time),
            "input_row": number,
        }


def _moved(cells: Mapping[str, Any], names: Mapping[str, str], chain: ChainInfo, *, own: bool) -> int:
    """Give the value of a row, which stands under in or out; a payment to oneself may stand under both."""
    sides = [scaled(cells[names[side]] or "0", chain.native_decimals, names[side]) for side in ("value_in", "value_out")]
    if all(sides) and not (own and sides[0] == sides[1]):
        raise InputError("the value stands under both in and out")
    return max(sides)


def _outcome(status: str, error: str, *, good: tuple[str, ...], bad: tuple[str, ...]) -> bool:
    """Tell whether a row succeeded; a failure is written ``Error(0)``, in internal rows 1."""
    if error or status in bad or status.lower().startswith("error"):
        return False
    if status.lower() in good:
        return True
    raise InputError("Status is neither empty nor an error")


def _normal(names: Mapping[str, str], chain: ChainInfo, intake: Intake, listing: int) -> _Handle:
    place = _Place(names)

    def handle(cells: Mapping[str, Any], number: int) -> None:
        def cell(word: str) -> str:
            return str(cells.get(names.get(word, ""), "")).strip(" ")

        where = place.of(cells, number)
        sender = intake.address(cell("from"), chain.name, "From")
        receiver = intake.address_or_none(cell("to") or cell("contractaddress"), chain.name, "To")
        value = _moved(cells, names, chain, own=sender == receiver)
        fee = scaled(cell("txnfee"), chain.native_decimals, "TxnFee") if cell("txnfee") else None
        ok = _outcome(cell("status"), cell("errcode"), good=_GOOD, bad=())
        intake.batch.add_transfer(
            chain=chain.name, kind="native", sender=sender, receiver=receiver, amount=value, ok=ok,
            symbol=chain.native_symbol, decimals=chain.native_decimals, listing=listing, **where,
        )  # fmt: skip
        name, block, time = where["tx_hash"], where["block"], where["time"]
        method = plain(cell("method")) or None
        intake.batch.add("transactions", (chain.name, name, block, time, None, sender, receiver, ok, fee, method, None))
        if fee:
            intake.add_fee(
                chain=chain.name, tx_hash=name, time=time, payer=sender, amount=fee, block=block, tx_index=None,
                number=number, listing=listing,
            )  # fmt: skip

    return handle


def _internal(names: Mapping[str, str], chain: ChainInfo, intake: Intake, listing: int) -> _Handle:
    place = _Place(names)

    def handle(cells: Mapping[str, Any], number: int) -> None:
        def cell(word: str) -> str:
            return str(cells.get(names.get(word, ""), "")).strip(" ")

        sender = intake.address(cell("from"), chain.name, "From")
        receiver = intake.address(cell("txto") or cell("contractaddress"), chain.name, "TxTo")
        matched = _CALL.fullmatch(cell("type").lower())
        call, trace = matched.groups() if matched else (plain(cell("type")) or None, None)
        ok = _outcome(cell("status"), cell("errcode"), good=_GOOD_CALL, bad=_BAD_CALL)
        intake.batch.add_transfer(
            chain=chain.name, kind="internal", sender=sender, receiver=receiver, ok=ok, call_type=call,
            trace_path=path(trace, "Type"), amount=_moved(cells, names, chain, own=sender == receiver),
            symbol=chain.native_symbol, decimals=chain.native_decimals, listing=listing, **place.of(cells, number),
        )  # fmt: skip

    return handle


def _token(names: Mapping[str, str], chain: ChainInfo, intake: Intake, listing: int) -> _Handle:
    place = _Place(names)
    at = {word: names[word] for word in ("from", "to", "contractaddress", "tokenvalue", "tokensymbol")}
    decimals_at = names.get("tokendecimal", "")

    def handle(cells: Mapping[str, Any], number: int) -> None:
        contract = intake.address(cells[at["contractaddress"]], chain.name, "ContractAddress")
        decimals = counter(cells.get(decimals_at), "TokenDecimal", 255)
        if decimals is None:
            token = canonical_tokens().get((chain.name, contract))
            if token is None:
                decimal(cells[at["tokenvalue"]], "TokenValue")  # a worse fault is named first
                raise InputError("the decimals of the token are unknown: the export has none and our list lacks it")
            decimals = token.decimals
        intake.batch.add_transfer(
            chain=chain.name, kind="token", contract=contract, symbol=plain(cells[at["tokensymbol"]]), decimals=decimals,
            sender=intake.address(cells[at["from"]], chain.name, "From"),
            receiver=intake.address(cells[at["to"]], chain.name, "To"),
            amount=scaled(cells[at["tokenvalue"]], decimals, "TokenValue"), listing=listing, **place.of(cells, number),
        )  # fmt: skip

    return handle
