"""Random faults and plans from a seed, for tests that want a thousand different troubles."""

from __future__ import annotations

from collections.abc import Sequence

from cryptotrace.testing._dice import Dice
from cryptotrace.testing.explorers.faults import KINDS, Fault, Faults
from cryptotrace.testing.explorers.plans import Plan

__all__ = ["IMPOSSIBLE_VALUES", "STRANGE_VALUES", "random_faults", "random_plan"]

IMPOSSIBLE_VALUES: Sequence[tuple[str, object]] = (
    ("value", "-5"),
    ("value", "1" + "0" * 80),
    ("value", 10**80),
    ("value", float("nan")),
    ("value", float("inf")),
    ("value", "NaN"),
    ("value", "1e18"),
    ("value", "0x10"),
    ("value", ""),
    ("value", " 7"),
    ("value", "\u0667"),
    ("value", True),
    ("value", []),
    ("blockNumber", "-1"),
    ("blockNumber", ""),
    ("blockNumber", "1" * 30),
    ("timeStamp", "0"),
    ("timeStamp", "1677628800000"),
    ("timeStamp", "99999999999"),
    ("timeStamp", "soon"),
    ("tokenDecimal", "256"),
    ("tokenDecimal", "-1"),
    ("tokenName", {"name": "USDT"}),
    ("from", "0x123"),
    ("to", "0x" + "z" * 40),
    ("hash", "0x"),
    ("isError", "2"),
)
"""Column and value for ``odd_value`` that no honest explorer can mean."""
STRANGE_VALUES: Sequence[tuple[str, object]] = (
    ("tokenDecimal", "255"),
    ("tokenDecimal", ""),
    ("tokenSymbol", "US\0DT"),
    ("tokenSymbol", ""),
    ("tokenName", "<script>alert(1)</script>"),
    ("functionName", "=HYPERLINK()"),
    ("confirmations", "-3"),
)
"""Column and value that a chain can really hold: the amounts of such a row still count."""

_SLOW = frozenset({"hold", "slow_body"})
_LIMITS = frozenset({"range_limit", "result_limit"})
_TEXTS = (
    "Max rate limit reached",
    "Max calls per sec rate limit reached (5/sec)",
    "Max rate limit reached, please use API Key for higher rate limit",
    "Query Timeout occured. Please select a smaller result dataset",
    "Unexpected err, timeout occurred or server too busy. Please try again later",
    "",
    "Something that nobody has seen before",
)
_LEFT_OUT = frozenset({"moving_head", "huge_body", "huge_unannounced", "not_an_object"})


def random_faults(seed: int, *, most: int = 3, persistent: int = 10, hold_seconds: float = 0.05) -> Faults:
    """Draw faults.

    Parameters
    ----------
    seed : int
        The same seed and settings give the same faults.
    most : int, default 3
        Number of faults, from 1 to this.
    persistent : int, default 10
        In so many of a hundred a fault never ends, so that a client must give up and say so; else it hits once or twice.
    hold_seconds : float, default 0.05
        For how long an answer is held back; such faults always end.

    Returns
    -------
    Faults
        Fresh, with an empty log. Huge bodies and moving heads are not drawn: the one is slow, the other changes what is
        true.

    Notes
    -----
    A query timeout or a window error that never ends is drawn too: a client that halves the range each time must stop at
    one block, not go through millions of them.
    """
    dice = Dice(seed, "random faults")
    kinds = [kind for kind in KINDS if kind not in _LEFT_OUT]
    drawn = [_draw(dice, dice.pick(kinds), persistent, hold_seconds) for _ in range(dice.whole(1, most))]
    return Faults(*drawn, seed=seed)


def random_plan(seed: int, *, offset: int) -> Plan:
    """Draw a plan without limits of rate, for a client that asks for ``offset`` rows a page.

    The cap of the plan is never below ``offset``, where nobody could tell a clamped page from a short one; the window is
    between one and six pages, so that one block can hold more rows than can be had.
    """
    dice = Dice(seed, "random plan")
    return Plan(
        calls_per_second=None,
        calls_per_day=None,
        page_cap=offset + dice.whole(0, offset),
        over_cap="clamp" if dice.chance(50) else "error",
        window=offset * dice.whole(1, 6),
    )


def _draw(dice: Dice, kind: str, persistent: int, hold_seconds: float) -> Fault:
    lasts = dice.chance(persistent) and kind not in _SLOW
    times = None if lasts or kind in _LIMITS else dice.whole(1, 2)
    first = dice.whole(1, 4)
    value: object = None
    column = "value"
    if kind == "odd_value":
        column, value = dice.pick(IMPOSSIBLE_VALUES)
    elif kind in ("null_value", "missing_column"):
        column = dice.pick(("value", "from", "blockNumber", "timeStamp", "hash"))
    elif kind == "notok":
        value = dice.pick(_TEXTS)
    elif kind == "http_429":
        value = dice.pick((None, 0, 1, 2))
    elif kind == "html":
        value = dice.pick((200, 403, 500, 502, 503, 504))
    elif kind == "range_limit":
        value = dice.whole(100_000, 2_000_000)
    elif kind == "result_limit":
        value = dice.whole(5, 40)
    elif kind in ("repeat_rows", "overlap", "foreign_row", "out_of_window"):
        value = dice.whole(1, 3)
    elif kind in _SLOW:
        value = hold_seconds
    return Fault(kind, value, column=column, first=first, times=times, percent=dice.pick((100, 100, 50)))
