"""The rows of a node export: transactions with their fees, call frames, token transfers, logs.

A transaction's own value stands twice in a full export, as the transaction and as its root trace. Both become the same row
(kind ``native``), each in its listing, so that the store counts it once. Frames inside keep their own outcome; that a failed
frame undoes the frames inside it is a rule of hygiene, which therefore needs to see all of them, also those without value.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptotrace.codecs import null_address
from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import amount, counter, exact_integer, hash_text, plain, truth
from cryptotrace.sources.formats.node_facts import Facts, frame_of, frame_ok, gather
from cryptotrace.sources.formats.node_tables import Dialect, open_table, sorted_tables
from cryptotrace.sources.formats.transfer_logs import transfer_of
from cryptotrace.sources.intake import Intake, Request, drive

__all__ = ["read_tables"]

_LOG = logging.getLogger(__name__)
_INT = 2**31 - 1
_NO_VALUE = frozenset(("staticcall", "delegatecall"))
_OUTSIDE = frozenset(("genesis", "reward", "daofork"))
_Handle = Callable[[Mapping[str, Any], int], None]


def read_tables(request: Request, intake: Intake, dialect: Dialect) -> Iterator[Batch]:
    """Yield the rows of all tables; each table is one listing, however many files it has."""
    tables = sorted_tables(request.files, dialect, intake)
    facts = gather(request.one_chain.name, tables, dialect, intake.reject)
    makers: tuple[tuple[str, Callable[[Rows, int], _Handle]], ...] = (
        ("transactions", Rows.transaction),
        ("traces", Rows.trace),
        ("token_transfers", Rows.token_transfer),
        ("logs", Rows.log),
    )
    rows = Rows(request, intake, facts)
    for table, make in makers:
        files = tables.get(table, [])
        handle = make(rows, intake.next_listing()) if files else None
        for file in files:
            with open_table(file, dialect[table]) as sheet:
                assert handle is not None
                yield from drive(sheet, intake, handle)
    if rows.unknown_outcomes:
        _LOG.warning("outcome unknown, taken as ok transactions=%d", rows.unknown_outcomes)


class Rows:
    """Makes the reader of each table; see :func:`read_tables`."""

    def __init__(self, request: Request, intake: Intake, facts: Facts) -> None:
        self._chain = request.one_chain.name
        self._coin: dict[str, Any] = {
            "symbol": request.one_chain.native_symbol,
            "decimals": request.one_chain.native_decimals,
        }
        self._intake = intake
        self._facts = facts
        self.unknown_outcomes = 0

    def transaction(self, listing: int) -> _Handle:
        """Give the reader of transactions."""
        intake, facts, chain = self._intake, self._facts, self._chain

        def handle(cells: Mapping[str, Any], number: int) -> None:
            name = hash_text(cells.get("hash"), "hash")
            block, index = facts.place(cells, name)
            time = facts.time(cells, block)
            root_ok, root_to = facts.roots.get(name, (None, None))
            receipt = {**facts.receipts.get(name, {}), **{k: v for k, v in cells.items() if v not in (None, "")}}
            sender = intake.address(cells.get("from_address"), chain, "from_address")
            target = cells.get("to_address") or receipt.get("receipt_contract_address") or root_to
            receiver = intake.address_or_none(target, chain, "to_address")
            value, fee = amount(cells.get("value"), "value"), _fee(receipt)
            ok = truth(receipt.get("receipt_status"), "receipt_status")
            ok = root_ok if ok is None else ok
            nonce = counter(cells.get("nonce"), "nonce")
            self.unknown_outcomes += ok is None
            intake.batch.add_transfer(
                chain=chain, tx_hash=name, kind="native", block=block, time=time, tx_index=index, sender=sender,
                receiver=receiver, amount=value, ok=ok is not False, listing=listing, **self._coin,
                input_row=number if block is None or index is None else None,
            )  # fmt: skip
            intake.batch.add("transactions", (chain, name, block, time, index, sender, receiver, ok, fee, None, nonce))
            if fee:
                intake.add_fee(
                    chain=chain, tx_hash=name, time=time, payer=sender, amount=fee, block=block, tx_index=index,
                    number=number, listing=listing,
                )  # fmt: skip

        return handle

    def trace(self, listing: int) -> _Handle:
        """Give the reader of call frames, rewards and the genesis."""
        intake, facts, chain = self._intake, self._facts, self._chain

        def handle(cells: Mapping[str, Any], number: int) -> None:
            frame, name, place = frame_of(cells)
            block, index = facts.place(cells, name)
            outside = frame in _OUTSIDE
            inside = place is not None
            call = (plain(cells.get("call_type")) or frame or None) if inside else None
            sender = intake.address_or_none(cells.get("from_address"), chain, "from_address")
            if sender is None:
                if not outside:
                    raise InputError("from_address is empty")
                sender = null_address(chain)
            receiver = intake.address_or_none(cells.get("to_address"), chain, "to_address")
            ok = frame_ok(cells) is not False
            if receiver is None and ok:
                raise InputError("to_address is empty")
            value = cells.get("value")
            ordered = block is not None and index is not None
            intake.batch.add_transfer(
                chain=chain, tx_hash=name, kind="internal" if inside else "reward" if frame == "reward" else "native",
                block=block, time=facts.time(cells, block), tx_index=index, trace_path=place, call_type=call, sender=sender,
                receiver=receiver, amount=0 if call in _NO_VALUE and value in (None, "") else amount(value, "value"), ok=ok,
                input_row=None if ordered else _row_number(cells, number), listing=listing, **self._coin,
            )  # fmt: skip

        return handle

    def token_transfer(self, listing: int) -> _Handle:
        """Give the reader of token transfers that the exporter decoded.

        ethereum-etl writes collectibles (ERC-721) into the same table, their identifier as the value; they cannot be told
        apart here and stand as amounts of their own contract.
        """

        def handle(cells: Mapping[str, Any], number: int) -> None:
            moved = (cells.get("from_address"), cells.get("to_address"), amount(cells.get("value"), "value"))
            self._add_token(cells, number, listing, cells.get("token_address"), moved)

        return handle

    def log(self, listing: int) -> _Handle:
        """Give the reader of logs: transfers are taken, other events are passed over."""

        def handle(cells: Mapping[str, Any], number: int) -> None:
            found = transfer_of(cells.get("topics"), cells.get("data"))
            if found is not None:
                amount(found[2], "value")
                self._add_token(cells, number, listing, cells.get("address"), found)

        return handle

    def _add_token(
        self, cells: Mapping[str, Any], number: int, listing: int, contract: Any, moved: tuple[Any, Any, int]
    ) -> None:
        intake, chain = self._intake, self._chain
        sender, receiver, value = moved
        name = hash_text(cells.get("transaction_hash"), "transaction_hash")
        block, index = self._facts.place(cells, name)
        log = counter(cells.get("log_index"), "log_index", _INT)
        token = intake.address(contract, chain, "contract")
        symbol, decimals = self._facts.tokens.get(token, (None, None))
        intake.batch.add_transfer(
            chain=chain, tx_hash=name, kind="token", block=block, time=self._facts.time(cells, block), tx_index=index,
            log_index=log, sender=intake.address(sender, chain, "from_address"),
            receiver=intake.address(receiver, chain, "to_address"), contract=token, symbol=symbol, decimals=decimals,
            amount=value, listing=listing, input_row=number if None in (block, index, log) else None,
        )  # fmt: skip


def _row_number(cells: Mapping[str, Any], number: int) -> int:
    """Give the place in the block where the export has one, which does not depend on the order of its rows."""
    known = counter(cells.get("trace_index"), "trace_index")
    return number if known is None else known


def _fee(cells: Mapping[str, Any]) -> int | None:
    """Gas times the price that was paid; None where the receipt is missing."""
    used = cells.get("receipt_gas_used")
    price = cells.get("receipt_effective_gas_price") or cells.get("gas_price")
    if used in (None, "") or price in (None, ""):
        return None
    return amount(exact_integer(used, "receipt_gas_used") * exact_integer(price, "gas_price"), "fee")
