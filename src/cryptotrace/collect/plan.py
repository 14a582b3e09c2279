"""A pull before its first request: what it will ask at least, how long that takes, and what it will leave out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from cryptotrace.codecs import chain_of, parse_address
from cryptotrace.collect.asked import Asked, asked_of, keys_wanted, pace
from cryptotrace.collect.pull import known_progress
from cryptotrace.collect.walks import Progress
from cryptotrace.errors import InputError
from cryptotrace.sources.base import Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["Plan", "plan_collect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a pull will do, as far as that can be said without asking.

    Attributes
    ----------
    addresses : int
        Given addresses of the chain, each once.
    other_chains : int
        Given addresses of other chains, which are left out.
    complete : int
        Addresses of which nothing is left to ask, up to the block where the run ends.
    newer_only : int
        Addresses that are known from an earlier run, where only newer blocks are asked for.
    lists : int
        Lists to walk; each costs at least one request.
    requests : int
        The least number of requests: one a list, and those that come before the lists, such as for the head. Long lists and
        hops add more.
    explorers : tuple of Asked
        Who will be asked, in which order.
    per_second : float
        The pace of all hosts side by side; that of a key's plan is only known once it was asked for.
    keyed_per_second : float
        The same if every explorer had its free key.
    keys_wanted : tuple of str
        What keys that are not there would change, and where they come from.
    resumes : bool
        Whether an unfinished run goes on, under its head.
    has_key : bool or None
        Whether a key goes to any of the explorers; None where the source does not say.
    not_in_plan : tuple of str
        What plans are known not to hold.
    """

    source: str
    chain: str
    addresses: int
    other_chains: int
    complete: int
    newer_only: int
    streams: tuple[str, ...]
    lists: int
    requests: int
    explorers: tuple[Asked, ...]
    per_second: float
    keyed_per_second: float
    keys_wanted: tuple[str, ...]
    hops: int
    max_requests: int | None
    max_rows_per_address: int
    resumes: bool
    has_key: bool | None
    not_in_plan: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """The least time: requests at the pace, or as many of them as are allowed."""
        return self._allowed / self.per_second

    @property
    def _allowed(self) -> int:
        return self.requests if self.max_requests is None else min(self.requests, self.max_requests)

    def __str__(self) -> str:
        lines = [f"plan: {self.source}, {self.chain}, {_count(self.addresses, 'address')}, {_count(self.hops, 'hop')}"]
        lines += [*self._whom(), *self._cost()]
        lines.append(f"limits: an account with more than {self.max_rows_per_address:,} rows is left as too busy")
        if self.max_requests is not None:
            lines.append(f"limits: stops after {_count(self.max_requests, 'new request')}; the same command goes on")
        if self.hops:
            each = _count(len(self.streams), "request")
            lines.append(f"hops: counterparties are known when the lists are in; each adds at least {each}")
        if self.resumes:
            lines.append("resumes: an earlier run was not finished and goes on, up to the block where it was to end")
        if self.complete:
            lines.append(f"skipped: {_count(self.complete, 'address')} already complete in the store")
        if self.newer_only:
            lines.append(f"known: of {_count(self.newer_only, 'address')} only newer blocks are asked for")
        if self.other_chains:
            lines.append(f"left out: {_count(self.other_chains, 'address')} of other chains")
        if len(self.explorers) == 1 and self.has_key:
            lines.append("key: present")
        elif self.has_key:
            lines.append(f"key: present for {_all(one.name for one in self.explorers if one.has_key)}")
        return "\n".join([*lines, *self.keys_wanted, *(f"not in every plan: {words}" for words in self.not_in_plan)])

    def _whom(self) -> list[str]:
        """Say who is asked in which order, where there are several."""
        if len(self.explorers) == 1:
            return []
        ranks = sorted({one.rank for one in self.explorers})
        tiers = [[one for one in self.explorers if one.rank == rank] for rank in ranks]
        words = [_all(one.words for one in tier) + (", side by side" if len(tier) > 1 else "") for tier in tiers]
        lines = [f"asked: {words[0]}"]
        if words[1:]:
            lines.append(f"asked for what is still missing then: {'; then '.join(words[1:])}")
        few = [one for one in self.explorers if set(one.streams) != set(self.streams)]
        return lines + [f"lists: {one.name} has only {_all(one.streams)}" for one in few]

    def _cost(self) -> list[str]:
        """Say how many requests there are at least, how long they take, and what that is with keys."""
        single = self.explorers[0].question_words if len(self.explorers) == 1 else ""
        them = "it" if self.lists == 1 else "them"
        before = single or f"{_count(self.requests - self.lists, 'request')} before {them}, for heads and what each serves"
        if self.resumes:
            before = "head known"
        time = f"about {_duration(self.seconds)} at {self.per_second:.3g} a second"
        lines = [f"requests: at least {self.requests:,} ({_count(self.lists, 'list')}, {before}), {time}"]
        if self.keyed_per_second > self.per_second:
            keyed = _duration(self._allowed / self.keyed_per_second)
            lines.append(
                f"without a key: {self.per_second:.3g} a second; with free keys {self.keyed_per_second:.3g}, about {keyed}"
            )
        return lines

    def _repr_html_(self) -> str:
        return "<br>".join(escape(line) for line in str(self).splitlines())


def plan_collect(
    source: Source,
    addresses: Iterable[tuple[str, str] | str],
    *,
    store: Store | None = None,
    hops: int = 0,
    max_requests: int | None = None,
    max_rows_per_address: int = 20_000,
    to_block: int | str = "finalized",
) -> Plan:
    """Say what :func:`cryptotrace.collect` would do with the same arguments; nothing is asked and nothing is written.

    Parameters
    ----------
    source : Source
        From :func:`cryptotrace.open_source`.
    addresses : iterable of str or (chain, address)
        As for ``collect``.
    store : Store, optional
        What is complete in it is not asked again; without one, everything is new.
    hops, max_requests, max_rows_per_address, to_block
        As for ``collect``.

    Returns
    -------
    Plan
        ``print(plan)`` says it in a few lines.

    Raises
    ------
    InputError
        If no address is of the chain of the source.
    InvalidAddressError
        If a text is no address of that chain.

    Notes
    -----
    A lower bound: how long a list is and who the counterparties are is known only once they have been asked for. Linear in
    the addresses and in what the store knows.
    """
    wanted, others = _split(source.chain, addresses)
    if not wanted:
        raise InputError(f"no address on {source.chain}", where="collect", hint="Give addresses of the chain of the source")
    known = {} if store is None else known_progress(store, source)
    end = _end(store, source, to_block)
    todo = {address: _open_lists(source, known.get(address, {}), end, max_rows_per_address) for address in wanted}
    lists = sum(todo.values())
    explorers = asked_of(source)
    shares = _shares(source, todo)
    resumes = _open_run(store, source, to_block) is not None
    keys = [one.has_key for one in explorers if one.has_key is not None]
    return Plan(
        source=source.name,
        chain=source.chain,
        addresses=len(wanted),
        other_chains=others,
        complete=sum(not count for count in todo.values()),
        newer_only=sum(bool(count) and address in known and not resumes for address, count in todo.items()),
        streams=source.streams,
        lists=lists,
        requests=lists + (0 if resumes else source.questions),
        explorers=explorers,
        per_second=pace(explorers, shares),
        keyed_per_second=pace(explorers, shares, keyed=True),
        keys_wanted=keys_wanted(source, explorers),
        hops=hops,
        max_requests=max_requests,
        max_rows_per_address=max_rows_per_address,
        resumes=resumes,
        has_key=any(keys) if keys else None,
        not_in_plan=tuple(
            words if len(explorers) == 1 else f"{one.name}, {words}" for one in explorers for words in one.not_in_plan
        ),
    )


def _shares(source: Source, todo: Mapping[str, int]) -> dict[str, int]:
    """Count the lists that each explorer is asked for first."""
    lane = getattr(source, "lane", None)
    shares: dict[str, int] = {}
    for address, count in todo.items():
        name = source.name if lane is None else lane(address)
        shares[name] = shares.get(name, 0) + count
    return shares


def _split(chain: str, addresses: Iterable[tuple[str, str] | str]) -> tuple[list[str], int]:
    """Give the addresses of a chain, each once, and how many are of other chains."""
    wanted: dict[str, None] = {}
    others = 0
    for item in addresses:
        of_chain, address = (chain, item) if isinstance(item, str) else item
        if chain_of(of_chain).name == chain:
            wanted[parse_address(address, chain)] = None
        else:
            others += 1
    return list(wanted), others


def _open_run(store: Store | None, source: Source, to_block: int | str) -> dict[str, Any] | None:
    """Give what the store notes of an unfinished run that the same command would go on with."""
    if store is None:
        return None
    rows = store.rows("SELECT value FROM meta WHERE name = ?", [f"collect:{source.name}:{source.chain}"])
    state: dict[str, Any] = json.loads(rows[0][0]) if rows else {"open": False}
    return state if state["open"] and state.get("to_block", to_block) == to_block else None


def _end(store: Store | None, source: Source, to_block: int | str) -> int | None:
    """Give the block where the lists will end; None where only the explorer knows."""
    state = _open_run(store, source, to_block)
    if state is not None:
        return int(state["head"])
    return to_block if isinstance(to_block, int) else None


def _open_lists(source: Source, known: dict[str, Progress], end: int | None, most: int) -> int:
    """Count the lists of an account that are still to be walked."""
    rows = sum(progress.rows for progress in known.values())
    if rows > most and any(progress.reason == "too_busy" for progress in known.values()):
        return 0
    return sum(not _is_done(known.get(stream), end) for stream in source.streams)


def _is_done(progress: Progress | None, end: int | None) -> bool:
    return progress is not None and progress.through is not None and end is not None and progress.through >= end


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun}{'es' if noun.endswith('s') else 's'}"


def _all(words: Iterable[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def _duration(seconds: float) -> str:
    """Write a time that is only roughly known: seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
