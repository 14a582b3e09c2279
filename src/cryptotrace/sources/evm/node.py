"""What every node, and every explorer that answers as one, is asked besides lists: logs and receipts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptotrace.codecs import ChainInfo, parse_address
from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.base import Page
from cryptotrace.sources.cells import hash_text
from cryptotrace.sources.evm.amounts import name_of
from cryptotrace.sources.evm.receipts import Receipt, batch_of

__all__ = ["EvmNode"]

_MOST_TOPICS = 4


class EvmNode(ABC):
    """The questions; how they are put is left to those who know whom they ask."""

    name: str
    _chain: ChainInfo

    def receipt(self, tx_hash: str, *, time: datetime | None = None, subject: str = "") -> Batch:
        """Give what a transaction did: itself, its fee, and its token transfers with their log indices.

        Parameters
        ----------
        tx_hash : str
            The transaction.
        time : datetime, optional
            Of its block, where that is known; it costs a second request otherwise.
        subject : str
            The account for whose sake it is asked.

        Raises
        ------
        NotIndexedYet
            If it is not known, or not yet.
        SourceError
            As for every question.
        """
        receipt = self._receipt(_hash(tx_hash), subject)
        if time is None:
            time = self._time_of(receipt, subject)
        return batch_of(receipt, self._chain, time=time, file=f"{self.name}:{self._chain.name}:receipt")

    def logs(
        self,
        contract: str | None,
        topics: Sequence[str | None],
        first: int,
        last: int,
        cursor: str | None = None,
        *,
        subject: str = "",
    ) -> Iterator[Page]:
        """Walk the logs of a contract or of topics from block ``first`` to ``last``, both included, or go on at a cursor.

        Parameters
        ----------
        contract : str or None
            Whose logs; None for all.
        topics : sequence of str or None
            What must stand at each place; None for anything. One at least where ``contract`` is None.
        first, last : int
            Blocks.
        cursor : str, optional
            Of an earlier page.
        subject : str
            The account for whose sake they are asked.

        Yields
        ------
        Page
            Token transfers, wraps and events; each page is final up to its ``through``.

        Raises
        ------
        InputError
            If nothing is asked for.
        SourceError
            If the list is not proven complete.
        """
        named = None if contract is None else parse_address(contract, self._chain.name)
        wanted = tuple(None if topic is None else _hash(topic) for topic in topics)
        if len(wanted) > _MOST_TOPICS or (named is None and not any(wanted)):
            raise InputError("logs need a contract or a topic, and at most four topics", where="logs", hint="Name one")
        yield from self._log_pages(named, wanted, first, last, cursor, subject or named or "")

    @abstractmethod
    def _receipt(self, tx_hash: str, subject: str) -> Receipt:
        """Ask for a receipt."""

    @abstractmethod
    def _time_of(self, receipt: Receipt, subject: str) -> datetime:
        """Ask for the time of a receipt's block, which must be the one that the receipt means."""

    @abstractmethod
    def _log_pages(
        self, contract: str | None, topics: tuple[str | None, ...], first: int, last: int, cursor: str | None, subject: str
    ) -> Iterator[Page]:
        """Walk logs; contract and topics are in their stored form."""


def _hash(text: str) -> str:
    """Give a hash as it is asked for."""
    found = hash_text(text)
    return name_of(found if found.startswith("0x") else f"0x{found}", "hash")
