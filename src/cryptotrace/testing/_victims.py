"""What victims of romance baiting pay: when, how much, and what is paid back to keep them paying.

The sizes follow published surveys: losses have a median near 52,000 USD and a mean near 155,000 USD (Global Anti-Scam
Organization, n = 550). The shape of a ladder (a small first payment, then rising ones) is a definition, not a
measurement: nobody has published a distribution of its length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import DAY, ETH, HOUR, USDC, USDT, Coin, TransferRow
from cryptotrace.testing._services import Exchange

LOSSES = (
    (0, 3_000),
    (10, 9_000),
    (25, 20_000),
    (50, 52_000),
    (75, 140_000),
    (90, 360_000),
    (98, 900_000),
    (100, 2_000_000),
)
"""Knots of the distribution of what one victim pays in all: percentile, whole USD."""
GAP = 36 * HOUR
"""Shortest time between two payments; a return falls in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One planned payment and the return that follows it (0 = none), in US cents."""

    second: int
    cents: int
    return_cents: int


@dataclass(slots=True, kw_only=True)
class Victim:
    """One victim, and what has happened to this person so far; ``wallet`` None means the exchange pays."""

    id: str
    campaign: str
    coin: Coin
    exchange: Exchange
    wallet: str | None
    deposit: str
    plan: tuple[Step, ...]
    payments: list[TransferRow] = field(default_factory=list)
    returns: list[TransferRow] = field(default_factory=list)


def ladder(dice: Dice, total: int, steps: int) -> list[int]:
    """Return rising payments of a total in cents, the first a small test.

    The test is at most 8% of the total, a sixth of the largest, and 1,500 USD; each later payment is larger than the
    one before.
    """
    weights = [1_000]
    for _ in range(steps - 2):
        weights.append(weights[-1] * dice.whole(125, 190) // 100)
    body = total * 92 // 100
    later = [body * weight // sum(weights) for weight in weights]
    test = min(dice.whole(20_000, 150_000), total * 8 // 100, later[0] * 6 // 10, later[-1] // 6)
    return [test, *later[:-1], total - test - sum(later[:-1])]


def plan_steps(dice: Dice, *, total: int, last_day: int, own_wallet: bool) -> tuple[Step, ...]:
    """Plan all payments and returns of one victim who pays a total in cents, done by the end of ``last_day``."""
    room = last_day * DAY
    first = dice.whole(DAY, room * 2 // 5)
    length = min(dice.whole(15, 75) * DAY, room - first - GAP)
    steps = max(3, min(dice.whole(3, 12), length // (2 * GAP), 3 + total // 1_000_000))
    amounts = ladder(dice, total, steps)
    returns = _returns(dice, amounts) if own_wallet else [0] * steps
    slack = max(0, length - (steps - 1) * GAP) // steps
    second = first
    plan = []
    for cents, back in zip(amounts, returns, strict=True):
        plan.append(Step(second=second, cents=cents, return_cents=back))
        second += GAP + dice.whole(0, slack)
    return tuple(plan)


def _returns(dice: Dice, amounts: list[int]) -> list[int]:
    """Draw inducements, each at most 40% of the next payment, and now and then a payout at the end."""
    returns = [0] * len(amounts)
    if dice.chance(55):
        for index, following in enumerate(amounts[1:]):
            if dice.chance(45):
                returns[index] = min(amounts[index] * dice.whole(30, 110) // 100, following * 2 // 5)
    if dice.chance(15):
        returns[-1] = sum(amounts) * dice.whole(10, 60) // 100
    elif dice.chance(6):
        # a show case: paid out more than was paid in, so that a loss has to be cut off at zero for each victim
        returns[-1] = sum(amounts) * dice.whole(105, 125) // 100
    return returns


def coin_of(dice: Dice, number: int) -> Coin:
    """Return what a victim pays in; the first three see to it that every coin occurs."""
    return (ETH, USDT, USDC)[number] if number < 3 else dice.pick((ETH, USDT, USDT, USDT, USDC))
