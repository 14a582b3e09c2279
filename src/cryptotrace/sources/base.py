"""The contract of every explorer: what a request is, what an answer is, and how a list of pages ends.

A walk over pages ends in exactly one of four ways: rows, proven empty, partial with a reason, or an error of a known kind. An
error is never "no records". Fetching and parsing are apart: a *fetcher* turns requests into raw answers, a *source* turns
answers into rows and knows no network, no store and no clock. The same source therefore works over HTTP, over an archive
(replay), and over both (resume).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from cryptotrace.schema import Batch

__all__ = ["Answer", "Fetcher", "HasBalances", "HasNonces", "HasReceipts", "Page", "Request", "ResponseArchive", "Source"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to an explorer, without any secret.

    Attributes
    ----------
    source, chain : str
        Who is asked, about which chain.
    stream : str
        The list it belongs to (``native``, ``internal``, ``token``, ``head`` …).
    subject : str
        The address that it is about, or ``""``.
    parameters : tuple of (name, value)
        In the order in which they are sent; the key is added by the fetcher and is never here.
    run : str
        Tells questions apart whose answer changes with time (the head of the chain); ``""`` for what is final.
    path : str
        What follows the base URL, such as ``/v1/accounts/T…/transactions``.
    payload : str
        A JSON document that is sent with POST; ``""`` asks with GET.
    """

    source: str
    chain: str
    stream: str
    subject: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    run: str = ""
    path: str = ""
    payload: str = ""

    @cached_property
    def text(self) -> str:
        """The request in one canonical line: sorted parameters, no key."""
        body: dict[str, Any] = {
            "source": self.source, "chain": self.chain, "parameters": sorted(self.parameters), "run": self.run,
        }  # fmt: skip
        body |= {name: text for name, text in (("path", self.path), ("payload", self.payload)) if text}
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    @cached_property
    def key(self) -> str:
        """SHA-256 of :attr:`text`: what an archive finds an answer by."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One raw answer, kept before anything reads it."""

    request: Request
    status: int
    body: bytes
    received_at: datetime
    server_date: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the body as it came."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of a walk that are final: everything of the stream up to ``through`` is in this page or an earlier one.

    ``through`` counts on the axis of the chain (:attr:`~cryptotrace.codecs.ChainInfo.axis`: blocks or ms). A walk that runs
    from the newest row to the oldest knows nothing to be whole before its end: it leaves ``through`` at the last place before
    its range, and says all with its cursor. ``rows`` counts the rows of the stream, rejects included. ``cursor`` is where the
    walk goes on after this page, as text that only its source reads; a walk resumed there asks what the undisturbed one would
    have asked. ``given_by`` names the explorers behind the list so far, where a source has several.
    ``joins`` is for lists that may break off between rows that only their number tells apart: whether this page goes on with
    the transaction in which the page before ended; None where pages never end there.
    """

    batch: Batch
    rows: int
    through: int
    cursor: str
    given_by: str | None = None
    joins: bool | None = None


class Fetcher(Protocol):
    """Turns requests into answers; raises a :class:`~cryptotrace.errors.SourceError` for everything that is none."""

    def fetch(self, request: Request) -> Answer:
        """Give an answer that the source accepts."""


class ResponseArchive(Protocol):
    """Answers of earlier days, found by request."""

    def find(self, key: str) -> Answer | None:
        """Give the stored answer to a request, or None."""


class Source(Protocol):
    """An explorer as the collector sees it."""

    @property
    def name(self) -> str:
        """Short name, as in ``open_source``."""

    @property
    def chain(self) -> str:
        """Our name of the chain."""

    @property
    def streams(self) -> tuple[str, ...]:
        """The lists that make an account complete."""

    @property
    def questions(self) -> int:
        """How many requests come before the first list: the head, the plan of a key."""

    @property
    def fetcher(self) -> Fetcher:
        """Where its answers come from."""

    def judge(self, answer: Answer) -> None:
        """Raise the error that an answer is, if it is one."""

    def through(self, fetcher: Fetcher) -> Source:
        """Give the same source with answers from elsewhere: recorded, replayed, counted."""

    def prepare(self, run: str) -> None:
        """Find out what the key may do, before the first list."""

    def head(self, run: str) -> int:
        """Give the newest place on the axis of the chain that will not change any more."""

    def pages(self, stream: str, address: str, first: int, last: int, cursor: str | None = None) -> Iterator[Page]:
        """Walk a list from ``first`` to ``last`` on the axis of the chain, both included, or go on at a cursor.

        Ends when the list is proven complete; raises :class:`~cryptotrace.errors.SourceError` when it is not.
        """


@runtime_checkable
class HasBalances(Protocol):
    """An explorer that tells balances."""

    def balance(self, address: str, contract: str | None, run: str) -> int:
        """Give the balance in base units at the head, of the coin or of a token; 0 for an account that was never used."""


@runtime_checkable
class HasNonces(Protocol):
    """An explorer that tells how many transactions an account has sent."""

    def nonce(self, address: str, run: str) -> int:
        """Give the number of transactions that the account signed, up to the head."""


@runtime_checkable
class HasReceipts(Protocol):
    """An explorer that gives transaction receipts."""

    def receipt(self, tx_hash: str, *, time: datetime | None = None, subject: str = "") -> Batch:
        """Give a transaction, its fee and its token transfers with their log indices.

        ``time`` of its block saves a request where it is known; ``subject`` is the account that it is asked for.
        """
