"""Which lists of events tell what an issuer froze, released and destroyed, and how an explorer is asked for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from cryptotrace.codecs import parse_address
from cryptotrace.errors import InputError, MalformedAnswer
from cryptotrace.model import Token, canonical_tokens
from cryptotrace.schema import WIDE, Batch
from cryptotrace.sources.base import Page, Source
from cryptotrace.sources.evm.events import STABLECOIN_EVENTS

__all__ = ["KINDS", "FreezeList", "GivesEvents", "GivesLogs", "able", "freeze_lists", "lists_of", "named_list", "pages_of"]

KINDS = ("freeze", "unfreeze", "destroy")

_USDT = ("AddedBlackList", "RemovedBlackList", "DestroyedBlackFunds")
_LATER_USDT = ("BlockPlaced", "BlockReleased", "DestroyedBlockedFunds")
_USDC = ("Blacklisted", "UnBlacklisted")
_FIRST_CONTRACTS = frozenset({"ethereum", "tron"})
"""Chains where USDT still is its first contract; on the others it logs the later names, before an upgrade the first ones."""
_COPIES = frozenset({"bsc"})
"""Chains whose USDT and USDC are an exchange's copies: their contracts have no such events."""
_EVENTS = {event.signature.split("(")[0]: (topic, event.kind) for topic, event in STABLECOIN_EVENTS.items()}


@runtime_checkable
class GivesLogs(Protocol):
    """An explorer that lists logs of a contract by topic, between two blocks."""

    def logs(self, contract: str | None, topics: Sequence[str | None], first: int, last: int) -> Iterator[Page]:
        """Walk the logs from block ``first`` to ``last``, both included."""


@runtime_checkable
class GivesEvents(Protocol):
    """An explorer that lists events of a contract by name, between two moments."""

    def events(self, contract: str, event_name: str, first: int, last: int) -> Iterator[Page]:
        """Walk the events from ``first`` to ``last`` in ms, both included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeList:
    """One event of one contract.

    Attributes
    ----------
    contract, name : str
        Of the token and of its event.
    topic : str
        Keccak-256 of its signature.
    kind : str
        One of :data:`KINDS`.
    """

    contract: str
    name: str
    topic: str
    kind: str

    @property
    def stream(self) -> str:
        """What coverage calls it."""
        return f"freeze:{self.contract}:{self.name}"


def lists_of(token: Token) -> tuple[FreezeList, ...]:
    """Give the lists of a token; none where its issuer is not known to freeze."""
    symbol = token.symbol.partition(".")[0]
    names = {"USDT": _USDT if token.chain in _FIRST_CONTRACTS else (*_USDT, *_LATER_USDT), "USDC": _USDC}.get(symbol, ())
    return tuple(named_list(token.contract, name) for name in names)


def named_list(contract: str, name: str) -> FreezeList:
    """Give the list of one event of a contract."""
    topic, kind = _EVENTS[name]
    return FreezeList(contract=contract, name=name, topic=topic, kind=kind)


def freeze_lists(chain: str, tokens: Iterable[str] | None) -> tuple[FreezeList, ...]:
    """Give the lists of the named contracts, or of USDT and USDC.

    Raises
    ------
    InputError
        If a contract is no stablecoin of our list, or nothing on this chain can be frozen.
    """
    known = {contract: token for (of, contract), token in canonical_tokens().items() if of == chain and token.stable}
    if tokens is None:
        named = () if chain in _COPIES else tuple(known.values())
        # A bridged token (USDC.e) is its bridge's: its contract is asked only where it is named.
        wanted = [token for token in named if "." not in token.symbol]
    else:
        contracts = dict.fromkeys(parse_address(token, chain) for token in tokens)
        strange = next((contract for contract in contracts if contract not in known or not lists_of(known[contract])), None)
        if strange is not None:
            raise InputError(
                "not a token whose freezes can be believed", where=strange, hint="Only USDT and USDC by their own contracts"
            )
        wanted = [known[contract] for contract in contracts]
    found = tuple(one for token in wanted for one in lists_of(token))
    if not found:
        raise InputError(f"no token on {chain} whose issuer freezes", where="collect_freezes", hint="Ask another chain")
    return found


def able(source: Source) -> Source:
    """Give the source, or those of several explorers that list events.

    Raises
    ------
    InputError
        If none does.
    """
    sources: Sequence[Source] = getattr(source, "sources", (source,))
    ranks: Sequence[int] = getattr(source, "ranks", (0,))
    lists_events = [bool(isinstance(one, (GivesLogs, GivesEvents))) for one in sources]
    found = [pair for pair, is_able in zip(zip(sources, ranks, strict=True), lists_events, strict=True) if is_able]
    if not found:
        raise InputError(
            f"{source.name} lists no events of a contract", where="collect_freezes", hint="Use etherscan, or trongrid for TRON"
        )
    if len(found) == 1:
        return found[0][0]
    from cryptotrace.sources.auto import AutoSource

    return AutoSource([one for one, _ in found], [rank for _, rank in found])


def pages_of(source: Source, one: FreezeList, first: int, last: int, given_by: str | None = None) -> Iterator[Page]:
    """Walk a list; a page of anything else is not believed. Of several explorers, the next goes on where one fails.

    Parameters
    ----------
    source : Source
        From :func:`able`.
    one : FreezeList
        The list.
    first, last : int
        Where it begins and ends, both included.
    given_by : str, optional
        Who was at work, where the list was cut short: whoever stands last goes on.

    Raises
    ------
    SourceError
        If the list is not proven complete.
    """
    from cryptotrace.sources.auto import AutoSource

    if not isinstance(source, AutoSource):
        return _pages(source, one, first, last)
    cursor = None if given_by is None else f"{given_by} "
    return source.passed_on(source.sources, lambda other, start, _: _pages(other, one, start, last), first, last, cursor)


def _pages(source: Source, one: FreezeList, first: int, last: int) -> Iterator[Page]:
    if isinstance(source, GivesEvents):
        pages = source.events(one.contract, one.name, first, last)
    else:
        assert isinstance(source, GivesLogs)
        pages = source.logs(one.contract, (one.topic,), first, last)
    for page in pages:
        yield replace(page, batch=_only(page.batch, one, source))


def _only(batch: Batch, one: FreezeList, source: Source) -> Batch:
    events = batch.rows.get("events", [])
    if batch.tables or set(batch.rows) - {"events", "rejects"} or any(_names(row) != _wanted(one) for row in events):
        raise MalformedAnswer("other events than were asked for", where=f"{source.name} {one.stream}", hint="Ask again")
    return batch


def _names(row: tuple[Any, ...]) -> tuple[Any, ...]:
    columns = WIDE["events"].names
    return tuple(row[columns.index(name)] for name in ("kind", "contract"))


def _wanted(one: FreezeList) -> tuple[str, str]:
    return one.kind, one.contract
