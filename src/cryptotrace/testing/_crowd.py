"""Ordinary people who trade, pay each other and use the services: the clean background."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from cryptotrace.testing._desk import Desk
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import DAY, ETH, HOUR, USDC, USDT, Coin
from cryptotrace.testing._services import ETHER, Exchange, Places, Stage

WALK_INS = 420
"""Customers of the first exchange who withdraw once; they make its hot wallet a hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One clean wallet with the owner's exchange and deposit address there."""

    wallet: str
    exchange: Exchange
    deposit: str


class Crowd:
    """People with one wallet each, busy every one to five days until the day before the end."""

    def __init__(self, stage: Stage, dice: Dice, places: Places, desk: Desk, *, people: int, noise: bool) -> None:
        self._stage = stage
        self._dice = dice
        self._places = places
        self._desk = desk
        self._noise = noise
        self._names = 0
        self.people = [self._person(number) for number in range(people)]

    def _person(self, number: int) -> Person:
        exchange = self._dice.pick(self._places.exchanges)
        wallet = self._stage.address(self._dice, f"person:{number}")
        return Person(wallet=wallet, exchange=exchange, deposit=exchange.deposit_address())

    def open(self) -> None:
        """Give people their first money and plan their days."""
        for person in self.people:
            if self._dice.chance(40):
                self._stage.ledger.open(person.wallet, ETH, self._dice.whole(5, 80) * ETHER // 10)
            self._plan(person)
        for number in range(WALK_INS):
            wallet = self._stage.address(self._dice, f"walk_in:{number}")
            second = self._dice.whole(0, self._stage.schedule.end - 1)
            coin = self._dice.pick((ETH, USDT, USDT, USDC))
            self._stage.schedule.at(second, partial(self._walk_in, wallet, coin))

    def _walk_in(self, wallet: str, coin: Coin) -> None:
        self._places.exchanges[0].withdraw(wallet, coin, self._sum(coin))

    def _plan(self, person: Person) -> None:
        self._stage.schedule.after(self._dice.whole(DAY, 5 * DAY), partial(self._act, person))

    def _act(self, person: Person) -> None:
        actions = (
            *[self._pay] * 28,
            *[self._cash_in] * 4,
            *[self._cash_out] * 7,
            *[self._swap] * 6,
            *[self._trade] * 4,
            self._mix,
        )
        self._dice.pick(actions)(person)
        if self._stage.schedule.now < self._stage.schedule.end - 2 * DAY:
            self._plan(person)

    def _sum(self, coin: Coin) -> int:
        return self._stage.market.amount(coin, self._dice.whole(2_000, 300_000), self._stage.schedule.now)

    def _have(self, person: Person, coin: Coin, amount: int) -> None:
        """Withdraw what a payment lacks, with gas."""
        ledger = self._stage.ledger
        reserve = ETHER // 50
        if coin is ETH:
            if ledger.balance(person.wallet, ETH) < amount + reserve:
                person.exchange.withdraw(person.wallet, ETH, amount + 4 * reserve)
            return
        if ledger.balance(person.wallet, ETH) < reserve:
            person.exchange.withdraw(person.wallet, ETH, 4 * reserve)
        if ledger.balance(person.wallet, coin) < amount:
            person.exchange.withdraw(person.wallet, coin, amount + self._dice.whole(0, 900) * 10**6)

    def _pay(self, person: Person) -> None:
        coin = self._dice.pick((ETH, USDC, USDT, USDT))
        amount = self._sum(coin)
        self._have(person, coin, amount)
        other = self._dice.pick(self.people).wallet
        if other == person.wallet:
            return
        if self._noise and self._dice.chance(3):
            self._stage.ledger.fail(person.wallet, other, coin, amount)
            self._have(person, coin, amount)
        self._stage.ledger.pay(person.wallet, other, coin, amount)

    def _cash_in(self, person: Person) -> None:
        coin = self._dice.pick((ETH, USDC, USDT))
        person.exchange.withdraw(person.wallet, coin, self._sum(coin))

    def _cash_out(self, person: Person) -> None:
        coin = self._dice.pick((ETH, USDC, USDT))
        amount = self._sum(coin)
        self._have(person, coin, amount)
        person.exchange.deposit(person.wallet, person.deposit, coin, amount)

    def _swap(self, person: Person) -> None:
        coin = self._dice.pick((ETH, USDC, USDT))
        amount = self._sum(coin)
        self._have(person, coin, amount)
        pools = self._places.pools
        if coin is ETH:
            pools.sell_ether(person.wallet, amount, person.wallet)
        elif coin is USDC:
            self._stage.ledger.approve(person.wallet, pools.router, USDC)
            pools.sell_usdc(person.wallet, amount, person.wallet)
        else:
            pools.buy_ether(person.wallet, amount)

    def _trade(self, person: Person) -> None:
        amount = self._sum(USDT)
        if self._dice.chance(50):
            self._desk.sell_to(person.wallet, amount)
        else:
            self._have(person, USDT, amount)
            self._desk.buy_from(person.wallet, amount)

    def _mix(self, person: Person) -> None:
        self._have(person, ETH, ETHER)
        self._places.mixer.deposit(person.wallet, 1)
        fresh = self._stage.address(self._dice, f"person:mixed-{self._names}")
        self._names += 1
        delay = self._dice.whole(6 * HOUR, 5 * DAY)
        self._stage.schedule.after(delay, partial(self._places.mixer.withdraw, fresh, 1))
