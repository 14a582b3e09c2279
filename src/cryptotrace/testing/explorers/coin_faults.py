"""What can go wrong with a fake explorer of coins, when it does, and the record of what did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice

__all__ = ["COIN_KINDS", "CoinFault", "CoinFaults", "random_coin_faults"]

COIN_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "html": "a page of HTML instead; value is the status, 502 unless told",
        "rate_limit": "refused for asking too quickly, with status 429; value is a Retry-After",
        "busy": "refused for a history that is too long; value is the status: 400, or 413 with other words",
        "text": "an error in words; value is the words",
        "empty": "nothing, with status 200",
        "truncated": "half of the answer, well delivered",
        "reset": "the connection is reset",
        "another_shape": "JSON of another shape",
        "drop_row": "a row of the page is left out without a word",
        "repeat_row": "a row of the page comes twice",
        "repeat_page": "the first page comes instead of a later one",
        "swap_rows": "two rows of different blocks change places",
        "foreign_row": "a row of another address",
        "odd_value": "an output has another amount than was signed",
        "odd_prevout": "a spent coin has another amount",
        "odd_address": "an output has another address than its script",
        "missing_column": "a row without a column; value names it, vout unless told",
        "waiting_row": "a row in no block among the confirmed ones",
        "lost_place": "the place where the list should go on is unknown: an empty list, or status 422 of mempool.space",
        "wrong_count": "the count of the address is off by value, 1 unless told",
        "reorganise": "from this request on the last value blocks are others, 3 unless told",
        "grow": "from this request on there are value more blocks, 1 unless told",
    }
)
"""Kind -> what it does."""

_OF_ROWS = frozenset({
    "drop_row", "repeat_row", "repeat_page", "swap_rows", "foreign_row", "odd_value", "odd_prevout", "odd_address",
    "missing_column", "waiting_row", "lost_place",
})  # fmt: skip
_OF_CHAIN = frozenset({"reorganise", "grow"})


@dataclass(frozen=True, slots=True)
class CoinFault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        A key of `COIN_KINDS`.
    value : object, optional
        Setting of the kind.
    first : int, default 1
        From which of the fitting requests on, counted from 1.
    times : int or None, default 1
        How often at most; None for always.

    Raises
    ------
    InputError
        If the kind is unknown or a number is out of range.
    """

    kind: str
    value: object = None
    _: KW_ONLY
    first: int = 1
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.kind not in COIN_KINDS:
            hint = f"Choose of {', '.join(COIN_KINDS)}"
            raise InputError(f"unknown kind of fault {self.kind!r}", where="kind", hint=hint)
        if self.first < 1 or (self.times is not None and self.times < 1):
            raise InputError("a fault hits from 1 on, once or more", where=self.kind)

    @property
    def stage(self) -> str:
        """Whether it changes the ``chain``, the ``rows`` of a list, the ``count`` of an address, or stands ``instead``."""
        if self.kind in _OF_CHAIN:
            return "chain"
        return "rows" if self.kind in _OF_ROWS else "count" if self.kind == "wrong_count" else "instead"


class CoinFaults:
    """The faults of one explorer; ``log`` says (number of the request, kind) of each that hit."""

    def __init__(self, faults: Sequence[CoinFault] = ()) -> None:
        self.faults = tuple(faults)
        self.log: list[tuple[int, str]] = []
        self._fitting = [0] * len(self.faults)
        self._hits = [0] * len(self.faults)

    def hit(self, stage: str, number: int, can: Callable[[CoinFault], bool] = lambda _: True) -> list[CoinFault]:
        """Give the faults of a stage that hit a request; ``can`` says whether one can be seen in the answer."""
        found = []
        for at, fault in enumerate(self.faults):
            if fault.stage != stage or (fault.times is not None and self._hits[at] >= fault.times) or not can(fault):
                continue
            self._fitting[at] += 1
            if self._fitting[at] >= fault.first:
                self._hits[at] += 1
                self.log.append((number, fault.kind))
                found.append(fault)
        return found


def random_coin_faults(seed: int, *, most: int = 3, persistent: int = 10) -> CoinFaults:
    """Draw faults from a seed; in so many of a hundred, ``persistent``, one never ends and a client must give up and say so."""
    dice = Dice(seed, "random coin faults")
    found = []
    for _ in range(dice.whole(1, most)):
        kind = dice.pick(tuple(COIN_KINDS))
        value: object = None
        if kind in _OF_CHAIN:
            value = dice.whole(1, 5 if kind == "reorganise" else 3)
        elif kind == "html":
            value = dice.pick((200, 403, 500, 502, 504))
        elif kind == "text":
            value = dice.pick(("Something that nobody has seen before", "timeout", "database unavailable"))
        elif kind == "busy":
            value = dice.pick((400, 413))
        elif kind == "missing_column":
            value = dice.pick(("vout", "vin", "txid", "status", "fee"))
        lasts = dice.chance(persistent) and kind not in _OF_CHAIN
        found.append(CoinFault(kind, value, first=dice.whole(1, 6), times=None if lasts else dice.whole(1, 2)))
    return CoinFaults(found)
