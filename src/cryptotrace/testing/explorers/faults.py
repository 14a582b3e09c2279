"""What can go wrong with a fake explorer, when it does, and the record of what did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TypeVar

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers._kinds import KINDS

__all__ = ["KINDS", "Fault", "Faults", "Hit"]

Spoiled = TypeVar("Spoiled")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        A key of `KINDS`, which says what it does and what ``value`` means for it.
    value : object, optional
        Setting of the kind; its default stands in `KINDS`.
    column : str, default "value"
        The column that ``odd_value`` and ``missing_column`` change.
    actions : collection of str
        Only requests with these actions; empty for all.
    where : callable, optional
        Only requests for whose parameters this returns true. The key is not among them.
    numbers : collection of int
        Only these requests, counted from 1 over all requests of the explorer; empty for all.
    first : int, default 1
        From which of the fitting requests on, counted from 1.
    times : int or None, default 1
        How often at most; None for always.
    percent : int, default 100
        In so many of a hundred fitting requests, drawn with the seed of `Faults`.

    Raises
    ------
    InputError
        If the kind is unknown or a number is out of range.

    Notes
    -----
    A request fits only where the fault can be seen in the answer: rows of one block cannot be out of order, for
    instance. What no client could notice is not done to it.

    Examples
    --------
    Two answers are error pages; the third page of transactions has a negative value:

    >>> two_pages = Fault("html", 502, times=2)
    >>> negative = Fault("odd_value", "-5", actions=("txlist",), first=3)
    """

    kind: str
    value: object = None
    _: KW_ONLY
    column: str = "value"
    actions: Collection[str] = ()
    where: Callable[[Mapping[str, str]], bool] | None = None
    numbers: Collection[int] = ()
    first: int = 1
    times: int | None = 1
    percent: int = 100

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"unknown kind of fault {self.kind!r}", where="kind", hint=f"Choose of {', '.join(KINDS)}")
        if self.first < 1 or (self.times is not None and self.times < 0) or not 0 <= self.percent <= 100:
            raise InputError("a fault hits from 1 on, 0 times or more, in 0 to 100 of a hundred", where=self.kind)

    @property
    def setting(self) -> object:
        """The value, or the default of the kind."""
        return KINDS[self.kind].default if self.value is None else self.value

    def fits(self, number: int, params: Mapping[str, str]) -> bool:
        """Return whether a request is one that it can hit."""
        if self.numbers and number not in self.numbers:
            return False
        action = params.get("action", "").lower()
        if self.actions and action not in {name.lower() for name in self.actions}:
            return False
        return self.where is None or self.where(params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """That a fault hit a request.

    Attributes
    ----------
    request : int
        Number of the request, as in the explorer's ``requests``.
    fault : Fault
        The fault.
    params : Mapping
        Parameters of the request without its key.
    cure : str
        What a careful client does: see `KINDS`.
    """

    request: int
    fault: Fault
    params: Mapping[str, str]
    cure: str


class Faults:
    """The faults of one explorer, and the log of what they hit.

    Parameters
    ----------
    *faults : Fault
        Tried in this order. At most one answer-replacing fault hits a request; others add up.
    seed : int
        For ``percent``.

    Attributes
    ----------
    faults : tuple of Fault
        As given.
    log : list of Hit
        In the order in which they hit.
    """

    def __init__(self, *faults: Fault, seed: int = 0) -> None:
        self.faults = faults
        self.log: list[Hit] = []
        self._dice = Dice(seed, "faults")
        self._fitting = [0] * len(faults)
        self._hits = [0] * len(faults)

    def spoil(
        self,
        stage: str,
        number: int,
        params: Mapping[str, str],
        thing: Spoiled,
        how: Callable[[Fault, Spoiled], Spoiled | None],
    ) -> Spoiled:
        """Let the faults of one stage change a thing; ``how`` returns None where a fault cannot be seen in it."""
        for place, fault in enumerate(self.faults):
            if KINDS[fault.kind].stage != stage or self._is_used_up(place) or not fault.fits(number, params):
                continue
            changed = how(fault, thing)
            if changed is None or not self._hits_now(place):
                continue
            self.log.append(Hit(request=number, fault=fault, params=params, cure=KINDS[fault.kind].cure))
            thing = changed
            if stage == "instead":
                break
        return thing

    def _is_used_up(self, place: int) -> bool:
        times = self.faults[place].times
        return times is not None and self._hits[place] >= times

    def _hits_now(self, place: int) -> bool:
        fault = self.faults[place]
        self._fitting[place] += 1
        if self._fitting[place] < fault.first or not self._dice.chance(fault.percent):
            return False
        self._hits[place] += 1
        return True
