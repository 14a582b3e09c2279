"""The verb and its result: campaigns, keys, services inside lists, why, without."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptotrace.clustering import RULES, cluster
from cryptotrace.codecs import caip10, parse_address
from cryptotrace.errors import InputError, InvalidAddressError
from cryptotrace.model import Label, Labels, Seed, Seeds
from cryptotrace.schema import Batch
from cryptotrace.store import open_store

T0 = datetime(2024, 1, 1, tzinfo=UTC)
KEYS = [f"0x{0xC0FFEE00000000000000000000000000000000 + n:040x}" for n in range(12)]
A, B, C, D, E = KEYS[:5]
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


def seed(address, chain="ethereum", **more):
    return Seed(chain=chain, address=address, **more)


def labelled(*labels):
    return Labels(items=labels, winners={(label.chain, label.address): label for label in labels})


def exchange(address, entity="Norvia", chain="ethereum", **more):
    return Label(chain=chain, address=address, label=f"{entity} 1", category="exchange", entity=entity, **more)


def stored(*rows, kind="native", contract=None):
    """Rows are (chain, sender, receiver)."""
    batch = Batch()
    for n, (chain, sender, receiver) in enumerate(rows):
        batch.add_transfer(
            chain=chain, tx_hash=f"0x{n}", kind=kind, time=T0, sender=sender, receiver=receiver, amount=1, contract=contract
        )
    store = open_store(":memory:")
    store.load([batch])
    return store


def empty():
    return open_store(":memory:")


def pairs(frame):
    return set(zip(frame["address_a"], frame["address_b"], strict=True))


def test_seeds_of_one_campaign_are_one_cluster_and_a_seed_alone_is_a_cluster():
    seeds = Seeds((seed(A, campaign="c0"), seed(B, campaign="c0"), seed(C, campaign="c1"), seed(D)))
    clusters = cluster(empty(), seeds)
    assert list(clusters.members.columns) == ["cluster", "chain", "address"]
    assert clusters.of("ethereum", A) == clusters.of("ethereum", B)
    assert len({clusters.of("ethereum", x) for x in (A, C, D)}) == 3
    assert len(clusters) == 3
    assert clusters.scam_set == {("ethereum", x) for x in (A, B, C, D)}
    assert clusters.campaigns == {"c0": {("ethereum", A), ("ethereum", B)}, "c1": {("ethereum", C)}}


def test_victims_of_a_campaign_are_members_of_no_scam():
    seeds = Seeds((seed(A, campaign="c0"), seed(B, campaign="c0", role="victim"), seed(C, campaign="c0")))
    clusters = cluster(empty(), seeds)
    assert clusters.of("ethereum", B) not in {None, clusters.of("ethereum", A)}
    assert clusters.scam_set == {("ethereum", A), ("ethereum", C)}


def test_evidence_has_the_public_columns_and_names_accounts_by_caip10():
    clusters = cluster(empty(), Seeds((seed(B, campaign="c0"), seed(A, campaign="c0", confidence=55))))
    assert list(clusters.evidence.columns[:5]) == ["address_a", "address_b", "rule", "confidence", "tx_hashes"]
    (row,) = clusters.table("evidence").dicts()
    assert row["address_a"] == caip10("ethereum", A)
    assert (row["rule"], row["confidence"], row["tx_hashes"], row["unioned"]) == ("campaign", 55, (), True)


def test_a_cluster_is_named_after_its_smallest_member():
    alone = cluster(empty(), Seeds((seed(A),)))
    both = cluster(empty(), Seeds((seed(B, campaign="c"), seed(A, campaign="c"))))
    name = alone.of("ethereum", A)
    assert name.startswith("c-")
    assert len(name) == 10
    assert both.of("ethereum", B) == name


def test_one_key_on_two_evm_chains_and_on_tron_is_one_owner():
    tron = parse_address(A, "tron")
    store = stored(("ethereum", A, B), ("bsc", A, C), ("tron", tron, parse_address(D, "tron")))
    clusters = cluster(store, Seeds((seed(A),)))
    together = {clusters.of("ethereum", A), clusters.of("bsc", A), clusters.of("tron", tron)}
    assert len(together) == 1
    assert None not in together
    assert clusters.of("ethereum", B) is None
    assert clusters.scam_set == {("ethereum", A), ("bsc", A), ("tron", tron)}


def test_a_key_that_no_seed_holds_is_found_too_and_is_not_in_the_scam_set():
    clusters = cluster(stored(("ethereum", B, C), ("bsc", B, D)), Seeds((seed(A),)))
    assert clusters.of("ethereum", B) == clusters.of("bsc", B) is not None
    assert clusters.scam_set == {("ethereum", A)}


def test_seeds_on_two_chains_share_a_key_without_any_transfer():
    clusters = cluster(empty(), Seeds((seed(A), seed(A, chain="polygon"))))
    assert clusters.of("ethereum", A) == clusters.of("polygon", A)


def test_no_key_stands_behind_a_token_a_null_address_or_a_precompile():
    null, burn = "0x" + "0" * 40, "0x000000000000000000000000000000000000dead"
    batch = Batch()
    for n, chain in enumerate(("ethereum", "bsc")):
        for receiver in (WETH, null, burn):
            batch.add_transfer(
                chain=chain, tx_hash=f"0x{n}", kind="token", time=T0, sender=KEYS[5 + n], receiver=receiver, amount=1,
                contract=WETH if chain == "ethereum" else None, log_index=1,
            )  # fmt: skip
    store = open_store(":memory:")
    store.load([batch])
    clusters = cluster(store, Seeds((seed(A),)))
    assert len(clusters.evidence) == 0


def test_what_sends_internal_transfers_and_never_signs_is_a_contract():
    batch = Batch()
    for chain in ("ethereum", "bsc"):
        for sender in (B, C):
            batch.add_transfer(
                chain=chain, tx_hash="0x1", kind="internal", time=T0, sender=sender, receiver=D, amount=1, trace_path="0"
            )
    batch.add("transactions", ("ethereum", "0x1", 1, T0, 0, C, B, True, 0, None, None))
    store = open_store(":memory:")
    store.load([batch])
    clusters = cluster(store, Seeds((seed(A),)))
    assert clusters.of("ethereum", B) is None, "a contract at the same place on two chains may have two owners"
    assert clusters.of("ethereum", C) == clusters.of("bsc", C) is not None, "it signs, so it has a key"


def test_an_exchange_inside_a_campaign_list_joins_nothing_and_the_others_still_join():
    seeds = Seeds(tuple(seed(x, campaign="c0") for x in (A, B, C)))
    clusters = cluster(empty(), seeds, labels=labelled(exchange(A)))
    assert clusters.of("ethereum", B) == clusters.of("ethereum", C)
    assert clusters.of("ethereum", A) != clusters.of("ethereum", B)
    assert clusters.scam_set == {("ethereum", B), ("ethereum", C)}
    assert clusters.campaigns["c0"] == {("ethereum", B), ("ethereum", C)}
    assert pairs(clusters.blocked) == {(caip10("ethereum", A), caip10("ethereum", B))}
    assert "norvia" in clusters.blocked["reason"][0]
    (warning,) = clusters.provenance.warnings
    assert caip10("ethereum", A) in warning
    assert "exchange" in warning
    assert "exchange" in clusters._repr_html_()


def test_two_campaigns_that_name_one_exchange_are_not_joined_through_it():
    """The collapse alarm: one wrong seed in two lists would make one scam of two."""
    seeds = Seeds((seed(A, campaign="c0"), seed(C, campaign="c0"), seed(B, campaign="c1"), seed(C, campaign="c1")))
    clusters = cluster(empty(), seeds, labels=labelled(exchange(C)))
    assert clusters.of("ethereum", A) != clusters.of("ethereum", B)
    assert len(clusters.blocked) == 2
    joined = cluster(empty(), seeds)
    assert joined.of("ethereum", A) == joined.of("ethereum", B)


def test_an_exchange_that_holds_the_key_of_a_seed_on_another_chain_is_not_joined():
    clusters = cluster(
        empty(), Seeds((seed(A), seed(A, chain="bsc", role="unknown"))), labels=labelled(exchange(A, chain="bsc"))
    )
    assert clusters.of("ethereum", A) != clusters.of("bsc", A)
    assert clusters.scam_set == {("ethereum", A)}
    assert len(clusters.blocked) == 1


def test_two_services_are_not_joined_and_two_addresses_of_one_are():
    store = stored(("ethereum", A, B), ("bsc", A, B))
    labels = labelled(exchange(A), exchange(A, "Bexo", chain="bsc"), exchange(B, "Norvia"), exchange(B, "NORVIA ", chain="bsc"))
    clusters = cluster(store, Seeds(()), labels=labels)
    assert clusters.of("ethereum", B) == clusters.of("bsc", B) is not None
    assert clusters.of("ethereum", A) is None or clusters.of("ethereum", A) != clusters.of("bsc", A)
    assert "two services" in clusters.blocked["reason"][0]


def test_a_seed_of_a_service_and_a_declared_boundary_count_as_services():
    seeds = Seeds((seed(A, campaign="c0"), seed(B, campaign="c0"), seed(C, campaign="c0"), seed(C, role="service")))
    terminal = Label(chain="ethereum", address=B, label="end", category="terminal", boundary=True)
    clusters = cluster(empty(), seeds, labels=labelled(terminal))
    assert clusters.scam_set == {("ethereum", A)}
    assert len(clusters.blocked) == 2
    assert len(clusters.provenance.warnings) == 2


def test_an_address_named_both_victim_and_perpetrator_is_joined_with_neither_and_said_so():
    seeds = Seeds((seed(A, campaign="c"), seed(A, role="victim"), seed(B, campaign="c"), seed(C, campaign="c")))
    clusters = cluster(empty(), seeds)
    assert clusters.of("ethereum", B) == clusters.of("ethereum", C) != clusters.of("ethereum", A)
    assert "both a victim and a perpetrator" in clusters.provenance.warnings[0]


def test_why_gives_the_shortest_chain_of_edges():
    store = stored(("ethereum", B, C), ("bsc", B, C))
    clusters = cluster(store, Seeds((seed(A, campaign="c0"), seed(B, campaign="c0"))))
    found = clusters.why(caip10("ethereum", A), ("bsc", B))
    assert [e.rule for e in found] == ["campaign", "same_key"]
    assert "campaign c0" in found.reason
    ends = [{e.a, e.b} for e in found]
    assert ("ethereum", A) in ends[0]
    assert ends[0] & ends[1] == {("ethereum", B)}
    assert ("bsc", B) in ends[1]


def test_why_not_says_the_reason():
    labels = labelled(exchange(B))
    clusters = cluster(empty(), Seeds((seed(A, campaign="c0"), seed(B, campaign="c0"), seed(C))), labels=labels)
    a, b, c, d = (("ethereum", x) for x in (A, B, C, D))
    assert clusters.why(a, b) == ()
    assert "norvia" in clusters.why(a, b).reason
    assert "no evidence" in clusters.why(a, c).reason
    assert "in no cluster" in clusters.why(a, d).reason
    assert "same address" in clusters.why(a, a).reason


def test_a_rule_that_is_not_switched_on_gives_evidence_but_joins_nothing():
    seeds = Seeds((seed(A, campaign="c0"), seed(B, campaign="c0"), seed(B, chain="bsc")))
    clusters = cluster(empty(), seeds, union=("same_key",))
    assert clusters.of("ethereum", A) != clusters.of("ethereum", B) == clusters.of("bsc", B)
    unioned = dict(zip(clusters.evidence["rule"], clusters.evidence["unioned"], strict=True))
    assert unioned == {"campaign": False, "same_key": True}


@pytest.mark.parametrize("union", [("campain",), "everything", ("campaign", "co_spend")])
def test_an_unknown_rule_is_refused_with_the_list_of_rules(union):
    with pytest.raises(InputError, match="campaign, same_key"):
        cluster(empty(), Seeds(()), union=union)


def test_without_computes_again_and_shows_what_moved():
    store = stored(("ethereum", B, C), ("bsc", B, D))
    seeds = Seeds((seed(A, campaign="c0"), seed(B, campaign="c0")))
    clusters = cluster(store, seeds)
    assert len(clusters.moved) == 0
    apart = clusters.without("campaign")
    fresh = cluster(store, seeds, union=("same_key",))
    for name in ("members", "evidence", "blocked"):
        assert apart.table(name) == fresh.table(name)
    assert (apart.scam_set, apart.provenance) == (fresh.scam_set, fresh.provenance)
    assert list(apart.moved.columns) == ["chain", "address", "before", "after"]
    assert set(zip(apart.moved["chain"], apart.moved["address"], strict=True)) == {("ethereum", A)}
    alone = clusters.without("campaign", "same_key")
    gone = [row for row in alone.table("moved").dicts() if row["after"] is None]
    assert [(row["chain"], row["address"]) for row in gone] == [("bsc", B)]
    with pytest.raises(InputError, match="unknown rule"):
        clusters.without("campain")


def test_largest_comes_first():
    seeds = Seeds((seed(A), seed(B, campaign="c0"), seed(C, campaign="c0")))
    first = cluster(empty(), seeds).largest(1)
    assert list(first["members"]) == [2]
    assert list(first["perpetrator_seeds"]) == [2]


def test_of_reads_any_spelling_and_refuses_what_is_no_address():
    clusters = cluster(empty(), Seeds((seed(A),)))
    assert clusters.of("eth", A.upper().replace("0X", "0x")) == clusters.of("ethereum", A)
    with pytest.raises(InvalidAddressError):
        clusters.of("ethereum", "0x12")


def test_an_unknown_table_is_refused_with_the_list():
    with pytest.raises(InputError, match="members, evidence, blocked"):
        cluster(empty(), Seeds(())).table("everything")


def test_an_unverified_chain_stands_verbatim():
    clusters = cluster(empty(), Seeds((seed("addr1qx", chain="cardano", campaign="c0"), seed(A, campaign="c0"))))
    assert pairs(clusters.evidence) == {("cardano:addr1qx", caip10("ethereum", A))}
    assert clusters.of("cardano", "addr1qx") == clusters.of("ethereum", A)


def test_html_escapes_names_from_outside():
    seeds = Seeds((seed(A, campaign="<img src=x>"), seed(B, campaign="<img src=x>")))
    label = Label(chain="ethereum", address=A, label="<b>bad</b>", category="exchange")
    html = cluster(empty(), seeds, labels=labelled(label))._repr_html_()
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;img" in html


def test_a_store_that_nobody_cleaned_is_cleaned_first():
    store = stored(("ethereum", A, B))
    cluster(store, Seeds((seed(A),)))
    assert store.rows("SELECT value <> '' FROM meta WHERE name = 'cleaned'") == [(True,)]


SEEDS = st.lists(
    st.builds(
        lambda address, chain, campaign, role: seed(address, chain, campaign=campaign, role=role),
        st.sampled_from(KEYS[:8]),
        st.sampled_from(["ethereum", "bsc", "polygon"]),
        st.sampled_from([None, "c0", "c1", "c2"]),
        st.sampled_from(["perpetrator", "perpetrator", "perpetrator", "victim", "service"]),
    ),
    max_size=14,
)
LABELLED = st.dictionaries(
    st.tuples(st.sampled_from(["ethereum", "bsc", "polygon"]), st.sampled_from(KEYS[:8])),
    st.sampled_from(["Norvia", "Bexo"]),
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEEDS, LABELLED, st.randoms(use_true_random=False))
def test_on_any_seeds_and_labels_the_promises_hold(items, services, chance):
    labels = labelled(*(exchange(address, entity, chain) for (chain, address), entity in services.items()))
    seeds, store = Seeds(tuple(items)), empty()
    clusters = cluster(store, seeds, labels=labels)

    shuffled = list(items)
    chance.shuffle(shuffled)
    again = cluster(store, Seeds(tuple(shuffled)), labels=labels, union=("same_key", "campaign"))
    for name in ("members", "evidence", "blocked"):
        assert again.table(name) == clusters.table(name)
    assert again.scam_set == clusters.scam_set
    assert again.provenance == clusters.provenance

    known_services = set(services) | {(s.chain, s.address) for s in items if s.role == "service"}
    assert not clusters.scam_set & known_services
    assert {(s.chain, s.address) for s in seeds.perpetrators} - known_services <= clusters.scam_set
    assert set().union(*clusters.campaigns.values()) <= clusters.scam_set

    where = {(row["chain"], row["address"]): row["cluster"] for row in clusters.table("members").dicts()}
    assert set(seeds.addresses) <= set(where)
    for rule in RULES:
        others = tuple(name for name in RULES if name != rule)
        fresh = cluster(store, seeds, labels=labels, union=others)
        assert clusters.without(rule).table("members") == fresh.table("members")
        assert clusters.without(rule).scam_set == fresh.scam_set
    for (one, first), (other, second) in product(where.items(), repeat=2):
        assert bool(clusters.why(one, other)) == (first == second and one != other)
