"""Call traces to internal payments of the chain's coin: ``trace_*`` items and the trees of ``callTracer``. Pure.

The money rule: value above zero moves with CALL, CREATE, CREATE2 and SELFDESTRUCT alone. DELEGATECALL and CALLCODE keep it
inside the caller, STATICCALL has none. A frame that failed undoes every frame inside it, whatever those say of themselves. The
outermost frame is the transaction's own value, which stands in the transaction, so it is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptotrace.codecs import ChainInfo, null_address
from cryptotrace.errors import InputError
from cryptotrace.schema import Batch
from cryptotrace.sources.cells import plain
from cryptotrace.sources.evm.amounts import address, block_number, name_of, own_time, raw_of, small, value_of

__all__ = ["Frame", "Place", "frames_of_items", "frames_of_tree", "incomplete", "read_call_tree", "read_trace_items"]

_MOVING = frozenset(("call", "create", "create2", "suicide"))
_CALL_TYPES = frozenset(("call", "callcode", "delegatecall", "staticcall"))
_DEEPEST = 1_100
"""Calls nest 1,024 deep at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a transaction stands; a trace by ``callTracer`` does not say it."""

    tx_hash: str
    block: int
    tx_index: int
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One call.

    Attributes
    ----------
    path : tuple of int
        Its place in the tree of calls; ``()`` is the outermost.
    kind : str
        ``call``, ``callcode``, ``delegatecall``, ``staticcall``, ``create``, ``create2`` or ``suicide``.
    sender : str
        Who pays.
    receiver : str or None
        Who is paid; None where a creation failed.
    value : int
        Wei.
    ok : bool
        Whether the frame itself went well.
    """

    path: tuple[int, ...]
    kind: str
    sender: str
    receiver: str | None
    value: int
    ok: bool

    @property
    def moves(self) -> bool:
        """Whether it is a payment inside a transaction, if nothing failed."""
        return bool(self.path) and self.kind in _MOVING and self.value > 0


# -- trees of callTracer -------------------------------------------------------------------------------------------------


def frames_of_tree(tree: Any, chain: ChainInfo) -> list[Frame]:
    """Read the answer of ``debug_traceTransaction`` with ``callTracer``; a frame's path is its number among its siblings.

    Raises
    ------
    InputError
        If it is no such tree.
    """
    found: list[Frame] = []
    waiting: list[tuple[tuple[int, ...], Any]] = [((), tree)]
    while waiting:
        path, cells = waiting.pop()
        if not isinstance(cells, dict) or len(path) > _DEEPEST:
            raise InputError("a call is not an object" if not isinstance(cells, dict) else "calls nest too deep")
        found.append(_tree_frame(path, cells, chain))
        calls = cells.get("calls")
        if calls is not None and not isinstance(calls, list):
            raise InputError("calls are not a list")
        waiting += [((*path, number), call) for number, call in enumerate(calls or ())]
    return sorted(found, key=lambda frame: frame.path)


def _tree_frame(path: tuple[int, ...], cells: Mapping[str, Any], chain: ChainInfo) -> Frame:
    kind = cells.get("type")
    if type(kind) is not str:
        raise InputError("type is missing")
    kind = {"selfdestruct": "suicide"}.get(kind.lower(), kind.lower())
    if kind not in _MOVING | _CALL_TYPES:
        raise InputError(f"an unknown type of call {plain(kind)!r}")
    ok = not cells.get("error")
    return Frame(
        path=path,
        kind=kind,
        sender=address(cells.get("from"), chain.name, "from"),
        receiver=_receiver(cells.get("to"), chain, ok=ok),
        value=value_of(cells.get("value") or 0, "value"),
        ok=ok,
    )


def _receiver(text: Any, chain: ChainInfo, *, ok: bool) -> str | None:
    if text in (None, "") and not ok:
        return None
    return address(text, chain.name, "to")


def read_call_tree(tree: Any, chain: ChainInfo, place: Place, *, listing: int = 0, paths: bool = True) -> Batch:
    """Turn a tree of ``callTracer`` into internal transfers; see :func:`read_trace_items`.

    Raises
    ------
    InputError
        If it is no such tree: a part of one proves nothing about the rest.
    """
    batch = Batch()
    _add_payments(frames_of_tree(tree, chain), chain, place, batch, listing, paths=paths)
    return batch


# -- items of trace_filter, trace_transaction, trace_block ----------------------------------------------------------------


def frames_of_items(items: Iterable[Any], chain: ChainInfo) -> dict[tuple[str, int, int], list[Frame]]:
    """Read items with a transaction: (hash, block, index) -> frames in the order of their paths.

    Raises
    ------
    InputError
        If one is no such item.
    """
    found: dict[tuple[str, int, int], list[Frame]] = defaultdict(list)
    for cells in items:
        name, frame = _item(cells, chain)
        found[name].append(frame)
    return {name: sorted(frames, key=lambda frame: frame.path) for name, frames in found.items()}


def _item(cells: Any, chain: ChainInfo) -> tuple[tuple[str, int, int], Frame]:
    action = cells.get("action") if isinstance(cells, dict) else None
    if not isinstance(action, dict):
        raise InputError("a trace has no action")
    name = (
        name_of(cells.get("transactionHash")),
        block_number(cells.get("blockNumber")),
        small(cells.get("transactionPosition"), "transactionPosition"),
    )
    path = cells.get("traceAddress")
    if not isinstance(path, list) or len(path) > _DEEPEST:
        raise InputError("traceAddress is not a list of numbers")
    place = tuple(small(step, "traceAddress") for step in path)
    return name, _item_frame(place, cells, action, chain)


def _item_frame(path: tuple[int, ...], cells: Mapping[str, Any], action: Mapping[str, Any], chain: ChainInfo) -> Frame:
    kind, ok, result = cells.get("type"), not cells.get("error"), cells.get("result")
    if kind == "suicide":
        sender, receiver, value = action.get("address"), action.get("refundAddress"), action.get("balance")
    elif kind == "create":
        created = result.get("address") if isinstance(result, dict) else None
        sender, receiver, value = action.get("from"), created, action.get("value")
        kind = action.get("creationMethod") or kind
    elif kind == "call":
        sender, receiver, value = action.get("from"), action.get("to"), action.get("value")
        kind = action.get("callType") or kind
    else:
        raise InputError(f"an unknown type of trace {plain(kind)!r}")
    if kind not in _MOVING | _CALL_TYPES:
        raise InputError(f"an unknown type of call {plain(kind)!r}")
    return Frame(
        path=path,
        kind=kind,
        sender=address(sender, chain.name, "from"),
        receiver=_receiver(receiver, chain, ok=ok),
        value=value_of(value or 0, "value"),
        ok=ok,
    )


def incomplete(frames: Iterable[Frame]) -> bool:
    """Whether a frame lacks one around it, as in answers of ``trace_filter``, which show what fits the filter alone.

    Whether a payment held then is not known: ask for the whole transaction (``trace_transaction``).
    """
    paths = {frame.path for frame in frames}
    return any(path[:depth] not in paths for path in paths for depth in range(len(path)))


def read_trace_items(
    items: Iterable[Any],
    chain: ChainInfo,
    *,
    times: Mapping[int, datetime],
    listing: int = 0,
    paths: bool = True,
    file: str = "traces",
) -> tuple[Batch, frozenset[str]]:
    """Turn items of ``trace_*`` into internal transfers and rewards.

    Parameters
    ----------
    items : iterable
        As they came; those of one transaction need not stand together.
    chain : ChainInfo
        Their chain.
    times : mapping of int to datetime
        Block -> time.
    listing : int
        The listing that these rows are.
    paths : bool
        Whether rows keep their place in the tree of calls. Explorers number calls in their own way: leave it out where their
        lists of the same transactions go into the same store, or one payment becomes two.
    file : str
        For rejects.

    Returns
    -------
    batch : Batch
        ``internal`` rows of every payment, with ``ok`` false where it or one around it failed; ``reward`` rows; rejects.
    unknown : frozenset of str
        Transactions of which nothing was taken, since outer calls are missing (:func:`incomplete`) or an item is damaged: ask
        for each whole.

    Notes
    -----
    O(frames x depth).
    """
    batch = Batch()
    found: dict[tuple[str, int, int], list[Frame]] = defaultdict(list)
    moments: dict[int, datetime] = {}
    unknown: set[str] = set()
    for cells in items:
        try:
            if isinstance(cells, dict) and cells.get("type") == "reward":
                _add_reward(cells, chain, times, batch, listing)
                continue
            name, frame = _item(cells, chain)
            moments[name[1]] = own_time(cells, name[1], times)
            found[name].append(frame)
        except InputError as problem:
            batch.reject(file, None, problem.what, raw_of(cells))
            unknown |= _named(cells)
    for (tx_hash, block, index), frames in found.items():
        if tx_hash in unknown or incomplete(frames):
            unknown.add(tx_hash)
            continue
        place = Place(tx_hash=tx_hash, block=block, tx_index=index, time=moments[block])
        _add_payments(sorted(frames, key=lambda frame: frame.path), chain, place, batch, listing, paths=paths)
    return batch, frozenset(unknown)


def _named(cells: Any) -> set[str]:
    """Give the transaction that a damaged item names, if it does."""
    name = cells.get("transactionHash") if isinstance(cells, dict) else None
    return {name.lower()} if type(name) is str else set()


def _add_reward(cells: Mapping[str, Any], chain: ChainInfo, times: Mapping[int, datetime], batch: Batch, listing: int) -> None:
    """Add what a block paid to its maker or to that of an uncle; it stands in no transaction and is named after its block."""
    action = cells.get("action")
    if not isinstance(action, dict):
        raise InputError("a trace has no action")
    block = block_number(cells.get("blockNumber"))
    time = own_time(cells, block, times)
    maker = address(action.get("author"), chain.name, "author")
    batch.add_transfer(
        chain=chain.name, tx_hash=f"reward_{block}_{maker}", kind="reward", block=block, time=time,
        sender=null_address(chain.name), receiver=maker, amount=value_of(action.get("value"), "value"),
        symbol=chain.native_symbol, decimals=chain.native_decimals, listing=listing,
    )  # fmt: skip


# -- payments ------------------------------------------------------------------------------------------------------------


def _add_payments(frames: Iterable[Frame], chain: ChainInfo, place: Place, batch: Batch, listing: int, *, paths: bool) -> None:
    """Add the payments of one whole transaction, whose frames come in the order of their paths."""
    undone: set[tuple[int, ...]] = set()
    for frame in frames:
        if not frame.ok or frame.path[:-1] in undone:
            undone.add(frame.path)
        if not frame.moves:
            continue
        batch.add_transfer(
            chain=chain.name, tx_hash=place.tx_hash, kind="internal", block=place.block, time=place.time,
            tx_index=place.tx_index, trace_path="_".join(map(str, frame.path)) if paths else None, call_type=frame.kind,
            sender=frame.sender, receiver=frame.receiver, amount=frame.value, ok=frame.path not in undone,
            symbol=chain.native_symbol, decimals=chain.native_decimals, listing=listing,
        )  # fmt: skip
