"""The tables that stand beside the transfers of the format ``table``: transactions, approvals, coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.model import MAX_AMOUNT
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import amount, counter, exact_integer, hash_text, plain, truth, utc_time
from cryptotrace.sources.intake import Intake, Request, drive
from cryptotrace.sources.sheets import open_sheet, require

__all__ = ["read", "read_coverage"]

_INT = 2**31 - 1
_STATUS = ("complete", "partial", "not_pulled")


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield transactions with their fees, and approvals."""
    chain = () if request.chain is not None else ("chain",)
    if request.transactions is not None:
        with open_sheet(request.transactions) as sheet:
            require(sheet, (*chain, "tx_hash", "time", "signer"))
            yield from drive(sheet, intake, _Transactions(request, intake))
    if request.approvals is not None:
        with open_sheet(request.approvals) as sheet:
            require(sheet, (*chain, "tx_hash", "time", "contract", "owner", "spender", "amount"))
            yield from drive(sheet, intake, _Approvals(request, intake))


class _Transactions:
    """A transaction, and the fee that its signer paid also where it failed."""

    def __init__(self, request: Request, intake: Intake) -> None:
        self._request = request
        self._intake = intake
        self._listing = intake.next_listing()

    def __call__(self, cells: Mapping[str, Any], number: int) -> None:
        intake, get = self._intake, cells.get
        chain = intake.chain(get("chain"), self._request.chain)
        name, time = hash_text(get("tx_hash")), utc_time(get("time"))
        block, index = counter(get("block"), "block"), counter(get("tx_index"), "tx_index", _INT)
        signer = intake.address(get("signer"), chain, "signer")
        receiver = intake.address_or_none(get("to") or get("receiver"), chain, "to")
        fee = None if get("fee") in (None, "") else amount(get("fee"), "fee")
        ok, nonce, method = truth(get("ok"), "ok"), counter(get("nonce"), "nonce"), plain(get("method")) or None
        intake.batch.add("transactions", (chain, name, block, time, index, signer, receiver, ok, fee, method, nonce))
        if fee:
            intake.add_fee(
                chain=chain, tx_hash=name, time=time, payer=signer, amount=fee, block=block, tx_index=index, number=number,
                listing=self._listing,
            )  # fmt: skip


class _Approvals:
    """A leave to spend; an unlimited one is larger than any amount, so its text is kept beside."""

    def __init__(self, request: Request, intake: Intake) -> None:
        self._request = request
        self._intake = intake

    def __call__(self, cells: Mapping[str, Any], _number: int) -> None:
        intake, get = self._intake, cells.get
        chain = intake.chain(get("chain"), self._request.chain)
        raw = exact_integer(get("amount"), "amount")
        if raw >= 2**256:
            raise InputError("amount is 2**256 or more")
        row = (
            chain,
            hash_text(get("tx_hash")),
            counter(get("log_index"), "log_index", _INT),
            "approval",
            counter(get("block"), "block"),
            utc_time(get("time")),
            intake.address(get("contract"), chain, "contract"),
            intake.address(get("owner"), chain, "owner"),
            intake.address(get("spender"), chain, "spender"),
            raw if raw <= MAX_AMOUNT else None,
            str(raw),
        )
        intake.batch.add("events", row)


def read_coverage(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield what a coverage file says of each address.

    Notes
    -----
    ``from_block`` and ``to_block`` of a complete row are the range that is there (from genesis, without an end, unless the
    file says more); of any other row they are the range that is missing, where the file knows it.
    """
    if request.coverage is None:
        return
    source = f"file:{request.coverage.name}"

    def handle(cells: Mapping[str, Any], _number: int) -> None:
        get = cells.get
        chain = intake.chain(get("chain"), request.chain)
        status = get("status")
        if status not in _STATUS:
            raise InputError(f"status is none of {', '.join(_STATUS)}")
        first = counter(get("missing_from_block") or get("from_block"), "from_block")
        last = counter(get("missing_to_block") or get("to_block"), "to_block")
        row = (
            source,
            plain(get("stream")) or "all",
            chain,
            intake.address(get("address"), chain, "address"),
            0 if first is None and status == "complete" else first,
            last,
            status,
            plain(get("reason")) or None,
            counter(get("rows_here") or get("rows"), "rows"),
            None,
            None,
            None,
            None,
        )
        intake.batch.add("coverage", row)

    with open_sheet(request.coverage) as sheet:
        require(sheet, (*(() if request.chain is not None else ("chain",)), "address", "status"))
        yield from drive(sheet, intake, handle)
