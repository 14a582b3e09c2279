"""``table``: any table of transfers, with a declared mapping of columns; our own names need none.

Required: tx_hash, time, sender, receiver, amount (whole base units), and chain as a column or as an argument. Optional:
kind, block, tx_index, log_index, trace_path, call_type, contract, symbol, decimals, ok. An empty ``contract`` is the chain's
own coin; ``kind`` is by default ``native`` without and ``token`` with a contract; ``ok`` is true by default.

All files of a call are parts of one table, so equal rows multiply across them. Overlapping exports belong into separate calls:
then the store merges them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptotrace.codecs import chain_of, null_address
from cryptotrace.errors import InputError
from cryptotrace.model import USD_CONTRACT
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import amount, counter, hash_text, path, plain, truth, utc_time
from cryptotrace.sources.formats import table_beside
from cryptotrace.sources.intake import Intake, Request, drive
from cryptotrace.sources.sheets import ROW_KINDS, open_sheet, require

__all__ = ["COLUMNS", "KINDS", "read"]

KINDS = ROW_KINDS
COLUMNS = (
    "chain", "tx_hash", "kind", "block", "time", "tx_index", "log_index", "trace_path", "call_type", "sender", "receiver",
    "contract", "symbol", "decimals", "amount", "ok",
)  # fmt: skip
"""Our names, which ``columns`` maps to theirs."""

_REQUIRED = ("tx_hash", "time", "sender", "receiver", "amount")
_KINDS = frozenset(("native", "internal", "token", "fee", "mint", "burn", "wrap", "unwrap", "reward"))
_TOP_LEVEL = frozenset(("native", "fee"))
_INT = 2**31 - 1


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the transfers, then what stands beside them."""
    listing = intake.next_listing()
    names = {ours: request.columns.get(ours, ours) for ours in COLUMNS}
    needed = _REQUIRED if request.chain is not None else ("chain", *_REQUIRED)
    hint = "Say in `columns` how the file calls it" + ("" if request.chain else ", or give the chain as an argument")
    handle = _transfer(request, intake, names, listing)
    for file in request.files:
        with open_sheet(file) as sheet:
            require(sheet, [names[ours] for ours in needed], hint)
            require(sheet, request.columns.values(), hint)
            yield from drive(sheet, intake, handle)
    yield from table_beside.read(request, intake)


def _transfer(
    request: Request, intake: Intake, names: Mapping[str, str], listing: int
) -> Callable[[Mapping[str, Any], int], None]:
    (chain_at, hash_at, kind_at, block_at, time_at, index_at, log_at, trace_at, call_at, sender_at, receiver_at,
     contract_at, symbol_at, decimals_at, amount_at, ok_at) = (names[ours] for ours in COLUMNS)  # fmt: skip

    def handle(cells: Mapping[str, Any], number: int) -> None:
        get = cells.get
        chain = intake.chain(get(chain_at), request.chain)
        contract = _contract(get(contract_at), chain, intake)
        kind = get(kind_at) or ("native" if contract is None else "token")
        if type(kind) is not str or kind not in _KINDS:
            raise InputError(f"kind is none of {', '.join(sorted(_KINDS))}")
        ok = truth(get(ok_at), "ok") is not False
        sender, receiver = _parties(get(sender_at), get(receiver_at), chain, kind, intake, ok=ok)
        block, index = counter(get(block_at), "block"), counter(get(index_at), "tx_index", _INT)
        log, trace = counter(get(log_at), "log_index", _INT), path(get(trace_at))
        placed = index is not None and block is not None and (kind in _TOP_LEVEL or log is not None or trace is not None)
        symbol, decimals = _unit(get(symbol_at), counter(get(decimals_at), "decimals", 255), chain, contract)
        intake.batch.add_transfer(
            chain=chain,
            tx_hash=hash_text(get(hash_at)),
            kind=kind,
            block=block,
            time=utc_time(get(time_at)),
            tx_index=index,
            log_index=log,
            trace_path=trace,
            call_type=plain(get(call_at)) or None,
            sender=sender,
            receiver=receiver,
            contract=contract,
            symbol=symbol,
            decimals=decimals,
            amount=amount(get(amount_at)),
            ok=ok,
            input_row=None if placed else number,
            listing=listing,
        )

    return handle


def _contract(text: Any, chain: str, intake: Intake) -> str | None:
    return USD_CONTRACT if text == USD_CONTRACT else intake.address_or_none(text, chain, "contract")


def _unit(symbol: Any, decimals: int | None, chain: str, contract: str | None) -> tuple[str | None, int | None]:
    """Give symbol and decimals; what an empty cell says is unknown, except of the chain's own coin."""
    if contract is None:
        coin = chain_of(chain)
        return coin.native_symbol, coin.native_decimals
    return plain(symbol) or None, decimals


def _parties(sender: Any, receiver: Any, chain: str, kind: str, intake: Intake, *, ok: bool) -> tuple[str | None, str | None]:
    """Give both ends; only an end that no one holds may be empty: issue, burning, a fee, a creation that failed."""
    giver = intake.address_or_none(sender, chain, "sender")
    taker = intake.address_or_none(receiver, chain, "receiver")
    if giver is None:
        if kind not in ("mint", "reward"):
            raise InputError("sender is empty")
        giver = null_address(chain)
    if taker is None and kind == "burn":
        taker = null_address(chain)
    elif taker is None and kind != "fee" and ok:
        raise InputError("receiver is empty")
    return giver, taker
