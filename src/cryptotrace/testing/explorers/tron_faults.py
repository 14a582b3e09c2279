"""What can go wrong with a fake TronGrid, and the record of what did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass

from cryptotrace.errors import InputError
from cryptotrace.testing._dice import Dice

__all__ = ["TRON_KINDS", "TronFault", "TronFaults", "random_tron_faults"]

TRON_KINDS: Mapping[str, tuple[str, object, str]] = {
    # instead of the answer
    "suspended": ("instead", 5, "HTTP 429 that says for how many seconds"),
    "suspended_v1": ("instead", 30, "the same in the other spelling, with HTTP 403"),
    "daily_limit": ("instead", None, "HTTP 403: the calls of the day are used up"),
    "busy": ("instead", None, "HTTP 200 with an error: lack of computing resources"),
    "error_text": ("instead", "class org.tron.core.exception.X : odd", "HTTP 200 with this error"),
    "unsuccessful": ("instead", None, "HTTP 200 with success false and without words"),
    "html": ("instead", 502, "a page of HTML with this status"),
    "empty_body": ("instead", None, "HTTP 200 without a body"),
    "not_an_object": ("instead", (), "JSON that is this value"),
    "bare_object": ("instead", None, "an empty object"),
    # the rows
    "repeat_rows": ("rows", 1, "so many rows a second time, behind the last"),
    "overlap": ("rows", 1, "so many rows before the page are repeated in front of it"),
    "repeat_page": ("rows", None, "the first page once more, in place of a later one"),
    "out_of_window": ("rows", 1, "so many rows behind the window are added"),
    "foreign_row": ("rows", 1, "so many rows of other addresses stand in the middle"),
    "out_of_order": ("rows", None, "the first and the last row change places"),
    "odd_row": ("rows", (), "this value, which is no row, stands behind the last"),
    "odd_value": ("rows", ("value", "-5"), "a column of the last row has another value: (column, value)"),
    "unconfirmed": ("rows", None, "the last row is marked as unconfirmed"),
    "extra_column": ("rows", "risk", "every row has one more column, of this name"),
    # the marks
    "lost_mark": ("marks", None, "a full page has no mark for the next"),
    "circle": ("marks", None, "the mark of a page leads to itself"),
    "refused_mark": ("instead", None, "a question with a mark is refused: the explorer does not know it any more"),
    # the text and the wire
    "truncated": ("text", 50, "the JSON ends after so many of a hundred of its bytes"),
    "not_utf8": ("text", None, "a byte that is no UTF-8 stands in it"),
    "nested": ("text", 100_000, "an extra key holds so many arrays, each in the other"),
    "reset": ("wire", None, "the connection is reset"),
    "cut": ("wire", None, "fewer bytes than the length says"),
}
"""Kind -> where it acts, its default value, and what it does."""


@dataclass(frozen=True, slots=True)
class TronFault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        A key of `TRON_KINDS`.
    value : object, optional
        Setting of the kind.
    paths : collection of str
        Only questions whose path ends in one of these, such as ``trc20``; empty for all.
    first : int, default 1
        From which of the fitting questions on, counted from 1.
    times : int or None, default 1
        How often at most; None for always.
    percent : int, default 100
        In so many of a hundred fitting questions.

    Raises
    ------
    InputError
        If the kind is unknown.

    Notes
    -----
    It is done only where a client can notice it.
    """

    kind: str
    value: object = None
    _: KW_ONLY
    paths: Collection[str] = ()
    first: int = 1
    times: int | None = 1
    percent: int = 100

    def __post_init__(self) -> None:
        if self.kind not in TRON_KINDS:
            raise InputError(f"unknown kind of fault {self.kind!r}", where="kind", hint=f"Choose of {', '.join(TRON_KINDS)}")

    @property
    def setting(self) -> object:
        """The value, or the default of the kind."""
        return TRON_KINDS[self.kind][1] if self.value is None else self.value


class TronFaults:
    """The faults of one explorer, and the log of what they hit: (number of the question, fault)."""

    def __init__(self, *faults: TronFault, seed: int = 0) -> None:
        self.faults = faults
        self.log: list[tuple[int, TronFault]] = []
        self._dice = Dice(seed, "tron faults")
        self._fitting = [0] * len(faults)
        self._hits = [0] * len(faults)

    def fitting(self, stage: str, number: int, path: str, can: Callable[[TronFault], bool]) -> list[TronFault]:
        """Give the faults of a stage that hit a question now; ``can`` says whether one would be noticed."""
        found = []
        for place, fault in enumerate(self.faults):
            used_up = fault.times is not None and self._hits[place] >= fault.times
            other = bool(fault.paths) and not path.endswith(tuple(fault.paths))
            if TRON_KINDS[fault.kind][0] != stage or used_up or other or not can(fault):
                continue
            self._fitting[place] += 1
            if self._fitting[place] >= fault.first and self._dice.chance(fault.percent):
                self._hits[place] += 1
                self.log.append((number, fault))
                found.append(fault)
        return found


_ODD: tuple[tuple[str, object], ...] = (
    ("value", "-5"), ("value", "1e18"), ("value", ""), ("value", None), ("value", 7.5), ("value", True), ("from", "T123"),
    ("to", ""), ("block_timestamp", "soon"), ("block_timestamp", -1), ("block_timestamp", 1_685_000_000), ("token_info", []),
    ("type", "Mint"), ("transaction_id", "0x"), ("txID", "zz"), ("ret", []), ("ret", [{"fee": -1}]), ("raw_data", {}),
    ("data", []), ("from_address", "41zz"), ("tx_id", 5), ("internal_transactions", 5),
)  # fmt: skip


def random_tron_faults(seed: int, *, most: int = 3, persistent: int = 10) -> TronFaults:
    """Draw faults.

    Parameters
    ----------
    seed : int
        The same seed and settings give the same faults.
    most : int, default 3
        Number of faults, from 1 to this.
    persistent : int, default 10
        In so many of a hundred a fault never ends, so that a client must give up and say so.
    """
    dice = Dice(seed, "random tron faults")
    drawn = []
    for _ in range(dice.whole(1, most)):
        kind = dice.pick(sorted(TRON_KINDS))
        times = None if dice.chance(persistent) else dice.whole(1, 2)
        value: object = None
        if kind == "odd_value":
            value = dice.pick(_ODD)
        elif kind == "html":
            value = dice.pick((200, 403, 500, 502, 503))
        elif kind in ("repeat_rows", "overlap", "out_of_window", "foreign_row"):
            value = dice.whole(1, 3)
        drawn.append(TronFault(kind, value, first=dice.whole(1, 4), times=times, percent=dice.pick((100, 100, 50))))
    return TronFaults(*drawn, seed=seed)
