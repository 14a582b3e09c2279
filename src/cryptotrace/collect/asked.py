"""Whom a pull will ask, in which order and how quickly: what is known of each explorer before it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptotrace.codecs import chain_of
from cryptotrace.sources.base import Source
from cryptotrace.sources.explorers import EXPLORERS, unasked
from cryptotrace.sources.plans import Metered, free_rate, key_help, known_limits

__all__ = ["Asked", "asked_of", "keys_wanted", "pace"]

_QUESTIONS: Mapping[str, str] = {
    "etherscan": "the head, the plan of the key",
    "blockscout": "the head, the chain",
    "blockscout_rest": "the head, the chain, what is indexed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An explorer that a pull will ask.

    Attributes
    ----------
    name : str
        As in ``open_source``.
    rank : int
        0 for those that are asked first; those of one rank share the addresses.
    streams : tuple of str
        The lists that it has.
    questions : int
        Requests before the first list.
    question_words : str
        What they are about.
    per_second : float
        Requests per second that it allows, as far as that is known before it is asked.
    keyed_per_second : float
        The same with a key of the free plan; ``per_second`` where a key changes nothing, or is there.
    has_key : bool or None
        None where the source does not say, or takes none.
    key_help : str
        Where a key comes from.
    not_in_plan : tuple of str
        What plans are known not to hold.
    """

    name: str
    rank: int
    streams: tuple[str, ...]
    questions: int
    question_words: str
    per_second: float
    keyed_per_second: float
    has_key: bool | None
    key_help: str
    not_in_plan: tuple[str, ...]

    @property
    def words(self) -> str:
        """Its name and pace."""
        return f"{self.name} at {self.per_second:g} a second"


def asked_of(source: Source) -> tuple[Asked, ...]:
    """Give the explorers behind a source, those that are asked first in front."""
    sources: Sequence[Source] = getattr(source, "sources", (source,))
    ranks: Sequence[int] = getattr(source, "ranks", (0,))
    return tuple(_asked(one, rank) for one, rank in zip(sources, ranks, strict=True))


def _asked(source: Source, rank: int) -> Asked:
    metered = source.fetcher if isinstance(source.fetcher, Metered) else None
    known = EXPLORERS.get(source.name)
    rate = free_rate(source.name) if metered is None else metered.rate
    has_key = None if metered is None else metered.has_key
    takes_key = known is not None and bool(known.key_name)
    keyed = known.pace(has_key=True) if known is not None and takes_key and not has_key else rate
    return Asked(
        name=source.name,
        rank=rank,
        streams=source.streams,
        questions=source.questions,
        question_words=_QUESTIONS.get(source.name, "the head"),
        per_second=rate,
        keyed_per_second=max(keyed, rate),
        has_key=has_key if takes_key else None,  # of a node: its URL is the key, and it is there
        key_help=key_help(source.name),
        not_in_plan=known_limits(source.name, source.chain),
    )


def pace(explorers: Sequence[Asked], lists: Mapping[str, int], *, keyed: bool = False) -> float:
    """Give the requests per second of all hosts side by side, for so many lists at each that is asked first.

    Parameters
    ----------
    explorers : sequence of Asked
        From :func:`asked_of`.
    lists : mapping
        Explorer -> lists that it is asked for first.
    keyed : bool
        As if every explorer had its free key.
    """
    rates = {one.name: one.keyed_per_second if keyed else one.per_second for one in explorers}
    longest = max((count / rates[name] for name, count in lists.items() if count), default=0.0)
    return sum(lists.values()) / longest if longest else rates[explorers[0].name]


def keys_wanted(source: Source, explorers: Sequence[Asked]) -> tuple[str, ...]:
    """Say of each key that is not there where it comes from, and who is not asked for want of one."""
    if len(explorers) == 1:
        return tuple(f"key: none. {one.key_help}" for one in explorers if one.has_key is False)
    names: dict[str, list[Asked]] = {}
    for one in explorers:
        names.setdefault(_key_name(one), []).append(one)
    missing = [of_key for of_key in names.values() if of_key[0].has_key is False]
    words = [f"key: none for {' and '.join(one.name for one in of_key)}. {of_key[0].key_help}" for of_key in missing]
    keys = {_key_name(one) for one in explorers if one.has_key}
    shown = {one.name for one in explorers}
    others = [one for one in unasked(chain_of(source.chain), keys) if one.name not in shown]
    return (*words, *(f"not asked: {one.name}, for want of a key. {one.key_help}" for one in others))


def _key_name(one: Asked) -> str:
    known = EXPLORERS.get(one.name)
    return one.name if known is None else known.key_name
