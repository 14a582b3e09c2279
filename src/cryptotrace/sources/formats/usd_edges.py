"""``usd_edges``: lists of payments that give only their value in US dollars.

Columns: Timestamp (UTC), Block, Tx_hash, From, From_label, To, To_label, Value_in_USD. The two label columns are not read:
labels come from label files. Values become exact micro-dollars, half up, of the pseudo-asset ``usd``. Rows have no position,
so their order in the input decides between rows of one block, and all files of a call are parts of one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.model import MAX_AMOUNT, USD_CONTRACT
from cryptotrace.model.values import micro_dollars
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import counter, decimal, hash_text, utc_time
from cryptotrace.sources.intake import Intake, Request, drive
from cryptotrace.sources.sheets import open_sheet, require

__all__ = ["KINDS", "read"]

KINDS = ("csv",)
_COLUMNS = ("Timestamp", "Block", "Tx_hash", "From", "To", "Value_in_USD")
_MOST_DOLLARS = MAX_AMOUNT // 1_000_000


def read(request: Request, intake: Intake) -> Iterator[Batch]:
    """Yield the payments of all files as one listing."""
    chain = request.one_chain.name
    listing = intake.next_listing()

    def handle(cells: Mapping[str, Any], number: int) -> None:
        usd = decimal(cells["Value_in_USD"], "Value_in_USD")
        if usd > _MOST_DOLLARS:
            raise InputError("Value_in_USD is larger than 10**38 - 1 micro-dollars")
        intake.batch.add_transfer(
            chain=chain,
            tx_hash=hash_text(cells["Tx_hash"], "Tx_hash"),
            kind="token",
            block=counter(cells["Block"], "Block"),
            time=utc_time(cells["Timestamp"], "Timestamp"),
            sender=intake.address(cells["From"], chain, "From"),
            receiver=intake.address(cells["To"], chain, "To"),
            contract=USD_CONTRACT,
            symbol="USD",
            decimals=6,
            amount=micro_dollars(usd),
            input_row=number,
            listing=listing,
        )

    for file in request.files:
        with open_sheet(file) as sheet:
            require(sheet, _COLUMNS)
            yield from drive(sheet, intake, handle)
