"""A run: one head, one plan, and as many calls of ``collect`` as it takes to bring every list up to that head."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cryptotrace.collect.archive import answers_of_run
from cryptotrace.collect.budget import BudgetSpent
from cryptotrace.collect.forks import SeesForks, forget_forked, forked_above
from cryptotrace.collect.journal import Journal
from cryptotrace.collect.recording import RecordingFetcher
from cryptotrace.errors import InputError
from cryptotrace.sources.base import Answer, Source

if TYPE_CHECKING:
    from cryptotrace.store import Store

__all__ = ["check_end", "close_run", "explorers_in", "head_again", "is_open", "open_run", "prepare_run", "spec_of"]


def check_end(to_block: int | str) -> None:
    """Refuse an end that is none.

    Raises
    ------
    InputError
        If it is neither a block nor ``"finalized"``.
    """
    if to_block != "finalized" and (type(to_block) is not int or to_block < 0):
        raise InputError(f"unknown to_block {to_block!r}", where="collect", hint='Use a block number or "finalized"')


def is_open(source: Source, store: Store, *, verb: str) -> bool:
    """Say whether a run of a verb was begun and not finished."""
    found = store.rows("SELECT value FROM meta WHERE name = ?", [_name(source, verb)])
    return bool(found) and bool(json.loads(found[0][0])["open"])


def open_run(
    source: Source, fetcher: RecordingFetcher, store: Store, to_block: int | str, *, verb: str = "collect"
) -> tuple[str, int]:
    """Give (run, head): those of an unfinished run, else new ones."""
    name = _name(source, verb)
    found = store.rows("SELECT value FROM meta WHERE name = ?", [name])
    state: dict[str, Any] = json.loads(found[0][0]) if found else {"run": 0, "head": None, "open": False}
    if state["open"] and state.get("to_block", to_block) == to_block:
        return _run(verb, state["run"]), int(state["head"])
    number = state["run"] + 1
    with fetcher.asks_anew():
        head = source.head(_run(verb, number))
        gone_above = forked_above(source, store, _run(verb, number)) if verb == "collect" else None
    if to_block != "finalized":
        head = min(head, int(to_block))  # nothing is known to be complete beyond what is final
    with store.transaction():
        if gone_above is not None and isinstance(source, SeesForks):
            forget_forked(source, store, gone_above)
        _note(store, name, {"run": number, "head": head, "to_block": to_block, "open": True})
    return _run(verb, number), head


def prepare_run(source: Source, fetcher: RecordingFetcher, store: Store, journal: Journal, run: str) -> tuple[Answer, ...]:
    """Learn what the key may do; give the answers that came before the first list. What a run was told is not asked again."""
    fetcher.keep(answers_of_run(store, source.chain, run))
    if journal.holds("head", run):
        source.head(run)  # what a killed run was answered goes into the store with the rest
    heads = fetcher.drain()
    with suppress(BudgetSpent), fetcher.asks_anew():  # a budget that is spent: no list is asked for either, and each says so
        source.prepare(run)
    return (*heads, *fetcher.drain())


def head_again(source: Source, archive: Store, run: str) -> None:
    """Let a source be told the head of a run once more, where the archive knows who told it."""
    asked = json.dumps({"run": run})[1:-1].replace(": ", ":")
    rows = "SELECT 1 FROM responses WHERE chain = ? AND stream = 'head' AND contains(request, ?) LIMIT 1"
    if archive.rows(rows, [source.chain, asked]):
        source.head(run)


def spec_of(source: Source) -> str:
    """Give what :func:`cryptotrace.sources.source_over` makes the same source of."""
    return str(getattr(source, "spec", source.name))


def explorers_in(spec: str) -> tuple[str, ...]:
    """Give the explorers that a source is made of.

    >>> explorers_in("auto:etherscan|routescan+blockscout"), explorers_in("rpc")
    (('etherscan', 'routescan', 'blockscout'), ('rpc',))
    """
    return tuple(re.split(r"[+|]", spec.rpartition(":")[2]))


def close_run(source: Source, store: Store, journal: Journal, run: str, head: int, *, verb: str = "collect") -> None:
    """Call a run finished; answers to pages that were never finished under its head are of no more use."""
    with store.transaction():
        _note(store, _name(source, verb), {"run": int(run.rsplit(maxsplit=1)[-1]), "head": head, "open": False})
    if verb == "collect":
        journal.drop(journal.keys(source.chain))


def _run(verb: str, number: int) -> str:
    """Name a run so that those of two verbs do not share an answer."""
    return str(number) if verb == "collect" else f"{verb} {number}"


def _name(source: Source, verb: str) -> str:
    return f"{verb}:{source.name}:{source.chain}"


def _note(store: Store, name: str, state: Mapping[str, Any]) -> None:
    store.run("DELETE FROM meta WHERE name = ?", [name])
    store.run("INSERT INTO meta VALUES (?, ?)", [name, json.dumps(state)])
