"""Which explorers and sources of prices are checked, by name, and with what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from cryptotrace.errors import InputError
from cryptotrace.sources.assumptions import bitcoin, blockscout_rest, evm_lists, nodes, quotes, tron
from cryptotrace.sources.assumptions.base import Assumption, Question, Script
from cryptotrace.sources.assumptions.places import PLACES
from cryptotrace.sources.explorers import EXPLORERS
from cryptotrace.sources.opening import source_over
from cryptotrace.sources.prices.opening import ORACLES, prices_over

__all__ = ["CHECKED", "PRICES", "scripts"]

PRICES = "prices:"
"""Begins the names of sources of prices: mempool.space is one of them and an explorer too."""
_MADE: Mapping[str, Callable[[Any], tuple[Sequence[Question], Sequence[Assumption]]]] = {
    "etherscan": evm_lists.etherscan,
    "blockscout": evm_lists.blockscout,
    "routescan": evm_lists.routescan,
    "blockscout_rest": blockscout_rest.blockscout_rest,
    "rpc": nodes.rpc,
    "trongrid": tron.trongrid,
    "tronscan": tron.tronscan,
    "mempool": bitcoin.esplora,
    "esplora": bitcoin.esplora,
    "blockchain_info": bitcoin.blockchain_info,
    f"{PRICES}defillama": quotes.defillama,
    f"{PRICES}coingecko": quotes.coingecko,
    f"{PRICES}mempool": quotes.mempool,
    f"{PRICES}ecb": quotes.ecb,
}
CHECKED = tuple(_MADE)
"""Every name that can be checked."""


def scripts(names: Iterable[str] = (), places: Mapping[str, Any] | None = None) -> list[Script]:
    """Give what is checked of each of these, or of all.

    Parameters
    ----------
    names : iterable of str
        Of :data:`CHECKED`; empty for all.
    places : mapping, optional
        Family of chains -> place, instead of :data:`~cryptotrace.sources.assumptions.places.PLACES`.

    Raises
    ------
    InputError
        If a name is not known.
    """
    wanted = list(dict.fromkeys(names)) or list(CHECKED)
    for name in wanted:
        if name not in _MADE:
            raise InputError(f"nothing is checked of {name!a:.80}", where="check", hint=f"Known: {', '.join(CHECKED)}")
    return [_script(name, PLACES if places is None else places) for name in wanted]


def _script(name: str, places: Mapping[str, Any]) -> Script:
    is_oracle = name.startswith(PRICES)
    explorer = ORACLES[name.removeprefix(PRICES)] if is_oracle else EXPLORERS[name]
    place = places[explorer.family]
    questions, assumptions = _MADE[name](place)
    chain = "" if is_oracle else place.chain
    make = partial(prices_over, explorer.name) if is_oracle else partial(source_over, name, chain)
    return Script(
        name=name, explorer=explorer, chain=chain, place=place, make=make, questions=questions, assumptions=assumptions
    )
