"""Replies as values, before they become bytes, and the texts of Etherscan's errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cryptotrace.errors import InputError
from cryptotrace.testing.explorers._shapes import Item, Row

BAD_ADDRESS = "Error! Invalid address format"
BAD_PARAMETER = "Error! Invalid parameter"
BAD_ACTION = "Error! Missing Or invalid Action name"
BAD_MODULE = "Error! Missing Or invalid Module name (#2)"
BAD_CHAIN = (
    "Missing or unsupported chainid parameter (required for v2 api), please see "
    "https://api.etherscan.io/v2/chainlist for the list of supported chainids"
)
NOT_FREE_CHAIN = (
    "Free API access is not supported for this chain. Please upgrade your api plan for full chain coverage. "
    "https://etherscan.io/apis"
)
PRO_ONLY = "Sorry, it looks like you are trying to access an API Pro endpoint. Contact us to upgrade to API Pro."
OVER_CAP = "Error! Offset exceeds the maximum of {} records of your plan"
"""Invented: the real text is not documented, and no client may depend on it."""
WINDOW = "Result window is too large, PageNo x Offset size must be less than or equal to {}"
TIMEOUT = "Query Timeout occured. Please select a smaller result dataset"
BUSY = "Unexpected err, timeout occurred or server too busy. Please try again later"
V1 = "You are using a deprecated V1 endpoint, switch to Etherscan API V2."
NO_BLOCK = "Error! No closest block found"
JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}
HTML_TYPE = {"Content-Type": "text/html; charset=UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the explorer.

    Attributes
    ----------
    status : int
        HTTP status.
    headers : Mapping
        Without the length.
    body : bytes
        What is sent first.
    padding : int
        So many spaces follow; they are made while they are sent, so that a large body costs the server no memory.
    wire : str
        ``""`` sent as it stands; ``reset`` the connection is reset instead; ``hold`` nothing comes, then the connection
        closes; ``half`` half of the body comes, then nothing, then it closes; ``cut`` half of it, then it closes at
        once; ``unannounced`` sent without a length. Without a socket, all but the last stand for a failed connection.
    seconds : float or None
        For how long ``hold`` and ``half`` keep the client waiting; None for the explorer's own setting.
    rows : int
        Rows in it.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON_TYPE)
    body: bytes
    padding: int = 0
    wire: Literal["", "reset", "hold", "half", "cut", "unannounced"] = ""
    seconds: float | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where the rows of a reply stand in their list.

    Attributes
    ----------
    shape : callable
        Makes a row of an item.
    before, after : sequence of Item
        The items next to the page in the order asked for, at most a page of each, also outside of the window.
    strangers : callable
        Returns items that belong to other addresses.
    told_apart : bool
        Whether two equal movements in one transaction have different rows.
    number, size : int
        Which page it is, 1 for the first, and how many rows fit on it.
    """

    shape: Callable[[Item], Row]
    before: Sequence[Item]
    after: Sequence[Item]
    strangers: Callable[[], Sequence[Item]]
    told_apart: bool
    number: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A body as plain values; ``rows`` is the list that stands in it, where one does."""

    body: Mapping[str, object]
    rows: Sequence[object] | None = None
    page: Page | None = None

    def encoded(self) -> bytes:
        """Return the body as bytes."""
        return json.dumps(self.body, separators=(",", ":")).encode()

    def with_rows(self, rows: Sequence[object]) -> Reply:
        """Return the reply with other rows."""
        return Reply(body={**self.body, "result": rows}, rows=rows, page=self.page)


class RefusedError(InputError):
    """A request that Etherscan would refuse; caught by the fake, never seen by a client."""


def ok(result: object) -> Reply:
    """Return a success."""
    return Reply(body={"status": "1", "message": "OK", "result": result})


def notok(text: object) -> Reply:
    """Return an error as Etherscan usually words it: the text is the result."""
    return Reply(body={"status": "0", "message": "NOTOK", "result": text})


def message(text: str) -> Reply:
    """Return an error whose text is the message."""
    return Reply(body={"status": "0", "message": text, "result": None})


def listing(rows: Sequence[object], empty: str, page: Page | None = None) -> Reply:
    """Return rows, or the words for none."""
    if rows:
        return Reply(body={"status": "1", "message": "OK", "result": rows}, rows=rows, page=page)
    return Reply(body={"status": "0", "message": empty, "result": []}, rows=rows, page=page)


def rpc(result: object) -> Reply:
    """Return a JSON-RPC result."""
    return Reply(body={"jsonrpc": "2.0", "id": 1, "result": result})


def rpc_error(code: int, text: str) -> Reply:
    """Return a JSON-RPC error."""
    return Reply(body={"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": text}})


def plain(reply: Reply) -> Answer:
    """Return a reply as it goes out with HTTP 200."""
    return Answer(body=reply.encoded(), rows=len(reply.rows or ()))


def html(status: int) -> Answer:
    """Return a page of the server in front of the explorer."""
    text = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\r\n"
    return Answer(status=status, headers=HTML_TYPE, body=text.encode())


def too_many(text: str, retry_after: object) -> Answer:
    """Return HTTP 429, with ``Retry-After`` where it is given."""
    headers = dict(JSON_TYPE) if retry_after is None else {**JSON_TYPE, "Retry-After": str(retry_after)}
    return Answer(status=429, headers=headers, body=notok(text).encoded())
