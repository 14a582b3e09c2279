"""Constrained union-find against networkx and against its own constraints."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from cryptotrace.clustering.components import join
from cryptotrace.clustering.constraints import Known, conflict, merged
from cryptotrace.clustering.edges import edge

ACCOUNTS = [("ethereum", f"0x{n:040x}") for n in range(1, 11)]

accounts = st.sampled_from(ACCOUNTS)
edges = st.lists(
    st.builds(
        lambda pair, rule, confidence: edge(*pair, rule=rule, confidence=confidence),
        st.tuples(accounts, accounts).filter(lambda pair: pair[0] != pair[1]),
        st.sampled_from(["campaign", "same_key", "another"]),
        st.integers(0, 100),
    ),
    max_size=25,
)
kinds = st.sampled_from(
    [
        Known(services=frozenset({"norvia"})),
        Known(services=frozenset({"bexo"})),
        Known(perpetrator=True),
        Known(victim=True),
    ]
)
knowledge = st.dictionaries(accounts, kinds, max_size=8)


def _groups(members):
    return {frozenset(group) for group in members}


@given(edges)
def test_without_constraints_clusters_are_the_connected_components(found):
    graph = nx.Graph()
    graph.add_nodes_from(ACCOUNTS)
    graph.add_edges_from((e.a, e.b) for e in found)
    outcome = join(ACCOUNTS, found, {})
    assert _groups(outcome.members) == {frozenset(group) for group in nx.connected_components(graph)}
    assert sorted(outcome.accepted) == sorted(found)
    assert outcome.blocked == ()


@given(edges, edges)
def test_without_constraints_more_edges_only_merge(some, more):
    before, after = join(ACCOUNTS, some, {}), join(ACCOUNTS, [*some, *more], {})
    wider = {account: set(group) for group in after.members for account in group}
    assert all(set(group) <= wider[group[0]] for group in before.members)


@given(edges, knowledge)
def test_no_cluster_ever_holds_what_may_not_be_joined(found, known):
    outcome = join(ACCOUNTS, found, known)
    for group in outcome.members:
        facts = [known[account] for account in group if account in known]
        assert len(set().union(*(fact.services for fact in facts))) <= 1
        assert not (any(f.perpetrator for f in facts) and any(f.services or f.victim for f in facts))


@given(edges, knowledge)
def test_each_edge_is_accepted_or_blocked_and_a_blocked_one_would_still_break_a_constraint_at_the_end(found, known):
    outcome = join(ACCOUNTS, found, known)
    together = {account: group for group in outcome.members for account in group}
    assert sorted([*outcome.accepted, *(e for e, _ in outcome.blocked)]) == sorted(found)
    assert all(together[e.a] == together[e.b] for e in outcome.accepted)
    for e, reason in outcome.blocked:
        assert reason
        sides = []
        for end in (e.a, e.b):
            side = Known()
            for account in together[end]:
                side = merged(side, known.get(account, Known()))
            sides.append(side)
        assert conflict(*sides) is not None


@given(edges, knowledge, st.randoms(use_true_random=False))
def test_the_order_of_edges_and_accounts_changes_nothing(found, known, chance):
    shuffled, others = list(found), list(ACCOUNTS)
    chance.shuffle(shuffled)
    chance.shuffle(others)
    assert join(others, shuffled, known) == join(ACCOUNTS, found, known)


def test_the_whole_of_both_sides_is_checked_not_only_the_two_ends():
    a, b, c, d = ACCOUNTS[:4]
    known = {a: Known(perpetrator=True), d: Known(services=frozenset({"norvia"}))}
    steps = [(a, b, 90), (c, d, 80), (b, c, 70)]
    outcome = join(ACCOUNTS[:4], [edge(x, y, rule="r", confidence=n) for x, y, n in steps], known)
    assert outcome.members == ((a, b), (c, d))
    ((blocked, reason),) = outcome.blocked
    assert (blocked.a, blocked.b) == (b, c)
    assert "norvia" in reason


def test_the_surer_edge_wins_where_only_one_can():
    a, b, c = ACCOUNTS[:3]
    known = {a: Known(perpetrator=True), c: Known(victim=True)}
    weak, sure = edge(a, b, rule="r", confidence=40), edge(b, c, rule="r", confidence=60)
    assert join([a, b, c], [weak, sure], known).members == ((a,), (b, c))
