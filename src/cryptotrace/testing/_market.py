"""Daily prices of an invented market, and exact USD values of amounts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import COINS, DAY, START, Coin, PriceRow

MICRO = 10**6


def usd_text(micro: int) -> Decimal:
    """Return micro-dollars as USD with six decimals."""
    return Decimal(micro).scaleb(-6).quantize(Decimal("0.000001"))


class Market:
    """Prices in micro-dollars for each UTC day; ether walks at random, stablecoins stay within 0.05% of par."""

    def __init__(self, dice: Dice, days: int) -> None:
        self._prices: list[dict[str, int]] = []
        ether = dice.whole(1_500 * MICRO, 2_300 * MICRO)
        for _ in range(days):
            stable = {symbol: MICRO + dice.whole(-500, 500) for symbol in ("USDC", "USDT")}
            self._prices.append({"ETH": ether, "WETH": ether, **stable})
            ether = min(max(ether * dice.whole(96_500, 103_500) // 100_000, 900 * MICRO), 3_000 * MICRO)

    def price(self, coin: Coin, second: int) -> int:
        """Return micro-dollars for one whole unit on the UTC day of this second."""
        return self._prices[second // DAY][coin.symbol]

    def micro(self, coin: Coin, amount: int, second: int) -> int:
        """Return the value of an amount of base units in micro-dollars, rounded half up."""
        return (2 * amount * self.price(coin, second) + coin.unit) // (2 * coin.unit)

    def amount(self, coin: Coin, cents: int, second: int) -> int:
        """Return base units worth about so many cents, at a precision that people type (cents, or 0.0001 ETH)."""
        if coin.decimals == 6:
            return cents * 10**4
        ten_thousandths = cents * 10**4 * 10**4 // self.price(coin, second)
        return max(ten_thousandths, 1) * 10**14

    def rows(self) -> list[PriceRow]:
        """Return the price table."""
        return [
            PriceRow(time=START + timedelta(days=day), asset=coin.symbol, usd=usd_text(prices[coin.symbol]))
            for day, prices in enumerate(self._prices)
            for coin in COINS
        ]
