"""The kinds of faults, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault.

    Attributes
    ----------
    stage : {"head", "instead", "rows", "text", "wire"}
        At which point it acts: it moves the head, replaces the reply, changes its rows, its text, or how it is sent.
    cure : str
        What a careful client does with it. ``again``: ask again later. ``smaller``: ask for a smaller range. ``stop``:
        report it; asking again does not help. ``look``: the answer shows that it is wrong: ask again, and report it if
        it stays. ``none``: the rows are right and all there.
    default : object
        Of ``Fault.value``.
    does : str
        What happens, and what the value means.
    """

    stage: str
    cure: str
    default: object
    does: str


def _kind(stage: str, cure: str, does: str, default: object = None) -> Kind:
    return Kind(stage=stage, cure=cure, default=default, does=does)


KINDS: Mapping[str, Kind] = {
    "moving_head": _kind("head", "none", "the chain grows by so many blocks before the answer", 1),
    # instead of the reply
    "rate_limit": _kind(
        "instead", "again", "HTTP 200 with this text as result", "Max calls per sec rate limit reached (3/sec)"
    ),
    "http_429": _kind("instead", "again", "HTTP 429; the value is Retry-After in seconds, none for no header"),
    "daily_limit": _kind(
        "instead", "stop", "HTTP 200 with this text", "Max daily rate limit reached. 110000 (100%) of 100000 day/limit"
    ),
    "notok": _kind(
        "instead",
        "again",
        "NOTOK with this result",
        "Unexpected err, timeout occurred or server too busy. Please try again later",
    ),
    "error_message": _kind(
        "instead",
        "smaller",
        "this text as message, result null",
        "Query Timeout occured. Please select a smaller result dataset",
    ),
    "range_limit": _kind("instead", "smaller", "a query timeout where the range has more blocks than this", 1_000_000),
    "result_limit": _kind("instead", "smaller", "a query timeout where the range has more rows than this", 1_000),
    "window": _kind("instead", "smaller", "the error of page times offset above this", 10_000),
    "chain_not_free": _kind("instead", "stop", "the plan does not serve this chain"),
    "pro_endpoint": _kind("instead", "stop", "the plan does not serve this endpoint"),
    "bad_key": _kind("instead", "stop", "the key is refused with this text", "Invalid API Key (#err2)"),
    "deprecated": _kind("instead", "stop", "the message of the retired V1 endpoints"),
    "rpc_error": _kind("instead", "again", "a JSON-RPC error of this code; only for the proxy module", -32000),
    "null_result": _kind("instead", "look", "status 1, message OK, result null"),
    "not_an_object": _kind("instead", "look", "JSON that is this value and no object", ()),
    "html": _kind("instead", "again", "an HTML page with this HTTP status (200, 403, 414, 502, 503)", 200),
    "redirect": _kind(
        "instead", "stop", "HTTP 302 to this address; nobody may take the key there", "http://127.0.0.1:9/v2/api"
    ),
    "empty_body": _kind("instead", "again", "HTTP 200 without a body"),
    # the rows
    "repeat_rows": _kind("rows", "look", "so many rows a second time, behind the last", 1),
    "overlap": _kind("rows", "look", "so many rows before the page are repeated in front of it", 1),
    "repeat_page": _kind("rows", "look", "the page before this one once more, in its place"),
    "out_of_window": _kind("rows", "look", "so many rows behind the window are added", 1),
    "foreign_row": _kind("rows", "look", "so many rows of other addresses stand in the middle", 1),
    "out_of_order": _kind("rows", "look", "the first and the last row change places"),
    "odd_row": _kind("rows", "look", "this value, which is no row, stands behind the last row", ()),
    "odd_value": _kind("rows", "look", "the column of the last row has this value", "-5"),
    "null_value": _kind("rows", "look", "the column of the last row is null"),
    "missing_column": _kind("rows", "look", "the last row lacks the column"),
    "wrong_chain": _kind("rows", "look", "a transaction object names this chain id", 1337),
    "extra_column": _kind("rows", "none", "every row has one more column, of this name", "L1FeesPaid"),
    "blank_empty": _kind("rows", "none", "the result of a truly empty answer is an empty string"),
    "delegatecall": _kind("rows", "none", "every internal row of a short page once more, as a delegatecall"),
    # the text
    "truncated": _kind("text", "again", "the JSON ends after so many of a hundred of its bytes", 50),
    "duplicate_key": _kind("text", "look", "the first row has its value twice; this one comes first", "1"),
    "raw_nul": _kind("text", "look", "a NUL byte stands inside the first string"),
    "not_utf8": _kind("text", "look", "a byte that is no UTF-8 stands inside the first string"),
    "nested": _kind("text", "look", "an extra key holds so many arrays, each in the other", 100_000),
    "huge_body": _kind("text", "look", "so many spaces follow the JSON, with a length that says so", 50 * 2**20),
    "huge_unannounced": _kind("text", "look", "the same without a length", 50 * 2**20),
    # the wire
    "reset": _kind("wire", "again", "the connection is reset"),
    "hold": _kind("wire", "again", "nothing comes for so many seconds (none: the explorer's setting), then it closes"),
    "slow_body": _kind("wire", "again", "half of the body, then nothing for so many seconds, then it closes"),
    "cut": _kind("wire", "again", "fewer bytes than the length says, then it closes"),
}
"""Every kind of fault by its name."""
