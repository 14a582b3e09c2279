"""A seeded history: people, contracts, and transactions of every kind, in real blocks.

Amounts are random but always affordable; what fails does so by intent. Each kind of action happens at least once before kinds
are drawn at random, so that a short history has them all.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak
from evm_chain import GWEI, EvmChain, Mined, Signed, sign
from evm_contracts import call_data, decoded, deployment, topic

ETHER = 10**18
_GAS = 1_500_000
_TIP = 2 * GWEI
_HATCHED = topic("Hatched(address)")


@dataclass(slots=True, kw_only=True)
class EvmWorld:
    """A chain with who and what is on it; all addresses in lower case.

    Parameters
    ----------
    seed : int
    chain : EvmChain
    opening : dict
        Wei of each person at the genesis block.
    people : tuple of str
        Six accounts with keys that send; the last one opens empty.
    cold : tuple of str
        Accounts that only receive.
    miner : str
        The beneficiary of all blocks; it has a key and sends too.
    contracts : dict
        Addresses by name: token, fee_token, quiet_token, wrapped, splitter, payer, parent, bomb, hatchery.
    bombs : list of str
        Contracts with ether that live and will end.
    ended : list of str
        Contracts that ended by self-destruct.
    actions : dict
        How often each kind of action was mined.
    """

    seed: int
    chain: EvmChain
    opening: dict[str, int]
    people: tuple[str, ...]
    cold: tuple[str, ...]
    miner: str
    contracts: dict[str, str] = field(default_factory=dict)
    bombs: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    actions: dict[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> dict[str, str]:
        """The ERC-20 contracts by name, wrapped ether among them."""
        return {name: self.contracts[name] for name in ("token", "fee_token", "quiet_token", "wrapped")}

    def units(self, token: str, owner: str, number: int | None = None) -> int:
        """What an account holds of a token after a block, as the contract says."""
        answer = self.chain.call(self.contracts[token], call_data("balanceOf(address)", owner), number)
        return int(decoded("uint256", answer.output))


def build_world(seed: int, *, transactions: int = 150, merge: int = 20) -> EvmWorld:
    """Build a history of about so many transactions; the first block under proof of stake is ``merge``.

    Notes
    -----
    About 25 ms of CPU a transaction. The same seed gives the same block hashes.
    """
    return _Builder(seed, merge).build(transactions)


class _Builder:
    def __init__(self, seed: int, merge: int) -> None:
        self.dice = random.Random(f"evm {seed}")
        keys = [keccak(text=f"evm node {seed} {place}") for place in range(9)]
        addresses = [Account.from_key(key).address.lower() for key in keys]
        self.keys = dict(zip(addresses, keys, strict=True))
        people, miner, cold = tuple(addresses[:6]), addresses[6], tuple(addresses[7:])
        opening = {one: self.dice.randrange(50 * ETHER, 1_000 * ETHER) for one in people[:-1]}
        chain = EvmChain(opening, merge=merge)
        self.world = EvmWorld(seed=seed, chain=chain, opening=opening, people=people, cold=cold, miner=miner)
        self.merge = merge
        self.batch: list[Signed] = []
        self.sent: dict[str, int] = {}
        self.hatching: list[str] = []
        self.kinds: dict[str, Callable[[], bool]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in sorted(dir(self)) if name.startswith("_do_")
        }

    def build(self, transactions: int) -> EvmWorld:
        self._deploy()
        wanted = list(self.kinds)
        self.dice.shuffle(wanted)
        made = 0
        while wanted or made < transactions:
            size = self.dice.choice((0, 1, 2, 3, 5))
            for _ in range(size):
                name = wanted[0] if wanted else self.dice.choice(list(self.kinds))
                before = len(self.batch)
                if self.kinds[name]():
                    self.world.actions[name] = self.world.actions.get(name, 0) + 1
                    wanted = wanted[1:]
                elif wanted:
                    wanted.append(wanted.pop(0))  # what it needs is not there yet
                made += len(self.batch) - before
            self._mine()
        while self.world.chain.head < self.merge + 3:
            self._mine()
        return self.world

    # The people

    def _person(self) -> str:
        """Somebody who can pay for anything below; the miner now and then."""
        everyone = (*self.world.people, self.world.miner)
        return self.dice.choice([one for one in everyone if self.world.chain.balance(one) > 5 * ETHER])

    def _receiver(self) -> str:
        return self.dice.choice((*self.world.people, *self.world.cold))

    def _wei(self, sender: str) -> int:
        return self.dice.randrange(1, self.world.chain.balance(sender) // 30)

    def _units(self, token: str) -> tuple[str, int] | None:
        """Somebody who holds the token, and a part that a whole block of such transfers cannot exhaust."""
        held = {one: self.world.units(token, one) for one in self.world.people}
        rich = [one for one, units in held.items() if units > 100 and self.world.chain.balance(one) > ETHER]
        if not rich:
            return None
        sender = self.dice.choice(rich)
        return sender, self.dice.randrange(1, held[sender] // 12)

    # Sending and mining

    def _send(self, sender: str, to: str | None, *, value: int = 0, data: bytes = b"", gas: int = _GAS) -> bool:
        nonce = self.world.chain.nonce(sender) + self.sent.get(sender, 0)
        self.sent[sender] = self.sent.get(sender, 0) + 1
        fields: dict[str, Any] = {"nonce": nonce, "gas": gas, "value": value, "data": data, "to": to}
        price = 2 * self.world.chain.base_fee + self.dice.randrange(_TIP)
        kind = self.dice.choice((0, 1, 2, 2))
        if kind == 2:
            fields |= {"maxFeePerGas": price, "maxPriorityFeePerGas": self.dice.randrange(_TIP)}
            fields["maxPriorityFeePerGas"] = min(fields["maxPriorityFeePerGas"], price)
        else:
            fields["gasPrice"] = price
        if kind:
            fields["type"] = kind
        if kind == 1:
            fields["accessList"] = []
        self.batch.append(sign(self.keys[sender], fields))
        return True

    def _call(self, sender: str, name: str, signature: str, *values: Any, value: int = 0, gas: int = _GAS) -> bool:
        return self._send(sender, self.world.contracts[name], value=value, data=call_data(signature, *values), gas=gas)

    def _mine(self) -> Mined:
        chain, withdrawals = self.world.chain, []
        if chain.head + 1 >= self.merge and self.dice.random() < 0.4:
            withdrawals = [(self._receiver(), self.dice.randrange(1, 40 * GWEI)) for _ in range(self.dice.randrange(1, 3))]
        mined = chain.mine(self.batch, miner=self.world.miner, withdrawals=withdrawals)
        self.batch, self.sent = [], {}
        for done in mined.done:
            hatched = [log.topics[1] for log in done.logs if f"0x{log.topics[0]:064x}" == _HATCHED]
            self.world.bombs += [f"0x{one:040x}" for one in hatched]
            if done.created and done.created not in self.world.contracts.values() and self.world.contracts:
                self.world.bombs.append(done.created)
        return mined

    def _deploy(self) -> None:
        people, made = self.world.people, self.world.contracts
        self._send(people[0], None, data=deployment("token", "uint256", 10**15))
        fees = "uint256,address,uint256,bool"
        self._send(people[1], None, data=deployment("fee_token", fees, 10**24, self.world.cold[0], 150, False))
        self._send(people[2], None, data=deployment("fee_token", fees, 10**24, self.world.cold[1], 300, True))
        for name in ("wrapped", "splitter", "payer", "parent", "bomb"):
            self._send(people[3], None, data=deployment(name))
        names = ("token", "fee_token", "quiet_token", "wrapped", "splitter", "payer", "parent", "bomb")
        found = [done.created for done in self._mine().done]
        made |= {name: address for name, address in zip(names, found, strict=True) if address}
        self._send(people[4], None, data=deployment("hatchery", "address", made["bomb"]))
        hatchery = self._mine().done[0].created
        assert hatchery is not None
        self.world.bombs.clear()
        made["hatchery"] = hatchery
        for person in people[1:]:
            self._call(people[0], "token", "transfer(address,uint256)", person, self.dice.randrange(10**12, 10**14))
        self._send(people[0], people[-1], value=20 * ETHER)
        self._mine()

    # What people do; each says whether it could

    def _do_pay(self) -> bool:
        sender = self._person()
        return self._send(sender, self._receiver(), value=self._wei(sender), gas=21_000)

    def _do_pay_self(self) -> bool:
        sender = self._person()
        return self._send(sender, sender, value=self._wei(sender), gas=21_000)

    def _do_pay_nothing(self) -> bool:
        return self._send(self._person(), self._receiver(), gas=30_000, data=b"hello")

    def _do_token_transfer(self) -> bool:
        return self._transfer("token", self._receiver())

    def _do_token_to_self(self) -> bool:
        return self._transfer("token", None)

    def _do_fee_token_transfer(self) -> bool:
        return self._transfer("fee_token", self._receiver())

    def _do_quiet_token_transfer(self) -> bool:
        return self._transfer("quiet_token", self._receiver())

    def _do_wrapped_transfer(self) -> bool:
        return self._transfer("wrapped", self._receiver())

    def _do_token_pull(self) -> bool:
        """Approve and be drawn from, in one block."""
        found = self._units("token")
        if found is None:
            return False
        owner, units = found
        spender = self._person()
        if spender == owner:
            return False
        self._call(owner, "token", "approve(address,uint256)", spender, units)
        return self._call(spender, "token", "transferFrom(address,address,uint256)", owner, self._receiver(), units)

    def _do_token_burn(self) -> bool:
        found = self._units("token")
        return found is not None and self._call(found[0], "token", "burn(uint256)", found[1])

    def _do_token_too_much(self) -> bool:
        return self._call(self._person(), "token", "transfer(address,uint256)", self._receiver(), 10**30)

    def _do_out_of_gas(self) -> bool:
        sender = self._person()
        return self._call(sender, "wrapped", "deposit()", value=self._wei(sender), gas=24_000)

    def _do_wrap(self) -> bool:
        sender = self._person()
        return self._call(sender, "wrapped", "deposit()", value=self._wei(sender))

    def _do_wrap_by_sending(self) -> bool:
        sender = self._person()
        return self._send(sender, self.world.contracts["wrapped"], value=self._wei(sender))

    def _do_unwrap(self) -> bool:
        found = self._units("wrapped")
        return found is not None and self._call(found[0], "wrapped", "withdraw(uint256)", found[1])

    def _do_split(self) -> bool:
        return self._paid("splitter", "forward(address,address)", self._receiver(), self._receiver())

    def _do_split_to_wrapped(self) -> bool:
        """An inner payment that wraps: the deposit belongs to the splitter, for ever."""
        return self._paid("splitter", "forward(address,address)", self._receiver(), self.world.contracts["wrapped"])

    def _do_pay_and_revert(self) -> bool:
        return self._paid("parent", "pay_and_revert(address,address)", self.world.contracts["payer"], self._receiver())

    def _do_pay_and_catch(self) -> bool:
        return self._paid("parent", "pay_and_catch(address,address)", self.world.contracts["payer"], self._receiver())

    def _do_release(self) -> bool:
        kept = self.world.chain.balance(self.world.contracts["parent"])
        return kept > 0 and self._call(self._person(), "parent", "release(address)", self._receiver())

    def _do_make_bomb(self) -> bool:
        sender = self._person()
        return self._send(sender, None, value=self._wei(sender), data=deployment("bomb"))

    def _do_hatch_bomb(self) -> bool:
        return self._paid("hatchery", "hatch()")

    def _do_feed_bomb(self) -> bool:
        if not self.world.bombs:
            return False
        sender = self._person()
        return self._send(sender, self.dice.choice(self.world.bombs), value=self._wei(sender))

    def _do_end_bomb(self) -> bool:
        if not self.world.bombs or self.batch:  # alone in its block, so that nobody feeds what is no more
            return False
        bomb = self.world.bombs.pop(self.dice.randrange(len(self.world.bombs)))
        self.world.ended.append(bomb)
        # Ether that a self-destruct forces on a contract calls nothing there: no deposit is logged.
        receiver = self.dice.choice((self._receiver(), self.world.contracts["wrapped"]))
        return self._send(self._person(), bomb, data=call_data("end(address)", receiver))

    def _transfer(self, token: str, receiver: str | None) -> bool:
        found = self._units(token)
        if found is None:
            return False
        sender, units = found
        return self._call(sender, token, "transfer(address,uint256)", receiver or sender, units)

    def _paid(self, name: str, signature: str, *values: Any) -> bool:
        sender = self._person()
        return self._call(sender, name, signature, *values, value=self._wei(sender))
