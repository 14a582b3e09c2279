"""Random ledgers: what must hold for every one of them, whatever the amounts and however little of the order is known."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptotrace.model import ALL, Fifo, Haircut, Lifo, Poison, TaintFirst, TaintLast

CONSERVING = [policy for policy in ALL if policy.conserving]
NAMES = ["a", "b", "c", "d", "end", "S", "T"]
AMOUNT = st.one_of(st.integers(1, 30), st.integers(0, 10**38 - 1))


@st.composite
def ledgers(draw, kit, *, assets=("usd", "ETH"), amount=AMOUNT, positions=True, names=NAMES, most=12):
    """Rows over few accounts: shared transactions and blocks, positions known or not, fees, mints and burns."""
    ledger = kit.Ledger()
    at = 0
    for number in range(draw(st.integers(1, most))):
        at += draw(st.integers(0, 1)) if positions else 1
        sender = draw(st.sampled_from([*names, None]))
        receiver = draw(st.sampled_from([*names, None]))
        fee = receiver is None and sender is not None and draw(st.booleans())
        known = positions and draw(st.booleans())
        tx = draw(st.integers(0, 1)) if positions else number
        ledger.pay(
            sender,
            receiver,
            draw(amount),
            "ETH" if fee and "ETH" in assets else draw(st.sampled_from(assets)),
            tx=f"{at}-{tx}",
            at=at,
            block=at if not positions or draw(st.booleans()) else None,
            tx_index=tx if known else None,
            log=number if known and draw(st.booleans()) else None,
            kind="fee" if fee else None,
        )
    return ledger


ROLES = st.fixed_dictionaries(
    {
        "sources": st.sampled_from([(), ("S",)]),
        "collectors": st.sampled_from([("T",), ("T", "a"), ()]),
        "unseen": st.sampled_from([(), ("c",)]),
        "closed": st.sampled_from([(), ("d",)]),
    }
)


@given(data=st.data(), roles=ROLES, hops=st.sampled_from([None, 1, 2]), least=st.sampled_from([None, 10]))
@settings(max_examples=100)
def test_every_conserving_policy_balances_to_the_last_unit(kit, data, roles, hops, least):
    ledger = data.draw(ledgers(kit))
    limits = kit.Limits(max_hops=hops, min_value_micro=least)
    tainted = data.draw(st.booleans())
    for policy in CONSERVING:
        walk = ledger.walk(policy, ends=("end",), limits=limits, openings_tainted=tainted, **roles)
        for asset, statement in walk.statement.items():
            assert statement.difference == 0, (policy.id, asset)
            assert all(getattr(statement, name) >= 0 for name in statement.__dataclass_fields__), (policy.id, asset)


@given(data=st.data(), roles=ROLES)
@settings(max_examples=120)
def test_the_statement_is_the_sum_of_what_the_arrivals_say(kit, data, roles):
    """Recount every column of the statement from the arrivals, the conversions and the resting balances."""
    ledger = data.draw(ledgers(kit))
    for policy in ALL:
        walk = ledger.walk(policy, ends=("end",), **roles)
        counted = defaultdict(lambda: defaultdict(int))
        for arrival in walk.raw.arrivals:
            outcome = arrival.outcome
            column = {"terminal": "terminals", "fee": "fees", "walked": "kept", "converted": "converted_out"}
            counted[arrival.asset][column.get(outcome, "frontier")] += arrival.tainted
            counted[arrival.asset]["injected"] += arrival.injected
            assert 0 < arrival.tainted <= arrival.amount
            assert 0 <= arrival.injected <= arrival.tainted
        for conversion in walk.raw.conversions:
            counted[conversion.leg.asset_in]["converted_in"] += conversion.tainted_in
        for asset, statement in walk.raw.statements.items():
            for name in ("terminals", "fees", "frontier", "injected", "converted_in", "converted_out"):
                assert getattr(statement, name) == counted[asset][name], (policy.id, name)


@given(data=st.data(), roles=ROLES)
@settings(max_examples=120)
def test_no_account_is_attributed_more_than_it_received(kit, data, roles):
    ledger = data.draw(ledgers(kit))
    received = defaultdict(int)
    for row in ledger.rows:
        if row.sender != row.receiver:
            received[row.receiver, row.asset] += row.amount
    for policy in ALL:
        walk = ledger.walk(policy, ends=("end",), **roles)
        for name, asset in walk.reached:
            assert walk.arrived(name, asset) <= received[name, asset]


@given(data=st.data(), roles=ROLES)
@settings(max_examples=120)
def test_poison_reaches_whatever_any_other_policy_reaches(kit, data, roles):
    ledger = data.draw(ledgers(kit))
    poisoned = ledger.walk(Poison(), ends=("end",), **roles).reached
    for policy in CONSERVING:
        assert ledger.walk(policy, ends=("end",), **roles).reached <= poisoned


@given(data=st.data())
@settings(max_examples=100)
def test_what_an_account_paid_before_taint_reached_it_is_clean(kit, data):
    """Cut the ledger after any row: the arrivals so far must not change, and nobody passes taint on before having it."""
    ledger = data.draw(ledgers(kit, assets=("usd",), positions=False))
    for policy in ALL:
        walk = ledger.walk(policy, collectors=("T",), ends=("end",))
        tainted = set()
        for arrival in walk.raw.arrivals:
            if not arrival.injected:
                assert walk.name_of[arrival.row.sender] in tainted
            if arrival.outcome == "walked":
                tainted.add(walk.name_of[arrival.account])
        short = kit.Ledger(ledger.rows[:-1])
        before = [
            (walk.name_of[a.account], a.tainted, a.outcome)
            for a in walk.raw.arrivals
            if a.account is not None and a.row.id <= len(short.rows)
        ]
        cut = short.walk(policy, collectors=("T",), ends=("end",))
        opened = walk.openings != cut.openings  # what comes later may show that more was there from the start
        after = [(cut.name_of[a.account], a.tainted, a.outcome) for a in cut.raw.arrivals if a.account is not None]
        assert opened or before == after


# -- an oracle that shares nothing with the library: explicit units, fractions, one asset ----------------------------------


class Oracle:
    """One asset, rows in order, every unit an object: True is tainted. Amounts stay small."""

    def __init__(self, policy, sources, collectors, ends):
        self.policy, self.sources, self.collectors, self.ends = policy, set(sources), set(collectors), set(ends)
        self.units = defaultdict(list)
        self.into = defaultdict(int)
        self.injected = 0
        self.set_aside = defaultdict(int)

    def openings(self, rows):
        held, lowest = defaultdict(int), defaultdict(int)
        for sender, receiver, amount, _ in rows:
            if sender == receiver:
                continue
            held[sender] -= amount
            lowest[sender] = min(lowest[sender], held[sender])
            held[receiver] += amount
        for name in list(lowest):
            if name not in self.sources | self.ends | {None}:
                self.units[name] = [False] * -lowest[name]

    def leave(self, name, amount):
        units = self.units[name]
        if self.policy == "fifo":
            taken, self.units[name] = units[:amount], units[amount:]
        elif self.policy == "lifo":
            taken, self.units[name] = units[len(units) - amount :], units[: len(units) - amount]
        else:
            dirty, total = sum(units), len(units)
            share = {
                "haircut": lambda: int(Fraction(amount * dirty, total)) if total else 0,
                "taint_first": lambda: min(amount, dirty),
                "taint_last": lambda: max(0, amount - (total - dirty)),
            }[self.policy]()
            taken = [False] * (amount - share) + [True] * share
            self.units[name] = [False] * (total - dirty - (amount - share)) + [True] * (dirty - share)
        return taken

    def run(self, rows):
        self.openings(rows)
        scam = self.sources | self.collectors
        for sender, receiver, amount, kind in rows:
            if sender == receiver:
                continue
            if sender in self.sources and kind == "fee":
                clean = min(amount, self.set_aside[sender])
                self.set_aside[sender] -= clean
                moved, self.units[sender] = self.units[sender][: amount - clean], self.units[sender][amount - clean :]
            elif sender in self.sources:
                held = min(amount, len(self.units[sender]))
                self.units[sender] = self.units[sender][held:]
                self.injected += amount - held
                moved = [True] * amount
            elif sender is None or sender in self.ends:
                moved = [False] * amount
            else:
                moved = self.leave(sender, amount)
            if receiver in self.collectors and sender is not None and sender not in scam:
                self.injected += amount - sum(moved)
                moved = [True] * amount
            self.into[receiver] += sum(moved)
            if receiver in self.sources:
                self.units[receiver] += [True] * sum(moved)
                self.set_aside[receiver] += amount - sum(moved)
            elif receiver is not None and receiver not in self.ends:
                self.units[receiver] += moved
        return self


@pytest.mark.parametrize("policy", [Haircut(), Fifo(), Lifo(), TaintFirst(), TaintLast()], ids=lambda policy: policy.id)
@given(data=st.data())
@settings(max_examples=100)
def test_walks_equal_an_oracle_of_single_units(kit, policy, data):
    ledger = data.draw(ledgers(kit, assets=("usd",), amount=st.integers(0, 9), positions=False, most=14))
    sources = data.draw(st.sampled_from([("S",), ("S", "a"), ()]))
    collectors = data.draw(st.sampled_from([("T",), ("T", "b"), ()]))
    walk = ledger.walk(policy, sources=sources, collectors=collectors, ends=("end",))
    oracle = Oracle(policy.id, sources, collectors, {"end"}).run(plain(ledger))
    assert walk.openings == {(n, "usd"): len(u) for n, u in opened(oracle, ledger).items() if u}
    for name in (*NAMES, None):
        assert walk.arrived(name) == oracle.into[name], name
        assert walk.rests.get((name, "usd"), 0) == (0 if name == "end" else sum(oracle.units[name])), name
    assert sum(s.injected for s in walk.statement.values()) == oracle.injected


def plain(ledger):
    return [(row.sender, row.receiver, row.amount, row.kind) for row in ledger.rows]


def opened(oracle, ledger):
    fresh = Oracle(oracle.policy, oracle.sources, oracle.collectors, oracle.ends)
    fresh.openings(plain(ledger))
    return fresh.units


@given(data=st.data(), policy=st.sampled_from([Fifo(), Lifo()]))
@settings(max_examples=100)
def test_one_more_seed_never_lowers_what_is_injected(kit, data, policy):
    """Holds where policies follow single units and nobody spends more than came in by a row (an opening would be no income)."""
    ledger = kit.Ledger()
    held = defaultdict(int, {"out": 10**6})
    for _ in range(data.draw(st.integers(1, 16))):
        sender = data.draw(st.sampled_from(["out", "out", *(name for name in NAMES if held[name])]))
        amount = data.draw(st.integers(1, min(20, held[sender])))
        receiver = data.draw(st.sampled_from([name for name in NAMES if name != sender]))
        ledger.pay(sender, receiver, amount)
        held[sender] -= amount
        held[receiver] += amount
    fewer, more = (
        sum(s.injected for s in ledger.walk(policy, collectors=names, ends=("end",)).statement.values())
        for names in (("T",), ("T", "a"))
    )
    assert fewer <= more


@given(data=st.data())
@settings(max_examples=100)
def test_rows_with_positions_give_the_same_walk_in_any_input_order(kit, data):
    base = data.draw(ledgers(kit, positions=False))
    ledger = kit.Ledger()
    for number, row in enumerate(base.rows):
        ledger.pay(
            row.sender,
            row.receiver,
            row.amount,
            row.asset,
            tx=f"tx{number // 2}",
            at=number // 4,
            tx_index=number // 2,
            log=number,
            kind=row.kind,
            row=None,
        )
    shuffled = kit.Ledger(data.draw(st.permutations(ledger.rows)))
    for policy in ALL:
        outcomes = []
        for rows in (ledger, shuffled):
            walk = rows.walk(policy, sources=("S",), collectors=("T",), ends=("end",))
            outcomes.append(
                (
                    walk.rests,
                    walk.openings,
                    [(a.row.tx_hash, a.row.position, a.tainted, a.outcome, a.row.order_known) for a in walk.raw.arrivals],
                )
            )
        assert outcomes[0] == outcomes[1]
