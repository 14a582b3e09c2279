"""Inputs that are not files: pulls from explorers, and replays of stored answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from cryptotrace.case.file import ExplorerInput, ReplayInput
from cryptotrace.case.places import at_key
from cryptotrace.case.reading import Case
from cryptotrace.collect import collect, prove, replay
from cryptotrace.errors import CaseFileError, InputError, SourceError
from cryptotrace.model import Coverage, Labels, Seeds
from cryptotrace.sources.base import HasBalances, Source
from cryptotrace.store import Store, open_store

__all__ = ["OpenSource", "Pulls", "prepare_pulls", "pull_input", "refuse_other_pulls"]


class OpenSource(Protocol):
    """What :func:`cryptotrace.open_source` is, as a case calls it."""

    def __call__(self, name: str, *, chain: str) -> Source:
        """Open an explorer; nothing is asked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulls:
    """What the explorers of a case need: opened before the store is touched, so that a missing key costs nothing."""

    sources: Mapping[int, Source]
    seeds: Seeds
    labels: Labels
    show: bool


def prepare_pulls(case: Case, seeds: Seeds, labels: Labels, open_: OpenSource, *, show: bool) -> Pulls:
    """Open every explorer that the case names; none is asked.

    Raises
    ------
    BadKey
        If an explorer needs a key and there is none.
    CaseFileError
        If no seed is on the chain of an explorer, or balances are to be asked of one that tells none.
    """
    sources = {}
    chains = {chain for chain, _ in seeds.addresses}
    for number, section in enumerate(case.file.input):
        if isinstance(section, ExplorerInput):
            with at_key(case, f"input.{number}"):
                if section.chain not in chains:
                    raise InputError(
                        f"no seed is on {section.chain}",
                        hint="A pull begins at the seeds of its chain: add some with [[seeds]]",
                    )
                sources[number] = open_(section.source, chain=section.chain)
                if section.prove and not isinstance(sources[number], HasBalances):
                    raise InputError(
                        f"{section.source} tells no balances",
                        where="prove",
                        hint="Leave prove out, or name another explorer of the chain",
                    )
    return Pulls(sources=sources, seeds=seeds, labels=labels, show=show)


def pull_input(case: Case, number: int, store: Store, pulls: Pulls, say: Callable[[str], None]) -> Coverage:
    """Bring one input that is not files into the store."""
    section = case.file.input[number]
    if isinstance(section, ReplayInput):
        say(f"replaying {section.path}")
        with at_key(case, f"input.{number}"):
            return replay(open_store(case.place(section.path), read_only=True), store, progress=_bar(pulls))
    assert isinstance(section, ExplorerInput)
    say(f"collecting from {section.source}, {section.chain}")
    found = collect(
        pulls.sources[number],
        store,
        pulls.seeds.addresses,
        hops=section.hops,
        labels=pulls.labels,
        max_requests=section.max_requests,
        max_rows_per_address=section.max_rows_per_address,
        to_block=section.to_block,
        progress=_bar(pulls),
    )
    if not section.prove:
        return found
    say(f"asking {section.source} for balances, {section.chain}")
    seeds = [name for name in pulls.seeds.addresses if name[0] == section.chain]
    return _proven(pulls.sources[number], store, found, pulls, addresses=seeds if section.prove == "seeds" else None)


def _proven(
    source: Source, store: Store, found: Coverage, pulls: Pulls, *, addresses: list[tuple[str, str]] | None
) -> Coverage:
    """Ask for balances; an explorer that refuses to tell any leaves what it listed unproven, and is no failure of the case."""
    try:
        prove(source, store, addresses, progress=_bar(pulls))
    except SourceError as refusal:
        warning = f"no balance on {source.chain} was told, so nothing there is proven: {refusal.what}"
        warnings = (*found.provenance.warnings, warning)
        return replace(found, provenance=replace(found.provenance, warnings=warnings))
    return found


def refuse_other_pulls(case: Case, store: Store) -> None:
    """Refuse a store with rows of explorers and chains that are not the case's, before anything is written into it.

    Raises
    ------
    CaseFileError
        With the key of the store.
    """
    found = _collected(store)
    if not found:
        return
    ours = set()
    for section in case.file.input:
        if isinstance(section, ExplorerInput):
            ours.add((section.source, section.chain))
        elif isinstance(section, ReplayInput):
            ours |= _collected(open_store(case.place(section.path), read_only=True))
    for source, chain in sorted(found - ours):
        raise CaseFileError(
            f"the store holds rows that were collected from {source}, {chain}, which is no input of this case",
            where=f"{case.path}: case.store: {case.store}",
            hint='Name another store, or add that input: [[input]] with kind = "explorer"',
        )


def _collected(store: Store) -> set[tuple[str, str]]:
    rows = store.rows("SELECT parameters FROM runs WHERE verb = 'collect'")
    return {(run["source"].partition(":")[0], run["chain"]) for run in (json.loads(parameters) for (parameters,) in rows)}


def _bar(pulls: Pulls) -> bool | None:
    """Show a bar where somebody is watching, if steps are told at all."""
    return None if pulls.show else False
