"""One operator of romance baiting: from victims' payments to where the money goes.

Money and gas never mix: addresses that hold scam ether pay their fees from it, all others hold scam tokens and get
their ether from the gas sponsor. So every policy that conserves value must find the same exits.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from cryptotrace.testing._desk import Desk
from cryptotrace.testing._dice import Dice
from cryptotrace.testing._rows import DAY, ETH, HOUR, USDC, USDT, Coin, TransferRow
from cryptotrace.testing._services import ETHER, Exchange, Places, Stage
from cryptotrace.testing._truth import ScamAddress, SwapTruth
from cryptotrace.testing._victims import LOSSES, Step, Victim, coin_of, plan_steps

QUIET_DAYS = 14
"""Days at the end without payments, so that what is to leave has left."""
FLUSH_DAYS = 11
BATCH_FLOOR = 2_000 * 10**6


class Campaign:
    """The addresses of one operator, its victims, and every movement of theirs."""

    def __init__(self, stage: Stage, dice: Dice, places: Places, desk: Desk, *, name: str, noise: bool) -> None:
        self.name = name
        self.addresses: list[ScamAddress] = []
        self.victims: list[Victim] = []
        self.gas: list[TransferRow] = []
        self.exits: list[tuple[str, str, TransferRow]] = []
        self.to_desk: list[TransferRow] = []
        self.swaps: list[SwapTruth] = []
        self.ether_addresses: set[str] = set()
        self._stage = stage
        self._dice = dice
        self._places = places
        self._desk = desk
        self._noise = noise
        self._layers: defaultdict[int, list[str]] = defaultdict(list)
        self._branches = 0
        self._sponsor = self._address("gas_sponsor")
        self._consolidators = {coin: self._address("consolidator") for coin in (ETH, USDC, USDT)}
        self._payout = self._address("payout")
        self.ether_addresses.add(self._consolidators[ETH])
        # customers' accounts at exchanges: the addresses belong to the exchange
        self._accounts = {exchange.name: [exchange.deposit_address() for _ in range(3)] for exchange in places.exchanges}

    def _address(self, role: str) -> str:
        address = self._stage.address(self._dice, f"group:{self.name}")
        self.addresses.append(ScamAddress(address=address, role=role, campaign=self.name))
        return address

    def open(self, victims: int) -> None:
        """Plan the life of so many victims and the operator's batches."""
        days = self._stage.schedule.end // DAY
        for number in range(victims):
            self._meet(number, days - QUIET_DAYS)
        for coin in self._consolidators:
            for day in range(3, days - FLUSH_DAYS, 4):
                self._stage.schedule.at(day * DAY + self._dice.whole(0, DAY), partial(self._batch, coin))
            flush = (days - FLUSH_DAYS) * DAY
            self._stage.schedule.at(flush, partial(self._batch, coin, flush=True))

    def _meet(self, number: int, last_day: int) -> None:
        dice = self._dice
        name = f"{self.name}:{number}"
        coin = coin_of(dice, number)
        own_wallet = dice.chance(60)
        # the first victim pays enough ether for a note of the mixer
        dollars = max(dice.from_quantiles(LOSSES), 30_000 if number == 0 else 0)
        victim = Victim(
            id=f"victim:{name}",
            campaign=self.name,
            coin=coin,
            exchange=dice.pick(self._places.exchanges),
            wallet=self._stage.address(dice, f"victim:{name}") if own_wallet else None,
            deposit=self._assign(coin),
            plan=plan_steps(dice, total=dollars * 100, last_day=last_day, own_wallet=own_wallet),
        )
        self.victims.append(victim)
        for step in victim.plan:
            self._stage.schedule.at(step.second, partial(self._pay, victim, step))

    def _assign(self, coin: Coin) -> str:
        """Assign a receiving address; one in four victims shares that of another victim with the same coin."""
        used = [victim.deposit for victim in self.victims if victim.coin is coin]
        if used and self._dice.chance(25):
            return self._dice.pick(used)
        address = self._address("deposit")
        if coin is ETH:
            self.ether_addresses.add(address)
        return address

    def _pay(self, victim: Victim, step: Step) -> None:
        coin, ledger = victim.coin, self._stage.ledger
        amount = self._stage.market.amount(coin, step.cents, self._stage.schedule.now)
        if victim.wallet is None:
            row = victim.exchange.withdraw(victim.deposit, coin, amount)
        else:
            self._fund(victim, victim.wallet, amount)
            if self._noise and self._dice.chance(6):
                ledger.fail(victim.wallet, victim.deposit, coin, amount)
            row = ledger.pay(victim.wallet, victim.deposit, coin, amount)
        victim.payments.append(row)
        self._stage.schedule.after(self._dice.whole(2 * HOUR, 30 * HOUR), partial(self._sweep, victim.deposit, coin))
        if step.return_cents:
            self._stage.schedule.after(self._dice.whole(4 * HOUR, 20 * HOUR), partial(self._fund_return, victim, step))

    def _fund(self, victim: Victim, wallet: str, amount: int) -> None:
        """Let the victim withdraw what the wallet lacks; returned money in it is paid in again."""
        ledger, gas = self._stage.ledger, ETHER // 200
        needed = {ETH: gas, victim.coin: amount + (gas if victim.coin is ETH else 0)}
        for coin, sum_needed in needed.items():
            lacking = sum_needed - ledger.balance(wallet, coin)
            if lacking > 0:
                extra = ETHER // 100 if coin is ETH else self._dice.whole(0, 50) * 10**6
                victim.exchange.withdraw(wallet, coin, lacking + extra)

    def _fund_return(self, victim: Victim, step: Step) -> None:
        """Move a return to the payout wallet if the consolidator has it; otherwise nothing is paid."""
        amount = self._stage.market.amount(USDT, step.return_cents, self._stage.schedule.now)
        source = self._consolidators[USDT]
        held = self._stage.ledger.balance(source, USDT)
        if victim.wallet is None or held < amount:
            return
        rounded = min(-(-amount // 10**8) * 10**8, held)
        self._send(source, self._payout, USDT, rounded)
        delay = self._dice.whole(HOUR // 2, 3 * HOUR)
        self._stage.schedule.after(delay, partial(self._pay_back, victim, victim.wallet, amount))

    def _pay_back(self, victim: Victim, wallet: str, amount: int) -> None:
        victim.returns.append(self._send(self._payout, wallet, USDT, amount))

    def _gas(self, address: str, action: str) -> int:
        """Return the fee of the next transaction of a token wallet, after the sponsor has paid for it."""
        ledger = self._stage.ledger
        fee = ledger.fee(action)
        lacking = fee - ledger.balance(address, ETH)
        if lacking > 0:
            top_up, cost = lacking * self._dice.whole(100, 140) // 100, ledger.fee("native")
            if ledger.balance(self._sponsor, ETH) < top_up + cost:
                self.gas.append(self._places.exchanges[0].withdraw(self._sponsor, ETH, ETHER // 50))
            ledger.pay(self._sponsor, address, ETH, top_up, fee=cost)
        return fee

    def _send(self, sender: str, receiver: str, coin: Coin, amount: int) -> TransferRow:
        return self._stage.ledger.pay(sender, receiver, coin, amount, fee=self._gas(sender, "token"))

    def _sweep(self, deposit: str, coin: Coin) -> None:
        ledger = self._stage.ledger
        held = ledger.balance(deposit, coin)
        if coin is ETH:
            fee = ledger.fee("native")
            if held > fee:
                ledger.pay(deposit, self._consolidators[ETH], ETH, held - fee, fee=fee)
        elif held:
            self._send(deposit, self._consolidators[coin], coin, held)

    def _batch(self, coin: Coin, *, flush: bool = False) -> None:
        """Send what has been consolidated on its way, as USDT; keep some USDT back for returns until the end."""
        ledger, source = self._stage.ledger, self._consolidators[coin]
        if coin is ETH:
            self._ether_out(source)
            return
        held = ledger.balance(source, coin)
        if held < BATCH_FLOOR and not (flush and held):
            return
        layer, depth = self._layer(0), self._dice.whole(0, 2)
        if coin is USDC:
            router = self._places.pools.router
            if not ledger.is_approved(source, router, USDC):
                ledger.approve(source, router, USDC, fee=self._gas(source, "approve"))
            fee = self._gas(source, "swap")
            self.swaps.append(self._places.pools.sell_usdc(source, held, layer, fee=fee))
        else:
            kept = 0 if flush else held * self._dice.whole(10, 30) // 100
            self._send(source, layer, USDT, held - kept)
        self._later(layer, depth)

    def _ether_out(self, source: str) -> None:
        """Mix one note of the scam ether where there is enough of it, and sell the rest."""
        ledger = self._stage.ledger
        mixer = self._places.mixer
        held = ledger.balance(source, ETH)
        first = not any(category == "mixer" for _, category, _ in self.exits)
        for note in (10, 1):
            if held > note * ETHER + ETHER // 10 and (first or self._dice.chance(30)):
                self.exits.append((mixer.owner, "mixer", mixer.deposit(source, note)))
                break
        held = ledger.balance(source, ETH)
        fee = ledger.fee("swap")
        if held - fee < ETHER // 2:
            return
        layer = self._layer(0)
        self.swaps.append(self._places.pools.sell_ether(source, held - fee, layer, fee=fee))
        self._later(layer, self._dice.whole(0, 2))

    def _layer(self, level: int) -> str:
        """Return a wallet of this level, often a new one; levels keep money from running in circles."""
        pool = self._layers[level]
        if pool and self._dice.chance(30):
            return self._dice.pick(pool)
        pool.append(self._address("layer"))
        return pool[-1]

    def _later(self, layer: str, depth: int, level: int = 0) -> None:
        self._stage.schedule.after(self._dice.whole(HOUR, 30 * HOUR), partial(self._forward, layer, depth, level))

    def _forward(self, layer: str, depth: int, level: int) -> None:
        """Pass on all that a layer holds: split to the next level, or out."""
        held = self._stage.ledger.balance(layer, USDT)
        if not held:
            return
        parts = _split(self._dice, held)
        for part in parts:
            if depth:
                child = self._layer(level + 1)
                self._send(layer, child, USDT, part)
                self._later(child, depth - 1, level + 1)
            else:
                self._leave(layer, part)

    def _leave(self, layer: str, amount: int) -> None:
        """Bring a part out: to one of two exchanges or the desk, or to a wallet where it stays."""
        first, second = self._places.exchanges
        goals: tuple[Exchange | Desk | None, ...] = (first, self._desk, second, None)
        drawn = self._dice.whole(0, 99)
        goal = goals[self._branches] if self._branches < 4 else goals[(drawn >= 40) + (drawn >= 60) + (drawn >= 92)]
        self._branches += 1
        if goal is None:
            self._send(layer, self._address("layer"), USDT, amount)
        elif isinstance(goal, Desk):
            self.to_desk.append(self._desk.buy_from(layer, amount, fee=self._gas(layer, "token")))
        else:
            account = self._dice.pick(self._accounts[goal.name])
            row = goal.deposit(layer, account, USDT, amount, fee=self._gas(layer, "token"))
            self.exits.append((goal.owner, "exchange", row))


def _split(dice: Dice, amount: int) -> list[int]:
    """Cut an amount into one to three parts at whole dollars; small amounts stay whole."""
    parts = []
    for _ in range(dice.whole(0, 2) if amount > BATCH_FLOOR else 0):
        part = amount * dice.whole(20, 60) // 100 // 10**6 * 10**6
        parts.append(part)
        amount -= part
    return [*parts, amount]
